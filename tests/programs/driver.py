"""What the tests of the programs share: run a built program in a scratch directory, write small tables."""

import csv
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", "build/bin")).resolve()
VERSION = re.search(r'kVersion = "([^"]+)"', (pathlib.Path(__file__).resolve().parents[2] / "include/riskflag/core/version.hpp").read_text())[1]
SANITIZED = bool(os.environ.get("RISKFLAG_SANITIZE"))  # everything is several times slower then


QUICK = ["--set", "table_defaults=false"]  # LightGBM's defaults instead of options that folds choose


def run(name, *args, stdin=None, timeout=300, cwd=None, preexec_fn=None):
    """The finished program: .returncode, .stdout and .stderr as text."""
    return subprocess.run([str(BIN / f"riskflag-{name}"), *map(str, args)], input=stdin, capture_output=True,
                          timeout=timeout, cwd=cwd, preexec_fn=preexec_fn, encoding="utf-8", errors="replace")


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def small_table(rows=600, seed=1):
    """Header and rows of a table with signal: a number, a category with gaps, an id and a 0/1 target y."""
    rng = random.Random(seed)
    out = []
    for i in range(rows):
        x = round(rng.gauss(0, 1), 3)
        c = rng.choice(["red", "green", "blue", ""])
        y = int(rng.random() < (0.7 if x > 0.3 else 0.2) + (0.2 if c == "red" else 0))
        out.append([f"k{i:05d}", x, c, y])
    return ["key", "x", "c", "y"], out


class ProgramTest(unittest.TestCase):
    """Each test gets a fresh directory, `self.dir`, removed afterwards."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="riskflag-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return self.dir / name

    def loans(self, rows=3000, *flags, name="loans.csv"):
        path = self.path(name)
        done = run("simulate", "--rows", rows, "--output", path, "--quiet", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def table(self, name="table.csv", rows=600, change=None):
        header, body = small_table(rows)
        if change:
            header, body = change(header, body)
        write_table(self.path(name), header, body)
        return self.path(name)

    def train(self, data, *flags, target="y", output="model", json_out=True, expect=0, table_defaults=False, **kwargs):
        """Trains with LightGBM's defaults, which are quick, unless told otherwise."""
        flags = [*flags, "--json"] if json_out else flags
        flags = flags if table_defaults else [*flags, *QUICK]
        done = run("train", "--data", data, "--target", target, "--output", self.path(output), "--quiet", *flags, **kwargs)
        self.assertEqual(done.returncode, expect, done.stderr)
        return json.loads(done.stdout) if json_out else done

    def assert_refused(self, done, code, *words):
        """Exit code and a sentence on stderr with all those words; nothing on stdout."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_no_leftovers(self, *allowed):
        """The directory holds those names and no temporary neighbours."""
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), sorted(allowed))


main = unittest.main
