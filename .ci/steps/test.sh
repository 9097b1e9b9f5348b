#!/usr/bin/env bash
set -euo pipefail
ctest --test-dir "$RISKFLAG_BUILD" -j "$(nproc)" --output-on-failure --no-tests=error
