"""Our trainer beside LightGBM on the same rows at the same settings: seconds for binning and training, and test AUC.

    bench/compare_training.py --driver build/bench/train_driver [--tables gmsc,adult,simulated] [--threads 1,2] [--rounds 300] [--repeats 3]

Runs alternate within one process tree, so that a busy machine hits both alike; the least of the repeats is reported, the largest beside it, and
the processor time of the whole process, which a busy neighbour changes least. Real tables are looked for in $RISKFLAG_DATA or ../shared/data and skipped, with a line, when absent; `simulated` has
100,000 rows x 28 columns (wide: 800,000). A result is refused when AUCs differ by more than 0.002. Needs lightgbm, numpy,
pandas, scikit-learn (bench/requirements.txt).
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("RISKFLAG_DATA", ROOT.parent / "shared" / "data"))
SETTINGS = {"num_leaves": 31, "learning_rate": 0.1, "lambda_l2": 1.0, "max_bin": 255, "min_data_in_leaf": 20}


def simulated(rows, columns=28, seed=1):
    """Credit-like columns: a third continuous, a third mostly zero counts, a third flags and small integers; 10 % missing in some."""
    r = np.random.default_rng(seed)
    x = np.empty((rows, columns))
    margin = np.full(rows, -2.0)
    for j in range(columns):
        kind = j % 4
        if kind == 0:
            x[:, j] = r.normal(size=rows)
        elif kind == 1:
            x[:, j] = np.where(r.random(rows) < 0.7, 0, np.round(np.exp(r.normal(size=rows) * 2 + 3)))
        elif kind == 2:
            x[:, j] = r.poisson(1.5, rows)
        else:
            x[:, j] = np.exp(r.normal(size=rows) + 8)
        v = x[:, j]
        margin += (0.35 * np.tanh((v - v.mean()) / (v.std() + 1e-9)) * (1 if j % 3 else -1)) * (1.5 if j < 8 else 0.3)
        if j % 5 == 0:
            x[r.random(rows) < 0.1, j] = np.nan
    y = (r.random(rows) < 1 / (1 + np.exp(-margin))).astype(float)
    return x, y, []


def gmsc():
    t = pd.read_csv(DATA / "gmsc" / "cs-training.csv", index_col=0)
    return t.drop(columns="SeriousDlqin2yrs").to_numpy(float), t["SeriousDlqin2yrs"].to_numpy(float), []


def adult():
    names = list(range(15))
    t = pd.concat([pd.read_csv(DATA / "adult" / "adult.data", header=None, names=names, skipinitialspace=True, na_values="?"),
                   pd.read_csv(DATA / "adult" / "adult.test", header=None, names=names, skipinitialspace=True, na_values="?", skiprows=1)])
    y = t[14].str.startswith(">50K").to_numpy(float)
    t = t.drop(columns=14)
    categorical = [j for j in t.columns if not pd.api.types.is_numeric_dtype(t[j])]
    for j in categorical:
        codes = t[j].astype("category").cat.codes.to_numpy(float)
        t[j] = np.where(codes < 0, np.nan, codes)
    return t.to_numpy(float), y, categorical


TABLES = {"gmsc": gmsc, "adult": adult, "simulated": lambda: simulated(100_000), "wide": lambda: simulated(800_000)}


def write_table(path, x, y, categorical, test):
    with open(path, "wb") as f:
        np.array([len(x), len(test), x.shape[1]], dtype=np.int64).tofile(f)
        np.array([int(np.nanmax(x[:, j])) + 1 if j in categorical else 0 for j in range(x.shape[1])], dtype=np.int64).tofile(f)
        np.asfortranarray(x).T.tofile(f)
        y.tofile(f)
        np.asfortranarray(test).T.tofile(f)


def run_ours(driver, table, threads, rounds, out):
    options = [f"{k}={v}" for k, v in SETTINGS.items()] + [f"num_iterations={rounds}"]
    done = subprocess.run([driver, table, str(threads), out, *options], check=True, capture_output=True, text=True)
    facts = json.loads(done.stdout)
    return facts["bin_seconds"], facts["train_seconds"], facts["cpu_seconds"], np.fromfile(out)


def run_lightgbm(x, y, categorical, test, threads, rounds):
    params = dict(SETTINGS, objective="binary", num_threads=threads, verbose=-1, deterministic=True, force_row_wise=True, metric="none")
    start, cpu = time.perf_counter(), time.process_time()
    data = lightgbm.Dataset(x, y, categorical_feature=categorical or "auto", params=params, free_raw_data=False).construct()
    binned = time.perf_counter()
    model = lightgbm.train(params, data, rounds)
    done, cpu = time.perf_counter(), time.process_time() - cpu
    return binned - start, done - binned, cpu, model.predict(test, raw_score=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--driver", required=True)
    p.add_argument("--tables", default="adult,gmsc,simulated")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=300)
    p.add_argument("--repeats", type=int, default=3)
    a = p.parse_args()
    print("LightGBM", lightgbm.__version__, "settings", SETTINGS, "rounds", a.rounds)
    print(f"{'table':<11}{'threads':>8} {'library':<9}{'bin s':>8}{'train s':>9}{'total':>8}{'max':>8}{'ratio':>7}{'cpu s':>8}{'ratio':>7}{'AUC':>10}")
    refused = False
    with tempfile.TemporaryDirectory() as folder:
        for name in a.tables.split(","):
            try:
                x, y, categorical = TABLES[name]()
            except FileNotFoundError as e:
                print(f"{name}: skipped, {e.filename} is absent")
                continue
            order = np.random.default_rng(0).permutation(len(x))
            cut = int(len(x) * 0.8)
            x, y = x[order], y[order]
            train, test, y_train, y_test = x[:cut], x[cut:], np.ascontiguousarray(y[:cut]), y[cut:]
            table, out = os.path.join(folder, "table.bin"), os.path.join(folder, "margins.bin")
            write_table(table, train, y_train, categorical, test)
            for threads in map(int, a.threads.split(",")):
                times, aucs = {"riskflag": [], "lightgbm": []}, {}
                for _ in range(a.repeats):
                    bin_s, train_s, cpu, margins = run_ours(a.driver, table, threads, a.rounds, out)
                    times["riskflag"].append((bin_s, train_s, cpu))
                    aucs["riskflag"] = roc_auc_score(y_test, margins)
                    bin_s, train_s, cpu, margins = run_lightgbm(train, y_train, categorical, test, threads, a.rounds)
                    times["lightgbm"].append((bin_s, train_s, cpu))
                    aucs["lightgbm"] = roc_auc_score(y_test, margins)
                best = {k: min(v, key=lambda t: t[0] + t[1]) for k, v in times.items()}
                for k in ("riskflag", "lightgbm"):
                    total = sum(best[k][:2])
                    ratio = total / sum(best["lightgbm"][:2])
                    cpu = min(t[2] for t in times[k])
                    cpu_ratio = cpu / min(t[2] for t in times["lightgbm"])
                    worst = max(t[0] + t[1] for t in times[k])
                    print(f"{name:<11}{threads:>8} {k:<9}{best[k][0]:>8.3f}{best[k][1]:>9.3f}{total:>8.3f}{worst:>8.3f}{ratio:>7.2f}{cpu:>8.3f}{cpu_ratio:>7.2f}{aucs[k]:>10.5f}", flush=True)
                if abs(aucs["riskflag"] - aucs["lightgbm"]) > 0.002:
                    print(f"{name}: AUCs differ by more than 0.002: the times compare nothing")
                    refused = True
    raise SystemExit(1 if refused else 0)


if __name__ == "__main__":
    main()
