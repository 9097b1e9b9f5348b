#!/usr/bin/env python3
"""riskflag-serve beside its own fixed answer and beside the usual Flask app, one applicant of 11 fields a request.

    .venv-bench/bin/python bench/compare_serving.py --bin build/bin [--seconds 5] [--repeats 3] [--json OUT]

One model of 300 trees (riskflag-train; the Flask app has the same as LightGBM's text, and prepares with pandas). Both answer 200 applicants,
and every probability is compared before anything is timed. Then each is asked by `wrk -t1 -c16` REPEATS times in turn, the server held to one CPU and
wrk to another; the median counts. The fixed answer is GET /livez of the same process: what is left of a request when there is nothing to parse,
prepare, score, log or count. Needs wrk, gunicorn and two CPUs.
"""
import argparse
import csv
import http.client
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bench_venv  # noqa: E402

NUMBERS = ["Income", "Age", "Experience", "CURRENT_JOB_YRS", "CURRENT_HOUSE_YRS", "loan_amount", "inquiries_6m", "utilisation",
           "months_since_last_delinquency"]
CATEGORIES = ["House_Ownership", "Profession"]
ROWS = 200

FLASK = '''
import json, sys
import lightgbm, pandas
from flask import Flask, jsonify, request

folder = {folder!r}
booster = lightgbm.Booster(model_file=folder + "/model.txt")
levels = json.load(open(folder + "/levels.json"))
threshold = {threshold!r}
columns = {columns!r}
app = Flask(__name__)

@app.post("/v1/score")
def score():
    frame = pandas.DataFrame([request.get_json()])[columns]
    for name, order in levels.items():
        frame[name] = pandas.Categorical(frame[name], categories=order).codes.astype(float)
    frame = frame.astype(float)
    p = float(booster.predict(frame, num_threads=1)[0])
    return jsonify(probability=p, risk="High" if p >= threshold else "Low")
'''


