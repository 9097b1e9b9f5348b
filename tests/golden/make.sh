#!/usr/bin/env bash
# Leaves what a version saves in tests/golden/X.Y.Z: model directories of each kind (models.tar.gz), rows, and the scores that they must get for ever.
# Usage: tests/golden/make.sh BIN X.Y.Z     BIN: that version's programs. .ci/release.sh calls it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1 out=$here/$2
! grep -q "^$2 " "$here/released.txt" || { echo "make.sh: $2 is released: what it left stays" >&2; exit 1; }
rm -rf "$out" && mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What predict.hpp alone makes of each model.json, on rows of its own: margins and contributions, as bits.
g++ -std=c++20 -O1 -I "$here/../../include" "$here/../delivery/single_header.cpp" -o "$work/bits"
cd "$work"
mkdir models
"$bin/riskflag-simulate" --rows 1500 --seed 1 --output loans.csv --quiet
"$bin/riskflag-simulate" --applicants --rows 60 --seed 2 --output "$out/rows.csv" --quiet
# An applicant of whom little is known, and one whose levels no training row had.
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i != "Id") name[i] = $i } NR == 2 { for (i in name) $i = ""; $1 = 9001; print }
  NR == 3 { for (i in name) if (name[i] == "Profession" || name[i] == "CITY") $i = "elsewhere"; $1 = 9002; print }' "$out/rows.csv" > more.csv
cat more.csv >> "$out/rows.csv"
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i; print $0, "Owner"; next } { print $0, $at["House_Ownership"] }' loans.csv | tr -d '\r' > classes.csv
train() {  # NAME TARGET FLAGS...
  local name=$1 target=$2
  shift 2
  "$bin/riskflag-train" --data "${DATA:-loans.csv}" --target "$target" --id Id --output "models/$name" --quiet --seed 7 \
    --set table_defaults=false --set num_iterations=12 --set num_leaves=7 "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  "$bin/riskflag-score" --model "models/$name" --data "$out/rows.csv" --output "$out/$name.csv" --allow-bad-rows --quiet
  "$work/bits" "models/$name/model.json" | sha256sum | cut -d' ' -f1 > "$out/$name.bits"
}
train binary Risk_Flag --protected Sex
train calibrated Risk_Flag --calibrate isotonic --set grow_policy=symmetric
train recipe Risk_Flag --recipe "$here/../../examples/host/original_recipe.json"
train regression loan_amount --objective regression --drop Risk_Flag
DATA=classes.csv train classes Owner --objective multiclass --drop House_Ownership --drop Risk_Flag
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -C models -cf - . | gzip -n9 > "$out/models.tar.gz"
