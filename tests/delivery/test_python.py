"""The Python package's text, without building it: its parameters are docs/parameters.md's, its pins are the tests'. What it does: python/test_package.py."""

import ast
import pathlib
import re
import sys
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "examples/python"


class ThePackage(unittest.TestCase):
    def test_parameters_and_defaults_are_those_of_the_page(self):
        page = {}
        for name, default in re.findall(r"^\| `(\w+)` \| `([^`]*)` \|.*\|.*\|$", (ROOT / "docs/parameters.md").read_text(encoding="utf-8"), re.M):
            page[name] = None if default == "empty" else default
        self.assertGreater(len(page), 40)
        tree = ast.parse((PACKAGE / "src/riskflag/_parameters.py").read_text(encoding="utf-8"))
        made, = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
        given = {argument.arg: ast.literal_eval(default) for argument, default in zip(made.args.kwonlyargs, made.args.kw_defaults)}
        self.assertEqual(given.pop("num_threads"), 0)
        self.assertEqual(page.pop("num_class"), "1")  # of the labels
        self.assertEqual([given.pop("objective"), page.pop("objective")], [None, "binary"])  # by the labels, and the estimator
        self.assertEqual(list(given), list(page))
        for name, default in page.items():
            with self.subTest(name=name):
                if isinstance(given[name], bool) or given[name] is None or isinstance(given[name], str):
                    self.assertEqual(str(given[name]).lower() if isinstance(given[name], bool) else given[name], default)
                else:
                    self.assertEqual(given[name], type(given[name])(default))
        stored = [node.targets[0].attr for node in made.body if isinstance(node, ast.Assign) and node.targets[0].attr == node.value.id]
        self.assertEqual(stored, [argument.arg for argument in made.args.kwonlyargs])

    def test_what_builds_it_is_pinned_once(self):
        project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))
        pins = set((ROOT / "tests/delivery/requirements-python.txt").read_text(encoding="utf-8").split())
        self.assertLessEqual(set(project["build-system"]["requires"]), pins)
        self.assertEqual(len(project["build-system"]["requires"]), 2)
        version, = project["tool"]["dynamic-metadata"]
        self.assertEqual(version["field"], "version")
        header = (PACKAGE / version["input"]).read_text(encoding="utf-8")
        self.assertRegex(header, version["regex"])


if __name__ == "__main__":
    sys.exit(unittest.main())
