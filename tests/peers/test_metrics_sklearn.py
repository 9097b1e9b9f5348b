"""Every metric that scikit-learn (or scipy) has, against ours: within 1e-12, weighted, with ties, in both directions of skew.

Compiles metrics_driver.cpp with $CXX (default c++). Needs numpy, scipy and scikit-learn; skips without them.
"""

import subprocess
import unittest
import warnings

import absent
import drivers

try:
    import numpy as np
    import scipy.stats
    import sklearn.calibration
    import sklearn.metrics as sk
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)


class MetricsEqualScikitLearn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = drivers.compiled_for(cls, "metrics_driver")

    def ours(self, kind, a, b, w):
        text = kind + "\n" + "\n".join(f"{x!r} {y!r} {z!r}" for x, y, z in zip(a.tolist(), b.tolist(), w.tolist()))
        lines = subprocess.run([self.driver], input=text, capture_output=True, text=True, check=True).stdout.split("\n")
        found = {}
        for line in filter(None, lines):
            name, value = line.split()
            found.setdefault(name, []).append(float(value))
        return found

    def agree(self, found, name, want):
        got = found[name]
        self.assertEqual(len(got), len(want), name)
        for x, y in zip(got, want):
            self.assertLessEqual(abs(x - y), 1e-12 * max(1.0, abs(y)), f"{name}: ours {x!r}, theirs {y!r}")

    def scores(self, seed, rows, levels, skew):
        rng = np.random.default_rng(seed)
        p = rng.random(rows) ** skew
        if levels:
            p = np.floor(p * levels) / levels
        y = (rng.random(rows) < 0.05 + 0.7 * p).astype(float)
        return p, y, rng.random(rows) * 3

    def test_two_classes(self):
        for seed, rows, levels, skew in [(1, 50, 0, 1), (2, 500, 10, 1), (3, 5000, 0, 4), (4, 20000, 50, 0.3), (5, 30000, 0, 1)]:
            with self.subTest(seed=seed):
                p, y, w = self.scores(seed, rows, levels, skew)
                found = self.ours("classes", p, y, w)
                called = (p >= 0.5).astype(float)
                self.agree(found, "roc_auc", [sk.roc_auc_score(y, p, sample_weight=w)])
                self.agree(found, "roc_auc_unweighted", [sk.roc_auc_score(y, p)])
                self.agree(found, "pr_auc", [sk.average_precision_score(y, p, sample_weight=w)])
                self.agree(found, "log_loss", [sk.log_loss(y, p, sample_weight=w)])
                self.agree(found, "brier", [sk.brier_score_loss(y, p, sample_weight=w)])
                self.agree(found, "ks_unweighted", [scipy.stats.ks_2samp(p[y == 1], p[y == 0]).statistic])
                self.agree(found, "accuracy", [sk.accuracy_score(y, called, sample_weight=w)])
                self.agree(found, "precision", [sk.precision_score(y, called, sample_weight=w)])
                self.agree(found, "recall", [sk.recall_score(y, called, sample_weight=w)])
                self.agree(found, "f1", [sk.f1_score(y, called, sample_weight=w)])
                self.agree(found, "mcc", [sk.matthews_corrcoef(y, called, sample_weight=w)])
                (tn, fp), (fn, tp) = sk.confusion_matrix(y, called, sample_weight=w)
                for name, value in [("tp", tp), ("fp", fp), ("tn", tn), ("fn", fn)]:
                    self.agree(found, name, [value])
                fpr, tpr, _ = sk.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
                self.agree(found, "roc_fpr", fpr)
                self.agree(found, "roc_tpr", tpr)
                precision, recall, thresholds = sk.precision_recall_curve(y, p, sample_weight=w)
                f1 = 2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], 1e-300)
                at = found["threshold_f1"][0]
                self.assertIn(at, thresholds.tolist())
                self.assertGreaterEqual(f1[thresholds == at][0], f1.max() - 1e-12)
                if not levels:  # scikit-learn's bins are closed on the other side: the same where no score is an edge
                    rate, mean = sklearn.calibration.calibration_curve(y, p, n_bins=10)
                    self.agree(found, "calibration_rate", rate)
                    self.agree(found, "calibration_mean", mean)

    def test_probabilities_of_zero_and_one(self):
        p = np.array([0.0, 1.0, 0.0, 1.0, 0.5])
        y = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.agree(self.ours("classes", p, y, np.ones(5)), "log_loss", [sk.log_loss(y, p)])

    def test_many_classes(self):
        for seed, rows, classes, levels in [(1, 60, 3, 0), (2, 3000, 4, 20), (3, 20000, 7, 0)]:
            with self.subTest(seed=seed):
                rng = np.random.default_rng(seed)
                p = rng.random((rows, classes)) ** 3 + 1e-3
                if levels:
                    p = np.floor(p * levels) + 1  # ties
                p /= p.sum(axis=1, keepdims=True)
                y = (p.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(0, classes - 1)
                w = rng.random(rows) * 3
                text = f"many {classes}\n" + "\n".join(f"{k} {v!r} " + " ".join(map(repr, row)) for k, v, row in
                                                      zip(y.tolist(), w.tolist(), p.tolist()))
                lines = subprocess.run([self.driver], input=text, capture_output=True, text=True, check=True).stdout.split("\n")
                found = {}
                for line in filter(None, lines):
                    name, value = line.split()
                    found.setdefault(name, []).append(float(value))
                called = p.argmax(axis=1)
                self.agree(found, "log_loss", [sk.log_loss(y, p, sample_weight=w)])
                self.agree(found, "accuracy", [sk.accuracy_score(y, called, sample_weight=w)])
                self.agree(found, "f1_macro", [sk.f1_score(y, called, average="macro", sample_weight=w)])
                self.agree(found, "f1_weighted", [sk.f1_score(y, called, average="weighted", sample_weight=w)])
                self.agree(found, "roc_auc_ovr", [sk.roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w)])
                self.agree(found, "confusion", sk.confusion_matrix(y, called, sample_weight=w).ravel())

    def test_numbers(self):
        for seed, rows in [(1, 20), (2, 3000), (3, 20000)]:
            with self.subTest(seed=seed):
                rng = np.random.default_rng(seed)
                p, y, w = rng.gamma(2.0, 3.0, rows) + 1e-3, rng.gamma(2.0, 3.0, rows) + 1e-3, rng.random(rows)
                found = self.ours("numbers", p, y, w)
                self.agree(found, "mse", [sk.mean_squared_error(y, p, sample_weight=w)])
                self.agree(found, "rmse", [sk.root_mean_squared_error(y, p, sample_weight=w)])
                self.agree(found, "mae", [sk.mean_absolute_error(y, p, sample_weight=w)])
                self.agree(found, "r2", [sk.r2_score(y, p, sample_weight=w)])
                self.agree(found, "pinball_0.3", [sk.mean_pinball_loss(y, p, alpha=0.3, sample_weight=w)])
                for name, power in [("poisson", 1), ("gamma", 2), ("tweedie_1.5", 1.5), ("tweedie_3", 3), ("tweedie_-1", -1)]:
                    self.agree(found, name, [sk.mean_tweedie_deviance(y, p, power=power, sample_weight=w)])


if __name__ == "__main__":
    unittest.main()
