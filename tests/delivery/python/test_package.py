"""The installed Python package: scikit-learn's own checks, every kind of table, the programs' bits, and the guide's snippets.

Runs in the environment that it is installed in; RISKFLAG_BUILD/bin has the programs.
"""

import ast
import copy
import csv
import json
import os
import pathlib
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import riskflag
from riskflag import _native
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("RISKFLAG_BUILD", str(ROOT / "build"))) / "bin"
HOME = tempfile.TemporaryDirectory()
WORK = pathlib.Path(HOME.name)
DROPPED = ["Id", "Sex", "credit_history_start"]
SMALL = {"num_iterations": 20, "num_leaves": 7}


def run(program, *arguments):
    done = subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, text=True, cwd=WORK)
    assert done.returncode == 0, done.stderr
    return done.stdout


def setUpModule():
    run("riskflag-simulate", "--rows", 2000, "--seed", 1, "--output", "loans.csv", "--quiet")
    run("riskflag-simulate", "--rows", 500, "--seed", 2, "--output", "more.csv", "--quiet")
    run("riskflag-train", "--data", "loans.csv", "--test", "more.csv", "--valid-fraction", 0, "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex",
        "--drop", "credit_history_start", "--set", "table_defaults=false", "--set", "num_iterations=20", "--set", "num_leaves=7", "--output", "trained", "--quiet")


def loans(name="loans.csv"):
    table = pd.read_csv(WORK / name)
    return table.drop(columns=[*DROPPED, "Risk_Flag"]), table["Risk_Flag"].to_numpy()


def bits(values):
    return np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)


class ScikitLearn(unittest.TestCase):
    # Why a check cannot hold; one that holds after all fails the test.
    EXPECTED = {"Classifier": {}, "Regressor": {}}

    def test_check_estimator(self):
        for estimator in (riskflag.Classifier(num_threads=1), riskflag.Regressor(num_threads=1)):
            name = type(estimator).__name__
            with self.subTest(estimator=name), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results = check_estimator(estimator, expected_failed_checks=self.EXPECTED[name], on_fail=None, on_skip=None)
                failed = {each["check_name"]: each["exception"] for each in results if each["status"] == "failed"}
                self.assertEqual(failed, {})
                self.assertEqual({each["check_name"] for each in results if each["status"] == "xfail"}, set(self.EXPECTED[name]))
                passed = [each for each in results if each["status"] == "passed"]
                print(f"check_estimator({name}): {len(passed)} passed of {len(results)}")
                self.assertGreater(len(passed), 40)

    def test_clones_pickles_and_copies_predict_the_same_bits(self):
        x, y = loans()
        model = riskflag.Classifier(**SMALL, metric=["auc", "binary_logloss"], monotone_constraints=[0] * x.shape[1]).fit(x, y)
        want = bits(model.predict_proba(x))
        for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), clone(model).fit(x, y)):
            np.testing.assert_array_equal(bits(other.predict_proba(x)), want)
            self.assertEqual(other.model_text(), model.model_text())
        self.assertLess(len(pickle.dumps(model)), len(model.model_text()) + 10_000)  # the text, not the forms made of it

    def test_importances_classes_and_margins(self):
        x, y = loans()
        model = riskflag.Classifier(**SMALL).fit(x, np.where(y == 1, "default", "paid"))
        self.assertEqual(list(model.classes_), ["default", "paid"])
        self.assertEqual(list(model.feature_names_in_), list(x.columns))
        self.assertAlmostEqual(model.feature_importances_.sum(), 1.0)
        self.assertEqual(model.feature_importances_.shape, (x.shape[1],))
        p = model.predict_proba(x)
        np.testing.assert_allclose(1 / (1 + np.exp(-model.decision_function(x))), p[:, 1], rtol=1e-12)
        np.testing.assert_array_equal(model.predict(x) == "paid", p[:, 1] > 0.5)

    def test_early_stopping_looks_at_the_evaluation_set(self):
        x, y = loans()
        model = riskflag.Classifier(num_iterations=400, learning_rate=0.3, early_stopping_round=5, metric="binary_logloss")
        model.fit(x[:1500], y[:1500], eval_set=(x[1500:], y[1500:]))
        losses = model.evals_result_["valid"]["binary_logloss"]
        self.assertLess(model.best_iteration_, 100)
        self.assertTrue(model.stopped_early_)
        self.assertEqual(int(np.argmin(losses)) + 1, model.best_iteration_)
        p = np.clip(model.predict_proba(x[1500:])[:, 1], 1e-15, 1 - 1e-15)
        self.assertAlmostEqual(min(losses), -np.mean(np.where(y[1500:] == 1, np.log(p), np.log1p(-p))), 12)
        with self.assertRaisesRegex(ValueError, "no class of the training labels"):
            model.fit(x, y, eval_set=(x, y + 1))

    def test_rows_of_weight_0_are_absent(self):
        rng = np.random.default_rng(1)
        x, weight = rng.normal(size=(400, 3)), np.ones(400)
        y = (x[:, 0] + rng.normal(size=400) > 0).astype(int)
        weight[::3] = 0
        model = riskflag.Classifier(**SMALL).fit(x, y, sample_weight=weight)
        other = np.where(weight == 0, 1 - y, y)
        np.testing.assert_array_equal(bits(model.predict_proba(x)), bits(clone(model).fit(x, other, sample_weight=weight).predict_proba(x)))
        self.assertFalse((bits(model.predict_proba(x)) == bits(clone(model).fit(x, y).predict_proba(x))).all())


