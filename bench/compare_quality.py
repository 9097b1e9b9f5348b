"""Quality out of the box: mean ROC-AUC over 5 stratified folds of what each library gives with its defaults, from raw columns: categories as text,
missing values as they are, nothing tuned.

    bench/compare_quality.py --build build [--tables gmsc,adult,credit_risk_dataset,german_credit] [--repeats 1] [--peers lightgbm,xgboost,catboost,sklearn]

Ours is what a user of riskflag-train gets who says which column is the target ("plain": with table_defaults=false, LightGBM's values, a tenth held out).
The training folds are --data, the fold left out is --test, whose roc_auc is read from --json. Peers see all training rows: LGBMClassifier, XGBClassifier
(enable_categorical), CatBoostClassifier (cat_features), HistGradientBoostingClassifier (categorical_features="from_dtype"; a column of more levels
than it takes goes in as codes). Real tables are looked for in $RISKFLAG_DATA or ../shared/data and skipped, with a line, when absent; names such as
loans:3000 (rows, a preset of riskflag-simulate) and gmsc:5000 (so many rows, drawn by --seed) are made. --repeats N deals the folds N times.

Ends with 1 when we are below the best peer by more than 0.001 on a table, or not the best on most tables.
"""
import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

from bench_venv import into_venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))


if __name__ == "__main__":
    into_venv("catboost", "lightgbm", "pandas", "sklearn", "xgboost")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402


# ---- tables: a frame of raw columns, labels 0 and 1

def gmsc():
    t = pd.read_csv(DATA / "gmsc" / "cs-training.csv", index_col=0)
    return t.drop(columns="SeriousDlqin2yrs"), t["SeriousDlqin2yrs"].to_numpy(int)


def adult():
    t = pd.read_csv(DATA / "adult" / "adult.data", header=None, names=[f"c{i}" for i in range(15)], skipinitialspace=True, na_values="?")
    return t.drop(columns="c14"), t["c14"].str.startswith(">50K").to_numpy(int)


def credit_risk_dataset():
    t = pd.read_csv(DATA / "credit_risk_dataset" / "credit_risk_dataset.csv")
    return t.drop(columns="loan_status"), t["loan_status"].to_numpy(int)


def german_credit():
    t = pd.read_csv(DATA / "german_credit" / "german.data", header=None, sep=" ", names=[f"c{i}" for i in range(21)])
    return t.drop(columns="c20"), (t["c20"] == 2).to_numpy(int)


def housing():
    """Not credit: a strong signal in few columns, which is what defaults that fear overfitting too much would miss."""
    t = pd.read_csv(DATA / "california_housing" / "housing.csv")
    return t.drop(columns="median_house_value"), (t["median_house_value"] > 180_000).to_numpy(int)


def simulated(build, preset, rows, seed):
    text = subprocess.run([build / "bin" / "riskflag-simulate", "--preset", preset, "--rows", str(rows), "--seed", str(seed), "--output", "-"],
                          check=True, capture_output=True).stdout
    t = pd.read_csv(io.BytesIO(text))
    return t.iloc[:, :-1].drop(columns=["Id"], errors="ignore"), t.iloc[:, -1].to_numpy(int)


REAL = {"gmsc": gmsc, "adult": adult, "credit_risk_dataset": credit_risk_dataset, "german_credit": german_credit, "housing": housing}


def table(name, build, seed):
    base, _, rows = name.partition(":")
    if base not in REAL:
        return simulated(build, base, int(rows), seed)
    x, y = REAL[base]()
    if not rows:
        return x, y
    drawn = np.random.default_rng(seed).permutation(len(y))[:int(rows)]
    return x.iloc[drawn].reset_index(drop=True), y[drawn]


def category_columns(x):
    return [c for c in x.columns if not pd.api.types.is_numeric_dtype(x[c])]


# ---- ours and theirs: fit on the training rows, ROC-AUC of the rows left out

def riskflag(x, y, fold, k, a, more):
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("train", fold != k), ("test", fold == k)):
            x[rows].assign(the_target=y[rows]).to_csv(os.path.join(folder, name + ".csv"), index=False)
        done = subprocess.run([a.build / "bin" / "riskflag-train", "--data", os.path.join(folder, "train.csv"), "--test", os.path.join(folder, "test.csv"),
                               "--target", "the_target", "--output", os.path.join(folder, "model"), "--threads", str(a.threads), "--json", "--quiet", *more],
                              capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout)["metrics"]["test"]["roc_auc"]


