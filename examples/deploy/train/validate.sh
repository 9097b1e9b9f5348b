#!/usr/bin/env bash
# Takes the run's data and refuses what should not be learned from: too few rows or outcomes, or rows that the champion cannot read.
# Settings: settings.sh, and
#   MIN_ROWS (1000) of each file      MIN_SHARE (0.01)  of either outcome
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/deploy/train/settings.sh
. "$here/settings.sh"
fetch loans.csv later.csv
for name in loans later; do
  python3 "$here/check_outcomes.py" --data "$WORK/$name.csv" --target "$TARGET" --min-rows "${MIN_ROWS:-1000}" --min-share "${MIN_SHARE:-0.01}"
done
if cmp -s "$WORK/loans.csv" "$WORK/later.csv"; then echo "validate.sh: later.csv is loans.csv: rows that no model has learned from are needed" >&2; exit 1; fi
# A column that changed its meaning, type or levels shows as rows that cannot be scored: exit 1.
current=$(champion)
if [ -n "$current" ]; then
  for name in loans later; do
    riskflag-score --model "models:/$MODEL@champion" --tracking "$TRACKING" --data "$WORK/$name.csv" --output "$WORK/$name.scores.csv" --json > "$WORK/$name.scores.json" ||
      { grep -m 3 ',[^,]*[a-z][^,]*: ' "$WORK/$name.scores.csv" >&2 || true; echo "validate.sh: the champion cannot score $name.csv" >&2; exit 1; }
  done
fi
echo "validate.sh: loans.csv and later.csv can be learned from and judged with"
