#!/usr/bin/env bash
# The README's first command, as a new user types it.
set -euo pipefail
bash "$RISKFLAG_ROOT/examples/quickstart.sh"
