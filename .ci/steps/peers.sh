#!/usr/bin/env bash
# Against scikit-learn and LightGBM, pinned, in a virtual environment of the scripts' own.
set -euo pipefail
venv=$RISKFLAG_BUILD-peers
requirements=$RISKFLAG_ROOT/tests/peers/requirements.txt
if ! cmp -s "$requirements" "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$venv/installed.txt"
fi
cd "$RISKFLAG_ROOT/tests/peers"
# Pinned: an absent package is an error here, not a skip.
export RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" OPENBLAS_NUM_THREADS=1 RISKFLAG_PEERS_PINNED=1
"$venv/bin/python" -m unittest -v
