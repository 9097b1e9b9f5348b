#!/usr/bin/env bash
# Blue and green on one host behind HAProxy: the new version starts beside the old, proves itself, gets the requests, is watched.
#   deploy.sh deploy IMAGE MODEL   each sha256:… or "current", which keeps what is recorded
#   deploy.sh rollback             the version before, from the local image and model: no registry is asked
#   deploy.sh recover              what is recorded answers again: at boot, after a run that was killed, every minute from a timer
#   deploy.sh status               what is recorded
# Exit 0: done, or nothing to do; 1: failed, the old version answers on; 2: called wrongly; 75: another run is under way.
# Settings are in /etc/riskflag/deploy.conf (RISKFLAG_DEPLOY_CONF names another); the defaults follow.
set -euo pipefail

ENGINE=(docker)                            # or podman, with its global options
PULL_OPTIONS=() RUN_OPTIONS=()             # further options of `pull` and `run`
REPOSITORY=                                # registry/name, without a tag
STATE_DIR=/var/lib/riskflag                # holds `state` and HAProxy's active.map
MODELS_DIR=/srv/riskflag/models            # a folder for each model, named by the hex digits of its digest
MODEL_SOURCE=                              # where models come from: s3://bucket/prefix or a folder, laid out like MODELS_DIR
HAPROXY_SOCKET=/run/riskflag/haproxy.sock
BLUE_PORT=8081 GREEN_PORT=8082             # on the loopback address
MEMORY=256m
READY_SECONDS=60 WATCH_SECONDS=30 DRAIN_SECONDS=10 STOP_SECONDS=30
WATCH_MAX_5XX_PERCENT=1
SMOKE_KEY_FILE=                            # holds an API key with scope score, where the server asks for keys

conf=${RISKFLAG_DEPLOY_CONF:-/etc/riskflag/deploy.conf}
# shellcheck source=/dev/null
[ ! -e "$conf" ] || . "$conf"
here=$(cd "$(dirname "$0")" && pwd)
state=$STATE_DIR/state map=$STATE_DIR/active.map

step() { printf 'deploy.sh: %s\n' "$*"; }
fail() { printf 'deploy.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '3,7s/^# *//p' "$0" >&2; exit 2; }
# The lock must not live on in a container's monitor.
engine() { "${ENGINE[@]}" "$@" 9>&-; }

# --- what is recorded: one file, so that a rename changes all of it: ROLE COLOUR IMAGE MODEL
recorded() { [ ! -e "$state" ] || awk -v role="$1" -v field="$2" '$1 == role { print $field }' "$state"; }
replace() {  # FILE TEXT: whole or not at all, also after a power cut
  printf '%s\n' "$2" > "$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "$(dirname "$1")"
}
record() {  # COLOUR IMAGE MODEL
  local text="current $1 $2 $3" before
  before=$(recorded current 2)
  [ -z "$before" ] || text+=$'\n'"previous $before $(recorded current 3) $(recorded current 4)"
  replace "$state" "$text"
}

# --- HAProxy: the map of its configuration names the colour that gets the requests
haproxy() { printf '%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$HAPROXY_SOCKET" 9>&-; }
switch_to() {  # COLOUR: the file for the next start of HAProxy, then the running one
  local answer
  [ "$(cat "$map" 2> /dev/null)" = "active $1" ] || replace "$map" "active $1" || return 1
  answer=$(haproxy "set map $map active $1") || return 1
  [ -z "${answer//[[:space:]]/}" ] || { printf 'deploy.sh: HAProxy says: %s\n' "$answer" >&2; return 1; }
}
active() { haproxy "show map $map" 2> /dev/null | awk '$2 == "active" { print $3 }'; }
points_to() { [ "$(active)" = "$1" ] && [ "$(cat "$map" 2> /dev/null)" = "active $1" ]; }
stat_of() {  # SERVER COLUMN: summed over the backends
  haproxy "show stat" | awk -F, -v server="$1" -v column="$2" '
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; ++i) at[$i] = i; next }
    $2 == server { sum += $at[column] } END { print sum + 0 }'
}
proxied() {  # COLOUR: HAProxy, which looks twice a second, has seen it answer; until then it has nobody to ask
  local end=$((SECONDS + 10))
  until haproxy "show stat" | awk -F, -v colour="$1" '
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; ++i) at[$i] = i; next }
    $1 == colour && $2 == colour && $at["status"] ~ /^UP/ { seen = 1 } END { exit !seen }'; do
    [ $SECONDS -lt $end ] || { step "HAProxy does not see $1 after 10 s" >&2; return 1; }
    sleep 0.1
  done
}

