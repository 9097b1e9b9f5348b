"""LightGBM's text models in our hands: many small ones with random parameters, scored on ordinary and adversarial rows. The same leaf of
every tree, margins within 1e-12 of max(1, sum of |leaf|), contributions within 1e-9 of predict_contrib's and additive to 1e-12, of max(1, sum
of the trees' greatest |leaf|); linear_tree to the bit. What we export of them, LightGBM's text, XGBoost's JSON and ONNX, is loaded by the library and compared with
LightGBM again: as near as a sum of so many floats must be.

Compiles import_driver.cpp with $CXX (default c++). RISKFLAG_PEER_MODELS: how many (default 60); RISKFLAG_PEER_FIRST: the first one's seed
(default 0), so that one model of many is made again alone.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import absent
import drivers

try:
    import lightgbm
    import numpy as np
    import onnxruntime
    import pandas as pd
    import xgboost
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

from float_bounds import LINKS_IN_FLOATS, float_sum_error, linked, outside

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODELS = int(os.environ.get("RISKFLAG_PEER_MODELS", "60"))
FIRST = int(os.environ.get("RISKFLAG_PEER_FIRST", "0"))
ROWS = 800
LIGHTGBM_CRASHES = {116, 179, 551}  # 4.7 ends with a segmentation fault while it trains these linear trees


class Driver:
    """import_driver, compiled once for all tests of a process."""
    made = None

    def __new__(cls):
        if cls.made is None:
            cls.made = super().__new__(cls)
            cls.made.compile()
        return cls.made

    def compile(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.program = drivers.compiled(self.path, "import_driver")

    def score(self, model, rows, *iterations):
        """margins, sums of |leaf|, leaves, contributions and bases: each rows x outputs (or trees, or outputs x (features + 1))."""
        np.ascontiguousarray(rows, dtype=np.float64).tofile(self.path / "rows")
        ran = subprocess.run([self.program, str(model), str(self.path / "rows"), str(len(rows)), str(self.path / "out"), *map(str, iterations)],
                             capture_output=True, text=True)
        if ran.returncode != 0:
            raise RuntimeError(f"exit {ran.returncode}: {ran.stderr.strip()}")
        return np.fromfile(self.path / "out").reshape(len(rows), -1)

    def against(self, model, rows, references):
        """Contributions and bases against the first rows as references: rows x outputs * (features + 1)."""
        self.score(model, rows, references)
        return np.fromfile(self.path / "out.against").reshape(len(rows), -1)


def adversarial(rng, x, categorical, thresholds, edges):
    """Some rows of x with cells replaced: thresholds and a step beside them, and values on which comparisons go wrong."""
    rows = x[rng.integers(0, len(x), ROWS)].copy()
    for f in range(rows.shape[1]):
        pick = rng.random(ROWS) < 0.5
        if f in categorical:
            special = np.array([-1, -3, -0.5, 0.5, 3.7, 31, 32, 33, 63.99, 64, 1e9, 3e9, -3e9, np.nan, np.inf, -np.inf, 0.0, -0.0])
            rows[pick, f] = rng.choice(special, pick.sum())
            continue
        values = np.concatenate([np.array(edges), rng.normal(size=5)])
        if len(thresholds.get(f, ())):
            at = np.array(thresholds[f])
            values = np.concatenate([values, at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf), np.float32(at).astype(float),
                                     np.nextafter(np.float32(at), np.float32(np.inf)).astype(float),
                                     np.nextafter(np.float32(at), np.float32(-np.inf)).astype(float)])
        rows[pick, f] = rng.choice(values, pick.sum())
    return rows


EDGES = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-40, -1e-40, 1e-35, -1e-35, float(np.float32(1e-35)),
         -float(np.float32(1e-35)), 1.7e308, -1.7e308, 1e38, 3.5e38]


def table(rng):
    features = int(rng.integers(1, 12))
    x = rng.normal(size=(ROWS, features))
    categorical = [f for f in range(features) if rng.random() < 0.3]
    for f in range(features):
        if f in categorical:
            x[:, f] = rng.integers(0, int(rng.choice([2, 5, 40, 120])), ROWS)
        elif rng.random() < 0.3:
            x[:, f] = np.round(x[:, f])
        elif rng.random() < 0.2:
            x[:, f] *= rng.choice([1e-300, 1e-38, 1e30, 1e300])
        if rng.random() < 0.5:
            x[rng.random(ROWS) < 0.15, f] = np.nan
    signal = np.nan_to_num(x / (np.nanstd(x, axis=0) + 1e-320), nan=0.5, posinf=0, neginf=0) @ rng.normal(size=features)
    return x, categorical, signal + rng.normal(size=ROWS)


class LightGBMImport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()

    def compare(self, booster, x, rows, outputs=1, averaged=False):
        path = self.driver.path / "model.txt"
        booster.save_model(str(path))
        got = self.driver.score(path, rows)
        trees, features = booster.num_trees(), x.shape[1]
        margins, sizes, leaves, parts = np.split(got, [outputs, 2 * outputs, 2 * outputs + trees], axis=1)
        # LightGBM averages a random forest's trees before the link, but in neither its raw scores nor its contributions.
        scale = 1.0 / booster.current_iteration() if averaged else 1.0
        sizes = sizes * scale
        want = booster.predict(rows, raw_score=True).reshape(len(rows), outputs) * scale
        np.testing.assert_array_equal(leaves, booster.predict(rows, pred_leaf=True).reshape(len(rows), trees), "another leaf")
        self.assertLessEqual(np.max(np.abs(margins - want) / np.maximum(1, sizes)), 1e-12)
        self.compare_exported(booster, rows, margins, leaves, sizes, averaged)
        # A contribution is a sum over all leaves of a tree, those that the row does not reach too, with weights of both signs that add up to
        # at most 2 in size: two distributions' difference. So each is rounded in proportion to its tree's greatest leaf, which may be 1e18
        # where those that the row reaches are 0 and the contributions cancel.
        most = np.maximum(1, self.greatest_leaves(booster, outputs) * scale)
        parts = parts.reshape(len(rows), outputs, features + 1)
        theirs = booster.predict(rows, pred_contrib=True).reshape(parts.shape) * scale
        self.assertLessEqual(np.max(np.abs(parts - theirs) / most[:, None]), 1e-9)
        self.assertLessEqual(np.max(np.abs(parts.sum(axis=2) - margins) / most), 1e-12)

    def compare_exported(self, booster, rows, margins, leaves, sizes, averaged):
        """The text that we write, loaded by LightGBM."""
        again = lightgbm.Booster(model_file=str(self.driver.path / "model.txt.exported"))
        self.assertEqual(again.feature_name(), booster.feature_name())
        np.testing.assert_array_equal(again.predict(rows, pred_leaf=True).reshape(leaves.shape), leaves, "exported: another leaf")
        raw = again.predict(rows, raw_score=True).reshape(margins.shape) * (1.0 / booster.current_iteration() if averaged else 1.0)
        self.assertLessEqual(np.max(np.abs(raw - margins) / np.maximum(1, sizes)), 1e-12)
        np.testing.assert_allclose(again.predict(rows), booster.predict(rows), rtol=1e-9, atol=1e-12)

    def compare_for_floats(self, booster, rows, categorical, outputs, averaged):
        """XGBoost and ONNX Runtime with what we exported, on rows of floats; LightGBM says what is right. How many of the two could be."""
        rows = np.clip(rows, -3e38, 3e38).astype(np.float32)  # XGBoost takes no infinities
        for f in categorical:
            rows[(rows[:, f] > -1) & (rows[:, f] < 0), f] = 0
        path, trees, doubles = self.driver.path / "model.txt", booster.num_trees(), rows.astype(np.float64)
        got = self.driver.score(path, doubles)
        _, sizes, leaves, _ = np.split(got, [outputs, 2 * outputs, 2 * outputs + trees], axis=1)
        np.testing.assert_array_equal(leaves, booster.predict(doubles, pred_leaf=True).reshape(leaves.shape))
        objective, *settings = booster.dump_model()["objective"].split(" ")
        sigmoid = float(dict(setting.split(":") for setting in settings if ":" in setting).get("sigmoid", 1))
        scale = 1.0 / booster.current_iteration() if averaged else 1.0
        margins = booster.predict(doubles, raw_score=True).reshape(sizes.shape) * scale
        sizes = sizes * scale
        error = float_sum_error(trees // outputs, sizes) + 1e-12 * np.maximum(1, sizes)  # the latter: what our doubles may be off
        low, high = linked(objective, sigmoid, margins - error, margins + error)
        want = booster.predict(doubles).reshape(sizes.shape)
        np.testing.assert_allclose(linked(objective, sigmoid, margins, margins)[0], want, rtol=1e-9, atol=1e-12)
        if objective in LINKS_IN_FLOATS:
            low, high = np.minimum(low - 2e-6, low * (1 - 2e-6)), np.maximum(high + 2e-6, high * (1 + 2e-6))
        done = 0
        if path.with_name("model.txt.json").exists():
            done += 1
            model = xgboost.Booster(model_file=str(path.with_name("model.txt.json")))
            data = xgboost.DMatrix(rows, feature_names=model.feature_names, feature_types=model.feature_types, enable_categorical=True)
            nodes = model.predict(data, pred_leaf=True).reshape(leaves.shape)
            for mine, theirs in zip(leaves.T, nodes.T):  # two numberings of the same leaves
                self.assertEqual([len(set(zip(mine, theirs)))] * 2, [len(set(mine)), len(set(theirs))], "XGBoost: another leaf")
            factor = sigmoid if objective == "binary" else 1.0  # is in XGBoost's leaves
            raw = model.predict(data, output_margin=True)
            self.assertEqual(outside(raw, (margins - error) * factor, (margins + error) * factor), "", "XGBoost: margins")
            self.assertEqual(outside(model.predict(data), low, high), "", "XGBoost: predictions")
        if path.with_name("model.txt.onnx").exists():
            done += 1
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(str(path.with_name("model.txt.onnx")), options, providers=["CPUExecutionProvider"])
            raw, prediction = session.run(["margin", "prediction"], {"features": rows})
            self.assertEqual(outside(raw, margins - error, margins + error), "", "ONNX Runtime: margins")
            self.assertEqual(outside(prediction, low, high), "", "ONNX Runtime: predictions")
        return done

    def test_random_models(self):
        exported = 0
        for seed in range(FIRST, FIRST + MODELS):
            rng = np.random.default_rng(seed)
            x, categorical, signal = table(rng)
            boosting = str(rng.choice(["gbdt", "gbdt", "dart", "rf"]))
            objective = str(rng.choice(["binary", "binary", "regression", "cross_entropy", "poisson", "quantile", "huber", "multiclass",
                                        "multiclassova"]))
            outputs = 3 if objective.startswith("multiclass") else 1
            y = {"binary": signal > 0, "cross_entropy": 1 / (1 + np.exp(-signal)), "poisson": np.abs(signal)}.get(
                objective, np.digitize(signal, [-1, 1]) if outputs == 3 else signal)
            parameters = {"objective": objective, "boosting": boosting, "num_leaves": int(rng.choice([2, 3, 8, 31, 300])),
                          "min_data_in_leaf": int(rng.choice([1, 5, 20])), "max_bin": int(rng.choice([15, 255])), "verbosity": -1,
                          "seed": seed, "num_threads": 1, "use_missing": bool(rng.random() < 0.8), "zero_as_missing": bool(rng.random() < 0.3),
                          "learning_rate": float(rng.choice([0.05, 0.3])), "sigmoid": float(rng.choice([0.5, 1.0, 2.0])),
                          "max_cat_to_onehot": int(rng.choice([1, 4])), "cat_smooth": 1.0, "min_data_per_group": 5,
                          "boost_from_average": bool(rng.random() < 0.7)}
            if outputs == 3:
                parameters["num_class"] = 3
            if boosting == "rf" or rng.random() < 0.3:
                parameters.update(bagging_freq=1, bagging_fraction=0.6)
            with self.subTest(**parameters):
                booster = lightgbm.train(parameters, lightgbm.Dataset(x, y.astype(float), categorical_feature=categorical), int(rng.integers(1, 12)))
                thresholds = {}
                for tree in booster.dump_model()["tree_info"]:
                    self.collect(tree["tree_structure"], thresholds)
                rows = adversarial(rng, x, categorical, thresholds, EDGES)
                self.compare(booster, x, rows, outputs, boosting == "rf")
                if seed % 2 == 0 or MODELS < 4:
                    exported += self.compare_for_floats(booster, rows[:200], categorical, outputs, boosting == "rf")
        self.assertGreaterEqual(exported, MODELS // 2)  # of as many: some take zeros for missing, XGBoost lacks some links

    def test_a_float_sum_of_many_trees(self):
        rng = np.random.default_rng(5)
        x = rng.normal(size=(ROWS, 4))
        for parameters, target in (({"objective": "poisson"}, np.abs(x[:, 0]) * 1e4), ({"objective": "binary"}, x[:, 0] > rng.normal(size=ROWS))):
            with self.subTest(**parameters):
                booster = lightgbm.train({"verbosity": -1, "num_threads": 1, "num_leaves": 7, "learning_rate": 0.05, **parameters},
                                         lightgbm.Dataset(x, target.astype(float)), 500)
                booster.save_model(str(self.driver.path / "model.txt"))
                self.assertEqual(self.compare_for_floats(booster, x[:200], [], 1, False), 2)

    @staticmethod
    def greatest_leaves(booster, outputs):
        """The sum over each output's trees of the greatest |leaf|."""

        def greatest(node):
            return max(greatest(node["left_child"]), greatest(node["right_child"])) if "left_child" in node else abs(node["leaf_value"])

        each = [greatest(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
        return np.reshape(each, (-1, outputs)).sum(axis=0)

    @classmethod
    def collect(cls, node, thresholds):
        if "split_feature" not in node:
            return
        if node["decision_type"] == "<=":
            thresholds.setdefault(node["split_feature"], []).append(node["threshold"])
        cls.collect(node["left_child"], thresholds)
        cls.collect(node["right_child"], thresholds)

    def test_levels_of_pandas_categories(self):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"n": rng.normal(size=ROWS), "home": pd.Categorical(rng.choice(["OWN", "RENT", "zwei é"], ROWS)),
                              "grade": pd.Categorical(rng.integers(0, 4, ROWS))})
        y = (frame["n"] + (frame["home"] == "RENT") > 0.3).astype(int)
        booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_leaves": 7}, lightgbm.Dataset(frame, y), 5)
        codes = np.column_stack([frame["n"], frame["home"].cat.codes, frame["grade"].cat.codes]).astype(float)
        path = self.driver.path / "pandas.txt"
        booster.save_model(str(path))
        got = self.driver.score(path, codes)[:, 0]
        np.testing.assert_allclose(got, booster.predict(frame, raw_score=True), rtol=0, atol=1e-12)

    def test_start_iteration_and_num_iteration(self):
        rng = np.random.default_rng(4)
        x = rng.normal(size=(ROWS, 4))
        for parameters in ({"objective": "binary"}, {"objective": "multiclass", "num_class": 3},
                           {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}):
            booster = lightgbm.train({"verbosity": -1, "num_leaves": 7, **parameters}, lightgbm.Dataset(x, np.digitize(x[:, 0], [0]) * 1.0), 6)
            path, outputs = self.driver.path / "cut.txt", parameters.get("num_class", 1)
            booster.save_model(str(path))
            for start, count in [(0, 2), (2, 3), (4, 9), (3, -1), (5, 0), (-2, 1)]:
                with self.subTest(start=start, count=count, **parameters):
                    part = {"start_iteration": start, "num_iteration": count if count > 0 else -1}
                    got = self.driver.score(path, x, start, count)
                    leaves = booster.predict(x, pred_leaf=True, **part).reshape(ROWS, -1)
                    np.testing.assert_array_equal(got[:, 2 * outputs:2 * outputs + leaves.shape[1]], leaves)
                    averaged = leaves.shape[1] if parameters.get("boosting") == "rf" else 1
                    want = booster.predict(x, raw_score=True, **part).reshape(ROWS, outputs) / averaged
                    np.testing.assert_allclose(got[:, :outputs], want, rtol=0, atol=1e-12)

    def assert_bits(self, got, want, what):
        got, want = np.asarray(got) + 0.0, np.asarray(want) + 0.0  # one zero
        self.assertTrue(((got.view(np.int64) == want.view(np.int64)) | (np.isnan(got) & np.isnan(want))).all(), what)

    @staticmethod
    def python_trees():
        """The class that scores a model directory in Python."""
        text = (ROOT / "include" / "riskflag" / "bundle" / "python" / "trees.py.inl").read_text()
        names = {}
        exec(text.removeprefix('R"py(').removesuffix(')py"\n').replace("from . import exact", ""), names)  # margins need none of it
        return names["Trees"]

    def test_linear_trees_have_the_same_bits(self):
        path, trees_of, linear = self.driver.path / "linear.txt", self.python_trees(), 0
        for seed in range(FIRST, FIRST + max(12, MODELS // 3)):
            if seed in LIGHTGBM_CRASHES:
                continue
            rng = np.random.default_rng([seed, 4])
            x, categorical, signal = table(rng)
            x = np.clip(x, -1e4, 1e4)  # products of greater ones overflow while LightGBM trains, and its file has NaN
            boosting = str(rng.choice(["gbdt", "gbdt", "dart", "rf"]))
            objective = str(rng.choice(["binary", "regression", "poisson", "multiclass"]))
            y = {"binary": signal > 0, "poisson": np.abs(signal), "multiclass": np.digitize(signal, [-1, 1])}.get(objective, signal)
            parameters = {"objective": objective, "boosting": boosting, "linear_tree": True, "num_leaves": int(rng.choice([2, 3, 8, 31])),
                          "min_data_in_leaf": int(rng.choice([1, 20])), "linear_lambda": float(rng.choice([0, 0.01, 1])), "verbosity": -1, "seed": seed,
                          "num_threads": 1, "use_missing": bool(rng.random() < 0.8), "max_cat_to_onehot": int(rng.choice([1, 4])),
                          "cat_smooth": 1.0, "min_data_per_group": 5, "boost_from_average": bool(rng.random() < 0.7)}
            outputs = 3 if objective == "multiclass" else 1
            if outputs == 3:
                parameters["num_class"] = 3
            if boosting == "rf":
                parameters.update(bagging_freq=1, bagging_fraction=0.6)
            with self.subTest(**parameters):
                booster = lightgbm.train(parameters, lightgbm.Dataset(x, y.astype(float), categorical_feature=categorical), int(rng.integers(2, 9)))
                thresholds = {}
                for tree in booster.dump_model()["tree_info"]:
                    self.collect(tree["tree_structure"], thresholds)
                booster.save_model(str(path))
                for rows in (x, adversarial(rng, x, categorical, thresholds, EDGES)):
                    start, count = int(rng.integers(-1, 2)), int(rng.integers(0, 4))
                    for part, cut in (({}, ()), ({"start_iteration": start, "num_iteration": count if count > 0 else -1}, (start, count))):
                        margins = self.driver.score(path, rows, *cut)[:, :outputs]
                        leaves = booster.predict(rows, pred_leaf=True, **part).reshape(len(rows), -1)
                        averaged = leaves.shape[1] // outputs if boosting == "rf" else 1
                        want = booster.predict(rows, raw_score=True, **part).reshape(margins.shape) / averaged
                        own = json.loads(path.with_name("linear.txt.own").read_text())
                        if own["leaf_grid"] != 0:  # no leaf has a term: an ordinary model
                            np.testing.assert_allclose(margins, want, rtol=0, atol=1e-12 * max(1, np.abs(want).max()))
                            continue
                        linear += 1
                        self.assert_bits(margins, want, "margins")
                        self.assert_bits(trees_of(own).margins(rows), margins, "the walk in Python")
                        again = lightgbm.Booster(model_file=str(path.with_name("linear.txt.exported")))
                        self.assert_bits(again.predict(rows), booster.predict(rows, **part), "the text that we write, loaded by LightGBM")
        self.assertGreater(linear, 30)

    def test_what_is_refused(self):
        rng = np.random.default_rng(2)
        x = rng.normal(size=(ROWS, 3))
        path = self.driver.path / "refused.txt"
        squared = lightgbm.train({"objective": "regression", "reg_sqrt": True, "verbosity": -1}, lightgbm.Dataset(x, np.abs(x[:, 0])), 2)
        squared.save_model(str(path))
        with self.assertRaisesRegex(RuntimeError, "reg_sqrt=false"):
            self.driver.score(path, x)

    def test_a_constant_target_and_trees_without_nodes(self):
        x = np.random.default_rng(3).normal(size=(ROWS, 2))
        booster = lightgbm.train({"objective": "binary", "verbosity": -1}, lightgbm.Dataset(x, np.ones(ROWS)), 3)
        self.compare(booster, x, x)


if __name__ == "__main__":
    unittest.main()
