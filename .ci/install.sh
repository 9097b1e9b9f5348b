#!/usr/bin/env bash
# Installs those of our packages that are missing. Usage: .ci/install.sh run|test|delivery|containers
#   run         what the programs need to be built
#   test        that, and every compiler and tool that the tests use
#   delivery    what builds and looks at packages and workflows
#   containers  that, and what stands in for a registry, a container engine, a host and a person (tests/delivery/run.sh --full)
set -euo pipefail

# libboost-json1.81-dev by name: libboost-json-dev is 1.74 in Debian 12 and conflicts with it.
packages=(g++ cmake ninja-build ccache libboost-json1.81-dev libboost1.81-dev libeigen3-dev zlib1g-dev libssl-dev libcli11-dev curl ca-certificates python3)
if [ "${1:-}" = test ]; then
  packages+=(doctest-dev libbenchmark-dev clang-16 clang-19 libclang-rt-16-dev libclang-rt-19-dev clang-format-19 clang-tidy-19
             python3-venv git shellcheck
             g++-aarch64-linux-gnu qemu-user g++-mingw-w64-x86-64-win32 wine64 emscripten nodejs libc++-19-dev)
elif [ "${1:-}" = delivery ] || [ "${1:-}" = containers ]; then
  packages=(dpkg-dev pkg-config python3-venv haproxy socat prometheus)
  [ "$1" = delivery ] || packages+=(python3-dev buildah podman runc conmon catatonit netavark docker-registry debootstrap chromium chromium-driver)
elif [ "${1:-}" != run ]; then
  echo "usage: $0 run|test|delivery|containers" >&2
  exit 2
fi

missing=()
for package in "${packages[@]}"; do
  # A tool that stands on the PATH counts, whoever installed it.
  case $package in
    nodejs) command -v node > /dev/null && continue ;;
    cmake | ccache | curl | git | shellcheck | python3) command -v "$package" > /dev/null && continue ;;
    ninja-build) command -v ninja > /dev/null && continue ;;
  esac
  dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=()
elif command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
  as_root=(sudo)
elif command -v sudo > /dev/null && [ -t 0 ]; then
  as_root=(sudo)
else
  cat >&2 <<MESSAGE
riskflag needs these Debian packages, and this user can neither install them as root nor through sudo:
  ${missing[*]}
Ask an administrator to run:  apt-get install --no-install-recommends ${missing[*]}
MESSAGE
  exit 1
fi
echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# RUNLEVEL=1: services are started by the tests that want them, on ports of their own, and not by their packages.
"${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