# --- containers
declare -A port=([blue]=$BLUE_PORT [green]=$GREEN_PORT)
other() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }
inspect() { engine container inspect --format "$2" "riskflag-$1" 2> /dev/null; }
runs() {  # COLOUR IMAGE MODEL: is that what runs there?
  [ "$(inspect "$1" '{{.State.Running}} {{index .Config.Labels "riskflag.image"}} {{index .Config.Labels "riskflag.model"}}')" = "true $2 $3" ]
}
ready() { curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:${port[$1]}/readyz" 2> /dev/null 9>&-; }
remove() { engine rm --force "riskflag-$1" > /dev/null 2>&1 || true; }
start() {  # COLOUR IMAGE MODEL
  remove "$1"
  # The host's network: the server listens on the loopback address alone, and no proxy of the engine's stands in between.
  engine run --detach --pull never --name "riskflag-$1" --label "riskflag.image=$2" --label "riskflag.model=$3" \
    --network host --read-only --cap-drop ALL --security-opt no-new-privileges --user 65532:65532 --memory "$MEMORY" \
    --stop-timeout "$STOP_SECONDS" --env RISKFLAG_HOST=127.0.0.1 --env "RISKFLAG_PORT=${port[$1]}" --env RISKFLAG_MODEL=/model \
    --volume "$MODELS_DIR/${3#sha256:}:/model:ro" "${RUN_OPTIONS[@]}" "$REPOSITORY@$2" > /dev/null || return 1  # not the engine's own 125 to 127
}
await() {  # COLOUR
  local end=$((SECONDS + READY_SECONDS))
  until ready "$1"; do
    inspect "$1" '{{.State.Running}}' | grep -qx true || { engine logs "riskflag-$1" 2>&1 | tail -n 5 >&2; step "$1 ended before it was ready" >&2; return 1; }
    [ $SECONDS -lt $end ] || { step "$1 is not ready after $READY_SECONDS s" >&2; return 1; }
    sleep 0.2
  done
}
stop() {  # COLOUR: once HAProxy has no request there
  local end=$((SECONDS + DRAIN_SECONDS))
  while ! { stat_of "$1" scur | grep -qx 0; } && [ $SECONDS -lt $end ]; do sleep 0.2; done
  engine stop --time "$STOP_SECONDS" "riskflag-$1" > /dev/null 2>&1 || true
  remove "$1"
}

# --- what a version is made of
have_model() { [ -e "$1/manifest.json" ] && [ "$(sha256sum < "$1/manifest.json")" = "${2#sha256:}  -" ]; }
fetch_model() {  # MODEL
  local folder=$MODELS_DIR/${1#sha256:}
  have_model "$folder" "$1" && return
  [ -n "$MODEL_SOURCE" ] || fail "no model $1 in $MODELS_DIR, and MODEL_SOURCE is not set"
  rm -rf "$folder" "$folder.new"
  mkdir -p "$folder.new"
  case $MODEL_SOURCE in
    s3://*) aws s3 cp --only-show-errors --recursive "$MODEL_SOURCE/${1#sha256:}/" "$folder.new/" ;;
    *) cp -r "$MODEL_SOURCE/${1#sha256:}/." "$folder.new/" ;;
  esac || fail "model $1 cannot be read from $MODEL_SOURCE"
  # The manifest's digest vouches for the files, which the server verifies when it opens them.
  have_model "$folder.new" "$1" || fail "$MODEL_SOURCE has another model under ${1#sha256:}"
  chmod -R a+rX "$folder.new"
  mv "$folder.new" "$folder"
}
fetch_image() { engine pull --quiet "${PULL_OPTIONS[@]}" "$REPOSITORY@$1" > /dev/null || fail "image $1 cannot be pulled"; }
have_image() { engine image inspect "$REPOSITORY@$1" > /dev/null 2>&1; }
forget() {  # IMAGE MODEL: of the version before the previous one, unless it is still in use
  grep -qF "$1" "$state" || engine image rm "$REPOSITORY@$1" > /dev/null 2>&1 || true
  [ -z "$MODEL_SOURCE" ] || grep -qF "$2" "$state" || rm -rf "${MODELS_DIR:?}/${2#sha256:}"
}

watched() {  # COLOUR: it stays ready, is not restarted, and answers without errors
  local end=$((SECONDS + WATCH_SECONDS)) errors answers started misses=0
  errors=$(stat_of "$1" hrsp_5xx) answers=$(stat_of "$1" stot) started=$(inspect "$1" '{{.State.StartedAt}}')
  while [ $SECONDS -lt $end ]; do
    if ready "$1"; then misses=0; else misses=$((misses + 1)); fi
    inspect "$1" '{{.State.Running}} {{.State.StartedAt}}' | grep -qxF "true $started" || { step "$1 ended while it was watched" >&2; return 1; }
    [ $misses -lt 3 ] || { step "$1 stopped being ready" >&2; return 1; }
    sleep 0.3
  done
  errors=$(($(stat_of "$1" hrsp_5xx) - errors)) answers=$(($(stat_of "$1" stot) - answers))
  [ $((errors * 100)) -le $((answers * WATCH_MAX_5XX_PERCENT)) ] || { step "$errors of $answers answers of $1 were errors" >&2; return 1; }
}

# --- the commands
converge() {  # what is recorded answers, the other colour is gone
  local colour image model
  colour=$(recorded current 2) image=$(recorded current 3) model=$(recorded current 4)
  if ! runs "$colour" "$image" "$model"; then
    step "start: the recorded version as $colour"
    have_image "$image" || fetch_image "$image"
    fetch_model "$model"
    start "$colour" "$image" "$model"
    await "$colour" || return 1
  fi
  if ! points_to "$colour"; then
    step "switch: the requests back to $colour"
    await "$colour" && switch_to "$colour" || return 1
  fi
  proxied "$colour" || return 1
  if inspect "$(other "$colour")" '{{.Id}}' > /dev/null; then
    step "remove: $(other "$colour"), which is not recorded"
    stop "$(other "$colour")"
  fi
}
undo() {  # after a failure, from the trap
  trap - EXIT
  [ -z "$old" ] || switch_to "$old" || true
  stop "$new"
  step "undone: ${old:-nothing} answers" >&2
}
change_to() {  # IMAGE MODEL
  local forget_image forget_model
  old=$(recorded current 2) new=$(other "${old:-green}")
  forget_image=$(recorded previous 3) forget_model=$(recorded previous 4)
  # A signal ends the shell through this trap too. One of its own for TERM would be read by Bash 5.2 in the middle of a command
  # substitution, and be a syntax error there.
  trap undo EXIT
  step "start: $new"
  start "$new" "$1" "$2"
  step "ready: waiting for $new"
  await "$new" || exit 1
  step "smoke: the model's own example"
  python3 "$here/smoke.py" --model "$MODELS_DIR/${2#sha256:}" --url "http://127.0.0.1:${port[$new]}" ${SMOKE_KEY_FILE:+--key-file "$SMOKE_KEY_FILE"} 9>&- || exit 1
  step "switch: to $new"
  switch_to "$new" || exit 1
  step "watch: $new for $WATCH_SECONDS s"
  watched "$new" || exit 1
  step "record: $new"
  record "$new" "$1" "$2" || exit 1
  trap - EXIT
  if [ -n "$old" ]; then
    step "stop: $old"
    stop "$old"
  fi
  [ -z "$forget_image" ] || forget "$forget_image" "$forget_model"
  step "done: $new answers with image $1 and model $2"
}
digest() {  # WHAT VALUE FIELD: the digest, or the recorded one for "current"
  local value=$2
  [ "$value" != current ] || value=$(recorded current "$3")
  [[ $value =~ ^sha256:[0-9a-f]{64}$ ]] || { printf 'deploy.sh: %s "%s" is not sha256: and 64 hex digits\n' "$1" "$2" >&2; exit 2; }
  echo "$value"
}

command=${1:-}
case $command in
  deploy) [ $# = 3 ] || usage ;;
  rollback | recover | status) [ $# = 1 ] || usage ;;
  *) usage ;;
