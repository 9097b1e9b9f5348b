"""scikit-learn's boosting and forests by way of examples/python/export_sklearn.py: equal leaves and margins within 1e-12 of max(1, sum of |leaf|);
with $RISKFLAG_BIN_DIR, a ColumnTransformer's preparation as a recipe, too.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

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
except ImportError as absent:
    print(f"skipped: test_import_sklearn.py needs {absent.name}")
    raise SystemExit(0) if __name__ == "__main__" else unittest.SkipTest(str(absent))

from test_import_lightgbm import EDGES, ROWS, Driver, adversarial

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"))
from export_sklearn import NotExportable, export  # noqa: E402

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
                fitted, outputs = HistGradientBoostingClassifier(**common).fit(x, np.digitize(y, [0, 1])), 3
            elif seed % 4 == 2:
                fitted, outputs = HistGradientBoostingRegressor(loss="poisson", **common).fit(x, np.abs(y)), 1
            else:
                fitted, outputs = HistGradientBoostingClassifier(**common).fit(x, y > 0.3), 1
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
                self.close(got, fitted._raw_predict(rows), sizes)

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
                                  (make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(x, x[:, 0]), "name a file for the recipe")]:
                with self.assertRaisesRegex(NotExportable, words):
                    export(fitted, pathlib.Path(folder) / "m.json")

    @unittest.skipUnless((BIN / "riskflag-import").exists() and os.environ.get("RISKFLAG_BIN_DIR"), "the programs are not built")
    def test_a_column_transformer_becomes_a_recipe(self):
        rng = np.random.default_rng(3)
        frame = pd.DataFrame({"income": rng.normal(3000, 500, ROWS).round(1), "age": rng.integers(18, 80, ROWS) * 1.0,
                              "home": rng.choice(["OWN", "RENT", "BOAT"], ROWS), "grade": rng.choice(["a", "b", "c"], ROWS), "noise": rng.random(ROWS)})
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
                done = subprocess.run([BIN / "riskflag-score", "--model", folder / "model", "--data", folder / "train.csv", "--output", folder / "s.csv"],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                got = pd.read_csv(folder / "s.csv")["probability"]
                np.testing.assert_allclose(got, fitted.predict_proba(frame)[:, 1], rtol=0, atol=1e-12)


if __name__ == "__main__":
    unittest.main()
