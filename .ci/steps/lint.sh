#!/usr/bin/env bash
# Formatting, the scripts, and the chosen clang-tidy set over everything: each door, the tests, programs and examples in one unit,
# so that what they include is looked at once.
set -euo pipefail
cd "$RISKFLAG_ROOT"
git ls-files '*.hpp' '*.cpp' '*.inl' | xargs clang-format-19 --dry-run -Werror
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck -x "${scripts[@]}"

mapfile -t units < <(git ls-files 'tests/*_test.cpp' 'examples/*.cpp')
mapfile -t helpers < <(git ls-files 'tests/*.hpp' 'examples/*.hpp' ':!tests/fuzz')
# A file's names are its own: each stands in a namespace, and what it includes stands before all of them.
everything() {
  local door number=0 unit
  for door in include/riskflag/*.hpp; do echo "#include <${door#include/}>"; done
  sed -nE 's/^#include <[^>]+>/&/p' "${units[@]}" "${helpers[@]}" | sort -u
  printf '#include "%s"\n' "${helpers[@]}"
  for unit in "${units[@]}"; do
    number=$((number + 1))
    if grep -qE '^namespace (riskflag|program)' "$unit"; then
      printf '#include "%s"\n' "$unit"
    else
      printf 'namespace lint_%d {\n#include "%s"\n}\n' "$number" "$unit"
    fi
  done
}
mkdir -p "$RISKFLAG_BUILD"
everything > "$RISKFLAG_BUILD/everything.cpp"
clang-tidy-19 --quiet --config-file=.clang-tidy --checks=-bugprone-suspicious-include --header-filter='(include/riskflag|tests|examples)/' \
  "$RISKFLAG_BUILD/everything.cpp" -- -std=c++20 -I. -Iinclude -isystem /usr/include/eigen3 '-DRISKFLAG_TESTS_DIR=""' \
  > "$RISKFLAG_BUILD/clang-tidy.log" 2>&1 || { cat "$RISKFLAG_BUILD/clang-tidy.log"; exit 1; }
# A test may copy, sets the environment while it is alone, and breaks a request's text where it likes.
found=$(grep -E '(warning|error): ' "$RISKFLAG_BUILD/clang-tidy.log" |
  grep -vE '^(\./)?(tests|examples)/.*\[(performance-[a-z-]*|concurrency-mt-unsafe|bugprone-suspicious-missing-comma)\]$' || true)
[ -z "$found" ] || { cat "$RISKFLAG_BUILD/clang-tidy.log"; printf '\nclang-tidy found:\n%s\n' "$found"; exit 1; }
echo "format, clang-tidy and shellcheck: clean"
