#!/usr/bin/env python3
"""Benchmarks of two builds, run by turns on this machine, as a table of ratios.

    compare_commits.py --base DIR --head DIR [--runs 5] [--margin 0.10] [--filter REGEX] [--min-time 0.05]

DIR holds *_bench programs. Runs alternate, and the side that begins changes each time, so that a machine that slows down slows both. A benchmark
got slower when the fastest run of head took longer than the slowest of base by more than the margin: noise alone rarely separates the two, a
machine that others use widens both. Exit 1 when one did, or when a benchmark fails; what stands on one side alone is only told.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys


def times_of(program, filter_text, min_time):
    """Benchmark -> seconds of processor time an iteration, of one run; the names of those that failed."""
    done = subprocess.run([program, "--benchmark_format=json", f"--benchmark_filter={filter_text}", f"--benchmark_min_time={min_time}"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}, {program.name}
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    times, failed = {}, set()
    for entry in json.loads(done.stdout or "{}").get("benchmarks", []):
        if entry.get("error_occurred"):
            if "this CPU has no " not in entry.get("error_message", ""):
                failed.add(entry["name"])
        elif entry.get("run_type", "iteration") == "iteration":
            times[entry["name"]] = entry["cpu_time"] * unit[entry["time_unit"]]
    return times, failed


def measure(sides, runs, filter_text, min_time):
    """side -> benchmark -> seconds of each run, and what failed."""
    found, failed = {side: {} for side in sides}, set()
    for turn in range(runs):
        for side in sorted(sides, reverse=turn % 2 == 1):
            for program in sorted(sides[side].glob("*_bench")):
                times, wrong = times_of(program, filter_text, min_time)
                failed |= {f"{side}: {name}" for name in wrong}
                for name, seconds in times.items():
                    found[side].setdefault(name, []).append(seconds)
    return found, failed


def text_of(seconds):
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def judge(base, head, margin):
    """(name, ratio of the medians, verdict) of each benchmark that both sides have."""
    rows = []
    for name in sorted(base.keys() & head.keys()):
        ratio = statistics.median(head[name]) / statistics.median(base[name])
        slower = min(head[name]) > max(base[name]) * (1 + margin)
        faster = max(head[name]) * (1 + margin) < min(base[name])
        rows.append((name, ratio, "SLOWER" if slower else "faster" if faster else ""))
    return rows


def table(base, head, rows):
    lines = ["| benchmark | base | head | head / base | |", "|---|---|---|---|---|"]
    for name, ratio, verdict in rows:
        cells = [f"{text_of(statistics.median(times))} ({text_of(min(times))} to {text_of(max(times))})" for times in (base[name], head[name])]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {ratio:.3f} | {verdict} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, type=pathlib.Path)
    parser.add_argument("--head", required=True, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--margin", type=float, default=0.10)
    parser.add_argument("--filter", default="-rows:1000000")
    parser.add_argument("--min-time", type=float, default=0.05)
    arguments = parser.parse_args()
    found, failed = measure({"base": arguments.base, "head": arguments.head}, arguments.runs, arguments.filter, arguments.min_time)
    base, head = found["base"], found["head"]
    rows = judge(base, head, arguments.margin)
    if not rows:
        sys.exit("compare_commits.py: no benchmark stands on both sides")
    changed = [row for row in rows if row[2]]
    slower = [row for row in rows if row[2] == "SLOWER"]
    print(f"**{len(rows)} benchmarks, {arguments.runs} runs a side by turns: {len(slower)} slower, {len(changed) - len(slower)} faster**, median ratio "
          f"{statistics.median(ratio for _, ratio, _ in rows):.3f}. Slower: the best run of head is above the worst of base by more than "
          f"{arguments.margin:.0%}.\n")
    if changed:
        print(table(base, head, changed) + "\n")
    print(f"<details><summary>all</summary>\n\n{table(base, head, rows)}\n\n</details>")
    for word, names in (("new", head.keys() - base.keys()), ("gone", base.keys() - head.keys()), ("failed", failed)):
        if names:
            print(f"\n{word}: {', '.join(sorted(names))}")
    sys.exit(1 if slower or failed else 0)


if __name__ == "__main__":
    main()
