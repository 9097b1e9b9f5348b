#!/usr/bin/env bash
# Against scikit-learn, LightGBM and others, and a real MLflow server: pinned, in a virtual environment of the scripts' own.
set -euo pipefail
peers=$RISKFLAG_ROOT/tests/peers
venv=$RISKFLAG_BUILD-peers
install() {  # modules are compiled when they are imported: most never are
  "$venv/bin/pip" install -q --disable-pip-version-check --no-compile "$@" || {
    echo "pip cannot install the peers: it needs the Python package index, or PIP_INDEX_URL or PIP_FIND_LINKS that name another" >&2
    exit 1
  }
}
if ! cat "$peers"/{,mlflow_server/}requirements.txt | cmp -s - "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  install -r "$peers/requirements.txt"
  install --no-deps -r "$peers/mlflow_server/requirements.txt"
  cat "$peers"/{,mlflow_server/}requirements.txt > "$venv/installed.txt"
fi
# Pinned: an absent package is an error here, not a skip.
export RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" OPENBLAS_NUM_THREADS=1 RISKFLAG_PEERS_PINNED=1
for folder in "$peers" "$peers/mlflow_server"; do
  cd "$folder"
  "$venv/bin/python" -m unittest -v
done
