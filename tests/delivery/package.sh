# shellcheck shell=bash
# Sourced by run.sh: presets, .deb packages, pkg-config, the single header. Uses its check, root, here and work.
: "${root:?}" "${here:?}" "${work:?}"

presets() {  # on a copy: their build folders lie in the source folder
  rm -rf "$work/presets" && mkdir -p "$work/presets" &&
    git -C "$root" ls-files -z CMakeLists.txt CMakePresets.json LICENSE cmake include examples tests bench | tar -C "$root" --null -T - -cf - | tar -C "$work/presets" -xf - || return 1
  (
    cd "$work/presets" || exit 1
    cmake --list-presets=all . &&
      for name in default asan tsan clang; do cmake --preset "$name" > "$name.log" 2>&1 || { cat "$name.log"; exit 1; }; done
    # A build preset's targets are there, and every build and test preset belongs to a configure preset (CMake reads them for that).
    cmake --build --preset tsan --target help | grep -q '^threaded_tests: ' && ctest --preset default -N | grep -q 'Total Tests: [1-9]'
  )
}
check "each preset configures" presets

debs() {
  rm -rf "$work/deb" && mkdir -p "$work/deb" &&
    # What stands built; cpack would build everything else first.
    (cd "$work/deb" && cpack -G DEB --config "$RISKFLAG_BUILD/CPackConfig.cmake" -D CMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON) && ls -l "$work/deb" &&
    [ "$(find "$work/deb" -maxdepth 1 -name '*.deb' | wc -l)" = 2 ] &&
    dpkg-deb -f "$work/deb"/riskflag-dev_*.deb Architecture | grep -qx all &&
    # None is named that is not known.
    ! dpkg-deb -f "$work/deb"/riskflag_*.deb Homepage | grep . &&
    dpkg-deb -f "$work/deb"/riskflag_*.deb Depends | grep -q 'libc6 (>= 2' &&
    dpkg-deb -f "$work/deb"/riskflag_*.deb Depends | grep -q libboost-json1.81
}
check "cpack makes riskflag and riskflag-dev" debs

