"""Contributions beside those of `shap`, and beside Shapley values worked out from nothing but LightGBM's and XGBoost's own scores.

shap's TreeExplainer hands LightGBM's models to LightGBM itself; here it is made to use its own code. Its interventional weights are floats: 1e-6
there, 1e-9 elsewhere. Compiles import_driver.cpp with $CXX (default c++).
"""
import itertools
import math
import unittest

import absent

try:
    import lightgbm
    import numpy as np
    import shap
    import xgboost
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

from test_import_lightgbm import Driver


def shapley(score, row, references):
    """By definition: the mean over all orders of the features of what each adds, unknown ones taken from the references."""
    n = len(row)
    worth = {}
    for size in range(n + 1):
        for known in itertools.combinations(range(n), size):
            rows = references.copy()
            rows[:, known] = row[list(known)]
            worth[frozenset(known)] = score(rows).mean()
    out = np.zeros(n)
    for f in range(n):
        for known, value in worth.items():
            if f not in known:
                weight = math.factorial(len(known)) * math.factorial(n - len(known) - 1) / math.factorial(n)
                out[f] += weight * (worth[known | {f}] - value)
    return out


def longest_path(booster):
    """Most distinct features on a path of any tree."""
    def most(node, seen):
        if "split_feature" not in node:
            return len(seen)
        seen = seen | {node["split_feature"]}
        return max(most(node["left_child"], seen), most(node["right_child"], seen))
    return max(most(tree["tree_structure"], frozenset()) for tree in booster.dump_model()["tree_info"])


def own_paths(booster):
    explainer = shap.TreeExplainer(booster)
    explainer.model.model_type = "internal"
    return explainer


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()
        rng = np.random.default_rng(3)
        cls.x = rng.normal(size=(1500, 24))
        cls.x[rng.random(cls.x.shape) < 0.1] = np.nan
        cls.signal = np.nan_to_num(cls.x) @ rng.normal(size=24) + rng.normal(size=1500)
        cls.path = cls.driver.path / "explained"

    def lightgbm(self, columns, **parameters):
        booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 1} | parameters,
                                 lightgbm.Dataset(self.x[:, :columns], self.signal > 0), 12)
        booster.save_model(str(self.path))
        return lightgbm.Booster(model_file=str(self.path))

    def parts(self, rows):
        return self.driver.score(self.path, rows)[:, -rows.shape[1] - 1:]

    def test_path_dependent_values_are_those_of_shap(self):
        for columns, leaves in ((5, 8), (24, 31)):
            booster, rows = self.lightgbm(columns, num_leaves=leaves), self.x[:40, :columns]
            np.testing.assert_allclose(self.parts(rows)[:, :-1], own_paths(booster).shap_values(rows, check_additivity=False), atol=1e-9, rtol=0)

    def test_more_than_sixteen_features_on_a_path(self):
        # High when any column is far out: a tree of it asks one column after the other.
        booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 1, "num_leaves": 64},
                                 lightgbm.Dataset(self.x, (np.nan_to_num(self.x) > 2).any(axis=1)), 6)
        booster.save_model(str(self.path))
        rows = self.x[:20]
        self.assertGreater(longest_path(booster), 16)
        got = self.parts(rows)
        np.testing.assert_allclose(got, booster.predict(rows, pred_contrib=True), atol=1e-9, rtol=0)
        np.testing.assert_allclose(got.sum(axis=1), booster.predict(rows, raw_score=True), atol=1e-12, rtol=0)

    def test_interventional_values_are_those_of_shap(self):
        for count in (1, 70):
            booster, rows = self.lightgbm(24, num_leaves=31), self.x[:100]
            got = self.driver.against(self.path, rows, count)
            explainer = shap.TreeExplainer(booster, rows[:count], feature_perturbation="interventional")
            np.testing.assert_allclose(got[:, :-1], explainer.shap_values(rows, check_additivity=False), atol=1e-6, rtol=0)
            np.testing.assert_allclose(got.sum(axis=1), booster.predict(rows, raw_score=True), atol=1e-12, rtol=0)
            self.assertAlmostEqual(got[0, -1], booster.predict(rows[:count], raw_score=True).mean(), delta=1e-12)

    def test_interventional_values_by_definition_categories_included(self):
        x = self.x[:, :5].copy()
        x[:, 4] = np.random.default_rng(4).integers(0, 12, len(x))
        x[::9, 4] = np.nan
        booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 16, "min_data_per_group": 5},
                                 lightgbm.Dataset(x, self.signal + (x[:, 4] % 3 == 1) > 0, categorical_feature=[4]), 8)
        booster.save_model(str(self.path))
        self.assertIn("==", {node.get("decision_type") for node in booster.trees_to_dataframe().to_dict("records")})
        got = self.driver.against(self.path, x[:12], 4)
        for row, mine in zip(x[:12], got):
            want = shapley(lambda rows: booster.predict(rows, raw_score=True), row, x[:4])
            np.testing.assert_allclose(mine[:-1], want, atol=1e-11, rtol=0)

    def test_interventional_values_of_xgboost_by_definition_to_its_floats(self):
        x = self.x[:, :5]
        booster = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "nthread": 1}, xgboost.DMatrix(x, label=self.signal > 0), 8)
        path = self.driver.path / "explained.json"
        booster.save_model(str(path))
        got = self.driver.against(path, x[:8], 3)
        for row, mine in zip(x[:8], got):
            want = shapley(lambda rows: booster.predict(xgboost.DMatrix(rows), output_margin=True).astype(float), row, x[:3])
            np.testing.assert_allclose(mine[:-1], want, atol=2e-6, rtol=0)


if __name__ == "__main__":
    unittest.main()
