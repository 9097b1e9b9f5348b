"""Objectives other than binary beside LightGBM's of the same name, at the same rounds, leaves, rate and bins: the objective's own loss on held-out
rows of four simulated tables, two of them weighted, with an offset where an exposure is usual.

Runs $RISKFLAG_BUILD/bench/train_driver.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import absent

try:
    import lightgbm
    import numpy as np
    import pandas  # noqa: F401  (compare_training's)
    import sklearn  # noqa: F401
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RISKFLAG_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "bench"))
import compare_training  # noqa: E402  (its table file)

SETTINGS = {"num_iterations": 60, "num_leaves": 15, "learning_rate": 0.1, "lambda_l2": 1.0}
ROWS, HELD_OUT, COLUMNS = 4000, 2000, 8


def pinball(y, f, share):
    return np.where(y >= f, share * (y - f), (1 - share) * (f - y))


def huber(y, f, alpha):
    d = np.abs(y - f)
    return np.where(d <= alpha, 0.5 * d * d, alpha * (d - 0.5 * alpha))


def tweedie(y, f, power):
    return -y * np.exp((1 - power) * f) / (1 - power) + np.exp((2 - power) * f) / (2 - power)


# name, options, label of (signal, r, exposure), loss of a row at margin f, whether an exposure is the offset
CASES = (
    ("regression", {}, lambda s, r, e: s + r.normal(size=len(s)), lambda y, f: (y - f) ** 2, False),
    ("regression_l1", {}, lambda s, r, e: s + r.standard_t(2, size=len(s)), lambda y, f: np.abs(y - f), False),
    ("quantile", {"alpha": 0.8}, lambda s, r, e: s + r.normal(size=len(s)), lambda y, f: pinball(y, f, 0.8), False),
    ("huber", {"alpha": 1.5}, lambda s, r, e: s + r.standard_t(3, size=len(s)), lambda y, f: huber(y, f, 1.5), False),
    ("poisson", {}, lambda s, r, e: r.poisson(e * np.exp(0.5 * s)), lambda y, f: np.exp(f) - y * f, True),
    ("gamma", {}, lambda s, r, e: r.gamma(2.0, np.exp(0.5 * s) / 2.0) + 1e-6, lambda y, f: y * np.exp(-f) + f, False),
    ("tweedie", {"tweedie_variance_power": 1.3}, lambda s, r, e: r.poisson(e * np.exp(0.8 * s)) * r.gamma(8.0, 0.125, size=len(s)),
     lambda y, f: tweedie(y, f, 1.3), True),
    ("cross_entropy", {}, lambda s, r, e: 1 / (1 + np.exp(-s - 0.5 * r.normal(size=len(s)))), lambda y, f: np.logaddexp(0, f) - y * f, False),
)


class ObjectivesAsGoodAsLightGBM(unittest.TestCase):
    def losses(self, name, options, label, loss, has_offset, seed, weighted):
        """Mean loss of the held-out rows: ours, LightGBM's, and of the best constant."""
        r = np.random.default_rng(seed)
        x = r.normal(size=(ROWS + HELD_OUT, COLUMNS)).astype(np.float32)
        signal = x[:, 0] + np.sin(2 * x[:, 1]) + (x[:, 2] > 0.5) * x[:, 3]
        exposure = r.uniform(0.2, 1.0, size=len(x)) if has_offset else np.ones(len(x))
        y = np.asarray(label(signal.astype(float), r, exposure), float)
        x[r.random(x.shape) < 0.05] = np.nan
        weights = r.uniform(0.2, 3.0, size=ROWS) if weighted else np.ones(ROWS)
        offset = np.log(exposure)
        train, test = slice(0, ROWS), slice(ROWS, None)
        with tempfile.TemporaryDirectory() as folder:
            table, out = os.path.join(folder, "table"), os.path.join(folder, "margins")
            compare_training.write_table(table, x[train], np.ascontiguousarray(y[train]), [], x[test])
            if weighted or has_offset:
                with open(table, "ab") as f:
                    weights.tofile(f)
                    if has_offset:
                        np.ascontiguousarray(offset[train]).tofile(f)
            said = [f"{k}={v}" for k, v in {**SETTINGS, **options, "objective": name}.items()]
            subprocess.run([BUILD / "bench" / "train_driver", table, "1", out, *said], check=True, capture_output=True)
            ours = np.fromfile(out)
        data = lightgbm.Dataset(x[train], y[train], weight=weights if weighted else None, init_score=offset[train] if has_offset else None)
        theirs = lightgbm.train({**SETTINGS, **options, "objective": name, "verbosity": -1, "num_threads": 1, "deterministic": True}, data)
        constant = min(float(np.mean(loss(y[test], c + offset[test]))) for c in np.linspace(-3, 3, 61))
        return (float(np.mean(loss(y[test], ours + offset[test]))),
                float(np.mean(loss(y[test], theirs.predict(x[test], raw_score=True) + offset[test]))), constant)

    def test_held_out_loss(self):
        for name, options, label, loss, has_offset in CASES:
            found = np.array([self.losses(name, options, label, loss, has_offset, seed, weighted=seed % 2 == 0) for seed in range(4)])
            gained = found[:, 2] - found[:, 1]  # what LightGBM learned over the best constant
            short = (found[:, 0] - found[:, 1]) / gained
            error = short.std(ddof=1) / np.sqrt(len(short))
            print(f"  {name}: our loss minus LightGBM's, in parts of what it learned: {short.mean():+.4f}, standard error {error:.4f}", flush=True)
            with self.subTest(name):
                self.assertTrue((gained > 0).all(), "the table has nothing to learn")
                self.assertLess(abs(short.mean()), 0.05)
                self.assertLess(short.mean() - 2 * error, 0.02)


if __name__ == "__main__":
    unittest.main()
