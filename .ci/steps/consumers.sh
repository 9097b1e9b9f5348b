#!/usr/bin/env bash
set -euo pipefail
bash "$RISKFLAG_ROOT/tests/consumers/run.sh"
