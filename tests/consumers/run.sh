#!/usr/bin/env bash
# The library as other programs use it: from an install tree, as a sub-directory, fetched, and as bare headers, with each
# compiler at plain -O2. Prints "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${RISKFLAG_BUILD:-$root/build}-consumers
strict=(-std=c++20 -O2 -Wall -Wextra -Wconversion -Wshadow -Werror)
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
refuses() { ! "$@"; }
configured() {  # SOURCE BUILD [cmake arguments]
  cmake -G Ninja -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "${@:3}" && cmake --build "$2"
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

for compiler in g++-12 clang++-16 clang++-19; do
  command -v $compiler > /dev/null || { failed=$((failed + 1)); echo "FAIL  $compiler is not installed"; continue; }
  check "$compiler find_package, two units that include every door" \
    configured "$here/find_package" "$work/$compiler-find" -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_PREFIX_PATH="$work/prefix"
  check "$compiler the units link into one program" "$work/$compiler-find/consumer"
  check "$compiler predict.hpp without exceptions and RTTI, linking nothing" "$work/$compiler-find/predict_only"
  # Bare headers link no library of ours: Boost.JSON comes header-only through json/src.hpp in the program's own unit.
  check "$compiler bare -I include" $compiler "${strict[@]}" -I "$root/include" "$here/predict_only/main.cpp" -o "$work/bare-$compiler"
  for door in "$root"/include/riskflag/*.hpp; do
    name=$(basename "$door" .hpp)
    case $name in http | tls) continue ;; esac  # twenty seconds each, and in every_door already
    echo "#include <riskflag/$name.hpp>" > "$work/door.cpp"
    check "$compiler $name.hpp alone" ccache $compiler "${strict[@]}" "${libraries[@]}" -I "$root/include" -c "$work/door.cpp" -o "$work/door.o"
  done
done

check "add_subdirectory" configured "$here/add_subdirectory" "$work/sub" -DRISKFLAG_SOURCE="$root"
check "FetchContent from a local path" configured "$here/fetch_content" "$work/fetch" -DRISKFLAG_SOURCE="$root"

# A warning planted in an installed header must be seen by find_package's consumer.
cp -r "$work/prefix" "$work/planted"
sed -i 's|^}  // namespace riskflag::inline v0_1$|inline int planted(double x) { return x; }\n&|' "$work/planted/include/riskflag/core/missing.hpp"
check "a planted warning fails a consumer" refuses configured "$here/find_package" "$work/planted-build" \
  -DCMAKE_CXX_COMPILER=g++-12 -DCMAKE_PREFIX_PATH="$work/planted"

# Two versions of the library in one process.
mkdir -p "$work/new"
cp -r "$root/include" "$work/new/"
grep -rl v0_1 "$work/new/include" | xargs sed -i 's/v0_1/v9_9/g'
sed -i 's/kVersion = "0.1.0"/kVersion = "9.9.9"/' "$work/new/include/riskflag/core/version.hpp"
plugin() { g++ -std=c++20 -O2 -fPIC -shared -I "$1" -DPLUGIN_NAME="$2" "$here/two_versions/plugin.cpp" -o "$work/lib$2.so"; }
two_versions() {
  plugin "$root/include" old_version && plugin "$work/new/include" new_version &&
    g++ "$here/two_versions/main.cpp" -L "$work" -lold_version -lnew_version -Wl,-rpath,"$work" -o "$work/two_versions" && "$work/two_versions"
}
check "two versions in two shared objects of one process" two_versions

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
