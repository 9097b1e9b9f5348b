#!/bin/bash
# The same bits from every compiler and at every flag: builds each program of the table below with each compiler that is
# there, at each line of flags, and compares what it prints with expected.txt. What scores is also built for another
# processor (under an emulator), another system, WebAssembly and another standard library. The last line is
# "N passed, N failed".
#
#   tests/bits/run.sh              everything
#   tests/bits/run.sh --print      what the first compiler prints at -O2, for expected.txt after a deliberate change
#   COMPILERS="g++" tests/bits/run.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
compilers=${COMPILERS:-"g++ clang++-16 clang++-19"}

# program (a .cpp beside this script) | modes that hold at every strict flag | modes that hold under -ffast-math too | libraries |
# its strict lines of flags, between semicolons, where all would take too long to compile, a line for some compilers alone
# with their names behind an @ | the same for -ffast-math.
# A mode "other_hash:all" prints what that program prints: a study holds the whole trainer, so its program tries both where
# it is built.
programs=(
  "study_hash|plain original train_hash:all train_hash:more train_hash:classes||-isystem /usr/include/eigen3 -pthread|-O0@clang++-16;-O3 -march=native -flto -ffp-contract=fast@g++ clang++-19"
  "train_hash|all more classes models||-pthread|-O0@g++;-O2"
  "calibrate_hash|all scoring|scoring||-O0;-O3 -march=native -flto -ffp-contract=fast|-O2 -ffast-math"
  "exact_hash|all scoring|scoring||"
  "predict_hash|all|all||-O0;-O2|-O1 -march=native -ffast-math"
)
# compiler | flags | what runs the program: predict_hash alone, the rest of the house is Linux's
elsewhere=(
  "clang++-19|-O1 -stdlib=libc++|"
  "aarch64-linux-gnu-g++|-O1 -static|qemu-aarch64"
  "aarch64-linux-gnu-g++|-O2 -static -ffast-math|qemu-aarch64"
  "x86_64-w64-mingw32-g++|-O1 -static|wine"
  # SINGLE_FILE: its loader asks today's node for a file as for a page, and gets none.
  "em++|-O1 -s NODERAWFS=1 -s SINGLE_FILE=1 -s ALLOW_MEMORY_GROWTH=1|node"
)
strict=(
  "-O0"
  "-O1"
  "-O2"
  "-O3 -march=native -flto"
  "-O2 -mfma -ffp-contract=fast"
  "-O3 -march=native -ffp-contract=fast"
)
fast=(
  "-O2 -ffast-math"
  "-O3 -march=native -ffast-math"
)
case $(uname -m) in
  x86_64) ;;
  *) strict=("${strict[@]//-mfma /}") ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe="
wine() {  # Debian's wine64 alone puts nothing on the PATH
  local program
  for program in wine64 /usr/lib/wine/wine64; do
    command -v "$program" > /dev/null && { "$program" "$@"; return; }
  done
  command wine "$@"
}

build() {  # compiler, flags, program, libraries, output
  local source=$here/$3.cpp
  if [[ $1 == g++* || $1 == clang++* ]] && command -v ccache > /dev/null; then  # an object of an earlier run serves again
    # shellcheck disable=SC2086 # flags and libraries are lists
    ccache "$1" -std=c++20 $2 -I"$root/include" $4 -c "$source" -o "$5.o" 2>"$5.log" || return
    source=$5.o
  fi
  # shellcheck disable=SC2086
  "$1" -std=c++20 $2 -I"$root/include" "$source" -o "$5" $4 2>>"$5.log"
}

# A line "ok" or "FAILED ..." for each mode.
check() {  # compiler, flags, program, modes, libraries, output, what runs it
  if ! build "$1" "$2" "$3" "$5" "$6"; then
    # Clang's link-time optimisation needs a linker plugin that not every installation has: that says nothing about bits.
    if [[ $2 == *-flto* ]] && build "$1" "${2/-flto/}" "$3" "$5" "$6"; then
      echo "note: $1 cannot link with -flto here; built without"
    else
      echo "FAILED $1 $2 $3: does not build"
      head -5 "$6.log"
      return
    fi
  fi
  local mode line got want
  for mode in $4; do
    line="$3 $mode"
    [[ $mode != *:* ]] || line=${mode/:/ }
    got=$($7 "$6" "$mode" "$here/.." | tr -d '\r')
    want=$(grep "^$line " "$here/expected.txt")
    if [[ -n $want && $got == "$want" ]]; then
      echo ok
    else
      echo "FAILED $1 $2: printed \"$got\", expected \"$want\""
    fi
  done
  rm -f "$6" "$6.o"
}

jobs=0
start() {  # compiler, flags, program, modes, libraries, what runs it; one job a processor at a time
  [[ $(jobs -rp | wc -l) -lt $(nproc) ]] || wait -n
  jobs=$((jobs + 1))
  local output=$work/$jobs
  case $1 in
    em++) output+=.js ;;
    *mingw*) output+=.exe ;;
  esac
  check "${@:1:5}" "$output" "${6:-}" > "$work/$jobs.result" 2>&1 &
}

if [[ ${1:-} == --print ]]; then
  for row in "${programs[@]}"; do
    IFS='|' read -r program modes _ libraries _ <<<"$row"
    build "${compilers%% *}" -O2 "$program" "$libraries" "$work/$program" || { cat "$work/$program.log" >&2; exit 1; }
    for mode in $modes; do [[ $mode == *:* ]] || "$work/$program" "$mode" "$here/.."; done
  done
  exit
fi

tables() {
  if python3 "$here/exact_tables.py" > "$work/tables.log"; then
    echo ok
  else
    echo "FAILED the tables of core/exact.hpp are not what exact_tables.py computes"
    head -5 "$work/tables.log"
  fi
}
tables > "$work/tables.result" 2>&1 &
usable=()
for compiler in $compilers; do
  if command -v "$compiler" >/dev/null; then usable+=("$compiler"); else echo "skipped: $compiler is not installed"; fi
done
# What takes longest stands first in the table, and starts first.
for row in "${programs[@]}"; do
  IFS='|' read -r program modes fast_modes libraries own own_fast <<<"$row"
  lines=("${strict[@]}")
  [[ -z $own ]] || IFS=';' read -ra lines <<<"$own"
  fast_lines=("${fast[@]}")
  [[ -z $own_fast ]] || IFS=';' read -ra fast_lines <<<"$own_fast"
  for compiler in "${usable[@]}"; do
    for flags in "${lines[@]}"; do
      [[ $flags != *@* || " ${flags#*@} " == *" $compiler "* ]] || continue
      start "$compiler" "${flags%@*}" "$program" "$modes" "$libraries"
    done
    [[ -z $fast_modes ]] || for flags in "${fast_lines[@]}"; do start "$compiler" "$flags" "$program" "$fast_modes" "$libraries"; done
  done
done
# Without COMPILERS: what was named is what is tried.
[[ -n ${COMPILERS:-} ]] || for row in "${elsewhere[@]}"; do
  IFS='|' read -r compiler flags runner <<<"$row"
  if command -v "$compiler" > /dev/null; then
    start "$compiler" "$flags" predict_hash all "" "$runner"
  else
    echo "skipped: $compiler is not installed"
  fi
done
wait
grep -hv '^ok$' "$work"/*.result
passed=$(grep -hc '^ok$' "$work"/*.result | awk '{n += $1} END {print n}')
failed=$(grep -hc '^FAILED' "$work"/*.result | awk '{n += $1} END {print n}')
echo "$passed passed, $failed failed"
[[ $failed == 0 && $passed != 0 ]]
