"""Several classes beside LightGBM: the log loss of held-out rows at the same rounds, leaves, rate and bins over simulated tables of four classes,
and our models in LightGBM by way of its text format: the same probabilities.

Runs riskflag-train, riskflag-score and riskflag-import of $RISKFLAG_BIN_DIR.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

import absent

try:
    import lightgbm
    import numpy as np
    import pandas as pd
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

BIN = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", pathlib.Path(__file__).resolve().parents[2] / "build" / "bin"))
SETTINGS = {"num_iterations": 60, "num_leaves": 15, "learning_rate": 0.1, "lambda_l2": 1.0}


def run(name, *args):
    subprocess.run([BIN / f"riskflag-{name}", *map(str, args)], check=True, capture_output=True)


def table(seed, rows):
    """Four classes of unequal shares that follow six columns, one of them a category, with gaps."""
    r = np.random.default_rng(seed)
    x = r.normal(size=(rows, 6)).round(4)
    x[:, 5] = r.integers(0, 9, rows)
    margins = np.stack([x[:, 0] + np.sin(2 * x[:, 1]), 1.2 * x[:, 2] * (x[:, 5] % 3 == 0) - 0.5, 0.8 * x[:, 1] - x[:, 3] - 0.7,
                        np.abs(x[:, 4]) - (x[:, 5] == 4) - 1.2], axis=1)
    y = (margins + r.gumbel(size=margins.shape)).argmax(axis=1)
    x[r.random(x.shape) < 0.05] = np.nan
    return pd.DataFrame(x, columns=[f"f{i}" for i in range(6)]), y


def log_loss(p, y):
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-15, 1)).mean())


class Multiclass(unittest.TestCase):
    def losses(self, train, y, test, y_test, objective, folder):
        """Held-out log loss, ours and LightGBM's; the model directory stays in the folder."""
        train.assign(y=y).to_csv(folder / "train.csv", index=False)
        test.to_csv(folder / "test.csv", index=False)
        said = [f"--set={k}={v}" for k, v in SETTINGS.items()]
        run("train", "--data", folder / "train.csv", "--target", "y", "--objective", objective, "--output", folder / "model", "--force", "--quiet",
            "--test-fraction", 0, "--valid-fraction", 0, *said)
        run("score", "--model", folder / "model", "--data", folder / "test.csv", "--output", folder / "scores.csv", "--quiet")
        classes = int(y.max()) + 1
        ours = pd.read_csv(folder / "scores.csv")[[f"p_{k}" for k in range(classes)]].to_numpy()
        theirs = lightgbm.train({**SETTINGS, "objective": objective, "num_class": classes, "verbosity": -1, "num_threads": 1, "deterministic": True},
                                lightgbm.Dataset(train, y)).predict(test)
        return log_loss(ours, y_test), log_loss(theirs, y_test), ours

    def test_held_out_log_loss_and_the_text_format(self):
        for objective in ("multiclass", "multiclassova"):
            differences = []
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                for seed in range(4):
                    x, y = table(seed, 6000)
                    ours, theirs, p = self.losses(x[:4000], y[:4000], x[4000:], y[4000:], objective, folder)
                    differences.append(ours - theirs)
                run("import", "--from", folder / "model", "--export", "lightgbm", "--output", folder / "model.txt", "--quiet")
                theirs = lightgbm.Booster(model_file=str(folder / "model.txt")).predict(pd.read_csv(folder / "test.csv"))
                self.assertLessEqual(np.abs(theirs - p).max(), 1e-12)
            mean, error = np.mean(differences), np.std(differences, ddof=1) / 2
            print(f"  {objective}: our log loss minus LightGBM's {mean:+.5f}, standard error {error:.5f}", flush=True)
            self.assertLess(mean - 2 * error, 0.002)


if __name__ == "__main__":
    unittest.main()
