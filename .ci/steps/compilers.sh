#!/usr/bin/env bash
# The tests that need the standard library alone, built and run with Clang 16 at -O2. Clang 19 builds all tests, with the same warnings,
# for the sanitizers (sanitize.sh); its optimised code is compared in bits.sh.
set -euo pipefail
compiler=clang++-16
build=$RISKFLAG_BUILD-$compiler
cmake -S "$RISKFLAG_ROOT" -B "$build" -DCMAKE_CXX_COMPILER=$compiler -DRISKFLAG_BUILD_BENCH=OFF -DRISKFLAG_UNITY_TESTS=ON \
  -DRISKFLAG_BUILD_PROGRAMS=OFF > /dev/null
cmake --build "$build" --target std_tests
ctest --test-dir "$build" -j "$(nproc)" -L std --output-on-failure --no-tests=error
