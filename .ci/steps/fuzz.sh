#!/usr/bin/env bash
# Each fuzz target for a bounded time, from the corpus in the tree. RISKFLAG_FUZZ_SECONDS: per target, default 20.
set -euo pipefail
seconds=${RISKFLAG_FUZZ_SECONDS:-20}
out=$RISKFLAG_BUILD-fuzz
mkdir -p "$out"
passed=0
for source in "$RISKFLAG_ROOT"/tests/fuzz/*_fuzz.cpp; do
  name=$(basename "$source" _fuzz.cpp)
  ccache clang++-19 -std=c++20 -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -I "$RISKFLAG_ROOT/include" \
    -isystem /usr/include/eigen3 -DBOOST_ALL_NO_LIB -c "$source" -o "$out/$name.o"
  clang++-19 -fsanitize=fuzzer,address,undefined "$out/$name.o" -o "$out/$name" -lboost_json -lz -lpthread
  rm -rf "$out/$name.corpus" && mkdir -p "$out/$name.corpus"
  "$out/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 \
    "$out/$name.corpus" "$RISKFLAG_ROOT/tests/fuzz/corpus/$name"
  passed=$((passed + 1))
  echo "fuzz $name: $seconds s, nothing found"
done
[ "$passed" -gt 0 ]
echo "$passed passed, 0 failed"
