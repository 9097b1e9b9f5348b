"""Every transformer that scikit-learn (or numpy) has, against ours: within 1e-12 * max(1, |x|), on training and new rows.

Compiles prep_driver.cpp with $CXX (default c++). Needs numpy, pandas, scikit-learn and Eigen's headers; skips without them.
Simulated tables always; the columns of the real tables under $RISKFLAG_DATA (default ../shared/data) where they are.
"""

import json
import os
import pathlib
import subprocess
import unittest
import warnings

import absent
import drivers

try:
    import numpy as np
    import pandas as pd
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.model_selection import PredefinedSplit
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))
EIGEN = os.environ.get("EIGEN_INCLUDE", "/usr/include/eigen3")


def text_of(cell):
    return "" if cell is None or cell != cell else repr(float(cell)) if isinstance(cell, float) else str(cell)


class Table:
    """Columns x (numbers with gaps) and c, d (categories, gaps as None), labels y; rows to fit and rows to apply."""

    def __init__(self, numbers, categories, labels, fit_rows):
        self.numbers = np.asarray(numbers, dtype=float)
        self.categories = np.asarray(categories, dtype=object)
        self.labels = np.asarray(labels, dtype=float)
        self.fit = slice(0, fit_rows)
        self.apply = slice(fit_rows, None)

    def lines(self, rows):
        for x, c, y in zip(self.numbers[rows].tolist(), self.categories[rows].tolist(), self.labels[rows].tolist()):
            yield "\t".join([text_of(v) for v in x] + [text_of(v) for v in c] + [repr(y)])

    def text(self, steps):
        header = [f"#x{j}" for j in range(self.numbers.shape[1])] + [f"c{j}" for j in range(self.categories.shape[1])] + ["#label"]
        return "\n".join([json.dumps({"format": 1, "steps": steps}), "\t".join(header), *self.lines(self.fit), "--", *self.lines(self.apply)]) + "\n"


