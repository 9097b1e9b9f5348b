"""Our trainer beside LightGBM at the same rounds, leaves, rate and bins: held-out ROC-AUC, paired over three simulated tables and, where
the real ones are there, adult and gmsc. Quality only: times are bench/compare_training.py's.

Runs $RISKFLAG_BUILD/bench/train_driver and riskflag-simulate of $RISKFLAG_BIN_DIR.
"""
import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import lightgbm
    import numpy as np
    from sklearn.metrics import roc_auc_score
except ImportError as absent:
    print(f"skipped: test_train_lightgbm.py needs {absent.name}")
    raise SystemExit(0) if __name__ == "__main__" else unittest.SkipTest(str(absent))

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RISKFLAG_BUILD", ROOT / "build"))
BINARIES = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", BUILD / "bin"))
DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))
sys.path.insert(0, str(ROOT / "bench"))
import compare_training  # noqa: E402  (its tables and its way to call the driver)

ROUNDS = 100


def simulated(seed):
    text = subprocess.run([BINARIES / "riskflag-simulate", "--preset", "wide28", "--rows", "20000", "--seed", str(seed), "--output", "-"],
                          check=True, capture_output=True, text=True).stdout
    rows = list(csv.reader(text.splitlines()))[1:]
    table = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])
    return table[:, :-1], table[:, -1]


class AsGoodAsLightGBM(unittest.TestCase):
    def difference(self, x, y, categorical=()):
        """Our AUC minus LightGBM's on the last fifth of the rows."""
        categorical = list(categorical)
        cut = len(x) * 4 // 5
        with tempfile.TemporaryDirectory() as name:
            table, out = os.path.join(name, "table"), os.path.join(name, "margins")
            compare_training.write_table(table, np.ascontiguousarray(x[:cut]), np.ascontiguousarray(y[:cut]), categorical, np.ascontiguousarray(x[cut:]))
            subprocess.run([BUILD / "bench" / "train_driver", table, "2", out, f"num_iterations={ROUNDS}", "num_leaves=31",
                            "learning_rate=0.1", "lambda_l2=1"], check=True, capture_output=True)
            ours = roc_auc_score(y[cut:], np.fromfile(out))
        parameters = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.1, "lambda_l2": 1.0, "verbosity": -1, "num_threads": 2,
                      "deterministic": True}
        booster = lightgbm.train(parameters, lightgbm.Dataset(x[:cut], y[:cut], categorical_feature=categorical or "auto"), ROUNDS)
        theirs = roc_auc_score(y[cut:], booster.predict(x[cut:], raw_score=True))
        print(f"  {len(x)} x {x.shape[1]}: ours {ours:.5f}, LightGBM {theirs:.5f}", flush=True)
        self.assertGreater(theirs, 0.6, "the table has nothing to learn")
        return ours - theirs

    def test_simulated_tables(self):
        # 4,000 held-out rows: one difference has a standard error near 0.002, so the mean of three is held to 0.003.
        differences = [self.difference(*simulated(seed)) for seed in (1, 2, 3)]
        self.assertGreater(np.mean(differences), -0.003, differences)

    def test_real_tables(self):
        for name, load in (("adult/adult.data", compare_training.adult), ("gmsc/cs-training.csv", compare_training.gmsc)):
            if not (DATA / name).exists():
                print(f"skipped: {name} is not there")
                continue
            with self.subTest(name):
                x, y, categorical = load()
                order = np.random.default_rng(5).permutation(len(x))
                self.assertGreater(self.difference(x[order], y[order], categorical), -0.002)


if __name__ == "__main__":
    unittest.main()
