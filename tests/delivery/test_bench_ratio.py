"""bench/compare_commits.py, with stand-ins for benchmarks: when a change is called slower, and when it is not."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAND_IN = """#!/usr/bin/env python3
import json, pathlib, sys
assert any(word.startswith("--benchmark_filter=") for word in sys.argv)
state = pathlib.Path(__file__).with_suffix(".turn")
turn = int(state.read_text()) if state.exists() else 0
state.write_text(str(turn + 1))
print(json.dumps({"benchmarks": [{"name": name, "run_type": "iteration", "cpu_time": times[turn % len(times)], "time_unit": "us"}
                                 if isinstance(times, list) else {"name": name, "error_occurred": True, "error_message": times}
                                 for name, times in json.loads('''TIMES''').items()]}))
"""


class Ratios(unittest.TestCase):
    def compare(self, base, head, *options):
        with tempfile.TemporaryDirectory() as folder:
            for side, times in (("base", base), ("head", head)):
                program = pathlib.Path(folder) / side / "x_bench"
                program.parent.mkdir()
                program.write_text(STAND_IN.replace("TIMES", json.dumps(times)))
                program.chmod(0o755)
            done = subprocess.run([sys.executable, ROOT / "bench/compare_commits.py", "--base", f"{folder}/base", "--head", f"{folder}/head",
                                   "--runs", "3", *options], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_slower_is_when_the_best_new_run_is_above_the_worst_old_one_by_the_margin(self):
        for head, code in (([112, 113, 130], 1), ([109, 130, 131], 0), ([100, 300, 300], 0)):  # the margin: 1.10 x 101 = 111.1
            with self.subTest(head=head):
                self.assertEqual(self.compare({"a": [100, 101, 99]}, {"a": head})[0], code)

    def test_the_margin_is_the_callers(self):
        self.assertEqual(self.compare({"a": [100]}, {"a": [112]})[0], 1)
        self.assertEqual(self.compare({"a": [100]}, {"a": [112]}, "--margin", "0.2")[0], 0)

    def test_the_table_names_what_changed_and_hides_the_rest(self):
        code, said = self.compare({"a": [100], "b": [100], "c": [10]}, {"a": [50], "b": [101], "d": [10]})
        self.assertEqual(code, 0)
        shown, hidden = said.split("<details>")
        self.assertIn("| a | 100 us (100 us to 100 us) | 50 us (50 us to 50 us) | 0.500 | faster |", shown)
        self.assertNotIn("| b |", shown)
        self.assertIn("| b |", hidden)
        self.assertIn("2 benchmarks, 3 runs a side by turns: 0 slower, 1 faster", shown)
        self.assertIn("\nnew: d", hidden)
        self.assertIn("\ngone: c", hidden)

    def test_a_benchmark_that_fails_is_no_good_news(self):
        code, said = self.compare({"a": [100], "b": [100]}, {"a": [100], "b": "the results differ"})
        self.assertEqual(code, 1)
        self.assertIn("failed: head: b", said)
        self.assertEqual(self.compare({"a": [100], "b": "this CPU has no AVX-512"}, {"a": [100], "b": "this CPU has no AVX-512"})[0], 0)

    def test_nothing_to_compare_is_an_error(self):
        self.assertEqual(self.compare({"a": [100]}, {"b": [100]})[0], 1)


if __name__ == "__main__":
    unittest.main()
