"""One flipped comparison per fast kernel must make a named test fail: the tests see what they claim to see.

The rows are in mutations.py. All flips that one set of tests answers for are compiled in at once, each as
`(riskflag_mutant == N ? flipped : original)`, so a program is built once however many flips it is held to. With RISKFLAG_MUTANT unset
the named case must pass, with it set the case must fail. `test_mutations.py train/` tries the rows of those tests alone.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from mutations import EXEMPT, MUTATIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ.get("RISKFLAG_BUILD", str(ROOT / "build")) + "-mutation")
FLAGS = ["-std=c++20", "-O1", "-w", "-isystem", "/usr/include/eigen3"]
LINKS = ["-lpthread"]
SECONDS = 120  # a flipped loop may not end
PRELUDE = """#pragma once
#include <cstdlib>
inline const int riskflag_mutant = [] { const char* number = std::getenv("RISKFLAG_MUTANT"); return number ? std::atoi(number) : 0; }();
"""


def missing_instructions(*texts):
    """What this CPU lacks to run the mutated code, or ''."""
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    needs = {"avx512": "avx512vbmi", "_mm512": "avx512vbmi", "LANES == 8": "avx512vbmi", "LANES != 8": "avx512vbmi", "avx2": "avx2",
             "LANES == 4": "avx2", "planes": "avx512vbmi", "sha256_x86": "sha_ni", "neon": "asimd"}
    return next((flag for mark, flag in needs.items() if mark in " ".join(texts) and flag not in flags), "")


def with_mutants(header, rows):
    """The header's text with every row's flip in it, asleep; ValueError when a row's text is not there exactly once."""
    original = (ROOT / "include" / header).read_text(encoding="utf-8")
    flips = []
    for number, text, mutated in rows:
        plain = text.replace("«", "").replace("»", "")
        if original.count(plain) != 1:
            raise ValueError(f"{header}: the text to flip stands there {original.count(plain)} times, not once: {plain!r}")
        start = original.index(plain) + max(text.find("«"), 0)
        length = text.find("»") - text.find("«") - 1 if "«" in text else len(text)
        flips.append((start, start + length, number, mutated))
    for start, end, number, mutated in sorted(flips, reverse=True):
        flipped = f"(::riskflag_mutant == {number} ? ({mutated}) : ({original[start:end]}))"
        original = original[:start] + flipped + original[end:]
    return original


def kernels_without_rows():
    """A line for each file of a kernels/ folder that nothing is flipped in and no reason is given for, or that both stand for."""
    files = {str(path.relative_to(ROOT / "include")) for path in (ROOT / "include" / "riskflag").glob("*/kernels/*.*")}
    flipped = {row[0] for row in MUTATIONS}
    return ([f"{file}: a kernel without a row in mutations.py" for file in sorted(files - flipped - EXEMPT.keys())]
            + [f"{file}: exempt from mutations, though it is not there or has a row" for file in sorted(EXEMPT.keys() - (files - flipped))])


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr[:3000]}")


def compiled(source, out, *more):
    cache = ["ccache"] if shutil.which("ccache") else []
    run([*cache, os.environ.get("CXX", "g++"), *FLAGS, *more, f'-DRISKFLAG_TESTS_DIR="{ROOT / "tests"}"', "-c", source, "-o", out])
    return out


def build(tests, rows, main_objects):
    """The tests as one program with all of these rows' flips in it."""
    folder = WORK / "_".join(tests).replace("/", "_").replace(".cpp", "")
    overlay = folder / "include"
    headers = sorted({row[1] for row in rows})
    # ccache's direct mode does not notice a header that newly hides another one: the command says which do.
    hidden = hashlib.sha256(" ".join(headers).encode()).hexdigest()
    for header in headers:
        (overlay / header).parent.mkdir(parents=True, exist_ok=True)
        own = [(number, text, mutated) for number, where, text, mutated, _ in rows if where == header]
        (overlay / header).write_text(with_mutants(header, own), encoding="utf-8")
    (folder / "prelude.hpp").write_text(PRELUDE, encoding="utf-8")
    objects = [compiled(ROOT / "tests" / test, folder / f"{i}.o", "-include", folder / "prelude.hpp",
                        f"-I{overlay}", f"-I{ROOT / 'include'}", f"-DRISKFLAG_HIDDEN_{hidden}")
               for i, test in enumerate(tests)]
    run(["g++", *main_objects, *objects, *LINKS, "-o", folder / "tests"])
    return folder / "tests"


def case_passes(program, case, mutant):
    """True or False, or None when no case has that name."""
    environment = {**os.environ, "RISKFLAG_MUTANT": str(mutant)}
    name = case.replace("\\", "\\\\").replace(",", "\\,")
    try:
        done = subprocess.run([program, f"--test-case={name}", "--no-intro", "--no-version"], capture_output=True, text=True, errors="replace",
                              env=environment, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == 0 and "test cases: 1 |" not in " ".join(done.stdout.split()):
        return None
    return done.returncode == 0


def check(program, row):
    number, header, text, mutated, case = row
    unmutated = case_passes(program, case, 0)
    if unmutated is None:
        return f"{program.parent.name}: no test case is named {case!r}"
    if not unmutated:
        return f"{program.parent.name}: {case!r} does not pass unmutated"
    if case_passes(program, case, number):
        return f"{header}: {text!r} became {mutated!r}, and {case!r} still passes"
    return None


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    groups, skipped = {}, 0
    for number, (header, text, mutated, tests, case) in enumerate(MUTATIONS, 1):
        if not any(test.startswith(tuple(sys.argv[1:]) or "") for test in tests):
            continue
        lacking = missing_instructions(header, text, mutated)
        if lacking:
            skipped += 1
            print(f"skipped: this CPU has no {lacking} for {header}: {text!r}")
        else:
            groups.setdefault(tuple(tests), []).append((number, header, text, mutated, case))
    main_objects = [compiled(ROOT / "tests" / f"{name}.cpp", WORK / f"{name}.o") for name in ("doctest_main", "allocations")]
    problems = kernels_without_rows()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        programs = {tests: pool.submit(build, tests, rows, main_objects) for tests, rows in groups.items()}
        checks = []
        for tests, rows in groups.items():
            try:
                program = programs[tests].result()
                checks += [pool.submit(check, program, row) for row in rows]
            except (RuntimeError, ValueError) as error:
                problems += [str(error)] + [f"not tried: {row[1]}: {row[2]!r}" for row in rows[1:]]
        problems += [one.result() for one in checks]
    for problem in filter(None, problems):
        print(problem)
    failed = sum(1 for problem in problems if problem)
    print(f"{len(problems) - failed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not problems else 0)


if __name__ == "__main__":
    main()
