#!/usr/bin/env bash
# Makes a release of this checkout: a commit, a tag, and the commit that begins what comes next. Nothing is pushed.
# Usage: .ci/release.sh X.Y.Z      on main, on a commit that .ci/run has passed
#   RELEASE_DATE   YYYY-MM-DD, today unless given
#   RISKFLAG_BUILD where the programs are built; RELEASE_BIN: programs of this commit that are there already
#   RELEASE_BITS=no   leaves tests/bits/expected.txt as it is (compiling the hash of a study takes minutes)
# What is promised within X.Y: source that compiled goes on compiling, so that a patch release may add names and take none away.
# A model that any release has saved is in tests/golden and loads for ever, with the same scores.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
fail() { printf 'release.sh: %s\n' "$*" >&2; exit 1; }
version=${1:-}
if [ $# != 1 ] || ! [[ $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; then sed -n '3,6s/^# *//p' "$0" >&2; exit 2; fi
major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]} patch=${BASH_REMATCH[3]}
date=${RELEASE_DATE:-$(date -u +%Y-%m-%d)}
header=include/riskflag/core/version.hpp changes=docs/changes.md doors=tests/layering/doors.txt
now=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' "$header")

# --- may it be?
[ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed"
[ "$(git rev-parse --abbrev-ref HEAD)" = main ] || fail "releases are made on main"
! git rev-parse -q --verify "refs/tags/v$version" > /dev/null || fail "there is a tag v$version"
last=$(git tag --list 'v*' --merged HEAD | sed 's/^v//' | sort -V | tail -n 1)
grep -q "^## $now, not released yet\$" "$changes" || fail "$changes has no section \"## $now, not released yet\", which $header says is next"
section() { awk -v head="## $1, " 'index($0, "## ") == 1 { inside = index($0, head) == 1; next } inside' "$changes"; }
[ -n "$(section "$now" | sed -n '/^- /p')" ] || fail "$changes says of nothing that changed"
if [ -n "$last" ]; then
  [ "$(printf '%s\n%s\n' "$last" "$version" | sort -V | tail -n 1)" = "$version" ] || fail "$version does not come after $last"
  if [ "${last%.*}" = "$major.$minor" ]; then
    gone=$(comm -23 <(git show "v$last:$doors" | sort) <(sort "$doors"))
    [ -z "$gone" ] || fail "$version is a patch of $last, and what was declared there is not any more; a minor release may do that:
$gone"
  fi
fi

# --- the version's name, everywhere
if [ "$now" != "$version" ]; then
  sed -i "s/kVersion = \"$now\"/kVersion = \"$version\"/" "$header"
  sed -i "s/^## $now, not released yet\$/## $version, not released yet/" "$changes"
  grep -q "^$now " tests/golden/released.txt || rm -rf "tests/golden/$now"
fi
space=v${major}_$minor
inline=$(sed -n 's/^namespace riskflag::inline \(v[0-9_]*\) {$/\1/p' "$header")
if [ "$inline" != "$space" ]; then
  # Two versions in one process are told apart by it.
  git grep -lz -w "$inline" -- ':!docs/changes.md' ':!tests/golden' | xargs -0 sed -i "s/\b$inline\b/$space/g"
  old=${inline#v}
  git grep -lz "find_package(riskflag ${old/_/.} " | xargs -0 -r sed -i "s/find_package(riskflag ${old/_/.} /find_package(riskflag $major.$minor /"
  [ ${#inline} = ${#space} ] || git ls-files '*.hpp' '*.cpp' '*.inl' | xargs clang-format-19 -i
fi
sed -i "s/^## $version, not released yet\$/## $version, $date/" "$changes"

# --- what it saves, for ever
if [ -z "${RELEASE_BIN:-}" ] || [ "$now" != "$version" ]; then
  bash .ci/programs.sh
  RELEASE_BIN=${RISKFLAG_BUILD:-$root/build}/bin
fi
bash tests/golden/make.sh "$RELEASE_BIN" "$version"
printf '%s %s\n' "$version" "$(tests/golden/digest.sh "$version")" >> tests/golden/released.txt

bits() {  # a model directory names the version that wrote it
  [ "${RELEASE_BITS:-}" != no ] || return 0
  local work line
  work=$(mktemp -d)
  g++ -std=c++20 -O0 -pthread -Iinclude -isystem /usr/include/eigen3 tests/bits/study_hash.cpp -o "$work/hash"
  for line in plain original; do
    line=$("$work/hash" "$line")
    sed -i "s/^${line% *} .*/$line/" tests/bits/expected.txt
  done
  rm -rf "$work"
}
bits
python3 tests/layering/test_doors.py
RISKFLAG_BIN_DIR=$RELEASE_BIN python3 tests/programs/test_golden.py
git add -A
git commit -qm "release $version"
{ printf 'riskflag %s\n\n' "$version"; section "$version" | sed -n '/^- /,$p'; } | git tag -a "v$version" --cleanup=verbatim -F -

# --- and what comes next
next=$major.$minor.$((patch + 1))
sed -i "s/kVersion = \"$version\"/kVersion = \"$next\"/" "$header"
sed -i "s/^## $version, $date\$/## $next, not released yet\n\n&/" "$changes"
bits
git commit -qam "$next begins"
cat << TEXT
release.sh: v$version is tagged; look at it (git show v$version), then:
  git push origin main v$version
TEXT
