#!/usr/bin/env bash
# Asks the hosts, through SSM, to run deploy.sh, one after another, and waits for the answer; the first that fails stops it.
# Usage: roll_out.sh deploy IMAGE MODEL | rollback     IMAGE, MODEL: sha256:… or "current"
#   SSM_DOCUMENT   the stack's command document      APP   the value of the hosts' tag App
#   ROLL_OUT_SECONDS   how long it may take, 900 unless set
set -euo pipefail
usage() { sed -n '3,5s/^# *//p' "$0" >&2; exit 2; }
command=${1:-} image=${2:-current} model=${3:-current}
case $command in
  deploy) [ $# = 3 ] || usage ;;
  rollback) [ $# = 1 ] || usage ;;
  *) usage ;;
esac
for digest in "$image" "$model"; do
  [[ $digest =~ ^(current|sha256:[0-9a-f]{64})$ ]] || { echo "roll_out.sh: \"$digest\" is neither \"current\" nor sha256: and 64 hex digits" >&2; exit 2; }
done
: "${SSM_DOCUMENT:?}" "${APP:?}"

id=$(aws ssm send-command --document-name "$SSM_DOCUMENT" --targets "Key=tag:App,Values=$APP" --max-concurrency 1 --max-errors 0 \
  --parameters "command=$command,image=$image,model=$model" --comment "$command" --query Command.CommandId --output text)
echo "roll_out.sh: command $id"
end=$((SECONDS + ${ROLL_OUT_SECONDS:-900}))
# Not `aws ssm wait`: it gives up after 100 s, and fails at once on a command that SSM does not list yet.
while :; do
  status=$(aws ssm list-commands --command-id "$id" --query 'Commands[0].Status' --output text)
  case $status in
    Success) break ;;
    Failed | TimedOut | Cancelled | Cancelling | AccessDenied | DeliveryTimedOut) break ;;
  esac
  [ $SECONDS -lt $end ] || { echo "roll_out.sh: still $status after ${ROLL_OUT_SECONDS:-900} s" >&2; exit 1; }
  sleep "${ROLL_OUT_POLL:-5}"
done
aws ssm list-command-invocations --command-id "$id" --details \
  --query 'CommandInvocations[].[InstanceId,Status,CommandPlugins[0].Output]' --output text
# A tag that no host has is a success to SSM.
hosts=$(aws ssm list-command-invocations --command-id "$id" --query 'length(CommandInvocations)' --output text)
if [ "$status" != Success ] || [ "$hosts" = 0 ]; then echo "roll_out.sh: $status on $hosts hosts" >&2; exit 1; fi
echo "roll_out.sh: done on $hosts hosts"
