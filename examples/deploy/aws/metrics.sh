#!/usr/bin/env bash
# Tells CloudWatch, once a minute from riskflag-metrics.timer, what only the server knows: how many fields have drifted, and that it could be asked.
# Usage: metrics.sh APP    NAMESPACE of the metrics. A server that does not answer is told as nothing, which the stack's alarm takes for trouble.
set -euo pipefail
app=${1:?usage: metrics.sh APP}
BLUE_PORT=8081 GREEN_PORT=8082 STATE_DIR=/var/lib/riskflag SMOKE_KEY_FILE=
conf=${RISKFLAG_DEPLOY_CONF:-/etc/riskflag/deploy.conf}
# shellcheck source=/dev/null
[ ! -e "$conf" ] || . "$conf"
colour=$(awk '$1 == "current" { print $2 }' "$STATE_DIR/state")
case $colour in
  blue) port=$BLUE_PORT ;;
  green) port=$GREEN_PORT ;;
  *) echo "metrics.sh: nothing is deployed" >&2; exit 0 ;;
esac
# The key is on no command line.
page=$({ [ -z "$SMOKE_KEY_FILE" ] || printf 'header = "Authorization: Bearer %s"\n' "$(cat "$SMOKE_KEY_FILE")"; } |
  curl -fsS --max-time 10 --config - "http://127.0.0.1:$port/metrics")
# A field counts once, whichever of its windows says so; a model without a profile has none.
fields=$(awk '/^riskflag_drift_alarm\{/ && $NF == 1 { match($0, /field="([^"\\]|\\.)*"/); seen[substr($0, RSTART, RLENGTH)] } END { print length(seen) }' <<< "$page")
aws cloudwatch put-metric-data --namespace "$app" --metric-name DriftingFields --unit Count --value "$fields"
