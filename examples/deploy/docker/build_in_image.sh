#!/bin/sh
# Inside a build stage. Usage: build_in_image.sh serve|full OUT: what lies in OUT is copied to the image's root.
#   serve   riskflag-serve, static. A server that only listens never asks getaddrinfo, which is what static glibc cannot do by itself.
#   full    every program; of the image they run in they need glibc alone: what else they are linked with is copied beside them.
set -eu
target=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
hardening="-O2 -march=$MARCH -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -ffile-prefix-map=/src=. -ffunction-sections -fdata-sections"
case $MARCH in x86-64*) hardening="$hardening -fcf-protection" ;; esac
libraries=/usr/lib/riskflag
case $target in
  serve) programs=riskflag-serve place=/ bill=sbom.spdx.json kind='-static-pie' mlflow=OFF ;;
  full)
    programs="riskflag-import riskflag-monitor riskflag-registry riskflag-score riskflag-serve riskflag-simulate riskflag-train"
    place=/usr/bin/ bill=usr/share/doc/riskflag/sbom.spdx.json kind="-pie -static-libstdc++ -static-libgcc -Wl,--disable-new-dtags,-rpath,$libraries" mlflow=ON ;;
  *) sed -n '2,4s/^# *//p' "$0" >&2; exit 2 ;;
esac
cmake -G Ninja -S /src -B /build -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF -DBoost_USE_STATIC_LIBS=ON -DZLIB_USE_STATIC_LIBS=ON \
  -DRISKFLAG_MLFLOW_SERVER=$mlflow \
  -DCMAKE_CXX_FLAGS="$hardening" \
  -DCMAKE_EXE_LINKER_FLAGS="$kind -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--build-id=none -Wl,--trace"
mkdir -p "$out$place" "$(dirname "$out/$bill")"
# shellcheck disable=SC2086  # a list of programs
cmake --build /build --parallel "$JOBS" --verbose --target $programs > /build/log 2>&1 || { tail -n 60 /build/log; exit 1; }
for program in $programs; do strip -o "$out$place$program" "/build/bin/$program"; done
# What the compiler read and what the linker took.
{ ninja -C /build -t deps | sed -n 's/^ *\(\/.*\)/\1/p'; grep -oE '/[^ ()]+\.(a|o|so)[.0-9]*' /build/log; } | sort -u > /build/files
if [ "$target" = full ]; then
  mkdir -p "$out$libraries" "$out/etc/riskflag"
  # shellcheck disable=SC2086
  for program in $programs; do ldd "/build/bin/$program"; done | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u | while read -r library; do
    case $(dpkg -S "$(realpath "$library")" 2> /dev/null || dpkg -S "$library") in
      libc6:*) ;;  # the image's own, with what it opens by itself to resolve names
      *) cp -L "$library" "$out$libraries/"; realpath "$library" >> /build/files ;;
    esac
  done
  # Not in /etc/ssl: the image may have a list there, and packages of its own that keep it.
  cp -L /etc/ssl/certs/ca-certificates.crt "$out/etc/riskflag/"
  echo /usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt >> /build/files
fi
sh "$here/sbom.sh" "$programs" "$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' /src/include/riskflag/core/version.hpp)" < /build/files > "$out/$bill"
