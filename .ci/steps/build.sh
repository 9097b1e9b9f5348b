#!/usr/bin/env bash
# Everything at GCC -O2, warnings as errors.
set -euo pipefail
cmake -S "$RISKFLAG_ROOT" -B "$RISKFLAG_BUILD" -DCMAKE_CXX_COMPILER=g++ \
  -DRISKFLAG_BUILD_TESTS=ON -DRISKFLAG_BUILD_BENCH=ON -DRISKFLAG_UNITY_TESTS=ON > /dev/null
cmake --build "$RISKFLAG_BUILD"
