#!/bin/sh
# Inside the build stage. Usage: build_in_image.sh OUT PROGRAM: that program alone, static, and sbom.spdx.json in OUT. It needs nothing of
# the image it runs in: a server that only listens never asks getaddrinfo, which is what static glibc cannot do by itself.
set -eu
out=$1 program=$2
here=$(cd "$(dirname "$0")" && pwd)
hardening="-O2 -march=$MARCH -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -ffile-prefix-map=/src=. -ffunction-sections -fdata-sections"
case $MARCH in x86-64*) hardening="$hardening -fcf-protection" ;; esac
cmake -G Ninja -S /src -B /build -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF -DBoost_USE_STATIC_LIBS=ON \
  -DRISKFLAG_MLFLOW_SERVER=OFF \
  -DCMAKE_CXX_FLAGS="$hardening" \
  -DCMAKE_EXE_LINKER_FLAGS="-static-pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--build-id=none -Wl,--trace"
mkdir -p "$out"
# One compiler at a time unless JOBS says more: each takes up to 2 GB.
cmake --build /build --parallel "${JOBS:-1}" --verbose --target "$program" > /build/log 2>&1 || { tail -n 60 /build/log; exit 1; }
strip -o "$out/$program" "/build/bin/$program"
# What the compiler read and what the linker took.
{ ninja -C /build -t deps | sed -n 's/^ *\(\/.*\)/\1/p'; grep -oE '/[^ ()]+\.(a|o|so)[.0-9]*' /build/log; } | sort -u |
  sh "$here/sbom.sh" "$program" "$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' /src/include/riskflag/core/version.hpp)" > "$out/sbom.spdx.json"
