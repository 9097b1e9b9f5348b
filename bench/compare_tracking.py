"""What tracking costs, beside an MLflow server (sqlite) that is started here.

metrics   10,000 of them, to a run that is there: ten prepared bodies over one connection, which is what the server itself needs, a journal's
          sync, MLflow's own client in batches and one by one; in turn, each counted at the server before its time is believed
training  with no tracking, a journal, a server and a dead one, in turn: wall and processor seconds
file      the memory and time of sending a file of 1 MB, then of 200 MB
walker    rows a second of the Python code in a model directory (300 trees x 31 leaves x 12 fields), bits first

Run with the environment of tests/peers/mlflow_server (`.ci/steps/peers.sh` makes it):
BUILD-peers/bin/python bench/compare_tracking.py [--runs 5] [--rows N] [metrics|training|file|walker]
"""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.setdefault("RISKFLAG_BIN_DIR", str(ROOT / "build" / "bin"))).resolve()
sys.path.insert(0, str(ROOT / "tests" / "peers" / "mlflow_server"))

import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from mlflow.entities import Metric  # noqa: E402
from real_server import Server, read_frame  # noqa: E402

KEYS, STEPS, ONE_BY_ONE = 10, 1000, 100
TIME = 1_795_953_600_000
STAMP = "2026-11-29T12:00:00.000Z"


def timed(command, **environment):
    """Wall and processor seconds of a program."""
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **environment})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (command, process.returncode)
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def peak_of(command):
    """MiB. Not ru_maxrss, in which the memory of this Python, from which it was forked, counts too."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if "riskflag" in status.split("\n", 1)[0]:  # it has begun
            peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))])
        time.sleep(0.005)
    assert process.returncode == 0, (command, process.returncode)
    return peak / 1024


def begin(experiment):
    return {"type": "begin", "run_id": experiment, "experiment": experiment, "name": experiment, "parent_run_id": "", "host": "h", "tags": []}


def write_journal(directory, experiment, *records):
    """Appends to the run's journal."""
    directory.mkdir(exist_ok=True)
    with open(directory / f"{experiment}.jsonl", "a", encoding="utf-8") as file:
        file.writelines(json.dumps({"v": 1, "ts": STAMP, **record}) + "\n" for record in records)


def points():
    return [(f"m{k}", step / 7, step) for step in range(STEPS) for k in range(KEYS)]


