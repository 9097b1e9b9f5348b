#!/usr/bin/env bash
# Every test under AddressSanitizer and UndefinedBehaviorSanitizer; the threaded rooms under ThreadSanitizer.
set -euo pipefail
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

cmake -S "$RISKFLAG_ROOT" -B "$RISKFLAG_BUILD-asan" -DCMAKE_CXX_COMPILER=clang++-19 -DRISKFLAG_SANITIZE=address,undefined \
  -DRISKFLAG_BUILD_BENCH=OFF -DRISKFLAG_UNITY_TESTS=ON > /dev/null
cmake --build "$RISKFLAG_BUILD-asan"
ctest --test-dir "$RISKFLAG_BUILD-asan" -j "$(nproc)" --output-on-failure --no-tests=error

cmake -S "$RISKFLAG_ROOT" -B "$RISKFLAG_BUILD-tsan" -DCMAKE_CXX_COMPILER=clang++-19 -DRISKFLAG_SANITIZE=thread \
  -DRISKFLAG_BUILD_BENCH=OFF -DRISKFLAG_UNITY_TESTS=ON -DRISKFLAG_BUILD_PROGRAMS=OFF > /dev/null
cmake --build "$RISKFLAG_BUILD-tsan" --target threaded_tests
# Address space randomisation beyond 28 bits makes this ThreadSanitizer stop at start on newer kernels.
setarch "$(uname -m)" -R ctest --test-dir "$RISKFLAG_BUILD-tsan" -j "$(nproc)" -L threaded --output-on-failure --no-tests=error