def simulated(seed, rows=1200):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.lognormal(10, 1, rows), rng.normal(0, 1, rows), rng.integers(0, 30, rows).astype(float),
                         rng.integers(0, 3, rows) * 1e6, rng.normal(1e6, 1e-3, rows)])
    x[rng.random(x.shape) < 0.08] = np.nan
    levels = np.array([f"level {k:02d}" for k in range(40)], dtype=object)
    c = np.column_stack([levels[np.minimum(rng.geometric(0.1, rows), 39)], levels[rng.integers(0, 4, rows)]])
    c[rng.random(c.shape) < 0.05] = None
    risk = 0.05 + 0.5 * (np.nan_to_num(x[:, 2]) / 30) + 0.2 * (c[:, 1] == "level 02")
    y = (rng.random(rows) < risk).astype(float)
    c[-5:, 0] = "never seen"
    return Table(x, c, y, rows * 3 // 4)


def real_tables():
    adult = DATA / "adult" / "adult.data"
    if adult.exists():
        frame = pd.read_csv(adult, header=None, skipinitialspace=True, na_values="?", nrows=6000)
        yield "adult", Table(frame[[0, 4, 10, 12]].astype(float), frame[[1, 5, 13]].astype(object).where(frame[[1, 5, 13]].notna(), None),
                             frame[14].str.startswith(">50K"), 4500)
    else:
        print(f"skipped: {adult} is not there")
    gmsc = DATA / "gmsc" / "cs-training.csv"
    if gmsc.exists():
        frame = pd.read_csv(gmsc, nrows=8000)
        bucket = (frame["age"] // 10).astype(int).astype(str).astype(object)
        yield "gmsc", Table(frame[["MonthlyIncome", "DebtRatio", "NumberOfDependents", "age"]].astype(float),
                            np.column_stack([bucket, bucket]), frame["SeriousDlqin2yrs"], 6000)
    else:
        print(f"skipped: {gmsc} is not there")


class PrepEqualsScikitLearn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.isdir(EIGEN):
            raise unittest.SkipTest(f"Eigen's headers are not in {EIGEN} (EIGEN_INCLUDE)")
        cls.driver = drivers.compiled_for(cls, "prep_driver", "-isystem", EIGEN, "-pthread")
        cls.tables = [(f"simulated {seed}", simulated(seed)) for seed in (1, 2, 3)] + list(real_tables())

    def ours(self, table, *steps):
        done = subprocess.run([self.driver], input=table.text(list(steps)), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        names, *lines = done.stdout.rstrip("\n").split("\n")
        cut = lines.index("--")
        rows = [[float(v) for v in line.split("\t")] for line in lines[:cut]]
        names = names.split("\t")
        self.folds = np.array([row[-1] for row in rows], dtype=int)
        train = pd.DataFrame([row[:-1] for row in rows], columns=names)
        later = pd.DataFrame([[float(v) for v in line.split("\t")] for line in lines[cut + 1:]], columns=names)
        return train, later

    def agree(self, got, want):
        got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
        self.assertEqual(got.shape, want.shape)
        self.assertTrue(np.array_equal(np.isnan(got), np.isnan(want)), "missing values differ")
        with np.errstate(invalid="ignore"):
            wrong = np.abs(got - want) > 1e-12 * np.maximum(1.0, np.abs(want))
        self.assertFalse(wrong.any(), f"{wrong.sum()} values differ, the first: ours {got[wrong][:1]}, theirs {want[wrong][:1]}")

    def each(self):
        for name, table in self.tables:
            with self.subTest(table=name):
                xs = [f"x{j}" for j in range(table.numbers.shape[1])]
                cs = [f"c{j}" for j in range(table.categories.shape[1])]
                yield table, xs, cs

    def test_impute_and_indicator(self):
        for table, xs, _ in self.each():
            for strategy in ("mean", "median", "most_frequent"):
                train, later = self.ours(table, {"op": "impute", "columns": xs, "strategy": strategy, "indicator": True})
                peer = SimpleImputer(strategy=strategy).fit(table.numbers[table.fit])
                self.agree(train[xs], peer.transform(table.numbers[table.fit]))
                self.agree(later[xs], peer.transform(table.numbers[table.apply]))
                flag = MissingIndicator(features="all").fit(table.numbers[table.fit])
                self.agree(later[[f"{x}:missing" for x in xs]], flag.transform(table.numbers[table.apply]).astype(float))

    def test_scale(self):
        for table, xs, _ in self.each():
            train, later = self.ours(table, {"op": "scale", "columns": xs})
            peer = StandardScaler().fit(table.numbers[table.fit])
            # A column with mean 1e6 and deviation 1e-3 loses nine digits in x - mean: there scikit-learn's own two ways of
            # summing differ by more than 1e-12, so that its scaled values are compared on the digits that both have.
            tame = np.abs(peer.mean_) < 1e6 * np.sqrt(peer.var_)
            self.assertGreater(tame.sum(), 2)
            self.agree(train[xs].loc[:, tame], peer.transform(table.numbers[table.fit])[:, tame])
            self.agree(later[xs].loc[:, tame], peer.transform(table.numbers[table.apply])[:, tame])

    def test_clip_and_log1p(self):
        for table, xs, _ in self.each():
            train, later = self.ours(table, {"op": "clip", "columns": xs, "low": 0.03, "high": 0.91})
            low, high = np.nanquantile(table.numbers[table.fit], [0.03, 0.91], axis=0)
            self.agree(train[xs], np.clip(table.numbers[table.fit], low, high))
            self.agree(later[xs], np.clip(table.numbers[table.apply], low, high))
            _, later = self.ours(table, {"op": "log1p", "columns": xs})
            with np.errstate(invalid="ignore", divide="ignore"):
                want = np.log1p(table.numbers[table.apply])
            self.agree(later[xs], np.where(np.isfinite(want), want, np.nan))

    def test_quantile_bins(self):
        for table, xs, _ in self.each():
            for bins in (2, 5, 10):
                train, later = self.ours(table, {"op": "bin", "columns": xs, "max_bins": bins})
                for j, x in enumerate(xs):
                    column = table.numbers[:, [j]]
                    fitted = column[table.fit]
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", UserWarning)
                        peer = KBinsDiscretizer(bins, encode="ordinal", strategy="quantile", quantile_method="linear",
                                                subsample=None).fit(fitted[~np.isnan(fitted[:, 0])])
                    # scikit-learn joins bins narrower than 1e-8, whatever the column's scale; none of these columns has any.
                    edges = np.unique(np.nanquantile(fitted, np.linspace(0, 1, bins + 1)))
                    self.assertTrue(len(edges) == 1 or np.diff(edges).min() > 1e-8)
                    for got, rows in ((train, table.fit), (later, table.apply)):
                        there = ~np.isnan(column[rows][:, 0])
                        self.agree(got[x][there], peer.transform(column[rows][there])[:, 0])
                        self.assertTrue(np.isnan(got[x][~there]).all())

    def test_ordinal(self):
        for table, _, cs in self.each():
            train, later = self.ours(table, {"op": "ordinal_encode", "columns": cs, "unseen": -1})
            peer = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(table.categories[table.fit])
            missing = pd.isna(table.categories)
            # scikit-learn gives None a place of its own when it was there: the last one. Ours is missing.
            for got, rows in ((train, table.fit), (later, table.apply)):
                want = peer.transform(table.categories[rows])
                self.agree(got[cs], np.where(missing[rows], np.nan, want))

    def test_one_hot(self):
        for table, _, cs in self.each():
            for options in ({}, {"max_categories": 6}, {"min_frequency": 0.05}, {"min_frequency": 30}, {"max_categories": 4, "min_frequency": 0.02}):
                train, later = self.ours(table, {"op": "one_hot", "columns": cs, **options})
                peer = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False, **options).fit(table.categories[table.fit])
                ours = [name for name in train.columns if name.split("=")[0] in cs]
                theirs = [n.replace("_infrequent_sklearn", "_infrequent").replace("_None", "_missing") for n in peer.get_feature_names_out(cs)]
                self.assertEqual([n.replace("=", "_", 1) for n in ours], theirs)
                self.agree(train[ours], peer.transform(table.categories[table.fit]))
                self.agree(later[ours], peer.transform(table.categories[table.apply]))

    def test_frequency(self):
        for table, _, cs in self.each():
            _, later = self.ours(table, {"op": "frequency_encode", "columns": cs})
            for j, c in enumerate(cs):
                share = pd.Series(table.categories[table.fit][:, j]).value_counts(normalize=True, dropna=False)
                share.index = [None if pd.isna(level) else level for level in share.index]
                want = [share.get(None if pd.isna(level) else level, 0.0) for level in table.categories[table.apply][:, j]]
                self.agree(later[c], want)

    def test_target(self):
        for table, _, cs in self.each():
            y = table.labels[table.fit]
            for smooth in ("auto", 0.0, 10.0, 0.5):
                train, later = self.ours(table, {"op": "target_encode", "columns": cs, "smooth": smooth})
                peer = TargetEncoder(smooth=smooth, target_type="continuous", cv=PredefinedSplit(self.folds))
                # With scikit-learn's cross-fitting on our folds: fit_transform is what training rows get.
                self.agree(train[cs], peer.fit_transform(table.categories[table.fit], y))
                self.agree(later[cs], peer.transform(table.categories[table.apply]))


if __name__ == "__main__":
    unittest.main()
