"""A real MLflow server (sqlite, artifact proxy), told by our programs and read back with MLflow's own Python client.

Runs the programs of $RISKFLAG_BIN_DIR. What a real server will not do on demand is tests/programs/test_tracking.py's.
"""
import csv
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

import mlflow
import numpy as np
import pandas as pd
from mlflow.tracking import MlflowClient

BIN = pathlib.Path(os.environ["RISKFLAG_BIN_DIR"]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
NUMBERS = ["Income", "utilisation", "inquiries_6m"]
PARTS = ("train", "valid", "test")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_frame(path):
    """As pandas reads it, but no column of integers: MLflow refuses those where a signature says double."""
    frame = pd.read_csv(path, float_precision="round_trip")
    return frame.astype({name: np.float64 for name in frame.columns if frame[name].dtype == np.int64})


class Server:
    """mlflow server on a free port; in a session of its own, which ends with it."""

    def __init__(self, directory):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(directory / "server.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{directory / 'mlflow.db'}",
             "--artifacts-destination", str(directory / "artifacts"), "--host", "127.0.0.1", "--port", self.url.rsplit(":", 1)[1],
             "--workers", "1"], stdout=self.log, stderr=self.log, cwd=directory, start_new_session=True,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
        end = time.monotonic() + 300
        while True:
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                    if answer.read() == b"OK":
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                self.log.seek(0)
                raise RuntimeError("mlflow server did not start:\n" + self.log.read()[-3000:])
            time.sleep(0.2)

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class RealServer(unittest.TestCase):
    """One training is told while it happens, one later from its journal; every claim is read back through MLflow."""

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-mlflow-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.server = Server(cls.dir)
        cls.addClassCleanup(cls.server.stop)
        cls.addClassCleanup(cls.server.log.close)
        mlflow.set_tracking_uri(cls.server.url)
        cls.client = MlflowClient()
        cls.environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        cls.environment.update(HOME=str(cls.dir), RISKFLAG_JOURNAL=str(cls.dir / "journal"), RISKFLAG_CACHE=str(cls.dir / "cache"))
        cls.call("simulate", "--rows", 6000, "--output", cls.dir / "loans.csv", "--quiet")
        (cls.dir / "recipe.json").write_text(json.dumps({"format": 1, "steps": [
            {"op": "group", "columns": ["Profession", "CITY"], "min_frequency": 0.01, "other": "other"}]}))
        cls.result = cls.train("model", "--recipe", cls.dir / "recipe.json", "--tracking", cls.server.url, "--tracking-required", "--experiment", "credit", "--run-name", "r1",
                               "--report", cls.dir / "report.html", "--register", "loan-risk", "--alias", "champion")

    @classmethod
    def call(cls, name, *args, expect=0):
        done = subprocess.run([str(BIN / f"riskflag-{name}"), *map(str, args)], capture_output=True, encoding="utf-8", timeout=300,
                              env=cls.environment)
        if done.returncode != expect:
            raise AssertionError(f"riskflag-{name} {args}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    @classmethod
    def train(cls, output, *flags):
        return json.loads(cls.call("train", "--data", cls.dir / "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex",
                                   "--special", "past_due_30=96,98", "--special", "past_due_90=96,98", "--calibrate", "platt",
                                   "--set", "num_iterations=60", "--output", cls.dir / output, "--json", "--quiet", *flags).stdout)

    def journal(self, directory, run_id):
        return [json.loads(line) for line in (directory / f"{run_id}.jsonl").read_text(encoding="utf-8").splitlines()]

    def assert_told(self, run, result, directory):
        """Everything that the journal has of the run is at the server, once and unchanged, and the program's own figures with it."""
        self.assertEqual(run.info.status, "FINISHED")
        records = self.journal(directory, self.journal_id(directory, run))
        for part in PARTS:
            for name, value in result["metrics"][part].items():
                self.assertEqual(run.data.metrics[f"{part}.{name}"], value, (part, name))
        params = {p["key"]: p["value"] for r in records if r["type"] == "params" for p in r["params"]}
        self.assertGreater(len(params), 20)
        self.assertEqual(run.data.params, params)
        points = {}
        for record in records:
            for metric in record.get("metrics", []) if record["type"] == "metrics" else []:
                points.setdefault(metric["key"], []).append((metric["step"], metric["value"]))
        self.assertEqual(set(run.data.metrics), set(points))
        for key, told in points.items():
            there = [(m.step, m.value) for m in self.client.get_metric_history(run.info.run_id, key)]
            self.assertEqual(sorted(there), sorted(told), key)
        curve = points["valid.binary_logloss"]
        self.assertGreaterEqual(len(curve), result["best_iteration"])
        tags = {t["key"]: t["value"] for r in records if r["type"] == "tags" for t in r["tags"]}
        self.assertEqual({key: run.data.tags.get(key) for key in tags}, tags)
        self.assertEqual(tags["riskflag.model_digest"], run.data.tags["riskflag.model_digest"])

        dataset = run.inputs.dataset_inputs[0].dataset
        noted = next(r for r in records if r["type"] == "dataset")
        self.assertEqual(dataset.name, noted["name"])
        self.assertTrue(noted["digest"].startswith(dataset.digest) and len(dataset.digest) >= 32, dataset.digest)
        self.assertEqual(json.loads(dataset.profile)["num_rows"], noted["rows"])

        self.assertEqual(len(run.outputs.model_outputs), 1)
        model = self.client.get_logged_model(run.outputs.model_outputs[0].model_id)
        self.assertEqual(str(model.status), "READY")
        return model

    def journal_id(self, directory, run):
        """A run's own journal file: by the server's id, or by the one that was made before there was a server."""
        for name in (run.info.run_id, run.data.tags["riskflag.client_run_id"]):
            if (directory / f"{name}.jsonl").exists():
                return name
        raise AssertionError(f"no journal of run {run.info.run_id}")

    def runs(self, experiment):
        found = self.client.get_experiment_by_name(experiment)
        return self.client.search_runs([found.experiment_id])

    def downloaded(self, uri):
        return pathlib.Path(mlflow.artifacts.download_artifacts(uri, dst_path=tempfile.mkdtemp(dir=self.dir)))

    def assert_same_model(self, model, directory):
        there = self.downloaded(f"models:/{model.model_id}")
        files = {p.relative_to(directory) for p in directory.rglob("*") if p.is_file()}
        self.assertTrue(files <= {p.relative_to(there) for p in there.rglob("*") if p.is_file()})
        for name in files - {pathlib.Path("MLmodel")}:
            self.assertEqual((there / name).read_bytes(), (directory / name).read_bytes(), name)

    def test_1_a_training_is_at_the_server_with_all_that_belongs_to_it(self):
        run, = self.runs("credit")
        self.assertEqual([run.info.run_id, run.info.run_name], [self.result["run_id"], "r1"])
        model = self.assert_told(run, self.result, self.dir / "journal")
        report = self.downloaded(f"runs:/{run.info.run_id}/report.html")
        self.assertEqual(report.read_bytes(), (self.dir / "report.html").read_bytes())
        journal = self.downloaded(f"runs:/{run.info.run_id}/journal.jsonl")
        self.assertEqual(journal.read_bytes(), (self.dir / "journal" / f"{self.journal_id(self.dir / 'journal', run)}.jsonl").read_bytes())
        self.assert_same_model(model, self.dir / "model")
        version = self.client.get_model_version_by_alias("loan-risk", "champion")
        self.assertEqual([version.version, version.run_id, version.status], ["1", run.info.run_id, "READY"])
        self.assertEqual([self.result["model_name"], self.result["model_version"]], ["loan-risk", "1"])
        self.assertEqual(version.tags["riskflag.digest"], run.data.tags["riskflag.model_digest"])

    def test_2_pyfunc_gives_the_probabilities_of_cpp_bit_for_bit(self):
        self.call("simulate", "--rows", 10000, "--seed", 5, "--applicants", "--output", self.dir / "clean.csv", "--quiet")
        with open(self.dir / "clean.csv", newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        rng = np.random.default_rng(1)
        for name in NUMBERS:
            for i in np.flatnonzero(rng.random(len(rows)) < 0.05):
                rows[i][header.index(name)] = ""
        for name in ("CITY", "Profession"):  # of which the recipe takes every level
            for i in np.flatnonzero(rng.random(len(rows)) < 0.05):
                rows[i][header.index(name)] = rng.choice(["never seen", "", "Ätna"])
        path = self.dir / "applicants.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
        self.call("score", "--model", self.dir / "model", "--data", path, "--output", self.dir / "scores.csv", "--quiet")
        want = pd.read_csv(self.dir / "scores.csv", float_precision="round_trip")["probability"].to_numpy()
        self.assertGreater(len(np.unique(want)), 1000)
        frame = read_frame(path)
        model = mlflow.pyfunc.load_model("models:/loan-risk@champion")
        began = time.monotonic()
        got = np.asarray(model.predict(frame))
        print(f"  10,000 rows by pyfunc: {time.monotonic() - began:.2f} s", flush=True)
        self.assertEqual(got.dtype, np.float64)
        different = np.flatnonzero(got.view(np.int64) != want.view(np.int64))
        self.assertEqual(len(different), 0, [(int(i), got[i], want[i]) for i in different[:5]])
        with self.assertRaises(Exception):
            model.predict(frame.drop(columns="Income").assign(Income="much"))

        example = json.loads((self.dir / "model" / "input_example.json").read_text())
        scores = json.loads((self.dir / "model" / "expected_scores.json").read_text())["scores"]
        table = pd.DataFrame(example["data"], columns=example["columns"])
        table = table.astype({name: np.float64 for name in table.columns if pd.api.types.is_numeric_dtype(table[name].dtype)})
        self.assertEqual(list(model.predict(table)), scores)

    def test_3_the_programs_find_it_there_by_alias(self):
        place = ["--tracking", self.server.url]
        data = self.dir / "loans.csv"
        self.call("score", "--model", "models:/loan-risk@champion", *place, "--data", data, "--output", self.dir / "a.csv", "--quiet")
        self.call("score", "--model", self.dir / "model", "--data", data, "--output", self.dir / "b.csv", "--quiet")
        self.assertEqual((self.dir / "a.csv").read_bytes(), (self.dir / "b.csv").read_bytes())
        shown = json.loads(self.call("registry", *place, "show", "loan-risk@champion", "--json").stdout)["versions"][0]
        self.assertEqual([shown["version"], shown["aliases"]], [1, ["champion"]])
        runs = json.loads(self.call("registry", *place, "runs", "--experiment", "credit", "--sort", "test.roc_auc",
                                    "--filter", "metrics.`test.roc_auc` > 0.5 and params.target = 'Risk_Flag'", "--json").stdout)["runs"]
        self.assertEqual([r["run_id"] for r in runs], [self.result["run_id"]])
        self.assertEqual(runs[0]["metrics"]["test.roc_auc"], self.result["metrics"]["test"]["roc_auc"])

    def test_4_a_journal_is_told_later_once_with_its_own_times(self):
        directory = self.dir / "offline"
        result = self.train("second", "--tracking", f"journal:{directory}", "--experiment", "later", "--register", "later-risk",
                            "--alias", "champion", "--set", "num_leaves=7")
        time.sleep(1.1)  # a second that no time of the run lies in
        for news in ("1 run", "0 runs"):
            self.assertIn(news, self.call("registry", "sync", directory, self.server.url).stdout)
        run, = self.runs("later")
        model = self.assert_told(run, result, directory)
        self.assert_same_model(model, self.dir / "second")
        begin, *_, end = self.journal(directory, result["run_id"])
        milliseconds = lambda record: round(pd.Timestamp(record["ts"]).timestamp() * 1000)
        self.assertEqual([run.info.start_time, run.info.end_time], [milliseconds(begin), milliseconds(end)])
        versions = self.client.search_model_versions("name='later-risk'")
        self.assertEqual([v.version for v in versions], ["1"])
        self.assertEqual(self.client.get_model_version_by_alias("later-risk", "champion").version, "1")

    def write_journal(self, directory, name, experiment, keys, steps):
        """A run as JournalLogger would have left it: `keys` metrics, `steps` points each."""
        directory.mkdir(exist_ok=True)
        stamp = lambda i: f"2026-11-29T12:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1000:03d}Z"
        lines = [{"v": 1, "type": "begin", "ts": stamp(0), "run_id": name, "experiment": experiment, "name": name, "parent_run_id": "",
                  "host": "h", "tags": []}]
        for step in range(steps):
            lines.append({"v": 1, "type": "metrics", "ts": stamp(step),
                          "metrics": [{"key": f"m{k}", "value": step / 7 + k, "step": step} for k in range(keys)]})
        lines.append({"v": 1, "type": "end", "ts": stamp(steps), "status": "FINISHED"})
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def test_5_many_processes_tell_many_runs_at_once_nothing_lost_nothing_twice(self):
        for p in range(4):
            for r in range(3):
                self.write_journal(self.dir / f"soak{p}", f"soak-{p}-{r}", "soak", keys=5, steps=100)
        # Two of each journal, which a lock keeps apart, beside three others.
        processes = [subprocess.Popen([str(BIN / "riskflag-registry"), "sync", str(self.dir / f"soak{p % 4}"), self.server.url],
                                      env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
                     for p in range(8)]
        for process in processes:
            _, said = process.communicate(timeout=300)
            self.assertEqual(process.returncode, 0, said)
        runs = self.runs("soak")
        self.assertEqual(sorted(run.info.run_name for run in runs), sorted(f"soak-{p}-{r}" for p in range(4) for r in range(3)))
        for run in runs:
            self.assertEqual(run.info.status, "FINISHED")
            for k in range(5):
                history = self.client.get_metric_history(run.info.run_id, f"m{k}")
                self.assertEqual(sorted((m.step, m.value) for m in history), [(step, step / 7 + k) for step in range(100)])

    def test_6_other_models_score_alike_from_their_directories(self):
        """Regression with a link, several classes, an isotonic calibration over encodings of every kind: no server is needed to load one."""
        flags = {
            "amount": ["--target", "loan_amount", "--drop", "Risk_Flag", "--set", "objective=gamma"],
            "classes": ["--target", "House_Ownership", "--drop", "Risk_Flag", "--set", "objective=multiclass"],
            "original": ["--target", "Risk_Flag", "--recipe", ROOT / "examples" / "host" / "original_recipe.json", "--calibrate", "isotonic"],
        }
        frame = read_frame(self.dir / "loans.csv")
        for name, own in flags.items():
            with self.subTest(name):
                self.call("train", "--data", self.dir / "loans.csv", "--id", "Id", "--set", "num_iterations=25", "--set", "table_defaults=false",
                          "--output", self.dir / name, "--quiet", *own)
                scores = self.dir / f"{name}.csv"
                self.call("score", "--model", self.dir / name, "--data", self.dir / "loans.csv", "--output", scores, "--quiet")
                table = pd.read_csv(scores, float_precision="round_trip")
                columns = [c for c in table.columns if c in ("prediction", "probability") or c.startswith("p_")]
                want = table[columns].to_numpy().reshape(len(frame), -1)
                self.assertGreater(len(np.unique(want)), 20)
                got = mlflow.pyfunc.load_model(str(self.dir / name)).predict(frame)
                if name == "classes":
                    self.assertEqual(list(got.columns), columns)
                got = np.asarray(got, dtype=np.float64).reshape(len(frame), -1)
                self.assertEqual(np.flatnonzero(got.view(np.int64) != want.view(np.int64)).tolist()[:5], [])


if __name__ == "__main__":
    unittest.main()
