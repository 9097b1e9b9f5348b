# shellcheck shell=bash
# Sourced by tests/run.sh and .ci/run: runs step files, stops at the first that fails, prints each one's seconds.

export RISKFLAG_ROOT
RISKFLAG_BUILD=$(realpath -m "${RISKFLAG_BUILD:-$RISKFLAG_ROOT/build}")  # steps change the directory
export RISKFLAG_BUILD
export CCACHE_DIR="${CCACHE_DIR:-${HOME:-/root}/.cache/ccache}"
# A clone elsewhere finds the same objects: paths in the preprocessed text are made relative.
export CCACHE_BASEDIR="$RISKFLAG_ROOT" CCACHE_NOHASHDIR=1
export CMAKE_GENERATOR=Ninja
records=$(mktemp -d)
trap 'rm -rf "$records"' EXIT

# Beside the clock's seconds stand the processors': on a machine with other work they say more.
run_step() {
  local name TIMEFORMAT='%0R s  %0U %0S'
  name=$(basename "$1" .sh)
  if ! { time bash "$1" 2>&3; } 3>&2 2> "$records/took.$name"; then
    printf '\n=== %s FAILED after %s (%s)\n' "$name" "$(cut -d' ' -f1,2 "$records/took.$name")" "${1#"$RISKFLAG_ROOT"/}"
    return 1
  fi
  awk -v name="$name" '{ printf "%6d s  %6d s of processors  %s\n", $1, $3 + $4, name }' "$records/took.$name" >> "$records/timings"
}

# One after another.
run_steps() {
  local step
  for step in "$@"; do
    printf '\n=== %s\n' "$(basename "$step" .sh)"
    run_step "$step" || return 1
  done
}

# Each argument is a list of steps, run one after another; the lists run beside each other, so that a step that keeps one processor busy
# leaves no other idle. What a step says appears when it ends. After a failure no list starts another step.
run_beside() {
  local list lane failed=0 lanes=()
  trap 'trap - TERM; kill -TERM 0' INT  # a shell's background jobs ignore it
  for list in "$@"; do
    run_list "$list" &
    lanes+=($!)
  done
  for lane in "${lanes[@]}"; do wait "$lane" || failed=1; done
  trap - INT
  return $failed
}
run_list() {
  local step name
  for step in $1; do
    [ ! -e "$records/failed" ] || return 1
    name=$(basename "$step" .sh)
    printf '... %s\n' "$name"
    if ! run_step "$step" > "$records/said.$name" 2>&1; then touch "$records/failed"; fi
    { flock 9; printf '\n=== %s\n' "$name"; cat "$records/said.$name"; } 9> "$records/lock"
    [ ! -e "$records/failed" ] || return 1
  done
}

print_timings() {
  printf '\nseconds by step:\n'
  cat "$records/timings"
}