class Tables(unittest.TestCase):
    def test_every_kind_of_table_gives_one_model(self):
        x, y = loans()
        x.iloc[::7, 0] = np.nan
        objects = x.astype({name: object for name in x.columns if x[name].dtype == "str"})
        objects.loc[3, "Profession"] = None
        x.loc[3, "Profession"] = None
        want = riskflag.Classifier(**SMALL).fit(x, y)
        arrow = pa.Table.from_pandas(x, preserve_index=False)
        chunks = pa.concat_tables([arrow.slice(0, 701), arrow.slice(701, 1), arrow.slice(702)])
        encoded = arrow.set_column(arrow.column_names.index("STATE"), "STATE", arrow["STATE"].dictionary_encode())
        kinds = {"category": x.astype({"STATE": "category", "CITY": "category"}), "object": objects, "nullable": x.convert_dtypes(), "arrow": arrow,
                 "chunks": chunks, "dictionary": encoded, "polars": pl.from_arrow(arrow), "polars in chunks": pl.from_arrow(chunks, rechunk=False),
                 "sliced": pa.concat_tables([arrow.slice(0, 5), arrow]).slice(5), "batch": arrow.combine_chunks().to_batches()[0]}
        for name, table in kinds.items():
            with self.subTest(kind=name):
                model = clone(want).fit(table, y)
                self.assertEqual(model.model_text(), want.model_text())
                np.testing.assert_array_equal(bits(want.predict_proba(table)), bits(want.predict_proba(x)))
                self.assertEqual(list(model.feature_names_in_), list(x.columns))
                with self.assertRaisesRegex(ValueError, "feature names should match"):
                    names = [*x.columns[1:], x.columns[0]]
                    model.predict(pa.table(table).select(names) if name == "batch" else table[names] if isinstance(table, pd.DataFrame) else table.select(names))

    def test_matrices_of_any_layout_give_one_model(self):
        rng = np.random.default_rng(2)
        x = rng.normal(size=(3000, 6)).astype(np.float32).astype(np.float64)
        x[rng.random(x.shape) < 0.1] = np.nan
        y = np.nan_to_num(x[:, 0]) + rng.normal(size=len(x))
        want = riskflag.Regressor(**SMALL).fit(x, y)
        wide = np.zeros((6000, 12))
        wide[::2, ::-2] = x
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(6)])
        layouts = {"fortran": np.asfortranarray(x), "strided": wide[::2, ::-2], "float32": x.astype(np.float32), "backwards": x[::-1].copy()[::-1],
                   "list": x.tolist(), "frame": frame, "polars": pl.from_pandas(frame, nan_to_null=False),
                   "polars float32": pl.from_pandas(frame.astype(np.float32), nan_to_null=True)}
        for name, table in layouts.items():
            with self.subTest(layout=name), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names that a matrix has not
                self.assertEqual(clone(want).fit(table, y).model_text(), want.model_text())
                np.testing.assert_array_equal(bits(want.predict(table)), bits(want.predict(x)))

    def test_integers_bits_and_dates(self):
        rng = np.random.default_rng(3)
        values = rng.integers(0, 100, 2000)
        y = values + rng.normal(size=2000)
        want = riskflag.Regressor(**SMALL).fit(pd.DataFrame({"a": values.astype(float), "b": values > 50}), y)
        for kind in ("int8", "uint16", "int32", "uint64", "Int64", "float32"):
            for make in (pd.DataFrame, lambda columns: pl.from_pandas(pd.DataFrame(columns)), lambda columns: pa.Table.from_pandas(pd.DataFrame(columns))):
                table = make({"a": pd.Series(values).astype(kind), "b": values > 50})
                self.assertEqual(clone(want).fit(table, y).model_text(), want.model_text())
        dates = pd.DataFrame({"opened": pd.date_range("2020-01-01", periods=2000)})
        for table in (dates, pl.from_pandas(dates).cast(pl.Date)):
            with self.assertRaisesRegex(ValueError, 'column "opened".*holds dates'):
                clone(want).fit(table, y)

    def test_levels_that_training_did_not_have_are_missing(self):
        x, y = loans()
        model = riskflag.Classifier(**SMALL).fit(x, y)
        strange, missing = x.copy(), x.copy()
        strange["House_Ownership"], missing["House_Ownership"] = "a boat", None
        np.testing.assert_array_equal(bits(model.predict_proba(strange)), bits(model.predict_proba(missing)))

    def test_what_does_not_fit_is_refused_with_the_library_s_sentence(self):
        x, y = loans()
        model = riskflag.Classifier(**SMALL).fit(x, y)
        with self.assertRaisesRegex(ValueError, 'column "Income": is a number in the model'):
            model.predict(x.astype({"Income": str}))
        with self.assertRaisesRegex(ValueError, "feature names"):
            model.predict(x.rename(columns={"Income": "income"}))
        with self.assertRaisesRegex(ValueError, r"learning_rate.*accepted|learning_rate.*\(0, 1\]"):
            riskflag.Classifier(learning_rate=2.0).fit(x, y)
        with self.assertRaisesRegex(ValueError, 'metric.*"acu"|"acu"'):
            riskflag.Classifier(metric="acu").fit(x, y)
        with self.assertRaises(TypeError):
            riskflag.Classifier(n_estimators=5)

    def test_tables_of_doubles_are_not_copied(self):
        # 160 MB of doubles: training adds bins (a byte or two a cell), 40 bytes a row and blocks; a copy would come on top.
        code = """
import numpy, polars, pyarrow, riskflag, sys
kind = sys.argv[1]
def memory(name):
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith(name))
x = numpy.random.default_rng(1).random((50, 400_000)).T
y = x[:, 0].copy()
table = {"numpy": x, "copied": x, "pyarrow": pyarrow.table({f"c{i}": x[:, i] for i in range(50)})}
table["polars"] = polars.from_arrow(table["pyarrow"])
x = table.pop(kind)
model = riskflag.Regressor(num_iterations=1, num_threads=1, bin_construct_sample_cnt=2000).fit(x[:50], y[:50])
before = memory("VmRSS")
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
if kind == "copied": x = x.copy()
model.fit(x, y)
model.predict(x)
print(memory("VmHWM") - before)
"""
        for kind in ("numpy", "polars", "pyarrow", "copied"):
            with self.subTest(kind=kind):
                done = subprocess.run([sys.executable, "-c", code, kind], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                grown = float(done.stdout)
                print(f"training on 160 MB, {kind}: {grown:.0f} MB more")
                self.assertTrue(20 < grown < 120 if kind != "copied" else grown > 180, grown)


class Running(unittest.TestCase):
    CODE = """
import numpy, riskflag, sys
x = numpy.random.default_rng(1).normal(size=(20_000, 20))
print("begins", flush=True)
try:
    riskflag.Regressor(num_iterations=1_000_000, num_threads=1).fit(x, x[:, 0])
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(riskflag.Regressor(num_iterations=2).fit(x, x[:, 0]).model_.trees)
"""

    def test_control_c_ends_a_training(self):
        with subprocess.Popen([sys.executable, "-c", self.CODE], stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "begins\n")
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.communicate(timeout=60)[0], "interrupted\n2\n")  # and the interpreter lives on
            self.assertEqual(process.returncode, 0)

    def test_other_threads_run_while_a_model_is_trained(self):
        x = np.random.default_rng(1).normal(size=(100_000, 20))
        model = riskflag.Regressor(num_iterations=40, num_threads=1)
        worker = threading.Thread(target=model.fit, args=(x, x[:, 0]))
        worker.start()
        turns = 0
        while worker.is_alive():
            turns += 1
            time.sleep(0.001)
        worker.join()
        self.assertEqual(model.model_.trees, 40)
        self.assertGreater(turns, 50)


