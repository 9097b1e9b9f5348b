#!/usr/bin/env bash
# Formatting, the chosen clang-tidy set over every header that a door reaches, and the scripts.
set -euo pipefail
cd "$RISKFLAG_ROOT"
git ls-files '*.hpp' '*.cpp' '*.inl' | xargs clang-format-19 --dry-run -Werror
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck -x "${scripts[@]}"
mkdir -p "$RISKFLAG_BUILD"
for door in include/riskflag/*.hpp; do printf '#include <riskflag/%s>\n' "$(basename "$door")"; done |
  grep -vE '/(http|tls)\.hpp' > "$RISKFLAG_BUILD/every_door.cpp"
clang-tidy-19 --quiet --config-file=.clang-tidy --warnings-as-errors='*' --header-filter='include/riskflag/' "$RISKFLAG_BUILD/every_door.cpp" -- \
  -std=c++20 -Iinclude -isystem /usr/include/eigen3 2> "$RISKFLAG_BUILD/clang-tidy.log" || { cat "$RISKFLAG_BUILD/clang-tidy.log"; exit 1; }
echo "format, clang-tidy and shellcheck: clean"