esac
if [ "$command" = status ]; then
  [ -e "$state" ] || fail "nothing is recorded"
  cat "$state"
  exit
fi
if [ "$command" = deploy ]; then
  image=$(digest image "$2" 3)
  model=$(digest model "$3" 4)
fi
[ -n "$REPOSITORY" ] || fail "REPOSITORY is not set in $conf"
mkdir -p "$STATE_DIR" "$MODELS_DIR"
exec 9> "$STATE_DIR/lock"
flock -n 9 || { step "another run is under way" >&2; exit 75; }

if [ "$command" = recover ]; then
  [ -e "$state" ] || { step "nothing is recorded yet"; exit 0; }
  converge
  exit
fi
if [ "$command" = rollback ]; then
  image=$(recorded previous 3) model=$(recorded previous 4)
  [ -n "$image" ] || fail "there is no version before this one"
  have_image "$image" || fail "image $image is no longer here; deploy it by its digest"
  have_model "$MODELS_DIR/${model#sha256:}" "$model" || fail "model $model is no longer here; deploy it by its digest"
fi
if [ -e "$state" ]; then
  # What an earlier run left half done. A recorded version that cannot be brought back is no reason not to replace it.
  if (converge) && [ "$(recorded current 3) $(recorded current 4)" = "$image $model" ]; then
    step "done: this is what answers already"
    exit
  fi
fi
if [ "$command" = deploy ]; then
  step "pull: image $image"
  have_image "$image" || fetch_image "$image"
  step "model: $model"
  fetch_model "$model"
fi
change_to "$image" "$model"