# A root of its own with the machine's list of packages, so that dependencies are judged and nothing of the machine changes.
inside=$work/installed
as_dpkg() { dpkg --root="$inside" --force-not-root --force-script-chrootless --log=/dev/null "$@"; }
empty_root() {
  rm -rf "$inside" && mkdir -p "$inside/var/lib/dpkg"/{info,updates} && cp /var/lib/dpkg/status "$inside/var/lib/dpkg/" &&
    { [ ! -e /var/lib/dpkg/arch ] || cp /var/lib/dpkg/arch "$inside/var/lib/dpkg/"; }
}
without_boost() {  # the machine's list of packages without the one that the programs need
  empty_root && awk -v RS= -v ORS='\n\n' '!/^Package: libboost-json1.81.0\n/' /var/lib/dpkg/status > "$inside/var/lib/dpkg/status" &&
    ! as_dpkg -i "$work/deb"/riskflag_*.deb && as_dpkg -i "$work/deb"/riskflag-dev_*.deb
}
installed() {
  empty_root && as_dpkg -i "$work/deb"/*.deb &&
    [ "$(dpkg-query --admindir="$inside/var/lib/dpkg" -W -f '${db:Status-Status} ' riskflag riskflag-dev)" = "installed installed " ]
}
used() (
  cd "$work" && rm -rf used && mkdir used && cd used || exit 1
  export PATH=$inside/usr/bin:$PATH
  riskflag-simulate --rows 3000 --seed 1 --output loans.csv --quiet &&
    riskflag-train --data loans.csv --target Risk_Flag --id Id --protected Sex --output model --quiet --set table_defaults=false --json > train.json &&
    riskflag-score --model model --data loans.csv --output scores.csv &&
    [ "$(wc -l < scores.csv)" = 3001 ] && riskflag-serve --version && riskflag-import --version
)
found_by_cmake() {
  rm -rf "$work/found" && mkdir -p "$work/found" && cat > "$work/found/CMakeLists.txt" << CMAKE || return 1
cmake_minimum_required(VERSION 3.24)
project(found LANGUAGES CXX)
find_package(riskflag 0.1 REQUIRED COMPONENTS predict bundle)
add_executable(predict_only "$root/tests/consumers/predict_only/main.cpp")
target_link_libraries(predict_only PRIVATE riskflag::predict)
CMAKE
  cmake -G Ninja -S "$work/found" -B "$work/found/build" -DCMAKE_PREFIX_PATH="$inside/usr" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
    grep -q "riskflag_DIR:PATH=$inside/usr/" "$work/found/build/CMakeCache.txt" && cmake --build "$work/found/build" && "$work/found/build/predict_only"
}
model=$root/tests/bits/models/leafwise.json
compiled() { ccache g++ -std=c++20 -O1 -Wall -Wextra -Wconversion -Wshadow -Werror -fno-exceptions -fno-rtti -c "$here/single_header.cpp" -o "$1.o" "${@:2}" && g++ "$1.o" -o "$1"; }
found_by_pkg_config() {
  local flags name
  export PKG_CONFIG_PATH=$inside/usr/share/pkgconfig
  for name in predict core bundle http tls mlflow gzip; do pkg-config --exists --print-errors "riskflag-$name" || return 1; done
  pkg-config --libs riskflag-tls | grep -q -- '-lssl' && pkg-config --libs riskflag-bundle | grep -q -- '-lboost_json' && pkg-config --cflags riskflag-bundle | grep -q eigen3 &&
    [ "$(pkg-config --modversion riskflag-core)" = "$(dpkg-deb -f "$work/deb"/riskflag-dev_*.deb Version)" ] && [ -z "$(pkg-config --libs riskflag-predict)" ] || return 1
  read -ra flags <<< "$(pkg-config --cflags riskflag-predict)"
  compiled "$work/by_doors" "${flags[@]}" && "$work/by_doors" "$model" > "$work/by_doors.bits" && [ "$(wc -l < "$work/by_doors.bits")" -gt 300 ]
}
removed() {
  as_dpkg --remove riskflag riskflag-dev && ! find "$inside/usr" -iname '*riskflag*' | grep .
}
single_header() {
  rm -rf "$work/single" && mkdir -p "$work/single/riskflag" || return 1
  # The two doors are the one file: nothing of include/ is on the path.
  python3 "$root/cmake/packaging/single_header.py" --output "$work/single/riskflag/predict.hpp" && ln -s predict.hpp "$work/single/riskflag/explain.hpp" &&
    ! grep -n '#include <riskflag' "$work/single/riskflag/predict.hpp" &&
    compiled "$work/by_single" -I "$work/single" && "$work/by_single" "$model" > "$work/by_single.bits" && cmp "$work/by_doors.bits" "$work/by_single.bits"
}
check "the programs are refused where Boost.JSON is not installed, the headers are not" without_boost
check "the packages install, their dependencies being there" installed
check "the installed programs simulate, train and score" used
check "the installed headers are found by CMake" found_by_cmake
check "the installed headers are found by pkg-config, and score" found_by_pkg_config
golden() {  # model files of every version, by predict.hpp alone; model directories: tests/programs/test_golden.py
  local bits name seen=0
  for bits in "$root"/tests/golden/*/*.bits; do
    name=$(basename "$bits" .bits)
    tar -xzOf "$(dirname "$bits")/models.tar.gz" "./$name/model.json" > "$work/golden.json" &&
      "$work/by_doors" "$work/golden.json" | sha256sum | cut -d' ' -f1 | cmp - "$bits" || return 1
    seen=$((seen + 1))
  done
  [ $seen -gt 0 ]
}
check "the single header scores and explains with the same bits" single_header
check "a model file that any version saved loads, with the same bits" golden
check "removing the packages leaves nothing of them" removed
