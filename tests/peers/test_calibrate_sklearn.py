"""Our calibrations against scikit-learn's and scipy's: isotonic to 1e-12, platt and beta to their optimisers' tolerance.

Platt: scikit-learn's _SigmoidCalibration (what CalibratedClassifierCV(method="sigmoid") fits) on the log-odds; coefficients to 2e-3, and never
a worse loss. Beta: scipy's bounded L-BFGS-B on the same loss; coefficients to 2e-3, and never a worse loss.
Compiles calibrate_driver.cpp with $CXX (default c++). Needs numpy, scipy and scikit-learn; skips without them.
"""

import subprocess
import unittest

import absent
import drivers

try:
    import numpy as np
    import scipy.optimize
    from sklearn.calibration import _SigmoidCalibration
    from sklearn.isotonic import IsotonicRegression
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

GRID = np.arange(1001) / 1000.0


class CalibrationsEqualScikitLearn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = drivers.compiled_for(cls, "calibrate_driver")

    def ours(self, p, y, w):
        text = "\n".join(f"{a!r} {b!r} {c!r}" for a, b, c in zip(p.tolist(), y.tolist(), w.tolist()))
        lines = subprocess.run([self.driver], input=text, capture_output=True, text=True, check=True).stdout.split("\n")
        found = {}
        for line in filter(None, lines):
            name, value = line.split()
            found.setdefault(name, []).append(float(value))
        return found

    def tables(self):
        for seed, rows, levels, slope, shift in [(1, 200, 0, 1, 0), (2, 1000, 40, 0.5, -1), (3, 20000, 0, 0.4, 0.5),
                                                 (4, 5000, 0, 2, -0.3), (5, 3000, 0, 0.2, -2)]:
            rng = np.random.default_rng(seed)
            margin = rng.normal(-1, 2, rows)
            p = 1 / (1 + np.exp(-margin))
            if levels:
                p = np.clip(np.round(p * levels) / levels, 0.01, 0.99)
            y = (rng.random(rows) < 1 / (1 + np.exp(-(slope * np.log(p / (1 - p)) + shift)))).astype(float)
            yield seed, p, y, rng.random(rows) * 2 if seed % 2 else np.ones(rows)

    def targets(self, y, w):
        positive, negative = w[y == 1].sum(), w[y == 0].sum()
        return np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(self, z, t, w):
        return float(np.sum(w * (np.logaddexp(0, z) - t * z)))

    def test_isotonic(self):
        for seed, p, y, w in self.tables():
            with self.subTest(seed=seed):
                want = IsotonicRegression(out_of_bounds="clip").fit(p, y, sample_weight=w).predict(GRID)
                got = np.array(self.ours(p, y, w)["isotonic"])
                self.assertLessEqual(np.abs(got - want).max(), 1e-12)

    def test_platt(self):
        for seed, p, y, w in self.tables():
            with self.subTest(seed=seed):
                found = self.ours(p, y, w)
                margin = np.log(p) - np.log1p(-p)
                # theirs is 1 / (1 + exp(a x + b))
                peer = _SigmoidCalibration().fit(margin, y, sample_weight=w)
                a, c = found["platt_a"][0], found["platt_c"][0]
                self.assertLessEqual(abs(a + peer.a_), 2e-3 * max(1, abs(a)))
                self.assertLessEqual(abs(c + peer.b_), 2e-3 * max(1, abs(c)))
                t = self.targets(y, w)
                least = self.loss(a * margin + c, t, w)
                self.assertLessEqual(least, self.loss(-peer.a_ * margin - peer.b_, t, w) * (1 + 1e-12))
                inner = GRID[1:-1]
                want = 1 / (1 + np.exp(-(a * (np.log(inner) - np.log1p(-inner)) + c)))
                self.assertLessEqual(np.abs(np.array(found["platt"])[1:-1] - want).max(), 1e-12)

    def test_beta(self):
        for seed, p, y, w in self.tables():
            with self.subTest(seed=seed):
                found = self.ours(p, y, w)
                a, b, c = (found[name][0] for name in ("beta_a", "beta_b", "beta_c"))
                t = self.targets(y, w)
                lp, lq = np.log(p), np.log1p(-p)

                def objective(theta):
                    z = theta[0] * lp - theta[1] * lq + theta[2]
                    g = w * (1 / (1 + np.exp(-z)) - t)
                    return self.loss(z, t, w), np.array([np.sum(g * lp), -np.sum(g * lq), np.sum(g)])

                peer = scipy.optimize.minimize(objective, [1, 1, 0], jac=True, method="L-BFGS-B",
                                               bounds=[(0, None), (0, None), (None, None)],
                                               options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000})
                for ours, theirs in zip((a, b, c), peer.x):
                    self.assertLessEqual(abs(ours - theirs), 2e-3 * max(1, abs(ours)))
                self.assertLessEqual(objective([a, b, c])[0], peer.fun * (1 + 1e-12))


if __name__ == "__main__":
    unittest.main()
