"""Our trainer beside its peers on the same float32 rows at the same rounds, leaves, rate, bins and threads: seconds for binning and training,
memory above the input, and held-out ROC-AUC paired over folds.

    bench/compare_training.py --build build [--quick] [--tables gmsc,adult,...] [--threads 1,2] [--leaves 31,255] [--rounds 300] [--repeats 5]

Peers: LightGBM (default and quantised), XGBoost hist, hessboost, bonsai-gbt, CatBoost, scikit-learn; those that are not installed in this Python
come from an environment that the script makes beside the checkout (.venv-bench, bench/requirements.txt). Runs alternate, each in a process of its
own: ours times inside a C++ driver, theirs by clocks around binning and training. Reported: the median of the repeats, processor seconds, the
ratio of medians to LightGBM and to the fastest peer, memory above the input and its ratio to the peer that needs least. Real tables are looked for in $RISKFLAG_DATA or ../shared/data and skipped, with a line, when
absent; simulated ones come from riskflag-simulate. Beyond a million rows: 30 rounds, one repeat, four peers.

Ends with 1 when quality falls short on a table: the paired mean AUC difference to the better of unquantised LightGBM and XGBoost below -0.0005 by
more than two standard errors (5 folds x --seeds seeds).
"""
import argparse
import ctypes
import gc
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from bench_venv import into_venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))


if __name__ == "__main__":
    into_venv("bonsai", "catboost", "hessboost", "lightgbm", "pandas", "sklearn", "xgboost")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

SETTINGS = {"learning_rate": 0.1, "lambda_l2": 1.0, "max_bin": 255, "min_data_in_leaf": 20}


# ---- tables: rows x columns, labels, indices of categorical columns

def codes(table):
    categorical = [j for j, name in enumerate(table.columns) if not pd.api.types.is_numeric_dtype(table[name])]
    out = np.empty(table.shape, np.float32)
    for j, name in enumerate(table.columns):
        if j in categorical:
            c = table[name].astype("category").cat.codes.to_numpy(np.float32)
            out[:, j] = np.where(c < 0, np.nan, c)
        else:
            out[:, j] = table[name].to_numpy(np.float32)
    return out, categorical


def gmsc():
    t = pd.read_csv(DATA / "gmsc" / "cs-training.csv", index_col=0)
    return t.drop(columns="SeriousDlqin2yrs").to_numpy(np.float32), t["SeriousDlqin2yrs"].to_numpy(float), []


def adult():
    names = list(range(15))
    t = pd.concat([pd.read_csv(DATA / "adult" / "adult.data", header=None, names=names, skipinitialspace=True, na_values="?"),
                   pd.read_csv(DATA / "adult" / "adult.test", header=None, names=names, skipinitialspace=True, na_values="?", skiprows=1)])
    x, categorical = codes(t.drop(columns=14))
    return x, t[14].str.startswith(">50K").to_numpy(float), categorical


def fremtpl2():
    path = next((p for p in sorted((DATA / "freMTPL2freq").glob("*")) if p.suffix in (".csv", ".parquet", ".gz")), None)
    if path is None:
        raise FileNotFoundError(2, "absent", str(DATA / "freMTPL2freq"))
    t = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    y = (t["ClaimNb"] > 0).to_numpy(float)
    x, categorical = codes(t.drop(columns=[c for c in ("IDpol", "ClaimNb") if c in t.columns]))
    return x, y, categorical


def skewed(rows=200_000, columns=30, seed=1):
    """What credit tables are full of: flags, and amounts that are zero in nine rows of ten."""
    r = np.random.default_rng(seed)
    x = np.empty((rows, columns), np.float32)
    margin = np.full(rows, -2.0)
    for j in range(columns):
        x[:, j] = r.random(rows) < 0.15 if j % 2 else np.where(r.random(rows) < 0.9, 0, np.exp(r.normal(size=rows) * 2 + 5))
        margin += (0.5 if j % 3 else -0.4) * (x[:, j] > 0)
    return x, (r.random(rows) < 1 / (1 + np.exp(-margin))).astype(float), []


