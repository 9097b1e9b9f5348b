#!/usr/bin/env python3
"""riskflag-serve beside its own fixed answer and beside the usual Python servers, one applicant of 11 fields a request.

    .venv-bench/bin/python bench/compare_serving.py --bin build/bin --load build/bench/load_driver [--mlflow PYTHON] [--seconds 5] [--repeats 3] [--json OUT]

One model of 300 trees: riskflag-train's, and the same as LightGBM's text for Flask with gunicorn and FastAPI with uvicorn (both prepare with pandas), for
FastAPI tuned by hand (numpy alone, the body read as it comes) and, with --mlflow, for `mlflow models serve` of that Python, which must have mlflow and
lightgbm. All answer 200 applicants, and every probability is compared before anything is timed. Then each is asked by `wrk -t1 -c16` REPEATS times in
turn, the server held to one CPU and the client to another; the median counts. The fixed answer is GET /livez of the same process: what is left of a
request when there is nothing to parse, prepare, score, log or count. Last, each gets half of its own rate in an open loop (bench/load_driver.cpp): every
request has its time, and its latency counts from then. Needs wrk, taskset, pgrep and two CPUs.
"""
import argparse
import csv
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
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

COMMON = '''
import json, sys
import lightgbm, numpy

folder = {folder!r}
booster = lightgbm.Booster(model_file=folder + "/model.txt")
levels = json.load(open(folder + "/levels.json"))
threshold = {threshold!r}
columns = {columns!r}

def by_pandas(rows):
    import pandas
    frame = pandas.DataFrame(rows)[columns]
    for name, order in levels.items():
        frame[name] = pandas.Categorical(frame[name], categories=order).codes.astype(float)
    return booster.predict(frame.astype(float).to_numpy(), num_threads=1)
'''

FLASK = COMMON + '''
from flask import Flask, jsonify, request
app = Flask(__name__)

@app.post("/v1/score")
def score():
    p = float(by_pandas([request.get_json()])[0])
    return jsonify(probability=p, risk="High" if p >= threshold else "Low")
'''

FASTAPI = COMMON + '''
from fastapi import FastAPI
from pydantic import create_model
app = FastAPI()
Applicant = create_model("Applicant", **{{name: ((str if name in levels else float) | None, None) for name in columns}})

@app.post("/v1/score")
def score(applicant: Applicant):
    p = float(by_pandas([applicant.model_dump()])[0])
    return {{"probability": p, "risk": "High" if p >= threshold else "Low"}}
'''

TUNED = COMMON + '''
from fastapi import FastAPI, Request, Response
app = FastAPI()
codes = {{name: {{level: float(i) for i, level in enumerate(order)}} for name, order in levels.items()}}
row = numpy.empty((1, len(columns)))
nan = float("nan")

@app.post("/v1/score")
async def score(request: Request):
    body = json.loads(await request.body())
    for i, name in enumerate(columns):
        value = body.get(name)
        row[0, i] = codes[name].get(value, -1.0) if name in codes else nan if value is None else value
    p = float(booster.predict(row, num_threads=1)[0])
    risk = "High" if p >= threshold else "Low"
    return Response('{{"probability":%r,"risk":"%s"}}' % (p, risk), media_type="application/json")
'''

