#!/usr/bin/env bash
# Challenger against champion on later.csv; says passed=yes or passed=no. The first model of its name has none to beat.
# Usage: compare.sh VERSION; settings: settings.sh.
set -euo pipefail
# shellcheck source=examples/deploy/train/settings.sh
. "$(dirname "$0")/settings.sh"
version=${1:?usage: compare.sh VERSION}
current=$(champion)
if [ -z "$current" ]; then tell passed=yes; exit 0; fi
registry --json compare "models:/$MODEL/$version" "models:/$MODEL@champion" --data "$WORK/later.csv" --target "$TARGET" --margin "$MARGIN" > "$WORK/compare.json"
cat "$WORK/compare.json"
case $(field passed < "$WORK/compare.json") in
  true) tell passed=yes ;;
  false) tell passed=no ;;
  *) echo "compare.sh: no answer in compare.json" >&2; exit 1 ;;
esac
