"""Targets of several classes from end to end: riskflag-train, -score, -import and what riskflag-serve says."""

import csv
import json
import math
import pathlib
import random

import driver

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "corpus"
GRADES = ["A", "B", "C", "D, or worse"]


class Multiclass(driver.ProgramTest):
    def grades(self, rows=900, numbers=False, name="grades.csv"):
        """Four grades that follow x and c."""
        rng = random.Random(7)
        body = []
        for i in range(rows):
            x, c = round(rng.gauss(0, 1), 3), rng.choice(["red", "green", "blue", ""])
            k = min(3, max(0, int(x + (1 if c == "red" else 0) + rng.gauss(1.5, 0.4))))
            body.append([f"k{i:04d}", x, c, 5 * k + 5 if numbers else GRADES[k]])
        driver.write_table(self.path(name), ["key", "x", "c", "grade"], body)
        return self.path(name)

    def train_grades(self, data, *flags, **kwargs):
        return self.train(data, "--id", "key", "--objective", "multiclass", "--set", "num_iterations=25", *flags, target="grade", **kwargs)

    def score(self, data, *flags, expect=0):
        done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"), *flags)
        self.assertEqual(done.returncode, expect, done.stderr)
        return driver.read_rows(self.path("s.csv"))

    def test_levels_become_classes_and_scores_name_them(self):
        data = self.grades()
        result = self.train_grades(data, "--report", self.path("r.html"))
        self.assertEqual(list(result["metrics"]["test"]), ["log_loss", "accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr"])
        self.assertLess(result["metrics"]["test"]["log_loss"], 1.1)
        self.assertGreater(result["metrics"]["test"]["roc_auc_ovr"], 0.8)
        self.assertEqual(result["trees"] % 4, 0)
        folder = self.path("model")
        schema = json.loads((folder / "schema.json").read_text())
        self.assertEqual((schema["positive"], schema["target_levels"]), ("", GRADES))
        self.assertIsNone(json.loads((folder / "decision.json").read_text())["threshold"])
        expected = json.loads((folder / "expected_scores.json").read_text())
        self.assertEqual((expected["kind"], expected["outputs"], len(expected["scores"])), ("multiclass", 4, 20))
        self.assertIn('p_D, or worse', (folder / "MLmodel").read_text())
        options = dict(json.loads((folder / "model.json").read_text())["options"])
        self.assertEqual(options["num_class"], "4")
        report = self.path("r.html").read_text()
        for word in ("Which class is called for which", "D, or worse", "F1, macro", "multi_logloss"):
            self.assertIn(word, report)

        rows = self.score(data)
        self.assertEqual(list(rows[0]), ["row", "key", "class", *(f"p_{g}" for g in GRADES), "error"])
        right = 0
        with open(data, newline="", encoding="utf-8") as file:
            for row, source in zip(rows, csv.DictReader(file), strict=True):
                p = [float(row[f"p_{g}"]) for g in GRADES]
                self.assertAlmostEqual(sum(p), 1, places=12)
                self.assertEqual(row["class"], GRADES[p.index(max(p))])
                right += row["class"] == source["grade"]
        self.assertGreater(right / len(rows), 0.6)
        self.train_grades(data, "--threads", 1, output="again")
        self.assertEqual((self.path("again") / "model.json").read_bytes(), (folder / "model.json").read_bytes())

        driver.write_table(self.path("bad.csv"), ["x", "c"], [["1", "red"], ["much", "red"]])
        rows = self.score(self.path("bad.csv"), expect=1)
        self.assertEqual([rows[1][c] for c in ["class", "p_A", "p_D, or worse"]], ["", "", ""])
        self.assertIn("wrong_type", rows[1]["error"])
        self.assert_refused(driver.run("score", "--model", folder, "--data", data, "--output", self.path("s.csv"), "--explain", 1), 1, "not binary")

        # LightGBM's text goes out and comes back: the same classes for all rows. (It has no categories whose gaps go with a set.)
        self.train_grades(data, "--drop", "c", "--force")
        before = self.score(data)
        text = self.path("model.txt")
        self.assertEqual(driver.run("import", "--from", folder, "--export", "lightgbm", "--output", text, "--quiet").returncode, 0)
        self.assertIn("objective=multiclass num_class:4", text.read_text())
        done = driver.run("import", "--from", text, "--data", data, "--target", "grade", "--output", folder, "--force", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(json.loads(done.stdout)["metrics"]["accuracy"], 0.6)
        for row, old in zip(self.score(data), before, strict=True):
            self.assertEqual(row["class"], old["class"])
            self.assertAlmostEqual(float(row["p_B"]), float(old["p_B"]), places=12)
        self.assert_refused(driver.run("serve", "--model", folder, "--port", 0), 1, "multiclass", "only binary models can be served")

    def test_numbers_are_classes_in_their_order_and_folds_judge_them(self):
        result = self.train_grades(self.grades(numbers=True), "--cv", 3, "--set", "num_class=4")
        self.assertEqual(json.loads((self.path("model") / "schema.json").read_text())["target_levels"], ["5", "10", "15", "20"])
        self.assertGreater(result["cv"]["metrics"]["accuracy"]["mean"], 0.5)
        self.assertIsNone(result["metrics"]["valid"])
        found = self.train_grades(self.grades(numbers=True), "--search", 1, output="searched", json_out=False)
        self.assertEqual(found.returncode, 0)

    def test_what_does_not_go_with_classes_is_refused_with_a_sentence(self):
        data = self.grades(200)
        recipe = self.path("r.json")
        recipe.write_text('{"format": 1, "steps": [{"op": "target_encode", "columns": ["c"]}]}')
        for flags, words in ((["--threshold", "0.3"], ["--threshold", "binary"]), (["--calibrate", "auto"], ["--calibrate", "binary"]),
                             (["--positive", "A"], ["--positive", "binary"]), (["--monotone", "x=+1"], ["--monotone", "monotone_constraints"]),
                             (["--recipe", recipe], ["--recipe", "target_encode"]), (["--set", "num_class=3"], ["num_class", "4 levels"]),
                             (["--set", "is_unbalance=true"], ["is_unbalance", "weights of their own"]),
                             (["--set", "scale_pos_weight=2"], ["scale_pos_weight", "weights of their own"]), (["--set", "metric=auc"], ["multi_logloss"])):
            self.assert_refused(self.train_grades(data, *flags, expect=2, json_out=False), 2, *words)
        self.assert_refused(self.train(data, "--id", "key", target="grade", expect=1, json_out=False), 1, "4 levels", "--objective multiclass")
        self.assert_refused(self.train(data, "--set", "num_class=4", target="grade", expect=2, json_out=False), 2, "num_class", "multiclass")

    def test_a_class_without_training_rows_is_a_warning(self):
        data = self.grades(200)
        with open(data, "a", encoding="utf-8") as file:
            file.write("odd,0.5,red,Z\n")
        test = self.path("test.csv")
        driver.write_table(test, ["key", "x", "c", "grade"], [["t1", 0.5, "red", "A"], ["t2", 0.1, "blue", "E"]])
        result = self.train_grades(data, "--test", test, "--valid-fraction", 0)
        self.assertIn("class_without_rows", [w["code"] for w in result["warnings"]])
        self.assertIsNone(result["metrics"]["test"]["roc_auc_ovr"])
        self.assertLess(max(float(row["p_E"]) for row in self.score(data)), 1e-10)

    def test_a_multiclass_model_of_lightgbm_scores_as_there(self):
        done = driver.run("import", "--from", CORPUS / "import_lightgbm" / "three", "--output", self.path("model"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["objective"], result["threshold"]), ("multiclass", None))
        self.assertEqual(json.loads((self.path("model") / "schema.json").read_text())["target_levels"], ["0", "1", "2"])
        fields = [f["name"] for f in json.loads((self.path("model") / "schema.json").read_text())["fields"]]
        driver.write_table(self.path("t.csv"), fields, [[0.5] * len(fields)])
        row = self.score(self.path("t.csv"))[0]
        self.assertTrue(math.isclose(sum(float(row[f"p_{k}"]) for k in range(3)), 1, rel_tol=1e-12))
        self.assert_refused(driver.run("import", "--from", CORPUS / "import_lightgbm" / "three", "--output", self.path("m"), "--threshold", 0.5), 2, "--threshold", "classes")


if __name__ == "__main__":
    driver.main()