MLFLOW = COMMON + '''
import mlflow.pyfunc

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return by_pandas(model_input)

if __name__ == "__main__":
    mlflow.pyfunc.save_model(folder + "/mlflow_model", python_model=Model())
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
    """The requests are put together once: wrk on one processor is to wait for the server, not for its own Lua."""
    path = folder / "post.lua"
    quoted = ",\n".join(json.dumps(body) for body in bodies)  # a JSON string of ASCII is a Lua string
    path.write_text("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nlocal bodies = {\n" + quoted + "}\nlocal requests = {}\n"
                    "function init()\n  for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end\nend\n"
                    "local i = 0\nrequest = function()\n  i = i % #requests + 1\n  return requests[i]\nend\n")
    return path


class Server:
    """A server on CPU 0. `wrap` makes a request's body of an applicant's, `read` the probability of an answer."""

    def __init__(self, name, command, port, cwd=None, path="/v1/score", wrap=lambda body: body, read=lambda answer: answer["probability"]):
        self.name, self.port, self.path, self.wrap, self.read = name, port, path, wrap, read
        self.process = subprocess.Popen(["taskset", "-c", "0", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd,
                                        start_new_session=True)
        began = time.monotonic()
        while True:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                probe.request("GET", "/livez")  # 404 of the others is an answer too
                probe.getresponse().read()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() - began > 120:
                    raise SystemExit(f"{name} did not start")
                time.sleep(0.002)
        self.start_ms = 1000 * (time.monotonic() - began)

    def probabilities(self, bodies):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        out = []
        for body in bodies:
            connection.request("POST", self.path, self.wrap(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{self.name}: {answer.status} {text[:300]}")
            out.append(self.read(json.loads(text)))
        return out

    def memory_mb(self):
        """Of the process and all that it started."""
        waiting, kilobytes = [self.process.pid], 0
        while waiting:
            pid = waiting.pop()
            waiting += subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
            found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
            kilobytes += int(found.group(1)) if found else 0
        return kilobytes / 1024

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=30)


def wrk(port, path, seconds, script=None):
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    text = must(*command[:4], *(["-s", script] if script else []), *command[4:])
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(text)
    in_ms = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    percentile = lambda p: next(float(v) * in_ms[u] for v, u in re.findall(rf"^\s+{p}%\s+([\d.]+)(us|ms|s)$", text, re.M))  # noqa: E731
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), percentile(50), percentile(99)


def open_loop(driver, server, bodies_file, rate, seconds):
    text = must("taskset", "-c", "1", driver, server.port, server.path, rate, seconds, bodies_file)
    got = json.loads(text)
    if got["failed"]:
        raise SystemExit(f"{server.name}: {text}")
    return got


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_servers(options, binaries, folder):
    """Ours, ours with a decision log, and the peers."""
    def started(name, command, **how):
        port = free_port()
        return Server(name, [str(port) if part is free_port else part for part in command], port, **how)

    serve = [binaries / "riskflag-serve", "--model", folder / "model", "--threads", 1, "--port", free_port]
    yield started("riskflag", serve)
    yield started("riskflag, decision log", [*serve, "--decision-log", folder / "log"])
    threshold = json.loads((folder / "model" / "decision.json").read_text())["threshold"]
    features = [feature["name"] for feature in json.loads((folder / "model" / "model.json").read_text())["features"]]
    if sorted(features) != sorted(NUMBERS + CATEGORIES):
        raise SystemExit(f"the model has other features than the fields: {features}")
    for name, text in (("flask_app", FLASK), ("fastapi_app", FASTAPI), ("tuned_app", TUNED), ("mlflow_app", MLFLOW)):
        (folder / f"{name}.py").write_text(text.format(folder=str(folder), threshold=threshold, columns=features))
    programs = pathlib.Path(sys.executable).parent
    bind = "import sys; sys.argv = ['gunicorn', '-w', '1', '-b', '127.0.0.1:' + sys.argv[1], 'flask_app:app']; from gunicorn.app.wsgiapp import run; run()"
    yield started("Flask + gunicorn", [sys.executable, "-c", bind, free_port], cwd=folder)
    uvicorn = [programs / "uvicorn", "--host", "127.0.0.1", "--log-level", "warning", "--port", free_port]
    yield started("FastAPI + uvicorn", [*uvicorn, "fastapi_app:app"], cwd=folder)
    yield started("FastAPI tuned by hand", [*uvicorn, "tuned_app:app"], cwd=folder)
    if options.mlflow:
        must("env", "-C", folder, options.mlflow, "mlflow_app.py")
        path = f"PATH={options.mlflow.parent}:{os.environ['PATH']}"  # it starts uvicorn by name
        yield started("mlflow models serve", ["env", path, options.mlflow, "-m", "mlflow", "models", "serve", "-m", folder / "mlflow_model", "--env-manager", "local",
                                              "--workers", 1, "--port", free_port],
                      cwd=folder, path="/invocations", wrap=lambda body: '{"dataframe_records":[' + body + "]}",
                      read=lambda answer: answer["predictions"][0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the built programs")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="the built load_driver")
    parser.add_argument("--mlflow", type=pathlib.Path, metavar="PYTHON", help="a Python that has mlflow and lightgbm")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    bench_venv.into_venv("flask", "gunicorn", "fastapi", "uvicorn", "lightgbm", "pandas")
    for tool in ("wrk", "taskset", "pgrep"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed")
    binaries = options.bin.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-serving-"))
    servers = []
    try:
        bodies = make_model(binaries, folder)
        scripts, files = {}, {}
        for server in start_servers(options, binaries, folder):
            servers.append(server)
            place = folder / f"asks{len(servers)}"
            place.mkdir()
            asked = [server.wrap(body) for body in bodies]
            scripts[server.name] = wrk_script(place, asked)
            files[server.name] = place / "bodies.jsonl"
            files[server.name].write_text("".join(body + "\n" for body in asked))
        ours, logged, *theirs = (server.probabilities(bodies) for server in servers)
        off = max(abs(a - b) for their in theirs for a, b in zip(ours, their))
        if ours != logged or off > 1e-12:
            raise SystemExit(f"the answers differ: {off}")
        print(f"{ROWS} answers are equal: ours to the bit, the peers' within {off:.1e}")

        cases = [("riskflag, fixed answer", servers[0], "/livez", None), *[(server.name, server, server.path, scripts[server.name]) for server in servers]]
        figures = {name: [] for name, *_ in cases}
        for turn in range(options.repeats):
            for name, server, path, post in cases[turn % len(cases):] + cases[:turn % len(cases)]:
                figures[name].append(wrk(server.port, path, options.seconds, post))
        result = {}
        for name, server, _, _ in cases:
            rate, p50, p99 = (statistics.median(values) for values in zip(*figures[name]))
            result[name] = {"requests_per_s": rate, "p50_ms": p50, "p99_ms": p99, "memory_mb": server.memory_mb(), "start_ms": server.start_ms}
        for server in servers:
            result[server.name]["open_loop"] = open_loop(options.load.absolute(), server, files[server.name], result[server.name]["requests_per_s"] / 2,
                                                         2 * options.seconds)
        fixed = result["riskflag, fixed answer"]["requests_per_s"]
        flask = result["Flask + gunicorn"]["requests_per_s"]
        print(f"{'':24}{'requests/s':>11}{'of fixed':>10}{'x Flask':>9}{'p50, ms':>9}{'p99, ms':>9}{'MB':>6}{'start, ms':>11}{'half: p50':>11}{'p99':>8}{'p99.9':>8}")
        for name, got in result.items():
            half = got.get("open_loop")
            print(f"{name:24}{got['requests_per_s']:11.0f}{got['requests_per_s'] / fixed:10.1%}{got['requests_per_s'] / flask:9.1f}"
                  f"{got['p50_ms']:9.3f}{got['p99_ms']:9.3f}{got['memory_mb']:6.0f}{got['start_ms']:11.0f}"
                  + (f"{half['p50_ms']:11.3f}{half['p99_ms']:8.3f}{half['p99_9_ms']:8.3f}" if half else ""))
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n")
    finally:
        for server in servers:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
