"""False alarms in quiet windows, and what is seen of small shifts: the windows of riskflag-serve and riskflag-monitor's small model beside
evidently's defaults on the same windows.

Tables are riskflag-simulate's (preset loans, 12 fields): the training table of seed 7, windows one after another of the table of seed 8, quiet or with
--with-drift K, which moves the noise of incomes down and that of inquiries and utilisation up by K standard deviations. Ours: an alarm of the window's
fields, as the server has it at /metrics; and audit::find_shift() of whole rows. evidently's: its own statistical tests, chosen by its own defaults for
each column (get_stattest), which a report draws; "any" is a column that drifted, "half" its dataset drift, half of the columns. The first window of
each length is also a whole Report, whose numbers must be those of the tests.

    python3 bench/compare_drift.py [--windows 1000] [--row-windows 1000] [--peer-windows 200] [--lengths 200,1000,10000] [--drifts 0,0.1,0.2,0.3,0.5]
        [--training 20000] [--simulate build/bin/riskflag-simulate] [--driver build/bench/drift_driver]
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import warnings

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", DO_NOT_TRACK="1")

from bench_venv import ROOT, into_venv

FIELDS = ["Income", "Age", "Experience", "House_Ownership", "Profession", "STATE", "CURRENT_JOB_YRS", "loan_amount", "inquiries_6m", "past_due_30",
          "utilisation", "months_since_last_delinquency"]


def numbers(text, kind=int):
    return [kind(each) for each in text.split(",")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--row-windows", type=int, default=1000)
    parser.add_argument("--peer-windows", type=int, default=200)
    parser.add_argument("--lengths", type=numbers, default=[200, 1000, 10000])
    parser.add_argument("--drifts", type=lambda text: numbers(text, float), default=[0, 0.1, 0.2, 0.3, 0.5])
    parser.add_argument("--training", type=int, default=20000)
    parser.add_argument("--simulate", type=pathlib.Path, default=ROOT / "build/bin/riskflag-simulate")
    parser.add_argument("--driver", type=pathlib.Path)
    options = parser.parse_args()
    into_venv("evidently", environment="drift")
    warnings.simplefilter("ignore")
    import pandas
    from evidently import Report
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType
    from evidently.presets import DataDriftPreset

    def peer(training, window, kinds):
        """Of each column: its value, and whether it drifted."""
        out = {}
        for name in FIELDS:
            before, now = training[name].dropna(), window[name].dropna()
            out[name] = get_stattest(before, now, kinds[name], None)(before, now, kinds[name], None)
        return out

    def check(training, window, tested):
        for metric in Report([DataDriftPreset()]).run(window, training).dict()["metrics"]:
            if name := metric["config"].get("column"):
                assert abs(float(metric["value"]) - tested[name].drift_score) < 1e-9, (metric, tested[name])

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        driver = options.driver or folder / "driver"
        if not options.driver:
            subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-I", ROOT / "include", ROOT / "bench" / "drift_driver.cpp", "-lpthread",
                            "-o", driver], check=True)

        def table(rows, seed, drift=0.0):
            subprocess.run([options.simulate, "--rows", str(rows), "--seed", str(seed), "--with-drift", repr(drift), "--applicants", "--output",
                            folder / "t.csv", "--quiet"], check=True)
            return pandas.read_csv(folder / "t.csv", usecols=FIELDS)[FIELDS]

        training = table(options.training, 7)
        kinds = {name: ColumnType.Numerical if training[name].dtype.kind in "if" else ColumnType.Categorical for name in FIELDS}
        print(f"Of 1,000 windows ({options.training:,} training rows, {len(FIELDS)} fields; riskflag: {options.windows:,} windows, whole rows in "
              f"{options.row_windows:,}, evidently: {options.peer_windows:,})\n")
        print("| shift | rows | riskflag, a field | whole rows | either | evidently, any column | half of the columns |\n|---|---|---|---|---|---|---|", flush=True)
        for drift in options.drifts:
            for rows in options.lengths:
                ours = json.loads(subprocess.run([driver, str(options.training), str(rows), str(options.windows), str(options.row_windows), repr(drift),
                                                  *FIELDS], capture_output=True, text=True, check=True).stdout)
                any_column = half = 0
                windows = table(rows * options.peer_windows, 8, drift) if options.peer_windows else None
                for i in range(options.peer_windows):
                    window = windows.iloc[i * rows:(i + 1) * rows].reset_index(drop=True)
                    tested = peer(training, window, kinds)
                    if i == 0 and drift == options.drifts[0]:
                        check(training, window, tested)
                    drifted = sum(bool(each.drifted) for each in tested.values())
                    any_column += drifted > 0
                    half += drifted * 2 >= len(FIELDS)
                of = lambda n, windows: f"{1000 * n / windows:.4g}" if windows else "-"  # noqa: E731
                print(f"| {drift or 'none'} | {rows:,} | {of(ours['alarms'], options.windows)} | {of(ours['row_alarms'], options.row_windows)} | "
                      f"{of(ours['either'], options.row_windows)} | {of(any_column, options.peer_windows)} | {of(half, options.peer_windows)} |", flush=True)


if __name__ == "__main__":
    main()
