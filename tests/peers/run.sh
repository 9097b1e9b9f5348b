#!/usr/bin/env bash
# The peers as CI runs them; with --full also a registered model in MLflow's scoring server, in Spark (pyspark: 0.5 GB, and Java 17, which it
# installs), in an environment of mlflow, pandas and numpy alone and through the library, many who move one alias, the long soak, and a sync that
# is interrupted at each of its requests, monitoring beside evidently and NannyML, and the server's clients: tritonclient, MLflow's, boto3's,
# schemathesis. Usage: tests/peers/run.sh [--full]
set -euo pipefail
RISKFLAG_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
export RISKFLAG_ROOT RISKFLAG_BUILD="${RISKFLAG_BUILD:-$RISKFLAG_ROOT/build}"
case "${1:-}" in
  "" | --full) bash "$RISKFLAG_ROOT/.ci/steps/peers.sh" ;;
  *) echo "usage: tests/peers/run.sh [--full]" >&2; exit 2 ;;
esac
[ "${1:-}" = --full ] || exit 0

python=$RISKFLAG_BUILD-peers/bin/python
beside_the_peers() {  # DIRECTORY REQUIREMENTS: more packages for the peers' environment, which stays as it is
  cmp -s "$2" "$1/installed.txt" && return
  rm -rf "$1"
  "$python" -m pip install -q --disable-pip-version-check --no-compile --no-deps --target "$1" -r "$2"
  cp "$2" "$1/installed.txt"
}

full=$RISKFLAG_ROOT/tests/peers/mlflow_server/full
work=$RISKFLAG_BUILD-peers-full
if ! command -v java > /dev/null; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless > /dev/null
fi
beside_the_peers "$work" "$full/requirements.txt"
alone=$RISKFLAG_BUILD-peers-alone
if ! cmp -s "$full/alone_requirements.txt" "$alone/installed.txt"; then
  rm -rf "$alone"
  python3 -m venv "$alone"
  "$alone/bin/pip" install -q --disable-pip-version-check --no-compile -r "$full/alone_requirements.txt"
  cp "$full/alone_requirements.txt" "$alone/installed.txt"
fi
monitoring=$RISKFLAG_ROOT/tests/peers/monitoring
beside=$RISKFLAG_BUILD-peers-monitoring
beside_the_peers "$beside" "$monitoring/requirements.txt"
cd "$monitoring"
RISKFLAG_PEERS_PINNED=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=$beside "$python" -m unittest -v
"${CXX:-g++}" -std=c++20 -O1 -I "$RISKFLAG_ROOT/include" "$full/fetch_driver.cpp" -lboost_json -o "$work/fetch_driver"
cd "$full"
export RISKFLAG_BIN_DIR="$RISKFLAG_BUILD/bin" OPENBLAS_NUM_THREADS=1
RISKFLAG_FETCH_DRIVER="$work/fetch_driver" RISKFLAG_ALONE_PYTHON="$alone/bin/python" PYTHONPATH=$work "$python" -m unittest -v
clients=$RISKFLAG_ROOT/tests/peers/clients
beside_the_peers "$RISKFLAG_BUILD-peers-clients" "$clients/requirements.txt"
cd "$clients"
PYTHONPATH=$RISKFLAG_BUILD-peers-clients "$python" -m unittest -v
cd "$RISKFLAG_ROOT/tests/programs"
RISKFLAG_EVERY_REQUEST=1 "$python" -m unittest -v -k a_sync_that_is_killed test_tracking
