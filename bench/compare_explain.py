"""Contributions of single rows and of a batch beside LightGBM's predict_contrib, `shap`'s TreeExplainer, XGBoost's and hessboost's: the same
models, the same rows, one thread, interleaved, medians of processor time a row.

`shap` would hand LightGBM's model to LightGBM itself; here it uses its own code. LightGBM's model (TREES x LEAVES, 30 columns, 8 % missing in 25): LightGBM, `shap` and riskflag; XGBoost's of the same size (lossguide, max_leaves):
XGBoost, hessboost where it loads that file, and riskflag. Against the last 64 rows as references: `shap` with
feature_perturbation="interventional", and riskflag. Ours is timed around C++ calls; the others' around Python's, which cost microseconds
of these milliseconds. Nothing is timed when the contributions differ: by more than 1e-9 from LightGBM's and shap's path-dependent
ones, 1e-6 from shap's interventional ones (their weights are floats), or 1e-4 from XGBoost's (which sums in float).

    python3 bench/compare_explain.py [--trees 500] [--leaves 31] [--rounds 5] [--rows 200] [--driver build/bench/explain_driver]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

from bench_venv import ROOT, into_venv

FEATURES, TRAINED, SINGLE, REFERENCES = 30, 10000, 20, 64


def timed(run, rows):
    start = time.process_time_ns()
    run()
    return (time.process_time_ns() - start) / rows / 1000


def peer(run, rows):
    """run(rows) -> contributions; gives microseconds a row: one at a time, and as a batch."""
    return lambda: (timed(lambda: [run(row[None, :]) for row in rows[:SINGLE]], SINGLE), timed(lambda: run(rows), len(rows)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--driver", type=pathlib.Path)
    options = parser.parse_args()
    into_venv("hessboost", "lightgbm", "shap", "xgboost")
    import hessboost
    import lightgbm
    import numpy as np
    import shap
    import xgboost

    rng = np.random.default_rng(1)
    x = rng.normal(size=(TRAINED, FEATURES)).astype(np.float32).astype(float)  # XGBoost sees floats
    x[:, :25][rng.random((TRAINED, 25)) < 0.08] = np.nan
    y = np.nan_to_num(x) @ rng.normal(size=FEATURES) + rng.normal(size=TRAINED) * 3 > 0
    rows = np.ascontiguousarray(x[:options.rows])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lightgbm.train({"objective": "binary", "num_leaves": options.leaves, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1},
                       lightgbm.Dataset(x, y), options.trees).save_model(str(folder / "lightgbm"))
        booster = lightgbm.Booster(model_file=str(folder / "lightgbm"))
        xgb = xgboost.train({"objective": "binary:logistic", "max_leaves": options.leaves, "grow_policy": "lossguide", "max_depth": 0, "eta": 0.05,
                             "nthread": 1}, xgboost.DMatrix(x, label=y), options.trees)
        xgb.save_model(str(folder / "xgboost.json"))
        hess = hessboost.Booster()
        try:
            hess.load_model(str(folder / "xgboost.json"))
        except hessboost.HessboostError as error:
            print(f"hessboost does not load XGBoost's model ({str(error)[:80]}): its own model of the same size, not compared with ours")
            hess = hessboost.train({"objective": "binary:logistic", "max_leaves": options.leaves, "grow_policy": "lossguide", "max_depth": 0,
                                    "eta": 0.05, "nthread": 1}, hessboost.DMatrix(x, label=y.astype(np.float32)), options.trees)
        rows.tofile(folder / "rows")
        driver = options.driver or folder / "driver"
        if not options.driver:
            subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-I", ROOT / "include", ROOT / "bench" / "explain_driver.cpp",
                            "-o", driver], check=True)

        def ours(model, references):
            words = subprocess.run([driver, folder / model, folder / "rows", str(len(rows)), str(references), folder / f"{model}.out"],
                                   check=True, capture_output=True, text=True).stdout.split()
            return [float(word) / 1000 for word in words[1::2]]

        paths = shap.TreeExplainer(booster)
        paths.model.model_type = "internal"  # its own code, where it would ask LightGBM
        against = shap.TreeExplainer(booster, rows[-REFERENCES:], feature_perturbation="interventional")
        engines = {
            "riskflag, LightGBM's model": lambda: ours("lightgbm", REFERENCES),
            "LightGBM predict_contrib": peer(lambda r: booster.predict(r, pred_contrib=True, num_threads=1), rows),
            "shap TreeExplainer": peer(lambda r: paths.shap_values(r, check_additivity=False), rows),
            "riskflag, XGBoost's model": lambda: ours("xgboost.json", 0),
            "XGBoost pred_contribs": peer(lambda r: xgb.predict(xgboost.DMatrix(r, nthread=1), pred_contribs=True), rows),
            "hessboost pred_contribs": peer(lambda r: hess.predict(r, pred_contribs=True), rows),
            f"shap, {REFERENCES} references": lambda: (timed(lambda: against.shap_values(rows[:1], check_additivity=False), 1),) * 2,
        }
        def got(model):
            return np.fromfile(folder / f"{model}.out").reshape(-1, len(rows), FEATURES + 1)

        ours("lightgbm", REFERENCES), ours("xgboost.json", 0)
        for name, mine, theirs, most in [
                ("LightGBM", got("lightgbm")[0], booster.predict(rows, pred_contrib=True), 1e-9),
                ("shap", got("lightgbm")[0, :, :-1], paths.shap_values(rows, check_additivity=False), 1e-9),
                ("shap, references", got("lightgbm")[1, :5, :-1], against.shap_values(rows[:5], check_additivity=False), 1e-6),
                ("XGBoost", got("xgboost.json")[0], xgb.predict(xgboost.DMatrix(rows), pred_contribs=True), 1e-4)]:
            worst = np.max(np.abs(mine - theirs))
            assert worst < most, f"{name}: {worst}"
            print(f"{name}: greatest difference {worst:.1e}")
        print(f"{options.trees} x {options.leaves} x {FEATURES}, {len(rows)} rows, load {os.getloadavg()[0]:.1f}; us a row: one at a time, batch")
        runs = {name: [] for name in engines}
        for _ in range(options.rounds):
            for name, run in engines.items():
                runs[name].append(run())
        medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in runs.items()}
        for name, values in medians.items():
            first = medians["riskflag, XGBoost's model" if name.startswith(("XGBoost", "hessboost")) else "riskflag, LightGBM's model"]
            if name.startswith("riskflag"):
                print(f"{name:30} {values[0]:9.1f} {values[1]:9.1f}" + (f"   against {REFERENCES} references {values[2]:.1f}" if values[2] else ""))
            elif "references" in name:
                print(f"{name:30} {values[0]:9.1f}             {values[0] / first[2]:.1f} times ours")
            else:
                print(f"{name:30} {values[0]:9.1f} {values[1]:9.1f}   {values[0] / first[0]:.1f} and {values[1] / first[1]:.1f} times ours")


if __name__ == "__main__":
    main()
