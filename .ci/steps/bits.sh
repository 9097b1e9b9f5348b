#!/usr/bin/env bash
# The same bits from every compiler at every flag.
set -euo pipefail
bash "$RISKFLAG_ROOT/tests/bits/run.sh"
