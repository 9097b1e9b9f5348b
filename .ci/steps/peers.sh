#!/usr/bin/env bash
# Against scikit-learn, LightGBM and others, and a real MLflow server: pinned, in virtual environments of the scripts' own.
set -euo pipefail
environment() {  # DIRECTORY REQUIREMENTS: made anew when what is pinned changes
  cmp -s "$2" "$1/installed.txt" && return
  rm -rf "$1"
  python3 -m venv "$1"
  "$1/bin/pip" install -q --disable-pip-version-check -r "$2"
  cp "$2" "$1/installed.txt"
}
peers=$RISKFLAG_ROOT/tests/peers
# Pinned: an absent package is an error here, not a skip.
export RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" OPENBLAS_NUM_THREADS=1 RISKFLAG_PEERS_PINNED=1
environment "$RISKFLAG_BUILD-peers" "$peers/requirements.txt"
cd "$peers"
"$RISKFLAG_BUILD-peers/bin/python" -m unittest -v
environment "$RISKFLAG_BUILD-mlflow" "$peers/mlflow_server/requirements.txt"
cd "$peers/mlflow_server"
"$RISKFLAG_BUILD-mlflow/bin/python" -m unittest -v
