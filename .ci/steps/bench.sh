#!/usr/bin/env bash
# Every benchmark briefly, but for the ones of a million rows: each compares its results before it times them, and says
# ERROR OCCURRED when they are wrong. Only instructions that this processor lacks may be a reason.
set -euo pipefail
wrong=0
for bench in "$RISKFLAG_BUILD"/bench/*_bench; do
  [ -x "$bench" ] || continue
  basename "$bench"
  text=$("$bench" --benchmark_min_time=0.01 --benchmark_color=false '--benchmark_filter=-rows:1000000' 2> "$RISKFLAG_BUILD/bench.err") ||
    { echo "it ended with $?"; cat "$RISKFLAG_BUILD/bench.err"; exit 1; }
  grep -vE '^(-|Benchmark)' <<< "$text" | cut -c1-120 || { echo "it measures nothing"; exit 1; }
  if grep 'ERROR OCCURRED' <<< "$text" | grep -v 'this CPU has no '; then wrong=1; fi
done
[ "$wrong" = 0 ] || echo "a benchmark's comparison failed"
exit "$wrong"
