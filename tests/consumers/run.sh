#!/usr/bin/env bash
# The library as other programs use it: from an install tree, as a sub-directory, fetched, and as bare headers, with each
# compiler at plain -O2. Prints "N passed, N failed". With names of compilers as arguments: these alone.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${RISKFLAG_BUILD:-$root/build}-consumers
strict=(-O2 -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Werror)
libraries=(-isystem /usr/include/eigen3)
passed=0
failed=0
# Objects of an earlier run prove nothing; ccache keeps the second run short.
rm -rf "$work" && mkdir -p "$work"

check() {
  local name=$1
  shift
  if "$@" > "$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    tail -n 30 "$work/log"
  fi
}
configured() {  # SOURCE BUILD [cmake arguments]
  cmake -G Ninja -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "${@:3}" && cmake --build "$2"
}

bare() {  # COMPILER: with add_subdirectory's flags, so that ccache has the object where the two are the same
  ccache "$1" "${strict[@]}" -I "$root/include" -c "$here/predict_only/main.cpp" -o "$work/bare-$1.o" && "$1" "$work/bare-$1.o" -o "$work/bare-$1"
}

cat > "$work/every_door.hpp" <<'HEADER'
#pragma once
HEADER
for door in "$root"/include/riskflag/*.hpp; do
  printf '#include <riskflag/%s>\n' "$(basename "$door")" >> "$work/every_door.hpp"
done
export CPLUS_INCLUDE_PATH=$work

check "install" sh -c "cmake -G Ninja -S '$root' -B '$work/install-build' -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF -DRISKFLAG_BUILD_PROGRAMS=OFF \
  && cmake --install '$work/install-build' --prefix '$work/prefix'"

# Debian's default is the version that is meant; another distribution may not have the versioned name.
gcc=g++-12
command -v $gcc > /dev/null || gcc=g++
compilers=("$@")
[ $# -gt 0 ] || compilers=("$gcc" clang++-16 clang++-19)

# Warnings as errors, every component, two units that include every door.
for compiler in "${compilers[@]}"; do
  command -v "$compiler" > /dev/null || { failed=$((failed + 1)); echo "FAIL  $compiler is not installed"; continue; }
  check "$compiler find_package, two units that include every door" \
    configured "$here/find_package" "$work/$compiler-find" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix"
  check "$compiler the units link into one program" "$work/$compiler-find/consumer"
  check "$compiler predict.hpp and explain.hpp without exceptions and RTTI, linking nothing" "$work/$compiler-find/predict_only"
  check "$compiler add_subdirectory" \
    configured "$here/add_subdirectory" "$work/$compiler-sub" -DCMAKE_CXX_COMPILER="$compiler" -DRISKFLAG_SOURCE="$root"
  check "$compiler FetchContent from a local path" \
    configured "$here/fetch_content" "$work/$compiler-fetch" -DCMAKE_CXX_COMPILER="$compiler" -DRISKFLAG_SOURCE="$root"
  check "$compiler bare -I include" bare "$compiler"
done

# Each door needs no other before it. One compiler is enough: what is missing is missing for all.
door_alone() {
  "$2" "${strict[@]}" "${libraries[@]}" -I "$root/include" -fsyntax-only -x c++ - <<< "#include <riskflag/$1.hpp>" || { echo "$1.hpp"; false; }
}
doors_alone() {
  local running=0 wrong=0 door
  for door in "$root"/include/riskflag/*.hpp; do
    [ $running -lt "$(nproc)" ] || { wait -n || wrong=1; running=$((running - 1)); }
    door_alone "$(basename "$door" .hpp)" $gcc &
    running=$((running + 1))
  done
  while [ $running -gt 0 ]; do wait -n || wrong=1; running=$((running - 1)); done
  return $wrong
}
check "each door compiles alone" doors_alone

# On another system than Linux every door but two is one sentence.
says_linux() {
  local door name wrong=0
  for door in "$root"/include/riskflag/*.hpp; do
    name=$(basename "$door")
    case $name in
      predict.hpp | explain.hpp) continue ;;
    esac
    $gcc -std=c++20 -U__linux__ -I "$root/include" "${libraries[@]}" -fsyntax-only -x c++ - <<< "#include <riskflag/$name>" > "$work/door.log" 2>&1
    if [ "$(grep -c 'error' "$work/door.log")" != 2 ] || ! grep -q "riskflag/$name needs Linux" "$work/door.log"; then
      cat "$work/door.log"
      wrong=1
    fi
  done
  return $wrong
}
check "each other door says that it needs Linux" says_linux

# Boost.JSON compiled in by the consumer. One compiler is enough: the headers are warned about above, with each.
header_only() {
  configured "$here/json_header_only" "$work/json" -DCMAKE_CXX_COMPILER=$gcc -DCMAKE_PREFIX_PATH="$work/prefix" &&
    "$work/json/consumer" && ! ldd "$work/json/consumer" | grep boost
}
check "json without linking Boost" header_only

# A warning planted in an installed header must be seen by find_package's consumer, and be what stops it.
planted() {
  cp -r "$work/prefix" "$work/planted"
  sed -i 's|^}  // namespace riskflag::inline v[0-9_]*$|inline int planted(double x) { return x; }\n&|' "$work/planted/include/riskflag/core/missing.hpp"
  cmake -G Ninja -S "$here/find_package" -B "$work/planted-build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=$gcc -DCMAKE_PREFIX_PATH="$work/planted" || return 1
  ! cmake --build "$work/planted-build" --target predict_only > "$work/planted.log" 2>&1 && grep -q 'Werror=.*conversion' "$work/planted.log"
}
check "a planted warning fails a consumer" planted

# Two versions of the library in one process, with GCC alone: what keeps them apart is the inline namespace, in every
# compiler's symbols alike.
plugin() { $gcc -std=c++20 -O2 -fPIC -shared "${libraries[@]}" -I "$1" "$here/two_versions/plugin.cpp" -o "$2"; }
two_versions() {
  mkdir -p "$work/new"
  cp -r "$root/include" "$work/new/"
  # The name as a pattern: a release changes it in the headers.
  grep -rlE '\bv[0-9]+_[0-9]+\b' "$work/new/include" | xargs sed -i -E 's/\bv[0-9]+_[0-9]+\b/v9_9/g'
  sed -i 's/kVersion = ".*"/kVersion = "9.9.9"/' "$work/new/include/riskflag/core/version.hpp"
  plugin "$root/include" "$work/old_version.so" && plugin "$work/new/include" "$work/new_version.so" &&
    $gcc -std=c++20 "$here/two_versions/main.cpp" -ldl -o "$work/two_versions" &&
    "$work/two_versions" "$work/old_version.so" "$work/new_version.so" "$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' "$root/include/riskflag/core/version.hpp")"
}
check "two versions in two shared objects of one process" two_versions

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
