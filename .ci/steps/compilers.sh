#!/usr/bin/env bash
# The tests that need the standard library alone, built and run with Clang 16 at -O2. Clang 19 builds all tests, with the same warnings,
# for the sanitizers (sanitize.sh); its optimised code is compared in bits.sh. Prints "N passed, N failed".
set -uo pipefail
rooms=(core data metrics model bin train predict explain interop track audit calibrate monitor)
compiler=clang++-16
build=$RISKFLAG_BUILD-$compiler
if ! cmake -G Ninja -S "$RISKFLAG_ROOT" -B "$build" -DCMAKE_CXX_COMPILER=$compiler -DRISKFLAG_BUILD_BENCH=OFF -DRISKFLAG_UNITY_TESTS=ON -DRISKFLAG_BUILD_PROGRAMS=OFF > "$build.log" 2>&1 ||
  ! cmake --build "$build" --target "${rooms[@]/#/test_}" > "$build.log" 2>&1; then
  echo "FAIL  $compiler does not build them"
  grep -E 'error|warning|FAILED' "$build.log" | head -n 40
  tail -n 20 "$build.log"
  exit 1
fi
passed=0
failed=0
for room in "${rooms[@]}"; do
  if "$build/tests/test_$room" > "$build.log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $compiler $room"
  else
    failed=$((failed + 1))
    echo "FAIL  $compiler $room"
    tail -n 40 "$build.log"
  fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
