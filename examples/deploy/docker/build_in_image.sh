#!/bin/sh
# Inside the build stage. Usage: build_in_image.sh static|dynamic OUT TARGET: the programs and sbom.spdx.json in OUT. Static programs need
# nothing of the image they run in; dynamic ones its C library (getaddrinfo needs the shared one), which is the build's own.
set -eu
link=$1 out=$2 target=$3
here=$(cd "$(dirname "$0")" && pwd)
hardening="-O2 -march=$MARCH -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -ffile-prefix-map=/src=. -ffunction-sections -fdata-sections"
case $MARCH in x86-64*) hardening="$hardening -fcf-protection" ;; esac
case $link in
  static) kind=-static-pie ;;
  dynamic) kind=-pie ;;
  *) echo "build_in_image.sh: static or dynamic, not $link" >&2; exit 2 ;;
esac
cmake -G Ninja -S /src -B /build -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF -DBoost_USE_STATIC_LIBS=ON \
  -DCMAKE_CXX_FLAGS="$hardening" \
  -DCMAKE_EXE_LINKER_FLAGS="$kind -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--build-id=none -Wl,--trace"
mkdir -p "$out"
if [ "$target" = all ]; then
  cmake --build /build --target help | sed -n 's/^\(riskflag-[a-z]*\): .*/\1/p' | sort -u > /build/programs
else
  echo "$target" > /build/programs
fi
# shellcheck disable=SC2046
cmake --build /build --verbose --target $(cat /build/programs) > /build/log 2>&1 || { tail -n 60 /build/log; exit 1; }
while read -r program; do strip -o "$out/$program" "/build/bin/$program"; done < /build/programs
# What the compiler read and what the linker took.
{ ninja -C /build -t deps | sed -n 's/^ *\(\/.*\)/\1/p'; grep -oE '/[^ ()]+\.(a|o|so)[.0-9]*' /build/log; } | sort -u |
  sh "$here/sbom.sh" "$(cat /build/programs)" "$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' /src/include/riskflag/core/version.hpp)" > "$out/sbom.spdx.json"
