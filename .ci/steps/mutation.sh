#!/usr/bin/env bash
# One flipped comparison per fast kernel must make a named test fail. Prints "N passed, N failed".
set -euo pipefail
python3 "$RISKFLAG_ROOT/tests/mutation/test_mutations.py"
