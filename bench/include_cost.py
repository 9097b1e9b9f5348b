"""What each door costs to include: seconds to compile a file that holds nothing else, median of --repeat, at -O2.

Also predict.hpp against the standard and intrinsics headers that it includes itself (goal: at most 1.5 times).
Usage: python3 bench/include_cost.py [--compiler g++] [--repeat 5]
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include"


def foreign_includes(header, seen=None):
    """The headers of others that `header` reaches through ours."""
    seen = set() if seen is None else seen
    out = set()
    for name in re.findall(r"^\s*#\s*include <([^>]+)>", (INCLUDE / header).read_text(encoding="utf-8"), re.M):
        if name.startswith("riskflag/"):
            if name not in seen:
                seen.add(name)
                out |= foreign_includes(name, seen)
        else:
            out.add(name)
    return out


def seconds(compiler, code, folder, repeat):
    source = folder / "unit.cpp"
    source.write_text(code, encoding="utf-8")
    command = [compiler, "-std=c++20", "-O2", f"-I{INCLUDE}", "-isystem", "/usr/include/eigen3", "-c", str(source), "-o", str(folder / "unit.o")]
    took = []
    for _ in range(repeat):
        begin = time.perf_counter()
        subprocess.run(command, check=True)
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--compiler", default="g++")
    arguments.add_argument("--repeat", type=int, default=5)
    options = arguments.parse_args()
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{version}, -O2, median of {options.repeat}\n\n| door | seconds |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        empty = seconds(options.compiler, "\n", folder, options.repeat)
        print(f"| (an empty file) | {empty:.2f} |")
        for door in sorted((INCLUDE / "riskflag").glob("*.hpp")):
            print(f"| `riskflag/{door.name}` | {seconds(options.compiler, f'#include <riskflag/{door.name}>' + chr(10), folder, options.repeat):.2f} |", flush=True)
        own = sorted(header for header in foreign_includes("riskflag/predict.hpp") if not header.startswith("arm"))
        base = seconds(options.compiler, "".join(f"#include <{header}>\n" for header in own), folder, options.repeat)
        ours = seconds(options.compiler, "#include <riskflag/predict.hpp>\n", folder, options.repeat)
        print(f"\npredict.hpp {ours:.2f} s, its {len(own)} foreign headers alone {base:.2f} s: {ours / base:.2f} times")


if __name__ == "__main__":
    main()
