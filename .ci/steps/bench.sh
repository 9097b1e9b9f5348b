#!/usr/bin/env bash
# Every benchmark briefly: each compares its results before it times them, so a wrong fast path fails here too.
set -euo pipefail
for bench in "$RISKFLAG_BUILD"/bench/*_bench; do
  [ -x "$bench" ] || continue
  basename "$bench"
  "$bench" --benchmark_min_time=0.01 --benchmark_color=false 2> /dev/null | grep -vE '^(-|Benchmark)' | cut -c1-120
done
