"""What every version saved loads in this one, and its rows get the scores that it gave them, to the bit: tests/golden, one folder a version.

A folder whose version is not released yet is made anew where a format changes (tests/golden/make.sh); a released one stays as it is.
"""

import hashlib
import subprocess
import unittest
from pathlib import Path

import driver

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RELEASED = dict(line.split() for line in (GOLDEN / "released.txt").read_text().splitlines())
VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


class Golden(driver.ProgramTest):
    def test_every_model_that_a_version_saved_scores_as_it_did(self):
        for version in VERSIONS:
            self.path(version).mkdir()
            subprocess.run(["tar", "-xzf", GOLDEN / version / "models.tar.gz", "-C", self.path(version)], check=True)
        models = sorted(path.parent for path in self.dir.glob("*/*/manifest.json"))
        self.assertGreaterEqual(len(models), 5 * len(VERSIONS))
        for model in models:
            version = GOLDEN / model.parent.name
            with self.subTest(version=version.name, model=model.name):
                out = self.path("scores.csv")
                done = driver.run("score", "--model", model, "--data", version / "rows.csv", "--output", out, "--allow-bad-rows", "--quiet")
                self.assertEqual(done.returncode, 0, done.stderr)
                want, got = driver.read_rows(version / f"{model.name}.csv"), driver.read_rows(out)
                self.assertEqual(len(got), len(want))
                self.assertGreater(len(want), 50)
                for before, after in zip(want, got):
                    # Columns may be added; a sentence may be said better.
                    self.assertEqual({name: after[name] for name in before if name != "error"}, {name: text for name, text in before.items() if name != "error"})
                    self.assertEqual(bool(after["error"]), bool(before["error"]))

    def test_what_a_released_version_left_is_as_it_left_it(self):
        self.assertLessEqual(set(RELEASED), set(VERSIONS))
        self.assertLessEqual(set(VERSIONS) - set(RELEASED), {driver.VERSION})
        for version, digest in RELEASED.items():
            done = subprocess.run([GOLDEN / "digest.sh", version], capture_output=True, text=True, check=True)
            self.assertEqual(done.stdout.strip(), digest, version)

    def test_the_digest_is_of_every_file(self):
        version = self.dir / "1.2.3"
        version.mkdir()
        (self.dir / "digest.sh").write_bytes((GOLDEN / "digest.sh").read_bytes())

        def digest():
            return subprocess.run(["bash", self.dir / "digest.sh", "1.2.3"], capture_output=True, text=True, check=True).stdout
        seen = set()
        for name, text in (("a", "1"), ("b", "1"), ("a", "2")):
            (version / name).write_text(text)
            seen.add(digest())
        self.assertEqual(len(seen), 3)
        lines = "".join(f"{hashlib.sha256(text).hexdigest()}  ./{name}\n" for name, text in (("a", b"2"), ("b", b"1")))
        self.assertEqual(digest().strip(), hashlib.sha256(lines.encode()).hexdigest())


if __name__ == "__main__":
    driver.main()
