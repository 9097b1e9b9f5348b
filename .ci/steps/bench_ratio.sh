#!/usr/bin/env bash
# The benchmarks of this tree against those of another commit, on this machine, by turns: a table for a comment on stdout (and in
# GITHUB_STEP_SUMMARY), exit 1 when one got slower (bench/compare_commits.py says when). No part of .ci/run: it compiles both sides.
# Usage: .ci/steps/bench_ratio.sh COMMIT    BENCHES: the rooms; RUNS, MARGIN: as compare_commits.py has them
set -euo pipefail
[ $# = 1 ] || { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${RISKFLAG_BUILD:-$root/build}-ratio
read -ra rooms <<< "${BENCHES:-bin data explain predict prep serve train}"
bash "$root/.ci/install.sh" test
base=$(git -C "$root" rev-parse --verify "$1^{commit}")
rm -rf "$build/source" && mkdir -p "$build/source"
git -C "$root" archive "$base" | tar -x -C "$build/source"
one() {  # SOURCE BUILD: each room's benchmark that this side has
  cmake -G Ninja -S "$1" -B "$2" -DCMAKE_CXX_COMPILER=g++ -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_PROGRAMS=OFF -DRISKFLAG_BUILD_BENCH=ON > /dev/null
  local room targets=()
  for room in "${rooms[@]}"; do [ ! -e "$1/bench/${room}_bench.cpp" ] || targets+=("${room}_bench"); done
  cmake --build "$2" --target "${targets[@]}" >&2
}
one "$build/source" "$build/base"
one "$root" "$build/head"
python3 "$root/bench/compare_commits.py" --base "$build/base/bench" --head "$build/head/bench" --runs "${RUNS:-5}" --margin "${MARGIN:-0.10}" > "$build/table.md" && code=0 || code=$?
cat "$build/table.md"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$build/table.md" >> "$GITHUB_STEP_SUMMARY"
exit "$code"
