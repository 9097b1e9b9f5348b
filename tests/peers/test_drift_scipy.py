"""The distances between counts of bins that scipy has too, against ours: within 1e-12 of the value.

Compiles drift_driver.cpp with $CXX (default c++). Needs numpy and scipy; skips without them.
"""

import subprocess
import unittest

import absent
import drivers

try:
    import numpy as np
    import scipy.spatial.distance
    import scipy.stats
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)


class DriftEqualsScipy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = drivers.compiled_for(cls, "drift_driver")

    def ours(self, positions, training, live):
        text = "\n".join(f"{x!r} {e} {a}" for x, e, a in zip(positions.tolist(), training.tolist(), live.tolist()))
        return [float(word) for word in subprocess.run([self.driver], input=text, capture_output=True, text=True, check=True).stdout.split()]

    def test_ks_jensen_shannon_wasserstein_and_chi_square(self):
        rng = np.random.default_rng(17)
        for case in range(60):
            bins = int(rng.integers(2, 40))
            positions = np.sort(rng.normal(size=bins) * 10.0 ** rng.integers(-3, 6))
            training = rng.multinomial(int(rng.integers(50, 100000)), rng.dirichlet(np.ones(bins)))
            live = rng.multinomial(int(rng.integers(50, 5000)), rng.dirichlet(np.ones(bins)))
            if case % 3 == 0:  # bins that are empty in one, or in both
                live[rng.integers(bins)] = 0
                training[0] = live[0] = 0
            rows = lambda counts: np.repeat(positions, counts)  # noqa: E731
            seen = training + live > 0
            chi = scipy.stats.chi2_contingency([training[seen], live[seen]], correction=False)
            want = [scipy.stats.ks_2samp(rows(training), rows(live), method="asymp").statistic, scipy.spatial.distance.jensenshannon(training, live, base=2),
                    scipy.stats.wasserstein_distance(positions, positions, training, live), chi.statistic, chi.dof]
            for name, x, y in zip(("ks", "jensen_shannon", "wasserstein", "chi_square", "degrees"), self.ours(positions, training, live), want):
                self.assertLessEqual(abs(x - y), 1e-12 * abs(y), f"case {case}, {name}: ours {x!r}, scipy's {y!r}")


if __name__ == "__main__":
    unittest.main()
