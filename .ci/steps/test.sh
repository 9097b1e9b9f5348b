#!/usr/bin/env bash
set -euo pipefail
ctest --test-dir "$RISKFLAG_BUILD" -j "$(nproc)" --output-on-failure --no-tests=error
# What a test that passed says of skips is in the log alone; doctest's own count is of cases that a filter leaves out.
echo "what was left out here, and how often:"
grep -hi 'skipped' "$RISKFLAG_BUILD/Testing/Temporary/LastTest.log" | grep -v 'test cases:' | sed "s|$RISKFLAG_ROOT/||" | sort | uniq -c || echo "nothing"
