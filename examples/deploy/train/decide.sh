#!/usr/bin/env bash
# Is it time to train? Says train=yes when it was asked for (ASKED=true), when there is no champion, and when riskflag-monitor finds drift
# (3) or decay (4) in what the servers wrote; train=no when nothing changed. Settings: settings.sh.
set -euo pipefail
# shellcheck source=examples/deploy/train/settings.sh
. "$(dirname "$0")/settings.sh"
if [ "${ASKED:-false}" = true ]; then tell train=yes; exit 0; fi
version=$(champion)
if [ -z "$version" ]; then tell train=yes; exit 0; fi
fetch decisions/ outcomes/
status=0
riskflag-monitor decide --log "$WORK/decisions" --outcomes "$WORK/outcomes" --reference "models:/$MODEL@champion" --tracking "$TRACKING" > "$WORK/decision.json" || status=$?
case $status in
  0) tell train=no ;;
  3 | 4) tell train=yes ;;
  *) echo "decide.sh: riskflag-monitor could not tell" >&2; exit 1 ;;
esac
field reason < "$WORK/decision.json"
