"""docs/from: every snippet of a page runs, Python and shell in the page's order, in one folder with simulated loans."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", str(ROOT / "build/bin"))).resolve()
PAGES = sorted((ROOT / "docs/from").glob("*.md"))


class Pages(unittest.TestCase):
    def test_what_a_page_says_works(self):
        self.assertEqual([page.stem for page in PAGES], ["lightgbm", "sklearn_flask"])
        for page in PAGES:
            with self.subTest(page=page.name), tempfile.TemporaryDirectory() as folder:
                environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
                subprocess.run(["riskflag-simulate", "--rows", "2000", "--seed", "1", "--output", "loans.csv", "--quiet"], cwd=folder, env=environment, check=True)
                blocks = re.findall(r"^```(python|sh)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
                self.assertGreaterEqual({language for language, _ in blocks}, {"python", "sh"})
                # One Python, as in a notebook, which runs the shell's blocks between its own.
                script = [f"export_folder = {str(ROOT / 'examples/python')!r}", "import subprocess"]
                for language, body in blocks:
                    script.append(body if language == "python" else f"subprocess.run(['bash', '-euo', 'pipefail', '-c', {body!r}], check=True)")
                done = subprocess.run([sys.executable, "-c", "\n".join(script)], cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-3000:])


if __name__ == "__main__":
    unittest.main()
