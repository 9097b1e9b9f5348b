"""Contributions of single rows and of a batch beside LightGBM's predict_contrib: the same model, the same rows, one thread, interleaved,
medians of processor time a row. Ours is timed around C++ calls; LightGBM's around Booster.predict(pred_contrib=True), whose call from
Python costs microseconds of the milliseconds. A difference above 1e-9 ends the run before anything is timed.

    python3 bench/compare_explain.py [--trees 500] [--leaves 31] [--rounds 5]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import lightgbm
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
FEATURES, ROWS, SINGLE = 30, 200, 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20000, FEATURES))
    x[:, :25][rng.random((20000, 25)) < 0.08] = np.nan
    y = np.nan_to_num(x) @ rng.normal(size=FEATURES) + rng.normal(size=20000) * 3 > 0
    parameters = {"objective": "binary", "num_leaves": options.leaves, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, y), options.trees)
    rows = np.ascontiguousarray(x[:ROWS])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        booster.save_model(str(folder / "model"))
        booster = lightgbm.Booster(model_file=str(folder / "model"))
        rows.tofile(folder / "rows")
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-I", ROOT / "include", ROOT / "bench" / "explain_driver.cpp",
                        "-o", folder / "driver"], check=True)

        def ours():
            out = subprocess.run([folder / "driver", folder / "model", folder / "rows", str(ROWS), folder / "out"], check=True,
                                 capture_output=True, text=True).stdout.split()
            return float(out[1]), float(out[3])

        def theirs():
            start = time.process_time_ns()
            for row in rows[:SINGLE]:
                booster.predict(row[None, :], pred_contrib=True, num_threads=1)
            middle = time.process_time_ns()
            booster.predict(rows, pred_contrib=True, num_threads=1)
            return (middle - start) / SINGLE, (time.process_time_ns() - middle) / ROWS

        ours()
        got = np.fromfile(folder / "out").reshape(ROWS, FEATURES + 1)
        worst = np.max(np.abs(got - booster.predict(rows, pred_contrib=True)))
        assert worst < 1e-9, worst
        print(f"{options.trees} x {options.leaves} x {FEATURES}: greatest difference {worst:.1e}, load {os.getloadavg()[0]:.1f}")
        timed = [(ours(), theirs()) for _ in range(options.rounds)]
        for i, name in enumerate(["single row", "batch"]):
            a = statistics.median(mine[i] for mine, _ in timed) / 1000
            b = statistics.median(other[i] for _, other in timed) / 1000
            print(f"{name}: ours {a:.0f} us, LightGBM {b:.0f} us a row, ratio {b / a:.1f}")


if __name__ == "__main__":
    main()
