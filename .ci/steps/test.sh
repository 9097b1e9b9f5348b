#!/usr/bin/env bash
set -euo pipefail
ctest --test-dir "$RISKFLAG_BUILD" --output-on-failure --no-tests=error
