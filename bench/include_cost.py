"""What each door costs to include: processor seconds to compile a file that holds nothing else, median of --repeat, at -O2.

Also predict.hpp against the standard and intrinsics headers that it includes itself (goal: at most 1.5 times).
Usage: python3 bench/include_cost.py [--compiler g++] [--repeat 5]
"""
import argparse
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile

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


def processor_seconds(command):
    """User and system time: a busy neighbour does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def seconds(compiler, codes, folder, repeat):
    """Medians for several files, compiled in turn."""
    commands = []
    for i, code in enumerate(codes):
        source = folder / f"unit{i}.cpp"
        source.write_text(code, encoding="utf-8")
        commands.append([compiler, "-std=c++20", "-O2", f"-I{INCLUDE}", "-isystem", "/usr/include/eigen3", "-c", str(source), "-o", str(folder / "unit.o")])
    took = [[processor_seconds(command) for command in commands] for _ in range(repeat)]
    return [statistics.median(column) for column in zip(*took)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--compiler", default="g++")
    arguments.add_argument("--repeat", type=int, default=5)
    options = arguments.parse_args()
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{version}, -O2, median of {options.repeat}\n\n| door | seconds |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        doors = sorted((INCLUDE / "riskflag").glob("*.hpp"))
        costs = seconds(options.compiler, ["\n"] + [f"#include <riskflag/{door.name}>\n" for door in doors], folder, options.repeat)
        for name, cost in zip(["(an empty file)"] + [f"`riskflag/{door.name}`" for door in doors], costs):
            print(f"| {name} | {cost:.2f} |")
        own = sorted(header for header in foreign_includes("riskflag/predict.hpp") if not header.startswith("arm"))
        alone = "".join(f"#include <{header}>\n" for header in own)
        base, ours = seconds(options.compiler, [alone, "#include <riskflag/predict.hpp>\n"], folder, 3 * options.repeat)
        print(f"\npredict.hpp {ours:.2f} s, its {len(own)} foreign headers alone {base:.2f} s: {ours / base:.2f} times")


if __name__ == "__main__":
    main()
