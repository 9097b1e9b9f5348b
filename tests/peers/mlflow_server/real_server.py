"""A real MLflow server (sqlite, artifact proxy) for the tests, and our programs beside it."""
import atexit
import csv
import functools
import importlib.metadata
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import warnings

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # its thread changes the environment while requests reads it: KeyError, sometimes

import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from packaging.requirements import Requirement  # noqa: E402

BIN = pathlib.Path(os.environ["RISKFLAG_BIN_DIR"]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE = 900  # seconds, for a machine with other work
NUMBERS = ["Income", "utilisation", "inquiries_6m"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_frame(path):
    """As pandas reads it, but no column of integers: MLflow refuses those where a signature says double."""
    frame = pd.read_csv(path, float_precision="round_trip")
    return frame.astype({name: np.float64 for name in frame.columns if frame[name].dtype == np.int64})


def only(directory, *names):
    """Those packages of this environment and what they need of it, and nothing else, as links in a directory."""
    directory.mkdir()
    wanted, seen = list(names), set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # no test imports it: it was left out of requirements.txt
        for top in {file.parts[0] for file in package.files} - {"..", "__pycache__"}:
            if not (directory / top).exists():
                (directory / top).symlink_to(package.locate_file(top))
        needed = map(Requirement, package.requires or ())
        wanted += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    return directory


# A session of its own is not reached by what ends this process: a request to end must come by the way out, where the servers are stopped. Not
# SystemExit, which unittest takes for the failure of one test.
signal.signal(signal.SIGTERM, signal.default_int_handler)


class Process:
    """python -m mlflow WORDS in a session of its own, which ends with it; constructed when `url` + `health` answers."""

    program = [sys.executable, "-m", "mlflow"]

    def __init__(self, directory, words, url, health, environment):
        self.url, self.stopped = url, False
        self.log = open(directory / f"{words[0]}.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([*self.program, *words], stdout=self.log, stderr=self.log, cwd=directory, start_new_session=True,
                                        env=environment)
        atexit.register(self.stop)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(url + health, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"mlflow {words[0]} did not start:\n" + pathlib.Path(self.log.name).read_text()[-3000:])
            time.sleep(0.2)

    def processor_seconds(self):
        """Of it and of its children so far."""
        tick, total = os.sysconf("SC_CLK_TCK"), 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it has just ended
            if int(words[3]) == self.process.pid:  # the session
                total += sum(map(int, words[11:15]))
        return total / tick

    def stop(self):
        if self.stopped:
            return
        self.stopped = True
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()


class Server(Process):
    """mlflow server on a free port."""

    def __init__(self, directory, port=None, **environment):
        port = port or free_port()
        super().__init__(directory, ["server", "--backend-store-uri", f"sqlite:///{directory / 'mlflow.db'}", "--artifacts-destination",
                                     str(directory / "artifacts"), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
                         f"http://127.0.0.1:{port}", "/health", {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **environment})


@functools.cache
def place():
    """A directory and a server in it, for all tests of this process."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-mlflow-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    (directory / "git").mkdir()
    for words in (["init", "-q"], ["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(directory / "git"), *words], check=True)
    return directory, Server(directory)


class RealServerTest(unittest.TestCase):
    """Programs that work in a Git tree, beside a directory with loans and a server."""

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")
        cls.dir, cls.server = place()
        mlflow.set_tracking_uri(cls.server.url)
        cls.client = MlflowClient()
        cls.environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        cls.environment.update(HOME=str(cls.dir), RISKFLAG_JOURNAL=str(cls.dir / "journal"), RISKFLAG_CACHE=str(cls.dir / "cache"))
        if not (cls.dir / "loans.csv").exists():
            cls.call("simulate", "--rows", 6000, "--output", cls.dir / "loans.csv", "--quiet")

    @classmethod
    def champion(cls):
        """What riskflag-train said of loan-risk@champion, which is also self.dir/model."""
        said = cls.dir / "champion.json"
        if not said.exists():
            (cls.dir / "recipe.json").write_text(json.dumps({"format": 1, "steps": [
                {"op": "group", "columns": ["Profession", "CITY"], "min_frequency": 0.01, "other": "other"}]}))
            result = cls.train("model", "--recipe", cls.dir / "recipe.json", "--tracking", cls.server.url, "--tracking-required",
                               "--experiment", "credit", "--run-name", "r1", "--report", cls.dir / "report.html", "--register",
                               "loan-risk", "--alias", "champion", "--set", "eta=0.12")
            said.write_text(json.dumps(result))
        return json.loads(said.read_text())

    @classmethod
    def call(cls, name, *args, expect=0, **environment):
        done = subprocess.run([str(BIN / f"riskflag-{name}"), *map(str, args)], capture_output=True, encoding="utf-8", timeout=PATIENCE,
                              env={**cls.environment, **environment}, cwd=cls.dir / "git")
        if done.returncode != expect:
            raise AssertionError(f"riskflag-{name} {args}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    @classmethod
    def train(cls, output, *flags, **environment):
        return json.loads(cls.call("train", "--data", cls.dir / "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex",
                                   "--special", "past_due_30=96,98", "--special", "past_due_90=96,98", "--calibrate", "platt",
                                   "--set", "num_iterations=60", "--output", cls.dir / output, "--json", "--quiet", *flags, **environment).stdout)

    def runs(self, experiment):
        found = self.client.get_experiment_by_name(experiment)
        return self.client.search_runs([found.experiment_id])

    def downloaded(self, uri):
        return pathlib.Path(mlflow.artifacts.download_artifacts(uri, dst_path=tempfile.mkdtemp(dir=self.dir)))

    @classmethod
    def applicants(cls, name="applicants.csv", rows=10000):
        """A file of applicants with missing values, and with levels that no training saw."""
        cls.call("simulate", "--rows", rows, "--seed", 5, "--applicants", "--output", cls.dir / "clean.csv", "--quiet")
        with open(cls.dir / "clean.csv", newline="", encoding="utf-8") as file:
            header, *table = csv.reader(file)
        rng = np.random.default_rng(1)
        for column in NUMBERS:
            for i in np.flatnonzero(rng.random(rows) < 0.05):
                table[i][header.index(column)] = ""
        for column in ("CITY", "Profession"):  # of which the recipe takes every level
            for i in np.flatnonzero(rng.random(rows) < 0.05):
                table[i][header.index(column)] = rng.choice(["never seen", "", "Ätna"])
        with open(cls.dir / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *table])
        return cls.dir / name

    def assert_same_bits_alone(self, command, data, *packages):
        """alone.py of the champion, run by `command`, gives riskflag-score's bits."""
        scores = pathlib.Path(tempfile.mkdtemp(dir=self.dir)) / "scores.npy"
        done = subprocess.run([*command, str(pathlib.Path(__file__).with_name("alone.py")), "models:/loan-risk@champion", str(data), str(scores),
                               *map(str, packages)], capture_output=True, encoding="utf-8", timeout=PATIENCE,
                              env={**self.environment, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_TRACKING_URI": self.server.url})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        imported = set(done.stdout.split())
        self.assertLess({"mlflow", "numpy", "pandas", "riskflag_pyfunc"}, imported)
        self.assertEqual(imported & {"lightgbm", "pyarrow", "scipy", "sklearn"}, set())
        self.assert_same_bits(np.load(scores), self.scores(self.dir / "model", data))

    @classmethod
    def scores(cls, model, data):
        """riskflag-score's probabilities."""
        cls.call("score", "--model", model, "--data", data, "--output", cls.dir / "scores.csv", "--quiet")
        return pd.read_csv(cls.dir / "scores.csv", float_precision="round_trip")["probability"].to_numpy()

    def assert_same_bits(self, got, want):
        got = np.asarray(got)
        self.assertEqual([got.dtype, got.shape], [np.float64, want.shape])
        different = np.flatnonzero(got.view(np.int64) != want.view(np.int64))
        self.assertEqual(len(different), 0, [(int(i), got[i], want[i]) for i in different[:5]])
