"""The documentation as a site: built strict, searched, with nothing from elsewhere; what leads nowhere is an error. With --full (SITE_DRAW=yes)
the tutorial's figures are drawn again by its own commands."""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ["DELIVERY_WORK"])
TOOLS = WORK / "venv-site"


def build(root, out):
    return subprocess.run([root / ".ci/site.sh", out], capture_output=True, text=True, env={**os.environ, "SITE_TOOLS": str(TOOLS)})


class Loaded(html.parser.HTMLParser):
    """Addresses of what a page loads by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.found.append(given["src"])
        if tag == "link" and given.get("rel") != "canonical":
            self.found.append(given.get("href", ""))


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = WORK / "site"
        done = build(ROOT, cls.out)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_every_page_is_there_and_found_by_the_search(self):
        pages = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md"))
        found = {entry["location"].partition("#")[0] for entry in json.loads((self.out / "search/search_index.json").read_text())["docs"]}
        self.assertGreater(len(pages), 50)
        for page in pages:
            place = str(page.with_suffix("")).removesuffix("README").removesuffix("index").rstrip("/")
            self.assertIn(f"{place}/" if place else "", found)

    def test_nothing_is_loaded_from_elsewhere(self):
        for page in self.out.rglob("*.html"):
            parser = Loaded()
            parser.feed(page.read_text(encoding="utf-8"))
            self.assertEqual([address for address in parser.found if re.match(r"(https?:)?//", address)], [], page)

    def test_what_stays_of_markdown_is_markup(self):
        for page in self.out.rglob("index.html"):
            text = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.S)
            self.assertEqual(re.findall(r"[^\n]*\]\([^\n]*|^\|[^\n]*|\*\*[^\n]{0,60}|<p>[^<]*\n- [^\n]*", text, re.M), [], page)

    def test_what_leads_nowhere_is_an_error(self):
        breaks = {"from/lightgbm.md)": "from/nothing.md)", "comparisons.md)": "comparisons.md#nowhere)", "tutorial/roc-curve.svg": "tutorial/none.svg",
                  "guide/python.md)": "../examples/none.md)"}
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for name in ("docs", ".github/site", ".ci", "examples/python", "tests/delivery"):
                shutil.copytree(ROOT / name, tree / name)
            for name in ("bench/README.md", "examples/README.md"):  # what else is linked to, where that is one file
                (tree / name).parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / name, tree / name)
            page = tree / "docs/tutorial.md"
            right = page.read_text(encoding="utf-8")
            self.assertEqual(build(tree, tree / "out").returncode, 0, (tree / "out.log").read_text())
            for before, after in breaks.items():
                with self.subTest(after):
                    self.assertIn(before, right)
                    page.write_text(right.replace(before, after, 1), encoding="utf-8")
                    self.assertNotEqual(build(tree, tree / "out").returncode, 0)
            page.write_text(right, encoding="utf-8")
            # A page that no section has is an error, a new one of a section's folder is in the menu.
            (tree / "docs/formats/extra.md").write_text("# An extra format\n")
            self.assertEqual(build(tree, tree / "out").returncode, 0)
            self.assertIn("An extra format", (tree / "out/index.html").read_text())
            (tree / "docs/extra.md").write_text("# Not in the menu\n")
            self.assertNotEqual(build(tree, tree / "out").returncode, 0)

    @unittest.skipUnless(os.environ.get("SITE_DRAW") == "yes", "behind --full")
    def test_the_tutorials_figures_are_what_its_commands_draw(self):
        text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
        commands = "".join(re.findall(r"^```sh\n(.*?)^```", text.partition("## Score")[0], re.M | re.S))
        with tempfile.TemporaryDirectory() as folder:
            path = f"{os.environ['RISKFLAG_BUILD']}/bin:{os.environ['PATH']}"
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
            self.assertEqual(done.returncode, 0, done.stderr)
            figures = sorted((ROOT / "docs/images/tutorial").glob("*.svg"))
            self.assertEqual(len(figures), 3)
            for figure in figures:
                drawn = pathlib.Path(folder, figure.name).read_bytes()
                if os.environ.get("SITE_UPDATE") == "yes":
                    figure.write_bytes(drawn)
                self.assertEqual(figure.read_bytes(), drawn, f"{figure.name}: SITE_UPDATE=yes SITE_DRAW=yes draws it")


if __name__ == "__main__":
    unittest.main()