def simulated(build, preset, rows, seed=1):
    text = subprocess.run([build / "bin" / "riskflag-simulate", "--preset", preset, "--rows", str(rows), "--seed", str(seed), "--output", "-"],
                          check=True, capture_output=True).stdout
    t = pd.read_csv(io.BytesIO(text))
    return t.iloc[:, :-1].to_numpy(np.float32), t.iloc[:, -1].to_numpy(float), []


def tables(build):
    out = {"adult": adult, "gmsc": gmsc, "freMTPL2": fremtpl2, "skewed": skewed}
    for name, preset, rows in (("small", "wide28", 1_250), ("wide28", "wide28", 25_000), ("sim100k", "wide28", 125_000), ("sim1m", "wide28", 1_250_000),
                               ("sim10m", "wide28", 12_500_000), ("wide208", "wide208", 25_000), ("onehot300", "onehot300", 25_000),
                               ("sparse95", "sparse95", 50_000)):
        out[name] = lambda preset=preset, rows=rows: simulated(build, preset, rows)
    return out


# ---- ours

def write_table(path, x, y, categorical, test):
    with open(path, "wb") as f:
        np.array([len(x), len(test), x.shape[1]], dtype=np.int64).tofile(f)
        np.array([int(np.nanmax(x[:, j])) + 1 if j in categorical else 0 for j in range(x.shape[1])], dtype=np.int64).tofile(f)
        np.ascontiguousarray(x, np.float32).tofile(f)
        np.ascontiguousarray(y, np.float64).tofile(f)
        np.ascontiguousarray(test, np.float32).tofile(f)


def run_ours(driver, table, threads, rounds, leaves, out):
    options = [f"{k}={v}" for k, v in SETTINGS.items()] + [f"num_iterations={rounds}", f"num_leaves={leaves}"]
    done = subprocess.run([driver, table, str(threads), out, *options], check=True, capture_output=True, text=True)
    facts = json.loads(done.stdout)
    return facts["bin_seconds"] + facts["train_seconds"], facts["cpu_seconds"], facts["memory_mb"], np.fromfile(out)


# ---- peers: fit(x, y, categorical, threads, rounds, leaves) -> score(test)

def lightgbm_fit(x, y, categorical, threads, rounds, leaves, **more):
    import lightgbm
    p = dict(SETTINGS, objective="binary", num_leaves=leaves, num_threads=threads, verbose=-1, metric="none", **more)
    model = lightgbm.train(p, lightgbm.Dataset(x, y, categorical_feature=categorical or "auto", params=p), rounds)
    return lambda test: model.predict(test, raw_score=True)


def quantised_fit(*a):
    return lightgbm_fit(*a, use_quantized_grad=True)


def xgb_parameters(threads, leaves):
    return {"objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": leaves, "max_depth": 0, "eta": 0.1,
            "lambda": 1.0, "max_bin": 255, "nthread": threads}


def xgboost_fit(x, y, categorical, threads, rounds, leaves):
    import xgboost
    model = xgboost.train(xgb_parameters(threads, leaves), xgboost.QuantileDMatrix(x, y, max_bin=255, nthread=threads), rounds)
    return lambda test: model.predict(xgboost.DMatrix(test), output_margin=True)


def hessboost_fit(x, y, categorical, threads, rounds, leaves):
    import hessboost
    model = hessboost.train(xgb_parameters(threads, leaves), hessboost.DMatrix(x, label=y.astype(np.float32)), rounds)
    return lambda test: model.predict(hessboost.DMatrix(test))


def bonsai_fit(x, y, categorical, threads, rounds, leaves):
    import bonsai
    model = bonsai.BonsaiClassifier(n_iters=rounds, learning_rate=0.1, max_depth=64, max_leaves=leaves, grower="leafwise", n_threads=threads, max_bin=255)
    model.fit(x, y)
    return lambda test: model.predict_proba(test)[:, 1]


def catboost_fit(x, y, categorical, threads, rounds, leaves):
    import catboost
    model = catboost.CatBoostClassifier(iterations=rounds, learning_rate=0.1, depth=int(np.log2(leaves + 1)), l2_leaf_reg=1.0, border_count=254,
                                        thread_count=threads, verbose=False, allow_writing_files=False)
    model.fit(x, y)
    return lambda test: model.predict(test, prediction_type="RawFormulaVal")


