"""The host programs of examples/host run, and do what their first lines say."""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RISKFLAG_BUILD", str(ROOT / "build")))
BIN = pathlib.Path(os.environ.get("RISKFLAG_BIN_DIR", str(BUILD / "bin")))


def run(program, *arguments):
    done = subprocess.run([str(program), *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{program} {arguments}: exit {done.returncode}\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    return done.stdout


class HostPrograms(unittest.TestCase):
    def test_every_source_is_a_program_and_is_run_here(self):
        sources = {path.stem for path in (ROOT / "examples/host").glob("*.cpp")}
        self.assertEqual(sources, {"log_anything", "logger", "original_pipeline", "score_row", "train"})

    def test_a_table_in_memory_makes_a_model_that_tells_risky_from_safe(self):
        self.assertRegex(run(BUILD / "examples/host/example-train"), r"^50 trees; (1\.000|0\.9\d\d) and 0\.0\d\d$")

    def test_a_logger_of_ones_own_writes_runs_to_a_csv_file(self):
        with tempfile.TemporaryDirectory() as folder:
            run(BUILD / "examples/host/example-logger", f"{folder}/runs.csv")
            with open(f"{folder}/runs.csv", newline="") as file:
                rows = list(csv.DictReader(file))
        told = {}
        for row in rows:
            told.setdefault(row.pop("run"), []).append(list(row.values()))
        self.assertEqual([rows[:1] + [rows[1][:3]] + rows[2:] for rows in told.values()],
                         [[["param", "learning_rate, of each tree", "0", rate], ["metric", "train.auc", "20"], ["end", "", "0", "FINISHED"]]
                          for rate in ("0.05", "0.3")])
        for rows in told.values():
            self.assertTrue(0.7 < float(rows[1][3]) < 1, rows)

    def test_anything_is_logged_and_found_again(self):
        with tempfile.TemporaryDirectory() as folder:
            said = run(BUILD / "examples/host/example-log_anything", folder)
            found, = json.loads(run(BIN / "riskflag-registry", "--tracking", f"journal:{folder}", "runs", "--experiment", "interest", "--json"))["runs"]
            self.assertEqual([found["run_id"], found["status"]], [said.split()[1], "FINISHED"])
            self.assertAlmostEqual(found["metrics"]["balance"], 0, 6)  # an annuity ends at nothing owed
            self.assertEqual((pathlib.Path(folder) / found["run_id"] / "terms.txt").read_text(), "paid monthly\n")

    def test_the_original_preparation_makes_features(self):
        self.assertIn("Income", run(BUILD / "examples/host/example-original_pipeline"))

    def test_a_row_is_scored_from_a_model_directory(self):
        with tempfile.TemporaryDirectory() as folder:
            run(BIN / "riskflag-simulate", "--rows", 1000, "--output", f"{folder}/loans.csv")
            run(BIN / "riskflag-train", "--data", f"{folder}/loans.csv", "--target", "Risk_Flag", "--id", "Id", "--set", "num_iterations=5",
                "--output", f"{folder}/model", "--quiet")
            self.assertRegex(run(BUILD / "examples/host/example-score_row", f"{folder}/model"), r"0\.\d+ (High|Low)")


if __name__ == "__main__":
    sys.exit(unittest.main())
