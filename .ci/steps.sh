# shellcheck shell=bash
# Sourced by tests/run.sh and .ci/run: runs step files one after another, stops at the first that fails, prints each one's seconds.

export RISKFLAG_ROOT
export RISKFLAG_BUILD="${RISKFLAG_BUILD:-$RISKFLAG_ROOT/build}"
export CCACHE_DIR="${CCACHE_DIR:-${HOME:-/root}/.cache/ccache}"
# A clone elsewhere finds the same objects: paths in the preprocessed text are made relative.
export CCACHE_BASEDIR="$RISKFLAG_ROOT" CCACHE_NOHASHDIR=1
export CMAKE_GENERATOR=Ninja
timings=()

run_steps() {
  local step name begin seconds
  for step in "$@"; do
    name=$(basename "$step" .sh)
    printf '\n=== %s\n' "$name"
    begin=$(date +%s)
    if ! bash "$step"; then
      printf '\n=== %s FAILED after %s s (%s)\n' "$name" "$(($(date +%s) - begin))" "${step#"$RISKFLAG_ROOT"/}"
      return 1
    fi
    seconds=$(($(date +%s) - begin))
    timings+=("$(printf '%6d s  %s' "$seconds" "$name")")
  done
}

print_timings() {
  printf '\nseconds by step:\n'
  printf '%s\n' "${timings[@]}"
}
