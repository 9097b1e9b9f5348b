"""What an MLflow server (sqlite) costs: 10,000 metrics by a journal's sync beside MLflow's own client, in batches and one by one; a training
with no tracking, a journal, a server and a dead one, in turn; the memory of sending a file of 200 MB.

The server is started here, a fresh one for each way, and what arrived is counted before a time is believed. Run with the environment of
tests/peers/mlflow_server (`.ci/steps/peers.sh` makes it): BUILD-peers/bin/python bench/compare_tracking.py [--runs 3] [metrics|training|file]
"""
import argparse
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.setdefault("RISKFLAG_BIN_DIR", str(ROOT / "build" / "bin"))).resolve()
sys.path.insert(0, str(ROOT / "tests" / "peers" / "mlflow_server"))

import mlflow  # noqa: E402
from mlflow.entities import Metric  # noqa: E402
from test_mlflow_server import Server  # noqa: E402

KEYS, STEPS, ONE_BY_ONE = 10, 1000, 200
TIME = 1_795_953_600_000


def journal(directory):
    stamp = "2026-11-29T12:00:00.000Z"
    lines = [{"v": 1, "type": "begin", "ts": stamp, "run_id": "bench", "experiment": "bench", "name": "bench", "parent_run_id": "", "host": "h",
              "tags": []}]
    for step in range(STEPS):
        lines.append({"v": 1, "type": "metrics", "ts": stamp, "metrics": [{"key": f"m{k}", "value": step / 7, "step": step} for k in range(KEYS)]})
    lines.append({"v": 1, "type": "end", "ts": stamp, "status": "FINISHED"})
    (directory / "bench.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def by_sync(server, directory):
    journal(directory)
    began = time.monotonic()
    subprocess.run([str(BIN / "riskflag-registry"), "sync", str(directory), server.url], check=True, capture_output=True)
    return time.monotonic() - began, KEYS * STEPS


def by_batches(server, directory):
    client = mlflow.tracking.MlflowClient(server.url)
    run = client.create_run(client.create_experiment("bench"))
    points = [Metric(f"m{k}", step / 7, TIME, step) for step in range(STEPS) for k in range(KEYS)]
    began = time.monotonic()
    for i in range(0, len(points), 1000):
        client.log_batch(run.info.run_id, metrics=points[i:i + 1000])
    return time.monotonic() - began, len(points)


def one_by_one(server, directory):
    client = mlflow.tracking.MlflowClient(server.url)
    run = client.create_run(client.create_experiment("bench"))
    began = time.monotonic()
    for step in range(ONE_BY_ONE):
        client.log_metric(run.info.run_id, "m0", step / 7, TIME, step)
    return time.monotonic() - began, ONE_BY_ONE


def arrived(server):
    client = mlflow.tracking.MlflowClient(server.url)
    run, = client.search_runs([client.get_experiment_by_name("bench").experiment_id])
    return sum(len(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics)


def metrics(runs):
    for name, way in (("riskflag-registry sync", by_sync), ("MlflowClient.log_batch, 1,000 a call", by_batches),
                      ("MlflowClient.log_metric", one_by_one)):
        seconds = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                place = pathlib.Path(folder)
                (place / "journal").mkdir()
                server = Server(place)
                try:
                    took, points = way(server, place / "journal")
                    assert arrived(server) == points, "not every metric arrived once"
                finally:
                    server.stop()
                seconds.append(took * 10_000 / points)
        print(f"{name}: {statistics.median(seconds):.2f} s for 10,000 metrics (all: {', '.join(f'{s:.2f}' for s in seconds)})", flush=True)


def training(runs):
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        subprocess.run([str(BIN / "riskflag-simulate"), "--rows", "100000", "--output", str(place / "loans.csv"), "--quiet"], check=True)
        server = Server(place)
        try:
            ways = {"no tracking": [], "journal:DIR": ["--tracking", f"journal:{place / 'runs'}"], "a server": ["--tracking", server.url],
                    "a dead server": ["--tracking", "http://127.0.0.1:9"]}
            seconds = {name: [] for name in ways}
            for turn in range(runs):
                for name, flags in ways.items():  # in turn: the machine's other work hits all alike
                    began = time.monotonic()
                    subprocess.run([str(BIN / "riskflag-train"), "--data", str(place / "loans.csv"), "--target", "Risk_Flag", "--id", "Id",
                                    "--output", str(place / f"model-{turn}-{len(seconds[name])}-{name.replace(' ', '-').replace(':', '-')}"), "--quiet",
                                    "--set", "table_defaults=false", "--set", "num_iterations=300", "--set", "early_stopping_round=0", *flags],
                                   check=True, capture_output=True, env={**os.environ, "RISKFLAG_JOURNAL": str(place / "journal")})
                    seconds[name].append(time.monotonic() - began)
        finally:
            server.stop()
    plain = statistics.median(seconds["no tracking"])
    for name, all_of_it in seconds.items():
        median = statistics.median(all_of_it)
        print(f"training with {name}: {median:.2f} s, {median / plain:.3f} of none (all: {', '.join(f'{s:.2f}' for s in all_of_it)})", flush=True)


def file(_):
    """The peak of riskflag-registry sync for a run with a file of 1 MB, then of 200 MB."""
    peak = 0
    for megabytes in (1, 200):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "journal").mkdir()
            path = place / "weights.bin"
            path.write_bytes(os.urandom(1_000_000) * megabytes)
            stamp = "2026-11-29T12:00:00.000Z"
            lines = [{"v": 1, "type": "begin", "ts": stamp, "run_id": "bench", "experiment": "bench", "name": "bench", "parent_run_id": "", "host": "h", "tags": []},
                     {"v": 1, "type": "artifact", "ts": stamp, "name": "weights.bin", "path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                     {"v": 1, "type": "end", "ts": stamp, "status": "FINISHED"}]
            (place / "journal" / "bench.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            server = Server(place)
            try:
                process = subprocess.Popen([str(BIN / "riskflag-registry"), "sync", str(place / "journal"), server.url], stdout=subprocess.DEVNULL)
                began = time.monotonic()
                _, status, usage = os.wait4(process.pid, 0)
                assert status == 0, status
                took = time.monotonic() - began
                there, = (place / "artifacts").rglob("weights.bin")
                assert there.stat().st_size == megabytes * 1_000_000
            finally:
                server.stop()
        print(f"sync of a file of {megabytes} MB: {took:.2f} s, peak {usage.ru_maxrss / 1024:.1f} MiB ({usage.ru_maxrss / 1024 - peak:+.1f})", flush=True)
        peak = usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("what", nargs="?", choices=["metrics", "training", "file"])
    given = parser.parse_args()
    for what in (metrics, training, file):
        if given.what in (None, what.__name__):
            what(given.runs)


if __name__ == "__main__":
    main()
