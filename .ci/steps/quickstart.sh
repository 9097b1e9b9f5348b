#!/usr/bin/env bash
# The README's first command, as a new user types it: from a build directory of its own, without the packages that only tests
# have; then once more with --keep, whose server must answer until it is stopped; then by a user who may install nothing.
set -euo pipefail
# By the compiler name of the build step, which ccache tells from c++: what was compiled there is not compiled again.
export RISKFLAG_BUILD=$RISKFLAG_BUILD-quickstart CXX=g++
rm -rf "$RISKFLAG_BUILD"
hidden=$(mktemp -d)
pid=
trap 'rm -rf "$hidden"; [ -z "$pid" ] || kill "$pid" 2> /dev/null || true' EXIT
# CMake takes what these say for every find_package of those names: as on a machine that lacks them.
mkdir -p "$hidden"/{doctest,benchmark}
for package in doctest benchmark; do
  echo "set(${package}_FOUND FALSE)" > "$hidden/$package/${package}Config.cmake"
done
doctest_DIR=$hidden/doctest benchmark_DIR=$hidden/benchmark bash "$RISKFLAG_ROOT/examples/quickstart.sh"

bash "$RISKFLAG_ROOT/examples/quickstart.sh" --keep > "$hidden/log"
read -r url pid < <(sed -n 's/^  server  *\(http[^ ]*\)  (stop it: kill \([0-9]*\))$/\1 \2/p' "$hidden/log")
curl -fsS "$url/readyz" > /dev/null
kill -TERM "$pid"
for _ in $(seq 100); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
kill -0 "$pid" 2> /dev/null && { echo "the kept server does not stop"; exit 1; }
echo "a second run, --keep: answered and stopped"

# A user without sudo, on a machine where dpkg knows none of our packages.
printf '#!/bin/sh\nexit 1\n' > "$hidden/dpkg-query"
printf '#!/bin/sh\nexit 1\n' > "$hidden/sudo"
printf '#!/bin/sh\necho 1000\n' > "$hidden/id"
chmod -R a+rx "$hidden"
said=$(PATH=$hidden:$PATH bash "$RISKFLAG_ROOT/.ci/install.sh" run 2>&1 < /dev/null) && { echo "install.sh went on without rights"; exit 1; }
grep -q 'apt-get install --no-install-recommends.*libeigen3-dev' <<< "$said"
echo "without root and sudo: says what it needs"
