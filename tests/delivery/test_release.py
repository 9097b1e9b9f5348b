"""The release script, on a copy of this tree with a history of its own: what it makes, and what it refuses."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["RISKFLAG_BUILD"]) / "bin"
VERSION = re.search(r'kVersion = "([^"]+)"', (ROOT / "include/riskflag/core/version.hpp").read_text())[1]
MAJOR, MINOR, PATCH = map(int, VERSION.split("."))


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.tree = self.home / "tree"
        self.tree.mkdir()
        names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout.decode().split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():  # not what is removed and not committed yet
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name)
        self.environment = {**os.environ, "HOME": str(self.home), "RELEASE_BIN": str(BIN), "RELEASE_BITS": "no", "RELEASE_DATE": "2030-01-02",
                            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        self.git("init", "-q", "-b", "main")
        self.commit("everything")

    def git(self, *arguments):
        return subprocess.run(["git", "-C", str(self.tree), *arguments], capture_output=True, text=True, check=True, env=self.environment).stdout

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def release(self, version, expect=0, **environment):
        done = subprocess.run(["bash", ".ci/release.sh", version], cwd=self.tree, capture_output=True, text=True, env={**self.environment, **environment})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def text(self, path):
        return (self.tree / path).read_text(encoding="utf-8")

    def change(self, path, before, after):
        text = self.text(path)
        self.assertIn(before, text)
        (self.tree / path).write_text(text.replace(before, after, 1), encoding="utf-8")

    def refused(self, version, *words, expect=1):
        head = self.git("rev-parse", "HEAD")
        said = self.release(version, expect=expect)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual((self.git("rev-parse", "HEAD"), self.git("tag")), (head, ""))
        self.assertEqual(self.git("status", "--porcelain"), "")

    def golden(self):
        return subprocess.run([sys.executable, "tests/programs/test_golden.py"], cwd=self.tree, capture_output=True, text=True,
                              env={**self.environment, "RISKFLAG_BIN_DIR": str(BIN)})

    def test_a_release_then_a_patch_and_what_a_patch_may_not_do(self):
        said = self.release(VERSION)
        self.assertIn(f"git push origin main v{VERSION}", said)
        self.assertEqual(self.git("log", "--format=%s").splitlines()[:2], [f"{MAJOR}.{MINOR}.{PATCH + 1} begins", f"release {VERSION}"])
        self.assertIn("\n- ", self.git("tag", "-l", "--format=%(contents)", f"v{VERSION}"))
        self.assertIn(f"## {VERSION}, 2030-01-02\n", self.git("show", f"v{VERSION}:docs/changes.md"))
        self.assertIn(f'kVersion = "{VERSION}"', self.git("show", f"v{VERSION}:include/riskflag/core/version.hpp"))
        self.assertIn(f'kVersion = "{MAJOR}.{MINOR}.{PATCH + 1}"', self.text("include/riskflag/core/version.hpp"))
        self.assertRegex(self.text("docs/changes.md"), rf"(?s)## {MAJOR}\.{MINOR}\.{PATCH + 1}, not released yet\n\n## {re.escape(VERSION)}, 2030-01-02\n")
        self.assertRegex(self.text("tests/golden/released.txt"), rf"(?m)^{re.escape(VERSION)} [0-9a-f]{{64}}$")
        self.assertEqual(self.golden().returncode, 0, self.golden().stderr)
        # What was released stays.
        self.change(f"tests/golden/{VERSION}/binary.csv", "High", "Low")
        self.assertNotEqual(self.golden().returncode, 0)
        self.git("checkout", "-q", ".")
        done = subprocess.run(["bash", "tests/golden/make.sh", str(BIN), VERSION], cwd=self.tree, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is released", done.stderr)

        patch = f"{MAJOR}.{MINOR}.{PATCH + 1}"
        tags = self.git("tag")
        self.assertIn("says of nothing that changed", self.release(patch, expect=1))
        self.change("docs/changes.md", f"{patch}, not released yet\n", f"{patch}, not released yet\n\n- Mended.\n")
        self.change("tests/layering/doors.txt", "audit/leak.hpp\n", "")
        self.commit("a door goes")
        self.assertIn("audit/leak.hpp", self.release(patch, expect=1))
        self.assertEqual(self.git("tag"), tags)

    def test_a_minor_release_has_a_namespace_of_its_own(self):
        minor = f"{MAJOR}.{MINOR + 1}.0"
        # Programs of that version would be built; these stand in for them.
        (self.tree / ".ci/programs.sh").write_text(f'mkdir -p "$RISKFLAG_BUILD" && ln -s "{BIN}" "$RISKFLAG_BUILD/bin"\n')
        self.commit("built elsewhere")
        self.release(minor, RISKFLAG_BUILD=str(self.home / "build"))
        self.assertEqual(subprocess.run(["git", "grep", "-lw", f"v{MAJOR}_{MINOR}", "--", "include", "tests/layering"], cwd=self.tree, capture_output=True).stdout, b"")
        self.assertIn(f"find_package(riskflag {MAJOR}.{MINOR + 1} ", self.text("README.md"))
        self.assertIn(f"## {minor}, 2030-01-02\n", self.text("docs/changes.md"))
        self.assertNotIn(f"## {VERSION}, not", self.text("docs/changes.md"))
        source = self.home / "use.cpp"
        source.write_text(f"#include <riskflag/core/version.hpp>\n#include <riskflag/predict.hpp>\nstatic_assert(&riskflag::kVersion == &riskflag::v{MAJOR}_{MINOR + 1}::kVersion);\n")
        subprocess.run(["g++", "-std=c++20", "-fsyntax-only", f"-I{self.tree}/include", str(source)], check=True)

    def test_what_is_refused(self):
        for wrong in ("1.2", "01.2.3", "1.2.3-rc1", "v1.2.3"):
            self.refused(wrong, "Usage: .ci/release.sh", expect=2)
        self.git("checkout", "-q", "-b", "aside")
        self.refused(VERSION, "on main")
        self.git("checkout", "-q", "main")
        self.git("tag", "v99.0.0")
        self.assertIn("does not come after 99.0.0", self.release(VERSION, expect=1))
        self.assertIn("there is a tag", self.release("99.0.0", expect=1))
        self.git("tag", "-d", "v99.0.0")
        (self.tree / "README.md").write_text("changed\n")
        self.assertIn("not committed", self.release(VERSION, expect=1))


if __name__ == "__main__":
    unittest.main()