def sklearn_fit(x, y, categorical, threads, rounds, leaves):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits
    with threadpool_limits(threads):
        model = HistGradientBoostingClassifier(max_iter=rounds, learning_rate=0.1, max_leaf_nodes=leaves, l2_regularization=1.0, max_bins=255,
                                               min_samples_leaf=20, early_stopping=False).fit(x, y)
    return lambda test: model.decision_function(test)


PEERS = {"lightgbm": (lightgbm_fit, "lightgbm"), "lightgbm-q": (quantised_fit, "lightgbm"), "xgboost": (xgboost_fit, "xgboost"),
         "hessboost": (hessboost_fit, "hessboost"), "bonsai": (bonsai_fit, "bonsai"), "catboost": (catboost_fit, "catboost"),
         "sklearn": (sklearn_fit, "sklearn.ensemble")}


def status_mb(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def run_peer(name, x, y, categorical, test, threads, rounds, leaves):
    """In a child, so that peaks of memory and pools of threads are its own: wall, processor seconds, MB above the input, scores; None where it fails."""
    fit, module = PEERS[name]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            __import__(module)
            gc.collect()
            ctypes.CDLL(None).malloc_trim(0)  # what this process has freed must not serve the peer unseen
            with open("/proc/self/clear_refs", "w") as f:
                f.write("5")
            before, cpu, start = status_mb("VmRSS:"), time.process_time(), time.perf_counter()
            score = fit(x, y, categorical, threads, rounds, leaves)
            facts = [time.perf_counter() - start, time.process_time() - cpu, status_mb("VmHWM:") - before]
            out = np.concatenate([facts, np.asarray(score(test), np.float64).ravel()])
            with os.fdopen(write, "wb") as f:
                f.write(out.tobytes())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as f:
        answer = np.frombuffer(f.read())
    os.waitpid(child, 0)
    return None if len(answer) < 4 else (answer[0], answer[1], answer[2], answer[3:])


# ---- the comparison

def time_table(name, x, y, categorical, a, folder, leaves, threads):
    big = len(x) > 2_000_000
    rounds, repeats = (min(30, a.rounds), 1) if big else (a.rounds, a.repeats)
    peers = [p for p in a.peers if not big or p in ("lightgbm", "xgboost", "hessboost", "bonsai")]
    order = np.random.default_rng(0).permutation(len(x))
    cut = int(len(x) * 0.8)
    train, test = np.ascontiguousarray(x[order[:cut]]), np.ascontiguousarray(x[order[cut:]])
    y_train, y_test = np.ascontiguousarray(y[order[:cut]]), y[order[cut:]]
    table, out = os.path.join(folder, "table.bin"), os.path.join(folder, "margins.bin")
    write_table(table, train, y_train, categorical, test)
    runs = {k: [] for k in ("riskflag", *peers)}
    for _ in range(repeats):
        runs["riskflag"].append(run_ours(a.driver, table, threads, rounds, leaves, out))
        for peer in peers:
            done = run_peer(peer, train, y_train, categorical, test, threads, rounds, leaves)
            if done is not None:
                runs[peer].append(done)
    medians = {k: [float(np.median([r[i] for r in v])) for i in range(3)] for k, v in runs.items() if v}
    for column in (0, 1):
        fastest = min(v[column] for k, v in medians.items() if k != "riskflag")
        for v in medians.values():
            v += [v[column] / medians.get("lightgbm", v)[column], v[column] / fastest]
    least = min(v[2] for k, v in medians.items() if k != "riskflag")
    for k, v in medians.items():
        wall, cpu, memory, wall_lgb, wall_best, cpu_lgb, cpu_best = v
        print(f"{name:<10}{cut:>9}{x.shape[1]:>5}{leaves:>5}{threads:>3} {k:<11}{wall:>9.3f}{wall_lgb:>6.2f}{wall_best:>6.2f}{cpu:>9.3f}{cpu_lgb:>6.2f}"
              f"{cpu_best:>6.2f}{memory:>8.1f}{memory / max(least, 0.1):>6.2f}{roc_auc_score(y_test, runs[k][0][3]):>9.5f}", flush=True)
    for peer in peers:
        if peer not in medians:
            print(f"{name:<10} {peer}: did not run here", flush=True)


def quality(name, x, y, categorical, a, folder):
    """True when we are as good as the better of LightGBM and XGBoost; prints the paired differences."""
    table, out = os.path.join(folder, "table.bin"), os.path.join(folder, "margins.bin")
    found = {k: [] for k in ("riskflag", "lightgbm", "xgboost") if k == "riskflag" or k in a.peers}
    for seed in range(1, a.seeds + 1):
        fold = np.random.default_rng(seed).permutation(len(x)) % 5
        for k in range(5):
            train, test = np.ascontiguousarray(x[fold != k]), np.ascontiguousarray(x[fold == k])
            y_train, y_test = np.ascontiguousarray(y[fold != k]), y[fold == k]
            write_table(table, train, y_train, categorical, test)
            found["riskflag"].append(roc_auc_score(y_test, run_ours(a.driver, table, 2, a.quality_rounds, 31, out)[3]))
            for peer in [p for p in found if p != "riskflag"]:
                done = run_peer(peer, train, y_train, categorical, test, 2, a.quality_rounds, 31)
                if done is None:
                    print(f"{name:<10} {peer}: did not run here", flush=True)
                    del found[peer]
                else:
                    found[peer].append(roc_auc_score(y_test, done[3]))
    best = max((k for k in found if k != "riskflag"), key=lambda k: np.mean(found[k]), default=None)
    if best is None:
        return True
    d = np.array(found["riskflag"]) - np.array(found[best])
    error = d.std(ddof=1) / np.sqrt(len(d))
    good = bool(d.mean() + 2 * error >= -0.0005)
    print(f"{name:<10} AUC over {len(d)} folds: " + ", ".join(f"{k} {np.mean(v):.5f}" for k, v in found.items()) +
          f"; minus {best} {d.mean():+.5f}, standard error {error:.5f}{'' if good else ': FALLS SHORT'}", flush=True)
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--quick", action="store_true", help="a few small tables, 100 rounds, one repeat: some minutes")
    p.add_argument("--tables")
    p.add_argument("--peers", default=",".join(PEERS))
    p.add_argument("--threads")
    p.add_argument("--leaves")
    p.add_argument("--rounds", type=int)
    p.add_argument("--repeats", type=int)
    p.add_argument("--seeds", type=int, help="seeds of 5 folds each for the comparison of quality; 0: none")
    a = p.parse_args()
    quick = {"tables": "small,adult,wide28,sparse95", "threads": "1,2", "leaves": "31", "rounds": 100, "repeats": 3, "seeds": 1}
    whole = {"tables": "small,adult,gmsc,freMTPL2,skewed,wide28,sim100k,sim1m,sim10m,wide208,onehot300,sparse95", "threads": "1,2", "leaves": "31,255",
             "rounds": 300, "repeats": 5, "seeds": 3}
    for key, value in (quick if a.quick else whole).items():
        if getattr(a, key) is None:
            setattr(a, key, value)
    a.driver, a.quality_rounds = a.build / "bench" / "train_driver", 100
    a.peers = a.peers.split(",")
    print(f"{SETTINGS}, {a.rounds} rounds, median of {a.repeats}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'table':<10}{'rows':>9}{'cols':>5}{'lvs':>5}{'th':>3} {'library':<11}{'wall s':>9}{'/lgb':>6}{'/best':>6}{'cpu s':>9}{'/lgb':>6}{'/best':>6}{'MB':>8}{'/best':>6}{'AUC':>9}")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in a.tables.split(","):
            try:
                x, y, categorical = tables(a.build)[name]()
            except FileNotFoundError as e:
                print(f"{name}: skipped, {e.filename} is absent", flush=True)
                continue
            for leaves in map(int, a.leaves.split(",")):
                for threads in map(int, a.threads.split(",")):
                    time_table(name, x, y, categorical, a, folder, leaves, threads)
            if a.seeds and len(x) <= 1_000_000:
                good = quality(name, x, y, categorical, a, folder) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
