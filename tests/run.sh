#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Usage: tests/run.sh [--fast]
#   --fast  leaves out sanitizers, other compilers, fuzzing and the peers from PyPI
set -euo pipefail
RISKFLAG_ROOT=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=.ci/steps.sh
. "$RISKFLAG_ROOT/.ci/steps.sh"
steps="$RISKFLAG_ROOT/.ci/steps"

case "${1:-}" in
  "") run_steps "$steps"/{install,build,test,lint,compilers,consumers,bits,mutation,peers,sanitize,fuzz}.sh ;;
  --fast) run_steps "$steps"/{install,build,test}.sh ;;
  *) echo "usage: tests/run.sh [--fast]" >&2; exit 2 ;;
esac
print_timings