class Bits(unittest.TestCase):
    def test_training_grows_the_trees_of_riskflag_train(self):
        x, y = loans()
        model = riskflag.Classifier(**SMALL).fit(x, y)
        mine = json.loads(model.model_text(), parse_float=str)
        theirs = json.loads((WORK / "trained/model.json").read_text(), parse_float=str)
        self.assertEqual(mine["trees"], theirs["trees"])
        self.assertGreater(len(mine["trees"]), 19)
        for member in ("objective", "base_margin", "leaf_grid"):
            self.assertEqual(mine[member], theirs[member])

    def test_scores_are_those_of_riskflag_score(self):
        run("riskflag-score", "--model", "trained", "--data", "more.csv", "--explain", 3, "--output", "scores.csv")
        with open(WORK / "scores.csv", encoding="utf-8") as file:
            told = list(csv.DictReader(file))
        want = bits([float(row["probability"]) for row in told])
        bundle = riskflag.Bundle.open(WORK / "trained")
        x, _ = loans("more.csv")
        arrow = pa.Table.from_pandas(x, preserve_index=False)
        for table in (x, arrow, pl.from_arrow(arrow)):
            np.testing.assert_array_equal(bits(bundle.predict_proba(table)[:, 1]), want)
            np.testing.assert_array_equal(bundle.predict(table), [row["risk"] for row in told])
        rows = [{name: None if value is None or value != value else value for name, value in row.items()} for row in x.to_dict("records")]
        scored = bundle.score(rows)
        np.testing.assert_array_equal(bits([row["probability"] for row in scored]), want)
        self.assertEqual([row["risk"] for row in scored], [row["risk"] for row in told])
        reasons = [[reason["code"] for reason in bundle.explain(row, 3)] for row in rows[:100]]
        self.assertEqual(reasons, [[row[f"reason_{k}"] for k in (1, 2, 3) if row[f"reason_{k}"]] for row in told[:100]])
        self.assertTrue(any(reasons))

    def test_a_saved_estimator_is_scored_by_the_program(self):
        for kind in ("binary", "regression", "multiclass"):
            with self.subTest(kind=kind):
                x, y = loans()
                more, _ = loans("more.csv")
                model = riskflag.Regressor(**SMALL) if kind == "regression" else riskflag.Classifier(**SMALL)
                labels = {"binary": y, "regression": np.log(x["Income"]), "multiclass": x["Age"] // 20}[kind]
                model.fit(x, labels)
                digest = model.save(WORK / kind)
                bundle = riskflag.Bundle.open(WORK / kind)
                self.assertEqual([bundle.digest, bundle.kind], [digest, kind])
                run("riskflag-score", "--model", kind, "--data", "more.csv", "--output", f"{kind}.csv")
                with open(WORK / f"{kind}.csv", encoding="utf-8") as file:
                    rows = list(csv.DictReader(file))
                if kind == "regression":
                    want = model.predict(more)
                    np.testing.assert_array_equal(bits([float(row["prediction"]) for row in rows]), bits(want))
                    np.testing.assert_array_equal(bits(bundle.predict(more)), bits(want))
                else:
                    want = model.predict_proba(more)
                    names = ["probability"] if kind == "binary" else [f"p_{label}" for label in model.classes_]
                    np.testing.assert_array_equal(bits([[float(row[name]) for name in names] for row in rows]), bits(want[:, -len(names):]))
                    np.testing.assert_array_equal(bits(bundle.predict_proba(more)), bits(want))
                    self.assertEqual(list(bundle.classes_), [str(label) for label in model.classes_])
                with self.assertRaises(FileExistsError):
                    model.save(WORK / kind)
                self.assertEqual(model.save(WORK / kind, replace=True), digest)


class Bundles(unittest.TestCase):
    def test_rows_that_cannot_be_used(self):
        bundle = riskflag.Bundle.open(WORK / "trained")
        x, _ = loans()
        row = {name: None if value != value else value for name, value in x.iloc[0].to_dict().items()}
        good, bad, unknown = bundle.score([row, {**row, "Income": "much"}, {**row, "House_Ownership": "a boat"}])
        self.assertEqual(sorted(good), ["probability", "risk"])
        self.assertRegex(bad["error"], 'field "Income".*expected a finite number')
        self.assertRegex(unknown["error"], 'field "House_Ownership"')
        with self.assertRaisesRegex(ValueError, 'row 1: field "House_Ownership"'):
            bundle.predict_proba(x.assign(House_Ownership=["rented", "a boat", *["rented"] * 1998]))
        with self.assertRaisesRegex(ValueError, 'no field "Incom".*"Income"'):
            bundle.score([{**row, "Incom": 1}])
        with self.assertRaisesRegex(ValueError, "missing_field"):
            bundle.predict_proba(x.drop(columns="Income"))
        with self.assertRaises(TypeError):
            bundle.predict_proba(x.to_numpy())

    def test_dates_come_as_dates_or_text(self):
        run("riskflag-train", "--data", "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--set", "table_defaults=false", "--set", "num_iterations=5",
            "--output", "dated", "--quiet")
        bundle = riskflag.Bundle.open(WORK / "dated")
        table = pd.read_csv(WORK / "more.csv")
        want = bits(bundle.predict_proba(table))
        dated = table.assign(credit_history_start=pd.to_datetime(table["credit_history_start"]))
        np.testing.assert_array_equal(bits(bundle.predict_proba(dated)), want)
        np.testing.assert_array_equal(bits(bundle.predict_proba(pl.from_pandas(dated).with_columns(pl.col("credit_history_start").cast(pl.Date)))), want)
        row = {name: value for name, value in dated.iloc[0].to_dict().items()}
        np.testing.assert_array_equal(bits([bundle.score([row])[0]["probability"]]), want[0, 1:])
        unknown = [bundle.score([{**row, "credit_history_start": value, "utilisation": value}])[0] for value in (None, float("nan"), pd.NaT, pd.NA)]
        self.assertEqual(unknown, [unknown[0]] * 4)
        self.assertIn("probability", unknown[0])

    def test_what_a_directory_says(self):
        bundle = riskflag.Bundle.open(WORK / "trained")
        decision = json.loads((WORK / "trained/decision.json").read_text())
        self.assertEqual(bundle.threshold, decision["threshold"])
        self.assertEqual(bundle.schema, json.loads((WORK / "trained/schema.json").read_text()))
        self.assertEqual([bundle.name, bundle.version], ["trained", bundle.digest[:12]])
        self.assertEqual(list(bundle.classes_), ["0", "1"])

    def test_a_changed_byte_and_an_absent_directory(self):
        import shutil
        shutil.copytree(WORK / "trained", WORK / "changed")
        text = (WORK / "changed/decision.json").read_text()
        (WORK / "changed/decision.json").write_text(text.replace("0.", "0.0", 1))
        with self.assertRaisesRegex(ValueError, "decision.json"):
            riskflag.Bundle.open(WORK / "changed")
        with self.assertRaises(FileNotFoundError):
            riskflag.Bundle.open(WORK / "nowhere")


class Package(unittest.TestCase):
    def test_stubs_name_all_that_there_is(self):
        folder = pathlib.Path(riskflag.__file__).parent
        self.assertTrue((folder / "py.typed").exists())
        stub = ast.parse((folder / "_native.pyi").read_text())
        named = {node.name for node in stub.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        self.assertEqual(named, {name for name in dir(_native) if not name.startswith("_") and name != "version"})

    def test_the_guide_s_snippets(self):
        table = pd.read_csv(WORK / "loans.csv")
        table.drop(columns=["Sex", "credit_history_start"]).to_parquet(WORK / "loans.parquet")
        page = (ROOT / "docs/guide/python.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
        self.assertGreater(len(blocks), 2)
        subprocess.run([sys.executable, "-c", "\n".join(blocks)], cwd=WORK, check=True)


if __name__ == "__main__":
    sys.exit(unittest.main())
