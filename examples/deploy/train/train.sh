#!/usr/bin/env bash
# Trains a challenger on loans.csv, records how, and registers it; says version=N. Settings: settings.sh.
set -euo pipefail
# shellcheck source=examples/deploy/train/settings.sh
. "$(dirname "$0")/settings.sh"
read -ra options <<< "${TRAIN_OPTIONS:-}"
riskflag-train --data "$WORK/loans.csv" --target "$TARGET" --output "$WORK/challenger" --force --strict --report "$WORK/report.html" \
  --tracking "$TRACKING" --tracking-required --experiment "$MODEL" --register "$MODEL" --json --quiet "${options[@]}" > "$WORK/train.json"
version=$(field model_version < "$WORK/train.json")
[[ $version =~ ^[0-9]+$ ]] || { echo "train.sh: the registry gave no version" >&2; exit 1; }
tell "version=$version"