def lightgbm_scores(x, y, test, threads):
    import lightgbm
    return lightgbm.LGBMClassifier(verbose=-1, n_jobs=threads).fit(x, y).predict_proba(test)


def xgboost_scores(x, y, test, threads):
    import xgboost
    return xgboost.XGBClassifier(enable_categorical=True, n_jobs=threads).fit(x, y).predict_proba(test)


def catboost_scores(x, y, test, threads):
    import catboost
    text = [c for c in x.columns if isinstance(x[c].dtype, pd.CategoricalDtype)]

    def spelled(t):
        return t.assign(**{c: t[c].astype(object).where(t[c].notna(), "missing").astype(str) for c in text})
    model = catboost.CatBoostClassifier(verbose=False, thread_count=threads, allow_writing_files=False, cat_features=text)
    return model.fit(spelled(x), y).predict_proba(spelled(test))


def sklearn_scores(x, y, test, threads):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits
    long = [c for c in x.columns if isinstance(x[c].dtype, pd.CategoricalDtype) and len(x[c].cat.categories) > 254]

    def short(t):
        return t.assign(**{c: t[c].cat.codes.astype(float).where(t[c].notna()) for c in long})
    with threadpool_limits(threads):
        return HistGradientBoostingClassifier(categorical_features="from_dtype").fit(short(x), y).predict_proba(short(test))


PEERS = {"lightgbm": lightgbm_scores, "xgboost": xgboost_scores, "catboost": catboost_scores, "sklearn": sklearn_scores}


def compare(name, a):
    """AUC of every fold by library: means over folds and repeats."""
    x, y = table(name, a.build, a.seed)
    typed = x.assign(**{c: x[c].astype("category") for c in category_columns(x)})
    found, seconds = {}, {}
    for repeat in range(a.repeats):
        fold = np.zeros(len(y), int)
        for k, (_, rows) in enumerate(StratifiedKFold(5, shuffle=True, random_state=repeat).split(x, y)):
            fold[rows] = k
        runs = {"riskflag": lambda k: riskflag(x, y, fold, k, a, []),
                "plain": lambda k: riskflag(x, y, fold, k, a, ["--set", "table_defaults=false"])}
        for peer in a.peers:
            runs[peer] = lambda k, peer=peer: roc_auc_score(y[fold == k], PEERS[peer](typed[fold != k], y[fold != k], typed[fold == k], a.threads)[:, 1])
        for k in range(5):
            for library, run in runs.items():
                start = time.perf_counter()
                found.setdefault(library, []).append(run(k))
                seconds[library] = seconds.get(library, 0.0) + time.perf_counter() - start
    print(f"{name:<22}{len(y):>7}{x.shape[1]:>4}" + "".join(f"{np.mean(v):>10.5f}" for v in found.values()) + "   wall s a fold: " +
          " ".join(f"{seconds[v] / len(found[v]):.2f}" for v in found), flush=True)
    return {k: float(np.mean(v)) for k, v in found.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--tables", default="gmsc,adult,credit_risk_dataset,german_credit")
    p.add_argument("--peers", default=",".join(PEERS))
    p.add_argument("--repeats", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1, help="of simulated and drawn rows")
    a = p.parse_args()
    a.peers = [peer for peer in a.peers.split(",") if peer]
    warnings.filterwarnings("ignore")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'table':<22}{'rows':>7}{'col':>4}" + "".join(f"{n:>10}" for n in ("riskflag", "plain", *a.peers)))
    short, best, compared = [], 0, 0
    for name in a.tables.split(","):
        try:
            found = compare(name, a)
        except FileNotFoundError as e:
            print(f"{name}: skipped, {e.filename} is absent", flush=True)
            continue
        if not a.peers:
            continue
        peer = max((k for k in found if k in PEERS), key=found.get)
        lead = found["riskflag"] - found[peer]
        compared, best = compared + 1, best + (lead >= 0)
        if lead < -0.001:
            short.append(f"{name} is {-lead:.5f} below {peer}")
    if compared:
        print(f"best on {best} of {compared}; " + ("; ".join(short) or "nowhere more than 0.001 below the best"))
    return 1 if short or best * 2 <= compared and compared else 0


if __name__ == "__main__":
    sys.exit(main())
