"""What limits and prices the growth of trees beside LightGBM's options of the same names, symmetric trees beside CatBoost's where it is there,
and refit beside Booster.refit: held-out log loss of simulated tables at the same rounds, leaves, rate and bins, and refitted leaves one by one.

Runs $RISKFLAG_BUILD/bench/train_driver; compiles refit_driver.cpp with $CXX (default c++).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import absent
import drivers

try:
    import lightgbm
    import numpy as np
    import pandas  # noqa: F401  (compare_training's)
    import sklearn  # noqa: F401
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)
try:
    import catboost
except ImportError:
    catboost = None  # not among the pinned packages: it is a hundred megabytes

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("RISKFLAG_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "bench"))
import compare_training  # noqa: E402  (its table file)

SETTINGS = {"num_iterations": 60, "num_leaves": 15, "learning_rate": 0.1, "lambda_l2": 1.0}
ROWS, HELD_OUT, COLUMNS = 4000, 4000, 8
RISING = [1, 0, 0, 0, -1, 0, 1, 0]
BOUNDS = {0: [-1.0, 0.0, 1.5], 1: [-2.0, 0.25]}


def simulated(seed):
    r = np.random.default_rng(seed)
    x = r.normal(size=(ROWS + HELD_OUT, COLUMNS)).astype(np.float32)
    x[:, 5] = np.round(x[:, 5] * 4)  # some thirty values, the outer ones rare
    signal = x[:, 0] + np.sin(2 * x[:, 1]) + (x[:, 2] > 0.5) * x[:, 3] - 0.5 * x[:, 4] + 0.1 * x[:, 5]
    y = (r.random(len(x)) < 1 / (1 + np.exp(1 - signal))).astype(float)
    x[r.random(x.shape) < 0.05] = np.nan
    return x, y


def listed(values):
    return ",".join(map(str, values))


# name, our options, LightGBM's where they differ, whether LightGBM without the option is not as good (else the comparison says nothing)
CASES = (
    ("monotone basic", {"monotone_constraints": listed(RISING)}, {"monotone_constraints": RISING}),
    ("monotone intermediate", {"monotone_constraints": listed(RISING), "monotone_constraints_method": "intermediate"},
     {"monotone_constraints": RISING}),
    ("coupled", {"cegb_penalty_feature_coupled": listed([0, 40, 40, 40, 0, 40, 40, 40]), "cegb_tradeoff": "0.5"},
     {"cegb_penalty_feature_coupled": [0, 40, 40, 40, 0, 40, 40, 40]}),
    ("lazy", {"cegb_penalty_feature_lazy": listed([0.004] * 8)}, {"cegb_penalty_feature_lazy": [0.004] * 8}),
    ("penalty of splits", {"cegb_penalty_split": "0.003"}, {}),
    ("feature_contri", {"feature_contri": listed([0.1, 1, 1, 1, 1, 1, 0, 0])}, {"feature_contri": [0.1, 1, 1, 1, 1, 1, 0, 0]}),
    ("forced bins", {"max_bin": "8", "forced_bins": "[f0,-1,0,1.5],[f1,-2,0.25]"}, {"max_bin": 9}),  # theirs counts the missing bin
    ("min_data_in_bin", {"min_data_in_bin": "300"}, {}),
    ("interactions with bagging", {"interaction_constraints": "[f0,f1],[f2,f3],[f4,f5,f6,f7]", "bagging_freq": "1", "bagging_fraction": "0.7"},
     {"interaction_constraints": [[0, 1], [2, 3], [4, 5, 6, 7]]}),
)


class GrowthAsLightGBM(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        (cls.path / "bins.json").write_text(json.dumps([{"feature": f, "bin_upper_bound": b} for f, b in BOUNDS.items()]))

    def ours(self, x, y, options):
        table, out = self.path / "table", self.path / "margins"
        compare_training.write_table(table, x[:ROWS], np.ascontiguousarray(y[:ROWS]), [], x[ROWS:])
        said = [f"{k}={v}" for k, v in {**SETTINGS, **options}.items()]
        subprocess.run([BUILD / "bench" / "train_driver", table, "1", out, *said], check=True, capture_output=True)
        return np.fromfile(out)

    def theirs(self, x, y, options):
        parameters = {**SETTINGS, "objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, **options}
        data = lightgbm.Dataset(x[:ROWS], y[:ROWS], params=parameters)
        return lightgbm.train(parameters, data).predict(x[ROWS:], raw_score=True)

    @staticmethod
    def loss(y, margins):
        return float(np.mean(np.logaddexp(0, margins) - y[ROWS:] * margins))

    def compare(self, name, ours, theirs):
        """`ours` and `theirs`: margins of (x, y)."""
        found = []
        for seed in range(4):
            x, y = simulated(seed)
            share = y[:ROWS].mean()
            constant = self.loss(y, np.full(HELD_OUT, np.log(share / (1 - share))))
            here = self.loss(y, theirs(x, y))
            found.append((self.loss(y, ours(x, y)) - here) / (constant - here))
        mean, error = np.mean(found), np.std(found, ddof=1) / 2
        print(f"  {name}: our loss minus theirs, in parts of what they learned: {mean:+.4f}, standard error {error:.4f}", flush=True)
        with self.subTest(name):
            self.assertLess(abs(mean), 0.05, found)
            self.assertLess(mean - 2 * error, 0.02, found)

    def test_held_out_loss(self):
        for name, ours, theirs in CASES:
            more = {k: v for k, v in ours.items() if k not in theirs}
            if name == "forced bins":
                more = {"forcedbins_filename": str(self.path / "bins.json")}
            self.compare(name, lambda x, y: self.ours(x, y, ours), lambda x, y: self.theirs(x, y, {**more, **theirs}))

    def test_costs_bind(self):
        """The options of the cases change what is learned: else they compare nothing."""
        x, y = simulated(0)
        free = self.ours(x, y, {})
        for name, ours, _ in CASES:
            with self.subTest(name):
                self.assertGreater(np.abs(self.ours(x, y, ours) - free).max(), 0.05)

    @unittest.skipIf(catboost is None, "catboost is not installed")
    def test_symmetric_trees(self):
        def theirs(x, y):
            model = catboost.CatBoostClassifier(iterations=60, depth=4, learning_rate=0.1, l2_leaf_reg=1.0, border_count=254, thread_count=1,
                                                bootstrap_type="No", random_strength=0, boosting_type="Plain", leaf_estimation_iterations=1,
                                                boost_from_average=True, allow_writing_files=False, verbose=False)
            return model.fit(x[:ROWS], y[:ROWS]).predict(x[ROWS:], prediction_type="RawFormulaVal")
        self.compare("symmetric", lambda x, y: self.ours(x, y, {"grow_policy": "symmetric", "num_leaves": 16}), theirs)

    def test_refit(self):
        """Every leaf of Booster.refit: LightGBM learns them from sums in double, we from 61 bits."""
        driver = drivers.compiled(self.path, "refit_driver", "-O1", "-pthread")
        for objective, seed in (("binary", 0), ("regression", 1)):
            x, y = simulated(seed)
            y = y if objective == "binary" else y + np.nan_to_num(x[:, 0])
            parameters = {**SETTINGS, "num_iterations": 20, "objective": objective, "verbosity": -1, "num_threads": 1, "deterministic": True,
                          "boost_from_average": False}
            booster = lightgbm.train(parameters, lightgbm.Dataset(x[:ROWS], y[:ROWS], params=parameters))
            booster.save_model(self.path / "model.txt")
            later = slice(ROWS, ROWS + 1500)
            rows, labels = x[later].astype(float), np.ascontiguousarray(y[later])
            for decay in (0.0, 0.9):
                with open(self.path / "rows", "wb") as f:
                    rows.tofile(f)
                    labels.tofile(f)
                subprocess.run([driver, self.path / "model.txt", self.path / "rows", str(len(rows)), str(decay), self.path / "leaves",
                                f"objective={objective}", "lambda_l2=1", "learning_rate=0.1"], check=True)
                ours = np.fromfile(self.path / "leaves")
                again = booster.refit(rows, labels, decay_rate=decay)
                trees = again.dump_model()["tree_info"]
                reached = again.predict(rows, pred_leaf=True)
                theirs, with_rows = [], []
                for t, tree in enumerate(trees):
                    for leaf in range(tree["num_leaves"]):
                        theirs.append(again.get_leaf_output(t, leaf))
                        with_rows.append((reached[:, t] == leaf).any())  # a leaf without rows keeps its value here
                theirs, with_rows = np.array(theirs), np.array(with_rows)
                self.assertEqual(len(ours), len(theirs))
                self.assertGreater(with_rows.mean(), 0.9)
                difference = np.abs(ours - theirs)[with_rows].max()
                print(f"  refit, {objective}, decay {decay}: {with_rows.sum()} leaves, largest difference {difference:.1e}", flush=True)
                self.assertLess(difference, 1e-6)  # LightGBM's gradients are floats


if __name__ == "__main__":
    unittest.main()
