#!/usr/bin/env bash
set -euo pipefail
bash "$RISKFLAG_ROOT/.ci/install.sh" test
