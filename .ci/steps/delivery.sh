#!/usr/bin/env bash
# Packages, workflows, the cloud's stack, deployments with processes for containers. Images and containers: tests/delivery/run.sh --full.
set -euo pipefail
bash "$RISKFLAG_ROOT/tests/delivery/run.sh"
