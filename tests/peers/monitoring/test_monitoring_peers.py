"""What evidently and NannyML compute too, on the same input: Jensen-Shannon and Wasserstein's distance, and CBPE's ROC-AUC and accuracy.

Their other figures are other statistics: evidently's PSI fills empty bins with 0.0001 and its chi-square is the one-sample test, where monitor/drift.hpp adds
one half and takes both samples. Compiles drift_driver.cpp and cbpe_driver.cpp with $CXX (default c++). Run by tests/peers/run.sh --full, which
installs both; skips without them.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
import absent  # noqa: E402

os.environ["DO_NOT_TRACK"] = os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
try:
    import nannyml
    import numpy as np
    import pandas as pd
    from evidently.legacy.calculations.stattests import jensenshannon_stat_test, wasserstein_stat_test
    from evidently.legacy.core import ColumnType
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)


class Monitoring(unittest.TestCase):
    def setUp(self):
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # that a chunk should not be one

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        for name, source in [("drift", HERE.parent / "drift_driver.cpp"), ("cbpe", HERE / "cbpe_driver.cpp")]:
            subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-I", str(ROOT / "include"), str(source), "-o", f"{folder}/{name}"],
                           check=True)
        cls.folder = folder

    def ours(self, driver, *columns):
        text = "\n".join(" ".join(map(repr, row)) for row in zip(*(column.tolist() for column in columns)))
        return [float(word) for word in subprocess.run([f"{self.folder}/{driver}"], input=text, capture_output=True, text=True, check=True).stdout.split()]

    def assert_close(self, ours, theirs, relative, what):
        self.assertLessEqual(abs(ours - theirs), relative * abs(theirs), f"{what}: ours {ours!r}, theirs {theirs!r}")

    def test_distances_are_evidentlys(self):
        rng = np.random.default_rng(23)
        for case in range(20):
            bins = int(rng.integers(2, 15))
            positions = np.sort(rng.normal(size=bins) * 10.0 ** rng.integers(0, 5))
            training = rng.multinomial(int(rng.integers(2000, 20000)), rng.dirichlet(np.ones(bins)))
            live = rng.multinomial(int(rng.integers(200, 2000)), rng.dirichlet(np.ones(bins)))
            before, now = pd.Series(np.repeat(positions, training)), pd.Series(np.repeat(positions, live))
            _, jensen_shannon, wasserstein, *_ = self.ours("drift", positions, training, live)
            levels = [each.map("{:.17g}".format) for each in (before, now)]
            theirs = jensenshannon_stat_test.func(*levels, ColumnType.Categorical, 0.1)[0]  # in nats; ours in bits, from 0 to 1
            self.assert_close(jensen_shannon * np.sqrt(np.log(2)), theirs, 1e-12, f"case {case}, Jensen-Shannon")
            theirs = wasserstein_stat_test.func(before, now, ColumnType.Numerical, 0.1)[0]  # over the reference's standard deviation
            self.assert_close(wasserstein / max(np.std(before), 0.001), theirs, 1e-11, f"case {case}, Wasserstein")

    def test_cbpe_is_nannymls_where_it_finds_the_scores_calibrated(self):
        rng = np.random.default_rng(3)

        def table(rows, digits):
            p = np.round(rng.beta(2, 5, rows), digits)
            return pd.DataFrame({"p": p, "decision": (p >= 0.3).astype(int), "label": (rng.random(rows) < p).astype(int)})

        compared = 0
        for digits in (2, 17):  # with and without ties
            for _ in range(10):
                estimator = nannyml.CBPE(problem_type="classification_binary", y_pred_proba="p", y_pred="decision", y_true="label",
                                         metrics=["roc_auc", "accuracy"], chunk_number=1)
                estimator.fit(table(5000, digits))
                if estimator.needs_calibration:  # it would change the probabilities first, which is the training's matter with us
                    continue
                live = table(3000, digits)
                theirs = estimator.estimate(live).filter(period="analysis").to_df()
                roc_auc, _, accuracy = self.ours("cbpe", live["p"], live["decision"])
                self.assert_close(roc_auc, theirs["roc_auc", "value"].item(), 1e-8, "ROC-AUC")  # it rounds sums to five digits
                self.assert_close(accuracy, theirs["accuracy", "value"].item(), 1e-12, "accuracy")
                compared += 1
                break
        self.assertEqual(compared, 2)


if __name__ == "__main__":
    unittest.main()
