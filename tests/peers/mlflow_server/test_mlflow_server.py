"""A real MLflow server (sqlite, artifact proxy), told by our programs and read back with MLflow's own Python client.

Runs the programs of $RISKFLAG_BIN_DIR. What a real server will not do on demand is tests/programs/test_tracking.py's.
"""
import hashlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest
from xml.etree import ElementTree

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import soak
from real_server import ROOT, RealServerTest, only, read_frame

PARTS = ("train", "valid", "test")


class RealServer(RealServerTest):
    """One training is told while it happens, one later from its journal; every claim is read back through MLflow."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.result = cls.champion()

    def journal(self, directory, run_id):
        return [json.loads(line) for line in (directory / f"{run_id}.jsonl").read_text(encoding="utf-8").splitlines()]

    def table(self):
        return read_frame(self.dir / "loans.csv")

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
        self.assertEqual(dataset.digest, hashlib.sha256((self.dir / "loans.csv").read_bytes()).hexdigest()[:36])
        self.assertEqual(json.loads(dataset.source), {"uri": str(self.dir / "loans.csv")})
        self.assertEqual(json.loads(dataset.profile), {"num_rows": 6000, "num_elements": 6000 * len(self.table().columns)})
        columns = mlflow.types.Schema.from_json(json.dumps(json.loads(dataset.schema)["mlflow_colspec"]))
        self.assertEqual(columns.input_names(), list(self.table().columns))
        kinds = {name: str(kind) for name, kind in zip(columns.input_names(), columns.input_types())}
        self.assertEqual([kinds["Income"], kinds["CITY"]], ["DataType.double", "DataType.string"])
        self.assertEqual([(t.key, t.value) for t in run.inputs.dataset_inputs[0].tags], [("mlflow.data.context", "train")])

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
        self.assertEqual(run.data.params["learning_rate"], "0.12")  # was given as eta
        self.assertNotIn("eta", run.data.params)
        self.assertEqual(run.data.params["num_iterations"], "60")
        commit = subprocess.run(["git", "-C", str(self.dir / "git"), "rev-parse", "HEAD"], check=True, capture_output=True, encoding="utf-8")
        tags = run.data.tags
        self.assertEqual(
            {key: tags[key] for key in ("mlflow.runName", "mlflow.source.git.commit", "mlflow.source.type", "riskflag.version", "riskflag.host",
                                        "riskflag.seed", "riskflag.data_digest")},
            {"mlflow.runName": "r1", "mlflow.source.git.commit": commit.stdout.strip(), "mlflow.source.type": "LOCAL",
             "riskflag.version": self.call("train", "--version").stdout.split()[-1], "riskflag.host": socket.gethostname(),
             "riskflag.seed": "42", "riskflag.data_digest": hashlib.sha256((self.dir / "loans.csv").read_bytes()).hexdigest()})
        self.assertRegex(tags["riskflag.engine"], r"(avx512|avx2|neon|scalar)\b.*kernel")
        # Every validation set has a curve, a point a round, and ends as low as the best round was.
        curves = {key: self.client.get_metric_history(run.info.run_id, key) for key in run.data.metrics if "." in key and not re.match("(train|test)\\.", key)}
        curve = {m.step: m.value for m in curves["valid.binary_logloss"]}
        self.assertEqual(sorted(curve), list(range(1, len(curve) + 1)))
        self.assertGreaterEqual(len(curve), self.result["best_iteration"])
        self.assertLess(min(curve.values()), curve[1])

        files = {}
        for entry in self.client.list_artifacts(run.info.run_id):
            below = self.client.list_artifacts(run.info.run_id, entry.path) if entry.is_dir else [entry]
            files.update({file.path: file.file_size for file in below})
        charts = {name for name in files if name.startswith("figures/")}
        self.assertEqual(set(files) - charts, {"report.html", "importance.json", "confusion.json", "journal.jsonl"})
        there = self.downloaded(f"runs:/{run.info.run_id}/")
        report = there / "report.html"
        self.assertEqual(report.read_bytes(), (self.dir / "report.html").read_bytes())
        self.assertEqual(len(charts), report.read_bytes().count(b"<svg viewBox"))
        for name in charts:
            self.assertEqual(ElementTree.parse(there / name).getroot().tag, "{http://www.w3.org/2000/svg}svg", name)
        counts = json.loads((there / "confusion.json").read_text())["parts"]["test"]
        self.assertEqual(sum(counts.values()), self.result["rows"]["test"])
        self.assertEqual(len(json.loads((there / "importance.json").read_text())["features"]), self.result["features"])

        about = mlflow.models.get_model_info(f"models:/{model.model_id}")
        example = json.loads((self.dir / "model" / "input_example.json").read_text())
        self.assertEqual(about.signature.inputs.input_names(), example["columns"])
        self.assertEqual([str(about.signature.outputs.inputs[0].type), about.signature.outputs.input_names()],
                         ["DataType.double", ["probability"]])
        self.assertEqual(about.run_id, run.info.run_id)
        shown = mlflow.models.Model.load(f"models:/{model.model_id}").load_input_example()
        self.assertEqual([list(shown.columns), len(shown)], [example["columns"], len(example["data"])])
        journal = self.downloaded(f"runs:/{run.info.run_id}/journal.jsonl")
        self.assertEqual(journal.read_bytes(), (self.dir / "journal" / f"{self.journal_id(self.dir / 'journal', run)}.jsonl").read_bytes())
        self.assert_same_model(model, self.dir / "model")
        version = self.client.get_model_version_by_alias("loan-risk", "champion")
        self.assertEqual([version.version, version.run_id, version.status], ["1", run.info.run_id, "READY"])
        self.assertEqual([self.result["model_name"], self.result["model_version"]], ["loan-risk", "1"])
        self.assertEqual(version.tags["riskflag.digest"], run.data.tags["riskflag.model_digest"])

    def test_2_pyfunc_gives_the_probabilities_of_cpp_bit_for_bit(self):
        path = self.applicants()
        want = self.scores(self.dir / "model", path)
        self.assertGreater(len(np.unique(want)), 1000)
        frame = read_frame(path)
        model = mlflow.pyfunc.load_model("models:/loan-risk@champion")
        began = time.monotonic()
        got = model.predict(frame)
        print(f"  10,000 rows by pyfunc: {time.monotonic() - began:.2f} s", flush=True)
        self.assert_same_bits(got, want)
        with self.assertRaises(Exception):
            model.predict(frame.drop(columns="Income").assign(Income="much"))

        example = json.loads((self.dir / "model" / "input_example.json").read_text())
        scores = json.loads((self.dir / "model" / "expected_scores.json").read_text())["scores"]
        table = pd.DataFrame(example["data"], columns=example["columns"])
        table = table.astype({name: np.float64 for name in table.columns if pd.api.types.is_numeric_dtype(table[name].dtype)})
        self.assertEqual(list(model.predict(table)), scores)
        # Nor does it need more than that: pandas, for one, keeps text otherwise where there is no pyarrow.
        self.assert_same_bits_alone([sys.executable, "-I", "-S"], path, only(self.dir / "packages", "mlflow-skinny", "pandas", "numpy"))

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
        best = json.loads(self.call("registry", *place, "register", "--name", "best-risk", "--best", "roc_auc", "--experiment", "credit",
                                    "--json").stdout)["versions"][0]
        self.assertEqual([best["version"], best["run_id"], best["digest"]], [1, self.result["run_id"], shown["digest"]])
        self.client.delete_experiment(self.client.create_experiment("gone"))
        self.assertIn("\"gone\" is deleted; restore it", self.call("registry", *place, "runs", "--experiment", "gone", expect=1).stderr)
        version = self.client.get_model_version("best-risk", "1")
        self.assertEqual(version.model_id, self.client.get_model_version_by_alias("loan-risk", "champion").model_id)  # no copy
        self.call("score", "--model", "models:/best-risk/1", *place, "--data", data, "--output", self.dir / "c.csv", "--quiet",
                  RISKFLAG_CACHE=str(self.dir / "cache-of-best"))
        self.assertEqual((self.dir / "c.csv").read_bytes(), (self.dir / "b.csv").read_bytes())

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

    def test_5_many_processes_tell_many_runs_at_once_nothing_lost_nothing_twice(self):
        soak.tell(self, journals=4, runs=2, keys=3, steps=40, experiment="soak")

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
                self.assert_scores_alike(self.dir / name, self.dir / "loans.csv", frame, at_least=20)

    def assert_scores_alike(self, model, data, frame, at_least):
        scores = self.dir / f"{model.name}.csv"
        self.call("score", "--model", model, "--data", data, "--output", scores, "--quiet")
        table = pd.read_csv(scores, float_precision="round_trip")
        columns = [c for c in table.columns if c in ("prediction", "probability") or c.startswith("p_")]
        want = table[columns].to_numpy().reshape(len(frame), -1)
        self.assertGreater(len(np.unique(want)), at_least)
        got = mlflow.pyfunc.load_model(str(model)).predict(frame)
        if len(columns) > 1:
            self.assertEqual(list(got.columns), columns)
        got = np.asarray(got, dtype=np.float64).reshape(len(frame), -1)
        self.assertEqual(np.flatnonzero(got.view(np.int64) != want.view(np.int64)).tolist()[:5], [])

    def test_7_imported_models_score_alike(self):
        """Every rule for missing values, averages, floats, and trees of more leaves than a mask or a group of masks has."""
        rng = np.random.default_rng(3)
        x = rng.normal(size=(6000, 5)).round(2)
        x[:, 4] = rng.integers(0, 70, len(x))
        y = x[:, 0] + (x[:, 4] % 3 == 0) + rng.normal(size=len(x)) > 0.3
        x[rng.random(x.shape) < 0.1] = 0.0
        x[rng.random(x.shape) < 0.1] = np.nan
        options = {"verbose": -1, "objective": "binary", "num_threads": 1, "max_bin": 4000, "min_data_in_leaf": 1, "min_data_in_bin": 1}
        for name, own in {"zero": {"zero_as_missing": True, "num_leaves": 65}, "none": {"use_missing": False, "num_leaves": 33},
                          "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.9, "num_leaves": 1200}}.items():
            with self.subTest(name):
                booster = lightgbm.train({**options, **own}, lightgbm.Dataset(x, y, categorical_feature=[4]), 3)
                booster.save_model(self.dir / f"{name}.txt")
                self.call("import", "--from", self.dir / f"{name}.txt", "--output", self.dir / name, "--quiet")
                trees = json.loads((self.dir / name / "model.json").read_text())["trees"]
                self.assertEqual(len(trees[0]["leaf"]), own["num_leaves"])
                frame = pd.DataFrame(x, columns=booster.feature_name())
                frame["Column_4"] = frame["Column_4"].map("{:.0f}".format, na_action="ignore")  # levels are text
                frame.to_csv(self.dir / f"{name}-rows.csv", index=False)
                self.assert_scores_alike(self.dir / name, self.dir / f"{name}-rows.csv", frame, at_least=60)
        self.call("import", "--from", ROOT / "tests" / "fuzz" / "corpus" / "import_xgboost" / "binary.json", "--output", self.dir / "floats", "--quiet")
        trees = json.loads((self.dir / "floats" / "model.json").read_text())["trees"]
        cuts = [t for tree in trees for t, kind in zip(tree["threshold"], tree["decision_type"]) if not kind & 1]
        frame = pd.DataFrame({"home": rng.choice(["BOAT", "OWN", "RENT"], 500), "a": rng.normal(size=500)})
        frame.loc[:200, "a"] = np.nextafter(rng.choice(cuts, 201), np.inf)  # floats that are no greater than the threshold
        frame.to_csv(self.dir / "homes.csv", index=False)
        self.assert_scores_alike(self.dir / "floats", self.dir / "homes.csv", frame, at_least=1)

    def test_8_a_prompts_name_is_no_models(self):
        self.client.register_prompt("greeting", "Dear {{applicant}}")
        said = self.call("registry", "--tracking", self.server.url, "register", self.dir / "model", "--name", "greeting", expect=1).stderr
        self.assertIn('"greeting" is the name of a prompt there', said)
        self.assertEqual(self.client.get_prompt_version("greeting", 1).template, "Dear {{applicant}}")


if __name__ == "__main__":
    unittest.main()
