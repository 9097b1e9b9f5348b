#!/usr/bin/env python3
"""riskflag's CSV reader beside pandas' C engine (one thread) and pyarrow's reader (two threads).

    .venv-bench/bin/python bench/compare_csv.py --driver build/bench/csv_driver [--rows 1000000] [--repeats 5] [--json OUT]
    .venv-bench/bin/python bench/compare_csv.py --driver build/bench/csv_driver --memory      (10 million rows x 28: 2.2 GB of columns)

Every value is compared with strtod's before anything is timed. Then every reader reads once untimed and REPEATS times in
turn (another first each time), in a process that lives through all of them; the median of each counts. Readers on one thread, pandas too, are held
to one CPU: its C engine reads ahead on a helper thread, so that without this it would be compared as if on two. Ratios on one thread are of the wall
clock; on a busy machine the CPU seconds (user + system) beside it say more. "riskflag_1_digest" also computes the text's SHA-256.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import pandas
import pyarrow
import pyarrow.csv


def write_tables(folder, rows):
    """The kinds of text that differ for a reader: short and full-length numbers, words, words in quotes."""
    random = numpy.random.default_rng(1)
    plain = pyarrow.csv.WriteOptions(quoting_style="none")
    normal = random.standard_normal((rows, 28))
    tables = {}

    def write(name, columns, options=plain):
        tables[name] = os.path.join(folder, name + ".csv")
        pyarrow.csv.write_csv(pyarrow.table(columns), tables[name], options)

    write("short_numbers", {f"f{i}": numpy.round(normal[:, i], 4) for i in range(28)})
    write("full_numbers", {f"f{i}": normal[:, i] for i in range(28)})
    cities = numpy.array([f"City_{i}" for i in range(300)])
    mixed = {"id": numpy.arange(rows)}
    mixed |= {f"int{i}": random.integers(0, 100000, rows) for i in range(10)}
    mixed |= {f"money{i}": numpy.round(normal[:, i] * 1000, 2) for i in range(8)}
    mixed |= {f"level{i}": cities[random.integers(0, n, rows)] for i, n in enumerate([2, 3, 5, 10, 50, 300, 7, 12, 29])}
    write("mixed", mixed)
    write("mixed_quoted", mixed, pyarrow.csv.WriteOptions(quoting_style="all_valid"))
    return tables


def write_big(path, rows):
    """Rows x 28 short numbers, written in parts: the table itself would not fit beside its own text."""
    random = numpy.random.default_rng(2)
    with pyarrow.OSFile(path, "wb") as out:
        writer = None
        for begin in range(0, rows, 500_000):
            part = numpy.round(random.standard_normal((min(500_000, rows - begin), 28)), 4)
            table = pyarrow.table({f"f{i}": part[:, i] for i in range(28)})
            if writer is None:
                writer = pyarrow.csv.CSVWriter(out, table.schema, write_options=pyarrow.csv.WriteOptions(quoting_style="none"))
            writer.write_table(table)
        writer.close()


ALL_CPUS = os.sched_getaffinity(0)
ONE_CPU = {max(ALL_CPUS)}


def timed(read, cpus=ALL_CPUS):
    for thread in os.listdir("/proc/self/task"):  # threads started earlier too
        os.sched_setaffinity(int(thread), cpus)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    result = read()
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    del result
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


class Ours:
    """Our reader, in a process that waits for the next reading."""

    def __init__(self, driver, path, threads, *flags):
        self.process = subprocess.Popen([driver, path, str(threads), "0", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, ONE_CPU if threads == 1 else ALL_CPUS)

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        reading = json.loads(self.process.stdout.readline())
        return reading["seconds"], reading["cpu_seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(driver, rows, repeats, only):
    pyarrow.set_cpu_count(2)
    pyarrow.set_io_thread_count(2)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in write_tables(folder, rows).items():
            if only not in (None, name):
                continue
            subprocess.run([driver, path, "2", "1", "--check"], check=True, stdout=subprocess.DEVNULL)
            our = {
                "riskflag_1": Ours(driver, path, 1),
                "riskflag_1_digest": Ours(driver, path, 1, "--digest"),
                "riskflag_2": Ours(driver, path, 2),
            }
            readers = our | {
                "pandas_c": lambda: timed(lambda: pandas.read_csv(path, engine="c"), ONE_CPU),
                "pyarrow_2": lambda: timed(lambda: pyarrow.csv.read_csv(path)),
            }
            tries = {reader: [] for reader in readers}
            for repeat in range(repeats + 1):
                first = repeat % len(readers)  # nobody always reads behind the same other
                for reader, read in list(readers.items())[first:] + list(readers.items())[:first]:
                    reading = read()
                    if repeat > 0:
                        tries[reader].append(reading)
            for reader in our.values():
                reader.close()
            middle = {reader: tuple(statistics.median(column) for column in zip(*all_tries)) for reader, all_tries in tries.items()}
            size = os.path.getsize(path)
            results[name] = {
                "bytes": size,
                "seconds": {reader: round(wall, 4) for reader, (wall, _) in middle.items()},
                "cpu_seconds": {reader: round(cpu, 4) for reader, (_, cpu) in middle.items()},
                "pandas_over_ours_1": round(middle["pandas_c"][0] / middle["riskflag_1"][0], 2),
                "pandas_over_ours_1_cpu": round(middle["pandas_c"][1] / middle["riskflag_1"][1], 2),
                "ours_2_over_pyarrow_2": round(middle["riskflag_2"][0] / middle["pyarrow_2"][0], 2),
                "ours_2_over_pyarrow_2_cpu": round(middle["riskflag_2"][1] / middle["pyarrow_2"][1], 2),
            }
            row = results[name]
            print(f"{name:14} {size / 1e6:6.0f} MB  " + "  ".join(f"{r} {w:.3f} s ({c:.3f} cpu)" for r, (w, c) in middle.items()))
            print(f"{'':14} pandas / ours on 1 thread: {row['pandas_over_ours_1']} wall, {row['pandas_over_ours_1_cpu']} cpu (floor 2);"
                  f" ours / pyarrow on 2: {row['ours_2_over_pyarrow_2']} wall, {row['ours_2_over_pyarrow_2_cpu']} cpu (ceiling 1.3)", flush=True)
    return results


def memory(driver, rows):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "big.csv")
        write_big(path, rows)
        out = subprocess.run([driver, path, "2", "1"], check=True, capture_output=True, text=True).stdout
        reading = json.loads(out)
    ratio = reading["peak_rss_bytes"] / reading["column_bytes"]
    print(f"{reading['rows']} rows x {reading['cols']}: peak {reading['peak_rss_bytes'] / 1e9:.2f} GB for {reading['column_bytes'] / 1e9:.2f} GB"
          f" of columns: {ratio:.3f} (ceiling 1.3); {reading['seconds']:.2f} s")
    return {"rows": reading["rows"], "peak_over_columns": round(ratio, 4), "seconds": reading["seconds"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--rows", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", metavar="TABLE")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if arguments.memory:
        results = memory(arguments.driver, arguments.rows or 10_000_000)
    else:
        results = compare(arguments.driver, arguments.rows or 1_000_000, arguments.repeats, arguments.only)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump({"pandas": pandas.__version__, "pyarrow": pyarrow.__version__, "results": results}, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
