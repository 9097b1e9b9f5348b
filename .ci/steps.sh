# shellcheck shell=bash
# Sourced by tests/run.sh and .ci/run: runs step files one after another, stops at the first that fails, prints each one's seconds.

export RISKFLAG_ROOT
export RISKFLAG_BUILD="${RISKFLAG_BUILD:-$RISKFLAG_ROOT/build}"
export CCACHE_DIR="${CCACHE_DIR:-${HOME:-/root}/.cache/ccache}"
# A clone elsewhere finds the same objects: paths in the preprocessed text are made relative.
export CCACHE_BASEDIR="$RISKFLAG_ROOT" CCACHE_NOHASHDIR=1
export CMAKE_GENERATOR=Ninja
timings=()

# Beside the clock's seconds stand the processors': on a machine with other work they say more.
run_steps() {
  local step name took TIMEFORMAT='%0R s  %0U %0S'
  took=$(mktemp)
  for step in "$@"; do
    name=$(basename "$step" .sh)
    printf '\n=== %s\n' "$name"
    if ! { time bash "$step" 2>&3; } 3>&2 2> "$took"; then
      printf '\n=== %s FAILED after %s (%s)\n' "$name" "$(cut -d' ' -f1,2 "$took")" "${step#"$RISKFLAG_ROOT"/}"
      rm -f "$took"
      return 1
    fi
    timings+=("$(awk -v name="$name" '{ printf "%6d s  %6d s of processors  %s", $1, $3 + $4, name }' "$took")")
  done
  rm -f "$took"
}

print_timings() {
  printf '\nseconds by step:\n'
  printf '%s\n' "${timings[@]}"
}
