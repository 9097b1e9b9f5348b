"""scikit-learn's boosting and forests by way of examples/python/export_sklearn.py: equal leaves and margins within 1e-12 of max(1, sum of |leaf|);
with $RISKFLAG_BIN_DIR, a ColumnTransformer's preparation as a recipe, too.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

import absent

try:
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (ExtraTreesClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier,
                                  RandomForestRegressor)
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

from test_import_lightgbm import EDGES, ROWS, Driver, adversarial

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"))
from export_sklearn import NotExportable, export, write  # noqa: E402

BIN = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", ""))


class SklearnImport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()

    def scored(self, estimator, rows, outputs=1):
        path = self.driver.path / "model.json"
        export(estimator, path)
        got = self.driver.score(path, rows)
        return got[:, :outputs], got[:, outputs:2 * outputs]

    def close(self, got, want, sizes):
        self.assertLessEqual(np.max(np.abs(got - np.asarray(want).reshape(got.shape)) / np.maximum(1, sizes)), 1e-12)

    @staticmethod
    def table(x):
        return pd.DataFrame(x, columns=["f0", "f1", "f2", "f3"]).astype({"f2": int})

    def test_histogram_gradient_boosting(self):
        for seed in range(8):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=(ROWS, 4))
            x[rng.random(x.shape) < 0.1] = np.nan
            x[:, 2] = rng.integers(0, 12, ROWS)
            y = np.nan_to_num(x[:, 0]) + (x[:, 2] % 3 == 0) + rng.normal(size=ROWS) * 0.3
            categorical = [2] if seed % 2 == 0 else None
            common = {"max_iter": 5, "max_leaf_nodes": 12, "min_samples_leaf": 3, "categorical_features": categorical, "early_stopping": False}
            if seed % 4 == 3:
                fitted, outputs = HistGradientBoostingClassifier(**common).fit(self.table(x), np.digitize(y, [0, 1])), 3
            elif seed % 4 == 2:
                fitted, outputs = HistGradientBoostingRegressor(loss="poisson", **common).fit(self.table(x), np.abs(y)), 1
            else:
                fitted, outputs = HistGradientBoostingClassifier(**common).fit(self.table(x), y > 0.3), 1
            thresholds = {}
            for iteration in fitted._predictors:
                for part in iteration:
                    for node in part.nodes:
                        if not node["is_leaf"] and not node["is_categorical"]:
                            columns = [2, 0, 1, 3] if categorical else range(4)
                            thresholds.setdefault(columns[node["feature_idx"]], []).append(node["num_threshold"])
            rows = adversarial(rng, x, [], thresholds, EDGES)
            if categorical:
                rows[:, 2] = x[rng.integers(0, ROWS, ROWS), 2]  # unknown levels are missing by the schema
            with self.subTest(seed=seed):
                got, sizes = self.scored(fitted, rows, outputs)
                self.close(got, fitted._raw_predict(self.table(rows) if categorical else pd.DataFrame(rows, columns=["f0", "f1", "f2", "f3"])), sizes)

    def test_forests(self):
        for seed, kind in enumerate([RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier]):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=(ROWS, 3))
            y = x[:, 0] + 0.5 * x[:, 1] + rng.normal(size=ROWS) * 0.3
            if seed == 0:
                x[rng.random(x.shape) < 0.1] = np.nan
            fitted = kind(12, max_depth=7, random_state=seed).fit(x, y if kind is RandomForestRegressor else y > 0)
            thresholds = {f: [t for tree in fitted.estimators_ for t, g in zip(tree.tree_.threshold, tree.tree_.feature) if g == f] for f in range(3)}
            rows = np.clip(adversarial(rng, x, [], thresholds, [0.0, -0.0, 1e-40, 1e-45, -1e-45]), -3e38, 3e38)
            rows[np.isnan(rows)] = np.nan if seed == 0 else 0.0
            with self.subTest(kind=kind.__name__):
                got, sizes = self.scored(fitted, rows)
                self.close(got, fitted.predict(rows) if kind is RandomForestRegressor else fitted.predict_proba(rows)[:, 1], sizes)

    def test_what_is_refused(self):
        x = np.random.default_rng(1).normal(size=(50, 2))
        with tempfile.TemporaryDirectory() as folder:
            for fitted, words in [(LinearRegression().fit(x, x[:, 0]), "LinearRegression is not read"),
                                  (RandomForestClassifier(2).fit(x, np.arange(50) % 3), "3 classes"),
                                  (HistGradientBoostingClassifier(max_iter=2, categorical_features=[1]).fit(np.round(np.abs(x)), x[:, 0] > 0), "is a float"),
                                  (make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(x, x[:, 0]), "name a file for the recipe")]:
                with self.subTest(words=words), self.assertRaisesRegex(NotExportable, words):
                    export(fitted, pathlib.Path(folder) / "m.json")
            forest = RandomForestRegressor(2).fit(x, x[:, 0])
            for names, words in [(["a"], "1 names and 2 features"), (["a", "b", "c"], "3 names and 2 features"), (["a", "a"], "the name 'a'")]:
                with self.subTest(words=words), self.assertRaisesRegex(NotExportable, words):
                    export(forest, pathlib.Path(folder) / "m.json", feature_names=names)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])

    def test_preparations_that_are_refused(self):
        frame = pd.DataFrame({"n": [1.0, 2.0, np.nan] * 10, "none": np.nan, "home": ["OWN", "RENT", "BOAT"] * 10, "code": [1.0, 2.0, 3.0] * 10})
        for steps, words in [([("a", SimpleImputer(), ["n"]), ("b", StandardScaler(), ["n"])], "uses 'n' twice"),
                             ([("a", SimpleImputer(), ["n", "none"])], "drops 'none'"),
                             ([("a", SimpleImputer(missing_values=1.0), ["code"])], "missing_values=1.0"),
                             ([("a", OrdinalEncoder(min_frequency=2), ["home"])], "OrdinalEncoder with max_categories or min_frequency"),
                             ([("a", OrdinalEncoder(max_categories=2), ["home"])], "OrdinalEncoder with max_categories or min_frequency"),
                             ([("a", OneHotEncoder(max_categories=2), ["home"])], "OneHotEncoder with max_categories or min_frequency"),
                             ([("a", OneHotEncoder(drop="first"), ["home"])], "OneHotEncoder with drop"),
                             ([("a", OrdinalEncoder(), ["code"])], "level .*1.0.* is a float"),
                             ([("a", OneHotEncoder(), ["code"])], "level .*1.0.* is a float")]:
            with self.subTest(steps=steps), tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scikit-learn says that it drops "none"
                fitted = make_pipeline(ColumnTransformer(steps), HistGradientBoostingRegressor(max_iter=1)).fit(frame, np.arange(30))
                with self.assertRaisesRegex(NotExportable, words):
                    export(fitted, pathlib.Path(folder) / "m.json", recipe=pathlib.Path(folder) / "r.json")
                self.assertFalse((pathlib.Path(folder) / "m.json").exists())

    def test_a_constant_of_no_name_is_scikit_learns(self):
        frame = pd.DataFrame({"n": [1.0, 2.0, np.nan] * 10, "home": ["OWN", "RENT", None] * 10})
        steps = [("n", SimpleImputer(strategy="constant"), ["n"]),
                 ("h", make_pipeline(SimpleImputer(strategy="constant"), OneHotEncoder()), ["home"])]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            export(make_pipeline(ColumnTransformer(steps), HistGradientBoostingRegressor(max_iter=1)).fit(frame, np.arange(30)), folder / "m.json",
                   recipe=folder / "r.json")
            first, second, _ = json.loads((folder / "r.json").read_text())["steps"]
            self.assertEqual((first["value"], second["level"]), (0.0, "missing_value"))
            names = [feature["name"] for feature in json.loads((folder / "m.json").read_text())["features"]]
            self.assertEqual(names, ["n", "home=OWN", "home=RENT", "home=missing_value"])

    @unittest.skipUnless((BIN / "riskflag-import").exists() and os.environ.get("RISKFLAG_BIN_DIR"), "the programs are not built")
    def test_a_column_transformer_becomes_a_recipe(self):
        rng = np.random.default_rng(3)
        frame = pd.DataFrame({"income": rng.normal(3000, 500, ROWS).round(1), "age": rng.integers(18, 80, ROWS) * 1.0,
                              "home": rng.choice(["OWN", "RENT", "BOAT"], ROWS), "grade": rng.choice(["a", "b", "c"], ROWS), "noise": rng.random(ROWS),
                              "Sex": rng.choice(["F", "M"], ROWS)})
        frame.loc[rng.random(ROWS) < 0.1, "income"] = np.nan
        y = ((frame["income"].fillna(2500) > 3000) ^ (frame["home"] == "RENT")).astype(int)
        preparation = ColumnTransformer([("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["income", "age"]),
                                         ("h", OneHotEncoder(handle_unknown="ignore"), ["home"]),
                                         ("g", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["grade"])])
        for estimator in (HistGradientBoostingClassifier(max_iter=8), RandomForestClassifier(10, max_depth=6, random_state=1)):
            fitted = make_pipeline(preparation, estimator).fit(frame, y)
            with self.subTest(kind=type(estimator).__name__), tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                export(fitted, folder / "m.json", recipe=folder / "r.json")
                frame.assign(y=y).to_csv(folder / "train.csv", index=False)
                done = subprocess.run([BIN / "riskflag-import", "--from", folder / "m.json", "--recipe", folder / "r.json", "--data", folder / "train.csv",
                                       "--target", "y", "--output", folder / "model", "--json"], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                schema = json.loads((folder / "model" / "schema.json").read_text())
                roles = {field["name"]: field["role"] for field in schema["fields"]}
                self.assertEqual({name for name, role in roles.items() if role == "feature"}, {"income", "age", "home", "grade"})
                self.assertEqual((roles["noise"], roles["Sex"]), ("dropped", "dropped"))
                done = subprocess.run([BIN / "riskflag-score", "--model", folder / "model", "--data", folder / "train.csv", "--output", folder / "s.csv"],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                got = pd.read_csv(folder / "s.csv")["probability"]
                np.testing.assert_allclose(got, fitted.predict_proba(frame)[:, 1], rtol=0, atol=1e-12)
                model = json.loads((folder / "m.json").read_text())
                del model["sha256"]
                model["features"][1]["name"] = model["features"][0]["name"]
                write(model, folder / "m.json")
                done = subprocess.run([BIN / "riskflag-import", "--from", folder / "m.json", "--recipe", folder / "r.json", "--data", folder / "train.csv",
                                       "--target", "y", "--output", folder / "twice"], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, "two features of the name .income.")


if __name__ == "__main__":
    unittest.main()