def bare(server, name, _):
    client = mlflow.tracking.MlflowClient(server.url)
    run = client.create_run(client.create_experiment(name)).info.run_id
    all_of_it = [{"key": key, "value": value, "timestamp": TIME, "step": step} for key, value, step in points()]
    bodies = [json.dumps({"run_id": run, "metrics": all_of_it[i:i + 1000]}) for i in range(0, len(all_of_it), 1000)]
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=600)
    began = time.monotonic()
    for body in bodies:
        connection.request("POST", "/api/2.0/mlflow/runs/log-batch", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    return time.monotonic() - began, len(all_of_it)


def by_sync(server, name, directory):
    """The run is there before, as for the other ways, and goes on."""
    write_journal(directory, name, begin(name))
    sync = [BIN / "riskflag-registry", "sync", directory, server.url]
    timed(sync)
    write_journal(directory, name, *({"type": "metrics", "metrics": [{"key": f"m{k}", "value": step / 7, "step": step} for k in range(KEYS)]}
                                     for step in range(STEPS)))
    return timed(sync)[0], KEYS * STEPS


def by_batches(server, name, _):
    client = mlflow.tracking.MlflowClient(server.url)
    run = client.create_run(client.create_experiment(name))
    metrics_of_it = [Metric(key, value, TIME, step) for key, value, step in points()]
    began = time.monotonic()
    for i in range(0, len(metrics_of_it), 1000):
        client.log_batch(run.info.run_id, metrics=metrics_of_it[i:i + 1000])
    return time.monotonic() - began, len(metrics_of_it)


def one_by_one(server, name, _):
    client = mlflow.tracking.MlflowClient(server.url)
    run = client.create_run(client.create_experiment(name))
    began = time.monotonic()
    for step in range(ONE_BY_ONE):
        client.log_metric(run.info.run_id, "m0", step / 7, TIME, step)
    return time.monotonic() - began, ONE_BY_ONE


def arrived(server, name):
    client = mlflow.tracking.MlflowClient(server.url)
    run, = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    return sum(len(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics)


def all_of(values):
    return ", ".join(f"{value:.2f}" for value in values)


def metrics(given):
    ways = {"ten bodies over one connection": bare, "riskflag-registry sync": by_sync, "MlflowClient.log_batch, 1,000 a call": by_batches,
            "MlflowClient.log_metric": one_by_one}
    wall, busy = {name: [] for name in ways}, {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder))
        try:
            for turn in range(-1, given.runs):  # the first warms everything up
                for place, (name, way) in enumerate(ways.items()):
                    experiment = f"bench-{turn}-{place}"
                    before = server.processor_seconds()
                    took, count = way(server, experiment, pathlib.Path(folder) / experiment)
                    used = server.processor_seconds() - before
                    assert arrived(server, experiment) == count, "not every metric arrived once"
                    if turn >= 0:
                        wall[name].append(took * 10_000 / count)
                        busy[name].append(used * 10_000 / count)
        finally:
            server.stop()
    itself = wall["ten bodies over one connection"]
    for name in ways:
        ratio = statistics.median(ours / theirs for ours, theirs in zip(wall[name], itself))
        print(f"{name}: {statistics.median(wall[name]):.2f} s for 10,000 metrics, {ratio:.3f} of the server itself, whose processors took "
              f"{statistics.median(busy[name]):.2f} s (all: {all_of(wall[name])})", flush=True)


def training(given):
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        subprocess.run([str(BIN / "riskflag-simulate"), "--rows", str(given.rows or 100_000), "--output", str(place / "loans.csv"), "--quiet"], check=True)
        server = Server(place)
        try:
            ways = {"no tracking": [], "a journal": ["--tracking", f"journal:{place / 'runs'}"], "a server": ["--tracking", server.url],
                    "a dead server": ["--tracking", "http://127.0.0.1:9"]}
            wall, busy = {name: [] for name in ways}, {name: [] for name in ways}
            for turn in range(-1, given.runs):
                for name, flags in ways.items():  # in turn: the machine's other work hits all alike
                    took, used = timed(
                        [BIN / "riskflag-train", "--data", place / "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--output", place / "model",
                         "--force", "--quiet", "--set", "table_defaults=false", "--set", "num_iterations=300", "--set", "early_stopping_round=0",
                         "--threads", "1", *flags], RISKFLAG_JOURNAL=str(place / "journal"))
                    if turn >= 0:
                        wall[name].append(took)
                        busy[name].append(used)
        finally:
            server.stop()
    for name in ways:
        ratios = [statistics.median(ours / none for ours, none in zip(kind[name], kind["no tracking"])) for kind in (wall, busy)]
        print(f"training with {name}: {statistics.median(wall[name]):.2f} s, {ratios[0]:.3f} of none; processor {statistics.median(busy[name]):.2f} s, "
              f"{ratios[1]:.3f} of none (all: {all_of(wall[name])}; {all_of(busy[name])})", flush=True)


def file(given):
    """The peak of riskflag-registry sync for a run with a file of 1 MB, then of 200 MB."""
    before = 0
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        server = Server(place)
        try:
            for megabytes in (1, given.megabytes):
                path = place / f"weights-{megabytes}.bin"
                path.write_bytes(os.urandom(1_000_000) * megabytes)
                write_journal(place / f"journal-{megabytes}", f"file-{megabytes}", begin(f"file-{megabytes}"),
                              {"type": "artifact", "name": path.name, "path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                              {"type": "end", "status": "FINISHED"})
                began = time.monotonic()
                peak = peak_of([BIN / "riskflag-registry", "sync", place / f"journal-{megabytes}", server.url])
                took = time.monotonic() - began
                there, = (place / "artifacts").rglob(path.name)
                assert there.read_bytes() == path.read_bytes(), "another file arrived"
                print(f"sync of a file of {megabytes} MB: {took:.2f} s, peak {peak:.1f} MiB ({peak - before:+.1f})", flush=True)
                before = peak
        finally:
            server.stop()


def walker(given):
    keep = ["Income", "Age", "Experience", "CITY", "Profession", "House_Ownership", "CURRENT_JOB_YRS", "loan_amount", "utilisation", "inquiries_6m",
            "past_due_30", "months_since_last_delinquency"]
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        subprocess.run([str(BIN / "riskflag-simulate"), "--rows", str(given.rows or 50_000), "--output", str(place / "loans.csv"), "--quiet"], check=True)
        frame = read_frame(place / "loans.csv")
        others = [flag for name in frame.columns if name not in (*keep, "Id", "Risk_Flag") for flag in ("--drop", name)]
        subprocess.run([str(word) for word in (BIN / "riskflag-train", "--data", place / "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--output",
                                               place / "model", "--quiet", "--set", "table_defaults=false", "--set", "num_iterations=300", "--set",
                                               "early_stopping_round=0", *others)], check=True)
        model = json.loads((place / "model" / "model.json").read_text())
        leaves = statistics.mean(len(tree["leaf"]) for tree in model["trees"])
        subprocess.run([str(word) for word in (BIN / "riskflag-score", "--model", place / "model", "--data", place / "loans.csv", "--output",
                                               place / "scores.csv", "--quiet")], check=True)
        want = pd.read_csv(place / "scores.csv", float_precision="round_trip")["probability"].to_numpy()
        loaded = mlflow.pyfunc.load_model(str(place / "model"))
        inputs = frame[json.loads((place / "model" / "input_example.json").read_text())["columns"]]
        assert len(inputs.columns) == 12, list(inputs.columns)
        wall, busy = [], []
        for _ in range(given.runs):
            began, used = time.monotonic(), time.process_time()
            got = np.asarray(loaded.predict(inputs))
            wall.append(len(inputs) / (time.monotonic() - began))
            busy.append(len(inputs) / (time.process_time() - used))
            assert np.array_equal(got.view(np.int64), want.view(np.int64)), "other bits than riskflag-score's"
    print(f"mlflow.pyfunc, {len(model['trees'])} trees of {leaves:.1f} leaves, {len(inputs.columns)} fields, {len(inputs):,} rows: "
          f"{statistics.median(wall):,.0f} rows a second, {statistics.median(busy):,.0f} a processor second", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, help="of the table (training: 100,000; walker: 50,000)")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("what", nargs="?", choices=["metrics", "training", "file", "walker"])
    given = parser.parse_args()
    for what in (metrics, training, file, walker):
        if given.what in (None, what.__name__):
            what(given)


if __name__ == "__main__":
    main()
