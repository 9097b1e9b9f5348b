"""XGBoost's models (JSON and UBJSON) in our hands: many small ones with random parameters, scored on ordinary and adversarial rows. The same
leaf of every tree, margins within 1e-6 of max(1, sum of |leaf|), contributions near predict(pred_contribs=True)'s and additive.

Compiles import_driver.cpp with $CXX (default c++). RISKFLAG_PEER_MODELS: how many (default 60); RISKFLAG_PEER_FIRST: the first one's seed.
"""
import json
import unittest

import absent

try:
    import lightgbm
    import numpy as np
    import pandas as pd
    import xgboost
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

from test_import_lightgbm import EDGES, FIRST, MODELS, ROWS, Driver, adversarial, table


def leaf_ranks(path):
    """For each tree, in the order of classes: {node id of a leaf: how many leaves have a smaller one}."""
    model = json.loads(path.read_text())["learner"]["gradient_booster"]
    model = model.get("gbtree", model)["model"]
    out = []
    for tree in model["trees"]:
        reached, open_nodes = [], [0]
        while open_nodes:
            node = open_nodes.pop()
            if tree["left_children"][node] == -1:
                reached.append(node)
            else:
                open_nodes += [tree["left_children"][node], tree["right_children"][node]]
        out.append({node: rank for rank, node in enumerate(sorted(reached))})
    classes = np.array(model["tree_info"])
    # Tree i of class k goes to place i * classes + k.
    order = np.argsort(np.array([np.sum(classes[:t] == k) * (classes.max() + 1) + k for t, k in enumerate(classes)]))
    return out, order


