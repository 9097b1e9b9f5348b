#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test of the library and its programs (those of delivery: .ci/run). Usage: tests/run.sh [--fast]
#   --fast  leaves out sanitizers, other compilers, fuzzing and the peers from PyPI
set -euo pipefail
RISKFLAG_ROOT=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=.ci/steps.sh
. "$RISKFLAG_ROOT/.ci/steps.sh"
steps="$RISKFLAG_ROOT/.ci/steps"

case "${1:-}" in
  "" | --fast) run_steps "$steps"/{install,build,test}.sh ;;
  *) echo "usage: tests/run.sh [--fast]" >&2; exit 2 ;;
esac
# Those of the second list keep about one processor busy, but for its last.
[ "${1:-}" = --fast ] || run_beside "$(echo "$steps"/{compilers,sanitize}.sh)" "$(echo "$steps"/{lint,consumers,peers,mutation,fuzz,bits}.sh)"
print_timings
