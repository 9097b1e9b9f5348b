"""riskflag-import on files that LightGBM 4.7 and XGBoost 3.2 wrote (tests/fuzz/corpus); the scores below are those libraries'."""

import json
import math
import pathlib
import random

import driver

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "corpus"
XGBOOST = CORPUS / "import_xgboost" / "binary.json"
LIGHTGBM = CORPUS / "import_lightgbm" / "binary"


class Import(driver.ProgramTest):
    def imported(self, source, *flags, output="model", expect=0):
        done = driver.run("import", "--from", source, "--output", self.path(output), "--json", *flags)
        self.assertEqual(done.returncode, expect, done.stderr)
        return json.loads(done.stdout)

    def labelled(self, rows=400):
        rng = random.Random(3)
        body = []
        for _ in range(rows):
            a, home = round(rng.gauss(0, 1), 3), rng.choice(["OWN", "RENT", "BOAT", ""])
            body.append([a, home, "bad" if (a > 0) != (home == "OWN") else "good", "x"])
        driver.write_table(self.path("rows.csv"), ["a", "home", "outcome", "extra"], body)
        return self.path("rows.csv")

    def scores(self, data, *flags, model="model"):
        done = driver.run("score", "--model", self.path(model), "--data", data, "--output", self.path("scores.csv"), *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return driver.read_rows(self.path("scores.csv"))

    def test_xgboost_json_and_ubjson_become_the_same_model_directory_and_score_as_xgboost(self):
        result = self.imported(XGBOOST)
        self.assertEqual((result["kind"], result["objective"], result["features"], result["trees"]), ("xgboost", "binary", 2, 2))
        self.assertEqual((result["threshold"], result["rows"], result["metrics"]), (0.5, 0, None))
        same = self.imported(XGBOOST.with_suffix(".ubj"), output="other")
        self.assertEqual(same["digest"], result["digest"])
        driver.write_table(self.path("t.csv"), ["home", "a"], [["BOAT", 0.5], ["OWN", 0.5], ["RENT", 0.5], ["OWN", ""], ["", -3]])
        margins = [0.91316724, -1.1018462, 0.91316724, 0.84799576, 0.84799576]  # XGBoost's, floats
        rows = self.scores(self.path("t.csv"))
        for row, margin in zip(rows, margins):
            self.assertAlmostEqual(float(row["probability"]), 1 / (1 + math.exp(-margin)), places=6)

    def test_with_labelled_rows_it_has_metrics_threshold_and_profile_and_explains(self):
        data = self.labelled()
        result = self.imported(XGBOOST, "--data", data, "--target", "outcome", "--positive", "bad")
        self.assertEqual(result["rows"], 400)
        self.assertGreater(result["metrics"]["roc_auc"], 0.9)
        self.assertEqual(result["metrics"]["threshold"], result["threshold"])
        folder = self.path("model")
        self.assertEqual(json.loads((folder / "decision.json").read_text())["threshold"], result["threshold"])
        self.assertEqual(json.loads((folder / "reference.json").read_text())["rows"], 400)
        rows = self.scores(data, "--explain", 2)
        high = sum(row["risk"] == "High" for row in rows)
        self.assertEqual(high, sum(float(row["probability"]) >= result["threshold"] for row in rows))
        self.assertEqual({row["reason_1"] for row in rows}, {"a", "home"} | ({""} & {row["reason_1"] for row in rows}))

    def test_rows_without_labels_give_a_profile_and_a_threshold_by_share(self):
        data = self.labelled()
        result = self.imported(XGBOOST, "--data", data, "--threshold", "approve:0.8")
        rows = self.scores(data)
        self.assertLessEqual(sum(row["risk"] == "Low" for row in rows), 0.8 * len(rows))
        self.assertIsNone(result["metrics"])

    def test_levels_that_lightgbm_never_saw_are_missing_as_they_are_there(self):
        result = self.imported(LIGHTGBM)
        self.assertEqual(result["kind"], "lightgbm")
        driver.write_table(self.path("t.csv"), ["Column_0", "Column_1", "Column_2"], [[0.5, 0, 777], [0.5, 0, ""], [0.5, 0, 2]])
        rows = self.scores(self.path("t.csv"))
        self.assertEqual(rows[0]["probability"], rows[1]["probability"])

    def test_linear_trees_score_as_in_lightgbm_to_the_bit_and_what_takes_leaves_for_constants_refuses_them(self):
        result = self.imported(CORPUS / "import_lightgbm" / "linear")
        self.assertIn("linear leaves by their numbers", result["engine"])
        margins = [1.0427582616970619, 0.13290869132504987, 0.23926181756365697, -1.6038965048613605, 0.4810598763447076]  # LightGBM's
        table = [[0.5, -0.25, 2], ["", -0.25, 2], [0.5, "", 0], [-1.5, 2, 3], [0.5, -0.25, ""]]
        driver.write_table(self.path("t.csv"), ["a", "b", "c"], table)
        for row, margin in zip(self.scores(self.path("t.csv")), margins):
            self.assertAlmostEqual(float(row["probability"]), 1 / (1 + math.exp(-margin)), delta=1e-15)
        text, again = self.path("out.txt"), self.path("again")
        done = driver.run("import", "--from", self.path("model"), "--export", "lightgbm", "--output", text)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.imported(text, output="again")
        first, second = (json.loads((folder / "model.json").read_text())["trees"] for folder in (self.path("model"), again))
        self.assertEqual(*([tree.get("linear") for tree in trees] for trees in (first, second)))
        for kind in ("xgboost", "onnx", "cpp"):
            done = driver.run("import", "--from", self.path("model"), "--export", kind, "--output", self.path("other"))
            self.assert_refused(done, 1, "its leaves are linear", "linear_tree=false")
        done = driver.run("score", "--model", self.path("model"), "--data", self.path("t.csv"), "--output", self.path("s.csv"), "--explain", 1)
        self.assert_refused(done, 1, "its leaves are linear", "linear_tree=false")

    def test_a_feature_too_few_is_refused_by_name_and_no_rows_give_no_scores(self):
        self.imported(XGBOOST)
        driver.write_table(self.path("one.csv"), ["a"], [[0.5]])
        done = driver.run("score", "--model", self.path("model"), "--data", self.path("one.csv"), "--output", self.path("scores.csv"))
        self.assert_refused(done, 1, "one.csv", 'no column "home"')
        self.assertFalse(self.path("scores.csv").exists())
        driver.write_table(self.path("none.csv"), ["a", "home"], [])
        self.assertEqual(self.scores(self.path("none.csv")), [])
        self.assertEqual(self.path("scores.csv").read_text(), "row,probability,risk,error\n")

    def test_a_regression_has_no_threshold(self):
        result = self.imported(CORPUS / "import_lightgbm" / "zero")
        self.assertIsNone(result["threshold"])
        self.assertEqual(result["objective"], "regression")

    def test_what_is_refused(self):
        self.imported(XGBOOST)
        out = ["--output", self.path("new")]
        text = self.path("model.txt")
        text.write_text(LIGHTGBM.read_text().replace("is_linear=0", "is_linear=1"))  # without the lines that belong to it
        (self.path("cut.json")).write_bytes(XGBOOST.read_bytes()[:1000])
        with open(self.path("long.txt"), "wb") as file:  # one line of 1 GB, most of it a hole
            file.write(b"tree\nversion=v4")
            file.truncate(1_000_000_000)
        data = self.labelled()
        for args, code, words in [(["--from", XGBOOST, "--output", self.path("model")], 1, ["exists", "--force"]),
                                  (["--from", self.path("long.txt"), *out], 1, ["long.txt", "longer than the 536870912 bytes"]),
                                  (["--from", data, *out], 1, ["rows.csv", "LightGBM's text", "XGBoost's JSON"]),
                                  (["--from", text, *out], 1, ["model.txt:", "leaf_const"]),
                                  (["--from", self.path("cut.json"), *out], 1, ["cut.json"]),
                                  (["--from", CORPUS / "import_xgboost" / "three.ubj", *out, "--threshold", 0.5], 2, ["--threshold", "3 classes"]),
                                  (["--from", self.path("absent"), *out], 1, ["absent"]),
                                  (["--from", XGBOOST, *out, "--threshold", "f1"], 2, ["--threshold", "--data"]),
                                  (["--from", XGBOOST, *out, "--data", data, "--threshold", "f1"], 2, ["--target"]),
                                  (["--from", XGBOOST, *out, "--target", "y"], 2, ["--target", "--data"]),
                                  (["--from", XGBOOST, *out, "--data", data, "--target", "outcome"], 2, ["--positive"]),
                                  (["--from", XGBOOST, *out, "--recipe", "r.json"], 2, ["--recipe", "needs --data"]),
                                  (["--from", XGBOOST, *out, "--start-iteration", 2], 2, ["--start-iteration", "2 is past the end", "has 2 iterations"]),
                                  (["--from", LIGHTGBM, *out, "--data", data], 1, ["Column_0"])]:
            with self.subTest(args=args):
                self.assert_refused(driver.run("import", *args), code, *words)
                self.assertFalse(self.path("new").exists())


if __name__ == "__main__":
    driver.main()
