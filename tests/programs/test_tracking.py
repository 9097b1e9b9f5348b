"""Tracking and the registry against a strict fake of MLflow's server (fake_mlflow.py); the real one is in tests/peers."""
import hashlib
import itertools
import json
import os
import pathlib
import queue
import resource
import signal
import socket
import subprocess
import time
import unittest
from email.utils import formatdate
from xml.etree import ElementTree

import driver
import serving
from fake_mlflow import FakeMlflow

EVERY_REQUEST = bool(os.environ.get("RISKFLAG_EVERY_REQUEST"))  # tests/peers/run.sh --full: a sync is interrupted at each, not at some


class CallsThen(list):
    """A fake server's calls; when the `number`-th has arrived, `then` is called with it before it is carried out."""

    def __init__(self, number, then):
        super().__init__()
        self.number, self.then = number, then

    def append(self, call):
        super().append(call)
        if len(self) == self.number:
            self.then(call)


class Tracking(driver.ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "RISKFLAG_JOURNAL"))}
        self.path("here").mkdir()
        self.environment.update(HOME=str(self.dir), RISKFLAG_JOURNAL=str(self.path("journal")), RISKFLAG_CACHE=str(self.path("cache")),
                                MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="0", MLFLOW_HTTP_REQUEST_BACKOFF_JITTER="0",
                                MLFLOW_HTTP_REQUEST_MAX_RETRIES="3")

    def call(self, name, *args, expect=0, **extra):
        done = subprocess.run([str(driver.BIN / f"riskflag-{name}"), *map(str, args)], capture_output=True, timeout=300,
                              encoding="utf-8", env={**self.environment, **extra}, cwd=self.path("here"))
        self.assertEqual(os.listdir(self.path("here")), [])  # no mlruns/, which MLflow no longer reads, nor anything else
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stderr + done.stdout)
        return done

    def study(self, *flags, output="model", data=None, expect=0, **extra):
        data = data or self.table()
        return self.call("train", "--data", data, "--target", "y", "--output", self.path(output), "--json", "--id", "key",
                         "--set", "num_iterations=20", "--seed", "3", *flags, expect=expect, **extra)

    def trained(self, *flags, **kwargs):
        return json.loads(self.study(*flags, **kwargs).stdout)

    def write_run(self, run_id, *records):
        """A finished run in the journal, as JournalLogger would have left it."""
        begin = {"type": "begin", "run_id": run_id, "experiment": run_id, "name": run_id, "parent_run_id": "", "host": "h", "tags": []}
        self.path("journal").mkdir(exist_ok=True)
        lines = [{"v": 1, "ts": "2026-11-29T12:00:00.000Z", **record} for record in (begin, *records, {"type": "end", "status": "FINISHED"})]
        self.path(f"journal/{run_id}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def sync(self, server, expect=0, **extra):
        """What a sync of the journal says on stderr."""
        return self.call("registry", "sync", self.path("journal"), server.url, expect=expect, **extra).stderr

    def only_run(self, server):
        self.assertEqual(len(server.store.runs), 1)
        return next(iter(server.store.runs.values()))

    def assert_complete(self, server, result):
        """The run at the server is what the program says of it, nothing missing, nothing twice."""
        run = self.only_run(server)
        self.assertEqual(run["info"]["status"], "FINISHED")
        self.assertGreaterEqual(run["info"]["end_time"], run["info"]["start_time"])
        for part in ("train", "valid", "test"):
            for name, value in result["metrics"][part].items():
                points = run["metrics"][f"{part}.{name}"]
                self.assertEqual([float(p[2]) for p in points], [value], (part, name))
        curve = sorted((p[1], p[2]) for p in run["metrics"]["valid.binary_logloss"])
        steps = [step for step, _ in curve]
        self.assertEqual(steps, sorted(set(steps)))
        self.assertGreaterEqual(len(steps), result["best_iteration"])
        self.assertEqual(run["params"]["learning_rate"], "0.1")
        self.assertEqual(run["params"]["target"], "y")
        self.assertEqual(len(run["datasets"]), 1)
        self.assertEqual(len(server.store.models), 1)
        model = next(iter(server.store.models.values()))["info"]
        self.assertEqual(model["status"], "LOGGED_MODEL_READY")
        self.assertEqual(run["outputs"], [model["model_id"]])
        root = model["artifact_uri"].removeprefix("mlflow-artifacts:/") + "/"
        sent = {path[len(root):]: data for path, data in server.store.files.items() if path.startswith(root)}
        there = {str(p.relative_to(self.path("model"))): p.read_bytes() for p in self.path("model").rglob("*") if p.is_file()}
        self.assertEqual(set(sent), set(there))
        for name, data in there.items():
            if name != "MLmodel":
                self.assertEqual(sent[name], data, name)
        self.assertIn(f"model_id: '{model['model_id']}'".encode(), sent["MLmodel"])
        return run

    def test_a_training_is_told_to_the_server_while_and_after_it_happens(self):
        with FakeMlflow() as server:
            result = self.trained("--tracking", server.url, "--experiment", "credit", "--run-name", "r1", "--report", self.path("r.html"),
                                  "--register", "loan-risk", "--alias", "champion")
            run = self.assert_complete(server, result)
            self.assertEqual(result["run_id"], run["info"]["run_id"])
            self.assertEqual(run["info"]["run_name"], "r1")
            self.assertEqual([e["name"] for e in server.store.experiments.values()], ["credit"])
            self.assertEqual([result["model_name"], result["model_version"]], ["loan-risk", "1"])
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})
            # Beside the model: the report, its charts as files, and what they are drawn from.
            root = run["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/") + "/"
            kept = {path[len(root):]: data for path, data in server.store.files.items() if path.startswith(root)}
            charts = {name: data for name, data in kept.items() if name.startswith("figures/")}
            self.assertEqual(set(kept) - set(charts), {"report.html", "importance.json", "confusion.json", "journal.jsonl"})
            journal, = self.path("journal").glob("*.jsonl")
            self.assertEqual(kept["journal.jsonl"], journal.read_bytes())
            self.assertEqual(kept["report.html"], self.path("r.html").read_bytes())
            self.assertEqual(len(charts), kept["report.html"].count(b"<svg viewBox"))
            self.assertIn("figures/roc-curve.svg", charts)
            for name, data in charts.items():
                self.assertEqual(ElementTree.fromstring(data).tag, "{http://www.w3.org/2000/svg}svg", name)
            counts = json.loads(kept["confusion.json"])["parts"]["test"]
            self.assertEqual(sum(counts.values()), result["rows"]["test"])
            self.assertAlmostEqual((counts["tp"] + counts["tn"]) / result["rows"]["test"], result["metrics"]["test"]["accuracy"], 12)
            gains = [f["gain"] for f in json.loads(kept["importance.json"])["features"]]
            self.assertEqual([len(gains), gains], [result["features"], sorted(gains, reverse=True)])
            self.assertNotIn("tracking_failed", [w["code"] for w in result["warnings"]])
            # A second training may add a version, not move the alias.
            done = self.study("--tracking", server.url, "--register", "loan-risk", "--alias", "champion", output="m2", expect=2)
            self.assertIn("promote", done.stderr)
            self.assertFalse(self.path("m2").exists())

    def test_every_fault_of_the_server_is_survived_and_nothing_is_there_twice(self):
        faults = [("POST", "/api/2.0/mlflow/runs/create", "reset_after"), ("POST", "/api/2.0/mlflow/runs/create", "500"),
                  ("POST", "/api/2.0/mlflow/experiments/create", "reset_after"),
                  ("POST", "/api/2.0/mlflow/runs/log-batch", "reset_after"), ("POST", "/api/2.0/mlflow/runs/log-batch", "429"),
                  ("POST", "/api/2.0/mlflow/logged-models", "reset_after"), ("PUT", "/api/2.0/mlflow-artifacts/*", "reset_before"),
                  ("PUT", "/api/2.0/mlflow-artifacts/*", "503"), ("PATCH", "/api/2.0/mlflow/logged-models/*", "reset_after"),
                  ("POST", "/api/2.0/mlflow/model-versions/create", "reset_after"),
                  ("POST", "/api/2.0/mlflow/registered-models/alias", "reset_after"),
                  ("POST", "/api/2.0/mlflow/runs/update", "slow")]
        with FakeMlflow() as server:
            server.faults = list(faults)
            result = self.trained("--tracking", server.url, "--register", "loan-risk", "--alias", "champion")
            for _ in range(6):  # a live run gives up early; what is missing is sent like this
                if self.call("registry", "sync", self.path("journal"), server.url, expect=None).returncode == 0:
                    break
            self.assert_complete(server, result)
            self.assertEqual(len(server.store.registered["loan-risk"]["versions"]), 1)
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})

    def test_after_a_gateways_error_or_a_lost_answer_it_is_asked_again_and_nothing_is_there_twice(self):
        result = self.trained("--tracking", f"journal:{self.path('journal')}", "--register", "loan-risk", "--alias", "champion")
        api = "/api/2.0/mlflow/"
        paths = [("POST", api + name) for name in ("experiments/create", "runs/create", "runs/log-batch", "runs/log-inputs", "runs/update",
                 "runs/outputs", "logged-models", "registered-models/create", "model-versions/create", "registered-models/alias")]
        paths += [("PATCH", api + "logged-models/m-*"), ("PUT", "/api/2.0/mlflow-artifacts/*"), ("GET", "/version")]
        for faults in (("408", "504", "502_after"), ("502", "reset_after")):
            for state in self.path("journal").rglob("*mlflow-*.json*"):  # a server may get the port of an earlier one
                state.unlink()
            with self.subTest(faults), FakeMlflow() as server:
                server.faults = [(*path, fault) for path in paths for fault in faults]
                self.sync(server)
                self.assertEqual(server.faults, [])
                self.assert_complete(server, result)
                self.assertEqual(len(server.store.registered["loan-risk"]["versions"]), 1)
                self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})

    def test_a_servers_wish_for_a_pause_is_kept(self):
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        create, batch, update = ("/api/2.0/mlflow/runs/" + name for name in ("create", "log-batch", "update"))
        with FakeMlflow() as server:
            until = time.time() + 4
            server.faults = [("POST", create, "502:1"), ("POST", batch, "429:1"), ("POST", update, f"503:{formatdate(until, usegmt=True)}")]
            self.sync(server)  # MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR is 0: nothing else waits
            self.assertEqual([server.faults, self.only_run(server)["info"]["status"]], [[], "FINISHED"])
            first = {path: server.store.calls.index(("POST", path)) for path in (create, batch, update)}
            for path in (create, batch):
                self.assertGreaterEqual(server.store.times[first[path] + 1] - server.store.times[first[path]], 1.0, path)
            self.assertGreaterEqual(time.time(), int(until))  # a date has whole seconds

    def test_an_answer_that_drips_is_read_and_one_that_stops_is_asked_for_again(self):
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        api = "/api/2.0/mlflow/runs/"
        with FakeMlflow() as server:
            server.faults = [("POST", api + "create", "stall"), ("POST", api + "search", "trickle"), ("POST", api + "log-batch", "trickle"),
                             ("POST", api + "update", "stall")]
            self.sync(server, MLFLOW_HTTP_REQUEST_TIMEOUT="1")
            self.assertEqual([server.faults, self.only_run(server)["params"], self.only_run(server)["info"]["status"]], [[], {"p": "1"}, "FINISHED"])

    def test_an_answer_that_is_cut_is_told_and_what_it_was_about_is_not_done_twice(self):
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        with FakeMlflow() as server:
            for path in ("experiments/create", "runs/create", "runs/log-batch"):
                server.faults = [("POST", "/api/2.0/mlflow/" + path, "not_json")]
                said = self.sync(server, expect=1)
                self.assertIn(f"the answer to /api/2.0/mlflow/{path} is no JSON object", said)
                self.assertIn("is this an MLflow server?", said)
            self.sync(server)
            self.assertEqual([self.only_run(server)["params"], len(server.store.experiments)], [{"p": "1"}, 1])

    def test_a_registered_name_that_others_use_gets_a_version_and_is_told_and_a_prompts_name_none(self):
        with FakeMlflow() as server:
            theirs = {"name": "loan-risk", "version": "1", "source": "models:/m-1", "run_id": "", "model_id": "m-1", "status": "READY",
                      "tags": [], "creation_timestamp": 1}
            server.store.registered["loan-risk"] = {"versions": [theirs], "aliases": {"champion": 1}, "tags": {}}
            server.store.registered["greeting"] = {"versions": [], "aliases": {}, "tags": {"mlflow.prompt.is_prompt": "true"}}
            told = 'note: the model "loan-risk" was there already: this is its version 2; its aliases stay where they are ' \
                   "(riskflag-registry promote moves one)"
            done = self.study("--tracking", server.url, "--register", "loan-risk")
            self.assertIn(told, done.stderr)
            self.assertEqual(json.loads(done.stdout)["model_version"], "2")
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})
            again = self.study("--tracking", server.url, "--register", "loan-risk", "--set", "num_leaves=3", output="m2")
            self.assertEqual([json.loads(again.stdout)["model_version"], "there already" in again.stderr], ["3", False])  # by now it is ours
            said = self.call("registry", "--tracking", server.url, "register", self.path("m2"), "--name", "loan-risk").stderr
            self.assertIn(told.replace("version 2", "version 4"), said)
            fresh = self.call("registry", "--tracking", server.url, "register", self.path("m2"), "--name", "fresh").stderr
            self.assertNotIn("there already", fresh)
            said = self.call("registry", "--tracking", server.url, "register", self.path("m2"), "--name", "greeting", expect=1).stderr
            self.assertIn('"greeting" is the name of a prompt there; register the model under another name', said)
            self.assertEqual(server.store.registered["greeting"]["versions"], [])

    def test_without_a_server_the_journal_has_it_all_and_sync_tells_it_later_once(self):
        dead = "http://127.0.0.1:9"  # discard: nobody listens
        done = self.study("--tracking", dead, "--register", "loan-risk", "--alias", "champion")
        result = json.loads(done.stdout)
        self.assertIn("tracking_failed", [w["code"] for w in result["warnings"]])
        self.assertIn(f"riskflag-registry sync {self.path('journal')}", done.stderr)
        self.assertIsNone(result["model_version"])
        with FakeMlflow() as server:
            for turn in range(2):
                self.call("registry", "sync", self.path("journal"), server.url)
                self.assertEqual(server.connections, turn + 1)  # one, kept alive, for all of it
            run = self.assert_complete(server, result)
            begin = json.loads(next(self.path("journal").glob("*.jsonl")).read_text().splitlines()[0])
            self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run["info"]["start_time"] / 1000)), begin["ts"][:19])
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})
            self.assertEqual(len(server.store.registered["loan-risk"]["versions"]), 1)

    def test_a_run_that_the_server_refuses_keeps_back_no_other(self):
        result = self.trained("--tracking", f"journal:{self.path('journal')}", "--experiment", "gone", "--register", "loan-risk", "--alias", "champion")
        self.write_run("z", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        with FakeMlflow() as server:
            gone = server.store.experiments["1"] = {"experiment_id": "1", "name": "gone", "lifecycle_stage": "deleted"}
            said = self.sync(server, expect=1)
            self.assertIn(f"note: run {result['run_id']} is not told: ", said)
            self.assertIn(f"note: the model \"loan-risk\" waits, with its aliases: run {result['run_id']} of version 1 is not told yet", said)
            self.assertIn("the experiment \"gone\" is deleted; restore it with MLflow, or use another name; that run waits, what else there was is told", said)
            self.assertEqual([self.only_run(server)["params"], server.store.registered], [{"p": "1"}, {}])
            gone["lifecycle_stage"] = "active"
            self.assertEqual(self.sync(server), "")
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})
            # Without --experiment the runs are those of all, as a journal's are.
            runs = json.loads(self.call("registry", "--tracking", server.url, "runs", "--json").stdout)["runs"]
            self.assertEqual(sorted(r["experiment"] for r in runs), ["gone", "z"])
            named = json.loads(self.call("registry", "--tracking", server.url, "runs", "--json", MLFLOW_EXPERIMENT_NAME="z").stdout)["runs"]
            self.assertEqual([r["experiment"] for r in named], ["z"])
            del server.store.runs[next(key for key, run in server.store.runs.items() if run["params"] == {"p": "1"})]
            self.assert_complete(server, result)

    def test_a_model_that_was_registered_at_one_server_is_not_registered_at_another(self):
        names = lambda server: {name: model["aliases"] for name, model in server.store.registered.items()}
        with FakeMlflow() as one, FakeMlflow() as other:
            self.trained("--tracking", one.url, "--register", "dev-risk", "--alias", "champion")
            self.trained("--tracking", other.url, "--register", "prod-risk", output="m2")  # the same RISKFLAG_JOURNAL
            self.assertEqual([names(one), names(other)], [{"dev-risk": {"champion": 1}}, {"prod-risk": {}}])
            self.sync(other)  # who asks for all of it gets that
            self.assertEqual(names(other), {"dev-risk": {"champion": 1}, "prod-risk": {}})
            # Unless told otherwise, each has a journal of its own.
            for server, output in ((one, "m3"), (other, "m4")):
                self.trained("--tracking", server.url, "--register", "both", "--alias", "champion", output=output, RISKFLAG_JOURNAL="")
                self.assertEqual(names(server)["both"], {"champion": 1})
            self.assertEqual(len(list(self.path(".local/state/riskflag").glob("mlflow-*/models/both"))), 2)

    def test_a_model_is_of_its_objectives_type(self):
        with FakeMlflow() as server:
            for number, objective in enumerate(("binary", "regression")):
                self.study("--tracking", server.url, "--set", f"objective={objective}", output=f"m{number}")
            self.assertEqual([model["info"]["model_type"] for model in server.store.models.values()], ["Classifier", "Regressor"])

    def test_a_run_id_that_the_server_does_not_have_is_told(self):
        with FakeMlflow() as server:
            done = self.study("--tracking", server.url, MLFLOW_RUN_ID="nosuch")
            self.assertIn('note: run "nosuch" (MLFLOW_RUN_ID) is not gone on with, this is one of its own: ', done.stderr)
            self.assertEqual(self.only_run(server)["info"]["status"], "FINISHED")

    def test_a_sync_that_is_killed_or_loses_an_answer_anywhere_is_finished_once(self):
        result = self.trained("--tracking", f"journal:{self.path('journal')}", "--register", "loan-risk", "--alias", "champion")
        with FakeMlflow() as server:
            self.call("registry", "sync", self.path("journal"), server.url)
            count = len(server.store.calls)
        self.assertGreater(count, 20)
        for number, killed in itertools.product(range(1, count + 1, 1 if EVERY_REQUEST else 9), (True, False)):
            for state in self.path("journal").rglob("*mlflow-*.json*"):  # a server may get the port of an earlier one
                state.unlink()
            with self.subTest("killed" if killed else "no answer", request=number), FakeMlflow() as server:
                if killed:
                    self.kill_a_sync(server, number)
                else:
                    server.store.calls = CallsThen(number, lambda call: server.faults.append((*call, "reset_after")))
                self.call("registry", "sync", self.path("journal"), server.url)
                self.assertEqual(server.faults, [])
                self.assert_complete(server, result)
                self.assertEqual(len(server.store.registered["loan-risk"]["versions"]), 1)
                self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1})

    def kill_a_sync(self, server, number):
        """When its request of that number has arrived, which the server then carries out."""
        started = queue.Queue()

        def kill(_):
            process = started.get()
            process.kill()
            process.wait()

        server.store.calls = CallsThen(number, kill)
        process = subprocess.Popen([str(driver.BIN / "riskflag-registry"), "sync", str(self.path("journal")), server.url],
                                   env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.put(process)
        self.assertEqual(process.wait(timeout=300), -signal.SIGKILL)

    def test_ten_thousand_metrics_of_a_journal_are_ten_calls(self):
        stamp = "2026-11-29T12:00:00.000Z"
        self.path("journal").mkdir()
        self.path("journal/long.jsonl").write_text("".join(json.dumps({"v": 1, "ts": stamp, **record}) + "\n" for record in (
            {"type": "begin", "run_id": "long", "experiment": "long", "name": "long", "parent_run_id": "", "host": "h", "tags": []},
            *({"type": "metrics", "metrics": [{"key": f"m{k}", "value": step / 7, "step": step} for k in range(10)]} for step in range(1000)))))
        with FakeMlflow() as server:
            self.call("registry", "sync", self.path("journal"), server.url)
            self.assertEqual(sum(len(points) for points in self.only_run(server)["metrics"].values()), 10_000)
            self.assertEqual(sum(path.endswith("/runs/log-batch") for _, path in server.store.calls), 10)

    @unittest.skipIf(driver.SANITIZED, "a sanitizer takes more memory than that itself")
    def test_a_file_larger_than_the_memory_is_sent(self):
        size, limit = 128 << 20, 96 << 20
        weights = self.path("weights.bin")
        with open(weights, "wb") as file:
            file.truncate(size)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        self.write_run("large", {"type": "artifact", "name": weights.name, "path": str(weights), "sha256": digest})
        with FakeMlflow() as server:
            done = subprocess.run([str(driver.BIN / "riskflag-registry"), "sync", str(self.path("journal")), server.url], env=self.environment,
                                  capture_output=True, encoding="utf-8", timeout=300,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
            self.assertEqual(done.returncode, 0, done.stderr)
            sent = [len(data) for name, data in server.store.files.items() if name.endswith(weights.name)]
            self.assertEqual(sent, [size])

    def test_a_server_without_artifact_proxy_takes_records_but_no_files(self):
        with FakeMlflow() as server:
            server.store.files_at = "s3://bucket"
            done = self.study("--tracking", server.url, "--register", "loan-risk")
            result = json.loads(done.stdout)
            run, = server.store.runs.values()
            self.assertEqual(run["info"]["status"], "FINISHED")
            self.assertEqual([float(p[2]) for p in run["metrics"]["test.roc_auc"]], [result["metrics"]["test"]["roc_auc"]])
            self.assertEqual([server.store.files, server.store.models, server.store.registered], [{}, {}, {}])
            self.assertIn("--serve-artifacts", done.stderr)
            again = self.call("registry", "sync", self.path("journal"), server.url, expect=1)
            self.assertIn("loan-risk version 1 is not registered", again.stderr)
            # Nor does that keep back a model whose files have a place.
            server.store.files_at = "mlflow-artifacts:"
            self.study("--tracking", f"journal:{self.path('journal')}", "--experiment", "new", "--register", "other-risk", output="m2")
            again = self.call("registry", "sync", self.path("journal"), server.url, expect=1)
            self.assertIn("loan-risk version 1 is not registered", again.stderr)
            self.assertEqual(list(server.store.registered), ["other-risk"])

    def test_files_wait_where_the_artifact_proxy_is_switched_off_until_it_is_on(self):
        self.path("terms.txt").write_text("paid monthly")
        digest = hashlib.sha256(b"paid monthly").hexdigest()
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]},
                       {"type": "artifact", "name": "terms.txt", "path": str(self.path("terms.txt")), "sha256": digest})
        with FakeMlflow() as server:
            server.serves_files = False  # 503, in an experiment that was made while it was on
            said = self.sync(server, expect=1)
            self.assertIn("status 503", said)
            self.assertIn("hands out no files: start it with --serve-artifacts (and --artifacts-destination)", said)
            self.assertEqual([self.only_run(server)["params"], server.store.files], [{"p": "1"}, {}])
            server.serves_files = True
            self.sync(server)
            self.assertEqual(self.only_run(server)["info"]["status"], "FINISHED")
            self.assertEqual([data for name, data in server.store.files.items() if name.endswith("/terms.txt")], [b"paid monthly"])

    def test_numbers_names_and_texts_that_mlflow_does_not_take_arrive_changed_and_told(self):
        names = {"ndcg@5": "ndcg_at_5", "lift (10 %)": "lift _10 __", "naïve\n'q'\"": "na__ve__q__", "..dots": "_.dots", "../up": "_/up", "/root//x/": "root/x",
                 "k" * 249 + "/tail": "k" * 249, "k" * 300: "k" * 250, "": "_", "as it is": "as it is"}
        numbers = {"nan": (None, "NaN"), "inf": ("inf", "Infinity"), "-inf": ("-inf", "-Infinity"), "max": (1.7976931348623157e308,) * 2,
                   "tiny": (5e-324,) * 2}
        long = "ä" * 8000  # characters of two bytes each; MLflow's limits are 6,000 and 8,000 characters
        self.write_run("odd", {"type": "metrics", "metrics": [{"key": k, "value": i, "step": -1} for i, k in enumerate(names)] +
                               [{"key": k, "value": v[0], "step": 0} for k, v in numbers.items()]},
                       {"type": "params", "params": [{"key": k, "value": str(i)} for i, k in enumerate(names)] + [{"key": "long", "value": long}]},
                       {"type": "tags", "tags": [{"key": f"t{i}", "value": long + "x"} for i in range(120)]})
        with FakeMlflow() as server:
            said = self.sync(server)
            run = self.only_run(server)
            self.assertEqual(run["info"]["status"], "FINISHED")
            self.assertEqual({key: [(p[1], p[2]) for p in points] for key, points in run["metrics"].items()},
                             {**{k: [(-1, str(i))] for i, k in enumerate(names.values())}, **{k: [(0, str(v[1]))] for k, v in numbers.items()}})
            self.assertEqual(run["params"], {**{k: str(i) for i, k in enumerate(names.values())}, "long": "ä" * 6000})
            self.assertEqual([run["tags"][f"t{i}"] for i in range(120)], [long] * 120)
            for before, after in names.items():
                for what in ("metric", "parameter"):
                    told = f'note: {what} {json.dumps(before, ensure_ascii=False)} is sent as "{after}"'[:60]
                    (self.assertNotIn if before == after else self.assertIn)(told, said)
            self.assertIn('parameter "long" has 8000 characters, of which MLflow takes 6000', said)
            self.assertIn('tag "t119" has 8001 characters, of which MLflow takes 8000', said)
            listed, = json.loads(self.call("registry", "--tracking", server.url, "runs", "--experiment", "odd", "--json").stdout)["runs"]
            self.assertEqual([listed["metrics"].get(k) for k in ("nan", "inf", "max")], [None, "inf", 1.7976931348623157e308])
            self.assertEqual(self.sync(server), "")  # all of it is there: nothing is sent, and told, again

    def test_values_that_grow_when_they_are_escaped_keep_a_call_below_1_mb(self):
        long = "\x01" * 8000  # six bytes each in JSON
        self.write_run("long", {"type": "params", "params": [{"key": f"p{i}", "value": long[:6000]} for i in range(30)]},
                       {"type": "tags", "tags": [{"key": f"t{i}", "value": long} for i in range(30)]})
        with FakeMlflow() as server:  # refuses a longer one
            self.assertEqual(self.sync(server), "")
            run = self.only_run(server)
            self.assertEqual(run["params"], {f"p{i}": long[:6000] for i in range(30)})
            self.assertEqual([run["tags"][f"t{i}"] for i in range(30)], [long] * 30)
            self.assertLessEqual(sum(path.endswith("/log-batch") for _, path in server.store.calls), 4)  # 2.5 MB

    def test_10000_parameters_of_one_run_arrive_by_the_hundred(self):
        params = [{"key": f"p{i}", "value": str(i)} for i in range(10000)]
        self.write_run("many", {"type": "params", "params": params[:7001]}, {"type": "params", "params": params[7001:]})
        with FakeMlflow() as server:  # refuses a call with more than 100
            self.assertEqual(self.sync(server), "")
            self.assertEqual(self.only_run(server)["params"], {p["key"]: p["value"] for p in params})
            self.assertLessEqual(sum(path.endswith("/log-batch") for _, path in server.store.calls), 105)

    def test_a_redirect_is_followed_at_the_same_server_and_nothing_goes_to_another(self):
        me = {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "secret"}
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        name, batch = "/api/2.0/mlflow/experiments/get-by-name", "/api/2.0/mlflow/runs/log-batch"
        with FakeMlflow(password="Basic bWU6c2VjcmV0") as server, FakeMlflow() as other:
            for method, path, status in (("GET", "/version", 301), ("GET", "/version", 302), ("POST", batch, 307), ("POST", batch, 308)):
                with self.subTest(path=path, status=status):
                    server.faults = [(method, path, (status, "text/html", "", other.url + path))]  # asked again, it would work
                    said = self.sync(server, expect=1, **me)
                    self.assertIn(f"sends us to another one ({other.url}), which is not followed; use that address", said)
            for to in ("//" + other.url.split("//")[1] + "/version", other.url.replace("127.0.0.1", "x@127.0.0.1"), "https" + server.url[4:]):
                server.faults = [("GET", "/version", (302, "text/html", "", to))]
                self.assertIn("sends us to another one", self.sync(server, expect=1, **me))
            server.faults = [("POST", batch, (301, "text/html", "", server.url + batch + "?key=1"))]  # a client would ask for it with GET
            self.assertIn(f"it sends us to \"{server.url + batch}\"", self.sync(server, expect=1, **me))
            self.assertNotEqual(self.only_run(server)["info"]["status"], "FINISHED")
            self.assertEqual(other.connections, 0)  # not even asked
            query = "?experiment_name=r"
            server.faults = [("GET", name, (302, "text/html", "", name + query)), ("GET", name, (301, "text/html", "", server.url + name + query)),
                             ("POST", batch, (307, "text/html", "", server.url + batch)), ("POST", batch, (308, "text/html", "", batch))]
            self.path("journal").joinpath("r2.jsonl").write_text(self.path("journal/r.jsonl").read_text().replace('"run_id": "r"', '"run_id": "r2"'))
            self.sync(server, **me)  # with the password, or it would be 401
            self.assertEqual(server.faults, [])
            self.assertEqual([[run["params"], run["info"]["status"]] for run in server.store.runs.values()], [[{"p": "1"}, "FINISHED"]] * 2)

    def test_a_server_that_takes_connections_and_says_nothing_holds_a_training_up_for_seconds(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            began = time.monotonic()
            done = self.study("--tracking", f"http://127.0.0.1:{silent.getsockname()[1]}")
            self.assertIn("tracking_failed", [w["code"] for w in json.loads(done.stdout)["warnings"]])
            self.assertLess(time.monotonic() - began, 110)  # the server may take 120 s for an answer, before and after
            process = subprocess.Popen([str(driver.BIN / "riskflag-registry"), "sync", str(self.path("journal")),
                                        f"http://127.0.0.1:{silent.getsockname()[1]}"], env=self.environment, stderr=subprocess.PIPE)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=20), 130, process.communicate()[1])

    def test_what_is_no_place_and_what_is_no_model_is_refused_with_what_would_be(self):
        for flags, words in ((["--tracking", "jornal:runs", "runs"], ["jornal:runs", "journal:DIR"]),
                             (["--tracking", f"journal:{self.path('journal')}", "register", self.dir, "--name", "n"], ["manifest.json"])):
            done = self.call("registry", *flags, expect=None)
            self.assertIn(done.returncode, (1, 2))
            for word in words:
                self.assertIn(word, done.stderr)

    def test_tracking_required_makes_a_dead_server_an_error_before_training(self):
        done = self.study("--tracking", "http://127.0.0.1:9", "--tracking-required", expect=1)
        self.assertIn("127.0.0.1:9", done.stderr)
        self.assertFalse(self.path("model").exists())

    def test_what_is_no_mlflow_or_an_old_one_is_told_apart(self):
        for version, words in (("2.22.0", ["2.22.0", "3.0 or later"]), ("<html>", ["is this an MLflow server?"])):
            with FakeMlflow() as server:
                server.store.version = version
                done = self.study("--tracking", server.url, "--tracking-required", output="m" + version[0], expect=1)
                for word in words:
                    self.assertIn(word, done.stderr)
                self.write_run("r")
                self.assertIn(words[-1], self.sync(server, expect=1))
                self.assertEqual([server.store.runs, server.store.experiments], [{}, {}])
        with FakeMlflow() as server:
            server.store.experiments["1"] = {"experiment_id": "1", "name": "gone", "lifecycle_stage": "deleted"}
            done = self.study("--tracking", server.url, "--tracking-required", "--experiment", "gone", output="m0", expect=1)
            self.assertIn("the experiment \"gone\" is deleted; restore it with MLflow, or use another name", done.stderr)
            self.assertEqual([server.store.runs, self.path("m0").exists()], [{}, False])
        with FakeMlflow(password="Basic bWU6c2VjcmV0") as server:
            done = self.study("--tracking", server.url, "--tracking-required", output="m3", expect=2)
            self.assertIn("MLFLOW_TRACKING_USERNAME", done.stderr)
            result = self.trained("--tracking", server.url, "--tracking-required", MLFLOW_TRACKING_USERNAME="me",
                                  MLFLOW_TRACKING_PASSWORD="secret")
            self.assert_complete(server, result)
            self.study("--tracking", server.url.replace("//", "//me:secret@"), "--tracking-required", output="m4")
            self.assertEqual(len(server.store.runs), 2)
            for path in self.path("journal").rglob("*"):
                if path.is_file():
                    self.assertNotIn(b"secret", path.read_bytes(), path)

    def test_each_refusal_of_a_server_says_what_to_do(self):
        json_of = lambda code, message: json.dumps({"error_code": code, "message": message})
        for answer, *words in (  # as MLflow 3.17 words them
                ((403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected"), "--allowed-hosts"),
                ((403, "application/json", json_of("PERMISSION_DENIED", "Permission denied")), "these credentials may not do this"),
                ((400, "application/json", json_of("INVALID_PARAMETER_VALUE", "The filesystem tracking backend (e.g., './mlruns') is in maintenance mode")),
                 "--backend-store-uri sqlite:///mlflow.db"),
                ((400, "application/json", json_of("INVALID_STATE", "The experiment 7 must be in the 'active' state. Current state is deleted.")),
                 "restore it", "another name"),
                ((502, "text/html", "<html>Bad Gateway</html>"), "not MLflow", "proxy"),
                ((200, "text/html", "<html>Please log in</html>"), "no JSON object", "is this an MLflow server?")):
            with self.subTest(answer), FakeMlflow() as server:
                server.faults = [("GET", "/api/2.0/mlflow/registered-models/search", answer)] * 9  # a 502 is asked again
                said = self.call("registry", "--tracking", server.url, "list", expect=None)
                self.assertIn(said.returncode, (1, 2))
                for word in words:
                    self.assertIn(word, said.stderr)

    def test_a_token_is_sent_as_bearer_unless_there_is_a_user_with_a_password(self):
        self.trained("--tracking", f"journal:{self.path('journal')}")
        with FakeMlflow(password="Bearer t0ken") as server:
            sync = lambda expect=0, **given: self.call("registry", "sync", self.path("journal"), server.url, expect=expect, **given)
            self.assertIn("MLFLOW_TRACKING_TOKEN", sync(expect=2, MLFLOW_TRACKING_TOKEN="another").stderr)
            self.assertEqual(server.store.runs, {})
            # In MLflow's client too: Basic wins, and a user without a password is none.
            sync(expect=2, MLFLOW_TRACKING_TOKEN="t0ken", MLFLOW_TRACKING_USERNAME="me", MLFLOW_TRACKING_PASSWORD="secret")
            sync(MLFLOW_TRACKING_TOKEN="t0ken", MLFLOW_TRACKING_USERNAME="me")
            self.assertEqual(self.only_run(server)["info"]["status"], "FINISHED")
        for path in self.path("journal").rglob("*"):
            if path.is_file():
                self.assertNotIn(b"t0ken", path.read_bytes(), path)

    def assert_no_secret(self, *texts):
        for text in texts:
            for secret in ("s3cr", "cret!", "czNjcjN0"):  # also cut at its @, and in base64
                self.assertNotIn(secret, str(text))

    def test_a_password_in_an_address_is_told_to_its_server_only(self):
        user = "me:s3cr%40cret!"
        encoded = "Basic bWU6czNjckBjcmV0IQ=="
        with FakeMlflow(password=encoded) as server:
            url = server.url.replace("//", f"//{user}@")
            done = self.study("--tracking", url, "--tracking-required", "--register", "loan-risk", "--alias", "champion", "--report",
                              self.path("report.html"))
            self.assert_no_secret(done.stdout, done.stderr)
            self.assertIn(server.url, self.path("report.html").read_text())  # the command is there, without it
            with serving.Server("models:/loan-risk@champion", "--tracking", url, env=self.environment) as serve:
                shown = pathlib.Path(f"/proc/{serve.process.pid}/cmdline").read_text()  # as ps shows it to everybody
                self.assertIn("@" + server.url.split("//")[1], shown)
                self.assert_no_secret(shown, serve.messages(), *(serve.ask("GET", path)[2] for path in ("/", "/metrics", "/v1/model", "/openapi.json")))
            self.assertEqual(self.only_run(server)["info"]["status"], "FINISHED")
            self.assert_no_secret(server.store.runs, server.store.models, server.store.registered, server.store.files)
        done = self.call("registry", "sync", self.path("journal"), url, expect=1)  # nobody listens there any more
        self.assert_no_secret(done.stdout, done.stderr)
        for path in self.dir.rglob("*"):
            if path.is_file():
                self.assert_no_secret(path.read_bytes())

    def test_a_password_in_an_address_that_was_typed_wrongly_is_in_no_message(self):
        url, words = "http://me:s3cr@cret!@127.0.0.1:9", ["--data", "t.csv", "--target", "y", "--output", "o"]
        for command in (["train", *words, "--tracking", url.replace("http", "ftp")], ["train", *words, "--tracking", url.replace("http://", "")],
                        ["train", *words, "--trackng", url], ["train", *words, f"--tracking={url}9999"], ["train", *words, "--tracking", url + "/?x"],
                        ["train", *words, url], ["registry", "--tracking", url.replace("http", "HTTP"), "list"], ["registry", url],
                        ["registry", "sync", url, url], ["registry", "--tracking", url, "runs", url],
                        ["registry", "--tracking", url, "compare", url, url, "--data", "t.csv"],
                        ["score", "--model", url, "--data", "t.csv", "--output", "o"], ["serve", "--model", "models:/a@b", "--tracking", url + "9999"]):
            with self.subTest(command):
                done = self.call(*command, "--json", expect=None)
                self.assertIn(done.returncode, (1, 2))
                self.assertTrue(done.stderr)
                self.assert_no_secret(done.stdout, done.stderr)

    def test_folds_hang_below_their_study_though_the_server_stumbled_when_it_began(self):
        with FakeMlflow() as server:
            server.faults = [("GET", "/version", "500")]
            result = self.trained("--tracking", server.url, "--cv", "3")
            parent, = (run for run in server.store.runs.values() if "mlflow.parentRunId" not in run["tags"])
            self.assertEqual(parent["tags"]["riskflag.client_run_id"], result["run_id"])
            folds = {run["info"]["run_name"]: run for run in server.store.runs.values() if run is not parent}
            self.assertEqual(sorted(folds), ["fold 1", "fold 2", "fold 3"])
            for run in folds.values():
                self.assertEqual([run["tags"]["mlflow.parentRunId"], run["info"]["status"]], [parent["info"]["run_id"], "FINISHED"])

    def certificate(self, name, address, *signer):
        """A PEM file of a key and a certificate for that IP address, signed by itself unless `signer` says otherwise."""
        path = self.path(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        f"/CN={name}", "-addext", f"subjectAltName=IP:{address}", "-keyout", f"{path}.key", "-out", f"{path}.crt", *signer],
                       check=True, capture_output=True)
        path.write_bytes(pathlib.Path(f"{path}.key").read_bytes() + pathlib.Path(f"{path}.crt").read_bytes())
        return path

    def test_https_is_verified_by_chain_and_name_unless_told_not_to(self):
        good, other = self.certificate("good.pem", "127.0.0.1"), self.certificate("other.pem", "127.0.0.9")
        with FakeMlflow(certificate=good) as server:
            place = ["--tracking", server.url, "--tracking-required"]
            done = self.study(*place, output="m1", expect=1)
            self.assertIn("certificate is not accepted: self-signed certificate; MLFLOW_TRACKING_SERVER_CERT_PATH", done.stderr)
            self.study(*place, output="m2", expect=1, MLFLOW_TRACKING_SERVER_CERT_PATH=f"{other}.crt")
            self.assertEqual(server.store.runs, {})
            result = self.trained(*place, MLFLOW_TRACKING_SERVER_CERT_PATH=f"{good}.crt")
            self.assert_complete(server, result)
        with FakeMlflow(certificate=other) as server:
            place = ["--tracking", server.url, "--tracking-required"]
            done = self.study(*place, output="m3", expect=1, MLFLOW_TRACKING_SERVER_CERT_PATH=f"{other}.crt")
            self.assertIn("certificate is not accepted", done.stderr)
            self.assertIn("another host", done.stderr)
            self.assertEqual(server.store.runs, {})
            self.study(*place, output="m4", MLFLOW_TRACKING_INSECURE_TLS="true")
            self.assertEqual(len(server.store.runs), 1)
        with FakeMlflow() as server:
            done = self.study("--tracking", server.url.replace("http:", "https:"), "--tracking-required", output="m5", expect=1)
            self.assertIn("does not speak TLS; is http:// meant?", done.stderr)

    def test_a_server_that_wants_to_know_its_clients_is_shown_the_certificate(self):
        server_key, authority, other = (self.certificate(f"{name}.pem", "127.0.0.1") for name in ("server", "ca", "other"))
        client = self.certificate("client.pem", "127.0.0.1", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key")
        self.write_run("r", {"type": "params", "params": [{"key": "p", "value": "1"}]})
        with FakeMlflow(certificate=server_key, authority=f"{authority}.crt") as server:
            trust = {"MLFLOW_TRACKING_SERVER_CERT_PATH": f"{server_key}.crt"}
            said = self.sync(server, expect=1, **trust)
            self.assertIn("asks its clients for a certificate; MLFLOW_TRACKING_CLIENT_CERT_PATH names a PEM file", said)
            said = self.sync(server, expect=1, **trust, MLFLOW_TRACKING_CLIENT_CERT_PATH=str(other))
            self.assertIn(f"does not accept the certificate in {other} (MLFLOW_TRACKING_CLIENT_CERT_PATH)", said)
            said = self.sync(server, expect=2, **trust, MLFLOW_TRACKING_CLIENT_CERT_PATH=f"{client}.crt")
            self.assertIn("client.pem.crt: is no PEM file with a private key", said)
            self.assertEqual(server.store.calls, [])
            self.sync(server, **trust, MLFLOW_TRACKING_CLIENT_CERT_PATH=str(client))
            self.assertEqual([self.only_run(server)["params"], self.only_run(server)["info"]["status"]], [{"p": "1"}, "FINISHED"])

    def test_models_are_fetched_by_alias_verified_and_served_from_the_cache_when_the_server_is_gone(self):
        data = self.table()
        with FakeMlflow() as server:
            self.trained("--tracking", server.url, "--register", "loan-risk", "--alias", "champion", data=data)
            url = server.url
            self.call("score", "--model", "models:/loan-risk@champion", "--tracking", url, "--data", data, "--output", self.path("a.csv"))
            self.call("score", "--model", self.path("model"), "--data", data, "--output", self.path("b.csv"))
            self.assertEqual(self.path("a.csv").read_bytes(), self.path("b.csv").read_bytes())
            for uri, word in (("models:/loan-risk@challenger", "no such version or alias"), ("models:/loan-rsk/1", "loan-risk"),
                              ("models:/loan-risk", "models:/NAME@ALIAS")):
                done = self.call("score", "--model", uri, "--tracking", url, "--data", data, "--output", self.path("c.csv"),
                                 expect=2 if uri == "models:/loan-risk" else 1)
                self.assertIn(word, done.stderr)
            name = next(p for p in server.store.files if p.endswith("/model.json"))
            server.store.files[name] = server.store.files[name].replace(b"1", b"2", 1)
            done = self.call("score", "--model", "models:/loan-risk/1", "--tracking", url, "--data", data, "--output",
                             self.path("d.csv"), expect=1, RISKFLAG_CACHE=str(self.path("cache2")))
            self.assertIn("model.json", done.stderr)
        done = self.call("score", "--model", "models:/loan-risk@champion", "--tracking", url, "--data", data, "--output", self.path("e.csv"))
        self.assertIn("last time", done.stderr)
        self.assertEqual(self.path("e.csv").read_bytes(), self.path("b.csv").read_bytes())

    def test_runs_and_models_of_a_journal_are_listed_registered_and_given_aliases(self):
        place = ["--tracking", f"journal:{self.path('journal')}"]
        first = self.trained(*place, "--experiment", "credit", "--run-name", "one")
        second = self.trained(*place, "--experiment", "credit", "--run-name", "two", "--set", "num_leaves=3", output="m2")
        runs = json.loads(self.call("registry", *place, "runs", "--sort", "test.roc_auc", "--json").stdout)["runs"]
        self.assertEqual({r["run_id"] for r in runs}, {first["run_id"], second["run_id"]})
        aucs = [r["metrics"]["test.roc_auc"] for r in runs]
        self.assertEqual(aucs, sorted(aucs, reverse=True))
        few = json.loads(self.call("registry", *place, "runs", "--filter", "params.num_leaves = '3'", "--json").stdout)["runs"]
        self.assertEqual([r["name"] for r in few], ["two"])
        self.assertIn("TWO".lower(), self.call("registry", *place, "runs").stdout)
        version = json.loads(self.call("registry", *place, "register", "--name", "loan-risk", "--best", "test.roc_auc",
                                       "--experiment", "credit", "--alias", "champion", "--json").stdout)["versions"][0]
        self.assertEqual(version["run_id"], runs[0]["run_id"])
        short = json.loads(self.call("registry", *place, "register", "--name", "short", "--best", "roc_auc", "--json").stdout)["versions"][0]
        self.assertEqual(short["run_id"], runs[0]["run_id"])  # of the test part
        self.call("registry", *place, "register", self.path("m2"), "--name", "loan-risk")
        listed = json.loads(self.call("registry", *place, "list", "loan-risk", "--json").stdout)["versions"]
        self.assertEqual([(v["version"], v["aliases"]) for v in listed], [(1, ["champion"]), (2, [])])
        self.assertIn("promote", self.call("registry", *place, "alias", "loan-risk", "champion", 2, expect=2).stderr)
        self.call("registry", *place, "alias", "loan-risk", "shadow", 2)
        shown = json.loads(self.call("registry", *place, "show", "loan-risk@shadow", "--json").stdout)["versions"][0]
        self.assertEqual(shown["version"], 2)
        self.assertIn("metrics., params., tags.", self.call("registry", *place, "runs", "--filter", "auc > 1", expect=2).stderr)
        self.assertIn("--tracking", self.call("registry", "list", expect=2).stderr)

    def split_table(self, rows=1500):
        """A file to train on and one of other people."""
        header, body = driver.small_table(rows, seed=8)
        body = [[key, x + i * 1e-6, *others] for i, (key, x, *others) in enumerate(body)]  # no row twice, which the gate would draw together
        driver.write_table(self.path("learn.csv"), header, body[: rows // 2])
        driver.write_table(self.path("judge.csv"), header, body[rows // 2:])
        return self.path("learn.csv"), self.path("judge.csv")

    def two_versions(self, place):
        """Version 1, champion, learned without x; version 2 from everything."""
        learn, judge = self.split_table()
        weak = ["--drop", "x"]
        self.study(*place, "--register", "loan-risk", "--alias", "champion", *weak, data=learn)
        self.study(*place, "--register", "loan-risk", data=learn, output="m2")
        return learn, judge

    def assert_promotes(self, place):
        learn, judge = self.two_versions(place)
        registry = lambda *args, expect=0: self.call("registry", *place, *args, expect=expect)
        at = lambda alias: json.loads(registry("show", f"loan-risk@{alias}", "--json").stdout)["versions"][0]["version"]
        answer = json.loads(registry("compare", "models:/loan-risk/2", "models:/loan-risk@champion", "--data", judge, "--metric", "roc_auc",
                                     "--metric", "log_loss", "--json").stdout)
        self.assertEqual([m["name"] for m in answer["metrics"]], ["roc_auc", "log_loss"])
        self.assertEqual([m["method"] for m in answer["metrics"]], ["delong", "bootstrap"])
        self.assertTrue(answer["passed"], answer)
        self.assertEqual(answer["rows"], 750)
        self.assertEqual(answer["data"], hashlib.sha256(judge.read_bytes()).hexdigest())
        self.assertIn("roc_auc", registry("compare", self.path("m2"), self.path("model"), "--data", judge).stdout)

        why = ["--approved-by", "Ann", "--reason", "better on the spring file"]
        ask = ["--over", "champion", "--data", judge, "--margin", "0.01"]
        self.assertIn("--approved-by", registry("promote", "loan-risk/2", *ask, "--reason", "x", expect=2).stderr)
        self.assertIn("reason", registry("promote", "loan-risk/2", *ask, "--approved-by", "Ann", "--reason", " ", expect=2).stderr)
        self.assertIn("was trained on", registry("promote", "loan-risk/2", "--data", learn, "--margin", "1", *why, expect=2).stderr)
        self.assertIn("already", registry("promote", "loan-risk@champion", *ask, *why, expect=2).stderr)
        self.assertEqual(at("champion"), 1)
        moved = json.loads(registry("promote", "loan-risk/2", *ask, *why, "--json").stdout)
        self.assertEqual([moved["from"]["version"], moved["to"]["version"], moved["approved_by"]], [1, 2, "Ann"])
        self.assertEqual(moved["evidence"]["metrics"][0]["name"], "roc_auc")
        self.assertEqual([at("champion"), at("previous")], [2, 1])
        # The weak one may not come back by the gate, whatever is said for it ...
        refused = registry("promote", "loan-risk/1", *ask, *why, expect=1)
        self.assertIn("may not take the place", refused.stderr)
        self.assertIn("roc_auc", refused.stderr)
        self.assertEqual([at("champion"), at("previous")], [2, 1])
        # ... but by a rollback, which somebody answers for too.
        self.assertIn("version 1 now", registry("rollback", "loan-risk", *why).stdout)
        self.assertEqual([at("champion"), at("previous")], [1, 2])
        trail = json.loads(registry("show", "loan-risk@champion", "--json").stdout)["audit"]
        self.assertEqual([(r["event"], r["from"]["version"], r["to"]["version"], r["reason"]) for r in trail],
                         [("promote", 1, 2, "better on the spring file"), ("rollback", 2, 1, "better on the spring file")])
        self.assertEqual(trail[0], moved)
        # Old versions without a part in this go, the newest stay.
        for _ in range(3):
            registry("register", self.path("m2"), "--name", "other", *(["--description", str(_)]))
        return registry

    def test_a_challenger_is_promoted_only_past_the_gate_and_rolled_back(self):
        registry = self.assert_promotes(["--tracking", f"journal:{self.path('journal')}"])
        self.assertIn("2 versions would be removed", registry("gc", "other", "--keep", "1", "--dry-run").stdout)
        removed = json.loads(registry("gc", "--keep", "1", "--json").stdout)["removed"]
        self.assertEqual(removed, [{"name": "other", "version": 1}, {"name": "other", "version": 2}])
        left = json.loads(registry("list", "--json").stdout)["versions"]
        self.assertEqual([(v["name"], v["version"]) for v in left], [("loan-risk", 1), ("loan-risk", 2), ("other", 3)])

    def test_a_challenger_is_promoted_at_a_server(self):
        with FakeMlflow() as server:
            self.assert_promotes(["--tracking", server.url])
            self.assertEqual(server.store.registered["loan-risk"]["aliases"], {"champion": 1, "previous": 2})


if __name__ == "__main__":
    unittest.main()
