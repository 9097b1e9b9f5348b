#!/usr/bin/env bash
# The programs alone, in build/bin (or under RISKFLAG_BUILD). Usage: .ci/programs.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${RISKFLAG_BUILD:-$root/build}
cmake -G Ninja -S "$root" -B "$build" -DCMAKE_CXX_COMPILER=g++ -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF > /dev/null
cmake --build "$build"