class XGBoostImport(unittest.TestCase):
    exported = 0

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()

    def compare(self, booster, frame, rows, outputs=1, contributions=True, categorical=()):
        path = self.driver.path / "model.json"
        booster.save_model(str(path))
        booster.save_model(str(self.driver.path / "model.ubj"))
        got = self.driver.score(path, rows)
        np.testing.assert_array_equal(got, self.driver.score(self.driver.path / "model.ubj", rows), "JSON and UBJSON differ")
        ranks, order = leaf_ranks(path)
        trees, features = len(ranks), rows.shape[1]
        margins, sizes, leaves, parts = np.split(got, [outputs, 2 * outputs, 2 * outputs + trees], axis=1)
        theirs = booster.predict(frame, pred_leaf=True).reshape(len(rows), trees).astype(int)
        want = np.column_stack([np.vectorize(ranks[t].get)(theirs[:, t]) for t in range(trees)])[:, order]
        np.testing.assert_array_equal(leaves, want, "another leaf")
        want = booster.predict(frame, output_margin=True).reshape(len(rows), outputs)
        self.assertLessEqual(np.max(np.abs(margins - want) / np.maximum(1, sizes)), 1e-6)
        exported = self.driver.path / "model.json.exported"
        if exported.exists():  # none where a set sends missing categories to its own side
            again = lightgbm.Booster(model_file=str(exported))
            plain = ~((np.abs(rows) <= float(np.float32(1e-35))) & (rows != 0)).any(axis=1)  # LightGBM takes the others for 0
            for f in categorical:
                plain &= ~((rows[:, f] > -1) & (rows[:, f] < 0))  # 0 for LightGBM
            got = again.predict(rows, pred_leaf=True).reshape(leaves.shape)
            np.testing.assert_array_equal(got[plain], leaves[plain], "exported: another leaf")
            XGBoostImport.exported += 1
        parts = parts.reshape(len(rows), outputs, features + 1)
        # Of the shares: leaves that a row does not reach are in them, and may be 1e18 where those that it reaches are 0.
        size = np.maximum(1, np.maximum(sizes, np.abs(parts).sum(axis=2)))
        self.assertLessEqual(np.max(np.abs(parts.sum(axis=2) - margins) / size), 1e-12)
        if contributions:
            theirs = booster.predict(frame, pred_contribs=True).reshape(len(rows), outputs, features + 1)
            scale = size.max(axis=1, keepdims=True)[:, :, None]
            self.assertLessEqual(np.max(np.abs(parts - theirs) / scale), 1e-4)  # floats there

    def test_random_models(self):
        for seed in range(FIRST, FIRST + MODELS):
            rng = np.random.default_rng(seed)
            x, categorical, signal = table(rng)
            x = np.clip(x, -1e37, 1e37)  # XGBoost refuses what is no float
            booster = str(rng.choice(["gbtree", "gbtree", "dart"]))
            objective = str(rng.choice(["binary:logistic", "binary:logistic", "reg:squarederror", "reg:logistic", "count:poisson",
                                        "reg:gamma", "reg:absoluteerror", "binary:logitraw", "multi:softprob", "reg:tweedie"]))
            outputs = 3 if objective.startswith("multi") else 1
            y = {"binary:logistic": signal > 0, "binary:logitraw": signal > 0, "reg:logistic": 1 / (1 + np.exp(-signal)),
                 "count:poisson": np.abs(signal), "reg:tweedie": np.abs(signal),
                 "reg:gamma": np.abs(signal) + 0.1}.get(objective, np.digitize(signal, [-1, 1]) if outputs == 3 else signal)
            parameters = {"objective": objective, "booster": booster, "max_depth": int(rng.choice([1, 3, 6, 10])), "seed": seed, "nthread": 1,
                          "min_child_weight": float(rng.choice([0, 1, 5])), "gamma": float(rng.choice([0, 0.5])), "tree_method": "hist",
                          "max_bin": int(rng.choice([15, 256])), "eta": float(rng.choice([0.05, 0.3])),
                          "max_cat_to_onehot": int(rng.choice([1, 4])), "num_parallel_tree": int(rng.choice([1, 1, 2]))}
            if booster == "dart":
                parameters["rate_drop"] = 0.5
            if rng.random() < 0.3:
                parameters["base_score"] = 0.3
            if rng.random() < 0.3:
                parameters["subsample"] = 0.6
            if outputs == 3:
                parameters["num_class"] = 3
            with self.subTest(**parameters):
                types = ["c" if f in categorical else "float" for f in range(x.shape[1])]
                matrix = xgboost.DMatrix(x, y.astype(float), feature_types=types, enable_categorical=True)
                model = xgboost.train(parameters, matrix, int(rng.integers(1, 8)))
                dump = model.trees_to_dataframe()
                thresholds = {}
                for f in range(x.shape[1]):
                    splits = dump[dump.Feature == f"f{f}"].Split if f not in categorical else []
                    thresholds[f] = np.asarray(splits, dtype=float)
                edges = [edge for edge in EDGES if np.isnan(edge) or abs(edge) < 3e38]
                rows = adversarial(rng, x, categorical, thresholds, edges)
                rows = np.where(np.isinf(rows), np.nan, rows)  # XGBoost refuses infinities
                self.compare(model, xgboost.DMatrix(rows, feature_types=types, enable_categorical=True), rows, outputs,
                             booster != "dart" and parameters["min_child_weight"] > 0, categorical)

        self.assertGreater(self.exported, MODELS // 3)

    def test_levels_of_pandas_categories(self):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"n": rng.normal(size=ROWS), "home": pd.Categorical(rng.choice(["OWN", "RENT", "BOAT"], ROWS)),
                              "grade": pd.Categorical(rng.integers(0, 4, ROWS) * 10)})
        y = (frame["n"] + (frame["home"] == "RENT") > 0.3).astype(int)
        matrix = xgboost.DMatrix(frame, y, enable_categorical=True)
        booster = xgboost.train({"objective": "binary:logistic", "max_cat_to_onehot": 1}, matrix, 5)
        codes = np.column_stack([frame["n"], frame["home"].cat.codes, frame["grade"].cat.codes]).astype(float)
        self.compare(booster, matrix, codes)

    def test_a_level_that_xgboost_cuts_off_is_refused(self):
        frame = pd.DataFrame({"n": np.arange(ROWS, dtype=float), "home": pd.Categorical(["OWN", "zwei é"] * (ROWS // 2))})
        path = self.driver.path / "cut.json"
        xgboost.train({}, xgboost.DMatrix(frame, frame["n"], enable_categorical=True), 1).save_model(str(path))
        with self.assertRaisesRegex(RuntimeError, "is no UTF-8"):
            self.driver.score(path, np.zeros((1, 2)))

    def test_what_is_refused(self):
        x = np.random.default_rng(2).normal(size=(ROWS, 3))
        path = self.driver.path / "refused.json"
        xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(x, x[:, 0]), 1).save_model(str(path))
        with self.assertRaisesRegex(RuntimeError, "gblinear.*trees are read"):
            self.driver.score(path, x)
        xgboost.train({"objective": "binary:hinge"}, xgboost.DMatrix(x, x[:, 0] > 0), 1).save_model(str(path))
        with self.assertRaisesRegex(RuntimeError, "binary:hinge.*has no link here"):
            self.driver.score(path, x)


if __name__ == "__main__":
    unittest.main()