def must(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def make_model(binaries, folder):
    """The model directory, its LightGBM text, and the bodies of 200 applicants."""
    keep = set(NUMBERS + CATEGORIES + ["Risk_Flag"])
    must(binaries / "riskflag-simulate", "--rows", 20000, "--seed", 7, "--output", folder / "train.csv", "--quiet")
    with open(folder / "train.csv", newline="") as file:
        table = list(csv.DictReader(file))
    drop = [flag for name in table[0] if name not in keep for flag in ("--drop", name)]
    must(binaries / "riskflag-train", "--data", folder / "train.csv", "--target", "Risk_Flag", "--output", folder / "model", "--quiet",
         "--set", "table_defaults=false", "--set", "num_iterations=300", "--set", "early_stopping_round=0", *drop)
    must(binaries / "riskflag-import", "--from", folder / "model", "--export", "lightgbm", "--output", folder / "model.txt")
    schema = json.loads((folder / "model" / "schema.json").read_text())
    levels = {field["name"]: field["levels"] for field in schema["fields"] if field["name"] in CATEGORIES}
    (folder / "levels.json").write_text(json.dumps(levels))
    bodies = []
    for row in table[:ROWS]:
        body = {name: float(row[name]) if row[name] else None for name in NUMBERS}
        bodies.append(json.dumps({**body, **{name: row[name] or None for name in CATEGORIES}}))
    return bodies


def wrk_script(folder, bodies):
    path = folder / "post.lua"
    quoted = ",\n".join(json.dumps(body) for body in bodies)  # a JSON string of ASCII is a Lua string
    path.write_text("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nlocal bodies = {\n" + quoted + "}\nlocal i = 0\n"
                    "request = function()\n  i = i % #bodies + 1\n  return wrk.format(nil, nil, nil, bodies[i])\nend\n")
    return path


class Server:
    def __init__(self, name, command, port, cwd=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(["taskset", "-c", "0", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)
        began = time.monotonic()
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() - began > 60:
                    raise SystemExit(f"{name} did not start")
                time.sleep(0.002)
        self.start_ms = 1000 * (time.monotonic() - began)

    def probabilities(self, bodies):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        out = []
        for body in bodies:
            connection.request("POST", "/v1/score", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{self.name}: {answer.status} {text[:300]}")
            out.append(json.loads(text)["probability"])
        return out

    def memory_mb(self):
        """Of the process and its workers."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        kilobytes = 0
        for pid in [str(self.process.pid), *children]:
            found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
            kilobytes += int(found.group(1)) if found else 0
        return kilobytes / 1024

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def wrk(port, path, seconds, script=None):
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    text = must(*command[:4], *(["-s", script] if script else []), *command[4:])
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(text)
    in_ms = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    percentile = lambda p: next(float(v) * in_ms[u] for v, u in re.findall(rf"^\s+{p}%\s+([\d.]+)(us|ms|s)$", text, re.M))  # noqa: E731
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), percentile(50), percentile(99)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the built programs")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    bench_venv.into_venv("flask", "gunicorn", "lightgbm", "pandas")
    for tool in ("wrk", "taskset", "pgrep"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed")
    binaries = arguments.bin.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-serving-"))
    servers = []
    try:
        bodies = make_model(binaries, folder)
        script = wrk_script(folder, bodies)
        serve = [binaries / "riskflag-serve", "--model", folder / "model", "--threads", 1, "--port"]
        ports = [free_port() for _ in range(3)]
        servers.append(Server("riskflag", [*serve, ports[0]], ports[0]))
        servers.append(Server("riskflag, decision log", [*serve, ports[1], "--decision-log", folder / "log"], ports[1]))
        threshold = json.loads((folder / "model" / "decision.json").read_text())["threshold"]
        features = [feature["name"] for feature in json.loads((folder / "model" / "model.json").read_text())["features"]]
        if sorted(features) != sorted(NUMBERS + CATEGORIES):
            raise SystemExit(f"the model has other features than the fields: {features}")
        (folder / "peer.py").write_text(FLASK.format(folder=str(folder), threshold=threshold, columns=features))
        servers.append(Server("Flask + gunicorn", [pathlib.Path(sys.executable).parent / "gunicorn", "-w", "1", "-b", f"127.0.0.1:{ports[2]}", "peer:app"],
                              ports[2], cwd=folder))
        ours, logged, theirs = (server.probabilities(bodies) for server in servers)
        if ours != logged or max(abs(a - b) for a, b in zip(ours, theirs)) > 1e-12:
            raise SystemExit("the answers differ")
        print(f"{ROWS} answers are equal: ours to the bit, Flask's within {max(abs(a - b) for a, b in zip(ours, theirs)):.1e}")

        cases = [("riskflag, fixed answer", servers[0], "/livez", None), *[(server.name, server, "/v1/score", script) for server in servers]]
        figures = {name: [] for name, _, _, _ in cases}
        for turn in range(arguments.repeats):
            for name, server, path, post in cases[turn % len(cases):] + cases[:turn % len(cases)]:
                figures[name].append(wrk(server.port, path, arguments.seconds, post))
        result = {}
        for name, server, _, _ in cases:
            rate, p50, p99 = (statistics.median(values) for values in zip(*figures[name]))
            result[name] = {"requests_per_s": rate, "p50_ms": p50, "p99_ms": p99, "memory_mb": server.memory_mb(), "start_ms": server.start_ms}
        fixed = result["riskflag, fixed answer"]["requests_per_s"]
        flask = result["Flask + gunicorn"]["requests_per_s"]
        print(f"{'':26}{'requests/s':>12}{'of fixed':>10}{'x Flask':>9}{'p50, ms':>9}{'p99, ms':>9}{'MB':>7}{'start, ms':>11}")
        for name, got in result.items():
            print(f"{name:26}{got['requests_per_s']:12.0f}{got['requests_per_s'] / fixed:10.1%}{got['requests_per_s'] / flask:9.0f}"
                  f"{got['p50_ms']:9.3f}{got['p99_ms']:9.3f}{got['memory_mb']:7.0f}{got['start_ms']:11.0f}")
        if arguments.json:
            arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    finally:
        for server in servers:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
