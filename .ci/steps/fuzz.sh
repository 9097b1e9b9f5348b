#!/usr/bin/env bash
# Each fuzz target for a bounded time, from the corpus in the tree. RISKFLAG_FUZZ_SECONDS: per target, default 15 (two minutes in all).
# RISKFLAG_FUZZ_SEED: default 1, so that a change is judged by its own inputs; 0 draws another.
# Prints "N passed, N failed"; what breaks a target stays in $RISKFLAG_BUILD-fuzz/<target>.crash-*.
set -uo pipefail
RISKFLAG_ROOT=${RISKFLAG_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
seconds=${RISKFLAG_FUZZ_SECONDS:-15}
seed=${RISKFLAG_FUZZ_SEED:-1}
out=${RISKFLAG_BUILD:-$RISKFLAG_ROOT/build}-fuzz
mkdir -p "$out"
flags=(-std=c++20 -O1 -g1 "-fsanitize=address,undefined" -fno-sanitize-recover=all -I "$RISKFLAG_ROOT/include" -isystem /usr/include/eigen3)
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

fuzzed() {  # NAME
  local corpus=$RISKFLAG_ROOT/tests/fuzz/corpus/$1
  [ -d "$corpus" ] || { echo "no corpus in tests/fuzz/corpus/$1"; return 1; }
  ccache clang++-19 "${flags[@]}" -fsanitize=fuzzer-no-link -c "$RISKFLAG_ROOT/tests/fuzz/$1_fuzz.cpp" -o "$out/$1.o" &&
    clang++-19 "${flags[@]}" -fsanitize=fuzzer "$out/$1.o" -o "$out/$1" -lboost_json -lz -lpthread || return 1
  rm -rf "$out/$1.corpus" && mkdir -p "$out/$1.corpus"
  "$out/$1" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -verbosity=0 -artifact_prefix="$out/$1." "$out/$1.corpus" "$corpus"
}

judged() {  # NAME: the line that says how it went, and on failure the end of its log
  if fuzzed "$1" > "$out/$1.log" 2>&1; then
    echo "ok    $1: $seconds s, nothing found"
  else
    echo "FAIL  $1"
    tail -n 60 "$out/$1.log"
  fi > "$out/$1.result"
}
rm -f "$out"/*.result
for source in "$RISKFLAG_ROOT"/tests/fuzz/*_fuzz.cpp; do
  [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
  judged "$(basename "$source" _fuzz.cpp)" &
done
wait
cat "$out"/*.result
passed=$(grep -hc '^ok ' "$out"/*.result | awk '{n += $1} END {print n}')
failed=$(grep -hc '^FAIL ' "$out"/*.result | awk '{n += $1} END {print n}')
echo "$passed passed, $failed failed"
# A target whose job died has said neither.
[ "$failed" -eq 0 ] && [ "$passed" -eq "$(find "$RISKFLAG_ROOT/tests/fuzz" -name '*_fuzz.cpp' | wc -l)" ]
