"""riskflag-import --export cpp: a header that the compiler checks, with the bits of riskflag-score for every row."""

import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import unittest

import driver

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "corpus"
CXX = os.environ.get("CXX", "c++")
COMPILERS = [CXX] + [name for name in ("clang++-19", "clang++-16", "clang++") if shutil.which(name) and name != CXX][:1]
STRICT = ["-std=c++20", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"]
RECIPE = {"format": 1, "steps": [
    {"op": "one_hot", "columns": ["home"], "max_categories": 3},
    {"op": "group", "columns": ["job"], "map": {"nurse": "health", "surgeon": "health"}, "ignore_case": True},
    {"op": "target_encode", "columns": ["job"], "keep": True},
    {"op": "frequency_encode", "columns": ["town"], "keep": True},
    {"op": "woe_encode", "columns": ["town"]},
    {"op": "impute", "columns": ["Income (EUR)"], "indicator": True},
    {"op": "bin", "columns": ["age"], "keep": True, "max_bins": 6},
    {"op": "derive", "name": "ratio", "expression": "log1p(abs(debt)) / age - min(debt, `Income (EUR)`) * 2 + if_missing(log(debt), -age)"},
    {"op": "clip", "columns": ["debt"]},
    {"op": "log1p", "columns": ["debt"], "keep": True},
    {"op": "scale", "columns": ["age"]},
]}


def cell(value):
    return "" if value is None else value


class Policy(driver.ProgramTest):
    def rows(self, count, seed, strange=False):
        rng = random.Random(seed)
        out = []
        for _ in range(count):
            debt = rng.choice([None, -1, 0, 96, 98, round(rng.gauss(50, 100), 2), rng.gauss(0, 1) * 10 ** rng.randint(-300, 300)])
            row = [rng.choice([None, round(rng.gauss(3000, 900), 1)]), rng.randint(18, 90), debt if strange or rng.random() < 0.5 else rng.gauss(50, 9),
                   rng.choice(["OWN", "RENT", "own flat", "2 rooms", "class", ""]), rng.choice(["nurse", "Surgeon", "cook", "none"]),
                   rng.choice(["Bern", "Zürich", "Genf \"x\"", "Basel\\", "L’Aquila – Ost"] + ["Nowhere"] * strange), f"20{rng.randint(10, 25)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"]
            if strange and rng.random() < 0.2:
                row[rng.randint(0, 6)] = None
            out.append(row)
        return ["Income (EUR)", "age", "debt", "home", "job", "town", "opened"], out

    def model(self, *flags, rows=1500):
        header, body = self.rows(rows, 1)
        rng = random.Random(5)
        table = [[*map(cell, row), int(rng.random() < 0.2 + 0.4 * (row[1] < 40) + 0.2 * (row[3] == "RENT") + 0.1 * (row[5] == "Bern"))] for row in body]
        driver.write_table(self.path("train.csv"), [*header, "y"], table)
        self.path("recipe.json").write_text(json.dumps(RECIPE), encoding="utf-8")
        self.train(self.path("train.csv"), "--set", "num_iterations=20", "--set", "min_data_in_leaf=5", "--special", "debt=96,98", "--force", *flags)

    def exported(self, *flags, model="model"):
        done = driver.run("import", "--from", self.path(model), "--export", "cpp", "--output", self.path("policy.hpp"), "--force", "--quiet", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path("policy.hpp").read_text(encoding="utf-8")

    def applicant(self, header, row, text):
        """`row` as C++ spells it, by the header's own comments; a level that it does not list is unseen."""
        members = []
        struct = text[text.index("struct Applicant {"):]
        struct = struct[:struct.index("\n};")]
        fields = re.findall(r"^  (\w+) (\w+) = [^;]*;(?:  // (\".*\"))?$", struct, re.M)
        for (kind, name, comment), given, value in zip(fields, header, row):
            self.assertEqual(json.loads(comment) if comment else name, given)
            if value is None or value == "":
                continue
            if kind == "Date":
                year, month, day = map(int, value.split("-"))
                members.append(f".{name} = date({year}, {month}, {day})")
            elif kind == "double":
                members.append(f".{name} = {float(value)!r}")
            else:
                listed = text[text.index(f"enum class {kind} :"):]
                levels = re.findall(r"^  (\w+) = \d+,(?:  // (\".*\"))?$", listed[:listed.index("};")], re.M)
                known = {json.loads(comment) if comment else level: level for level, comment in levels}
                members.append(f".{name} = {kind}::{known.get(value, known.get(value.lower(), 'unseen'))}")
        return "{" + ", ".join(members) + "}"

    def compare(self, flags_of_compiler, header=None, body=None):
        text = self.exported()
        self.assertEqual(re.findall(r"#include (.*)", text), ["<cstdint>"])
        own = header is not None
        if not own:
            header, body = self.rows(300, 77, strange=True)
        driver.write_table(self.path("rows.csv"), header, [list(map(cell, row)) for row in body])
        done = driver.run("score", "--model", self.path("model"), "--data", self.path("rows.csv"), "--output", self.path("scores.csv"), "--allow-bad-rows")
        self.assertEqual(done.returncode, 0, done.stderr)
        scores = driver.read_rows(self.path("scores.csv"))
        refused = sum(row["error"] != "" for row in scores)
        self.assertTrue(own or 0 < refused < 250, refused)
        applicants = [self.applicant(header, row, text) for row in body]
        asserts = "".join(f"static_assert(decide({applicant}) == Risk::{score['risk'] or 'Refused'});\n" +
                          (f"static_assert(probability({applicant}) == {float(score['probability'])!r});\n" if score["probability"] else "")
                          for applicant, score in zip(applicants[:25], scores))
        listed = ",\n".join("Applicant" + applicant for applicant in applicants)
        self.path("main.cpp").write_text(
            '#include <cstdio>\n#include "policy.hpp"\nusing namespace credit_policy;\n' + asserts +
            f"const Applicant rows[] = {{{listed}}};\nint main() {{\n"
            '  for (const Applicant& row : rows) std::printf("%.17g %d\\n", probability(row), static_cast<int>(decide(row)));\n}\n', encoding="utf-8")
        for compiler in COMPILERS:
            for more in flags_of_compiler:
                subprocess.run([compiler, *STRICT, *more, "main.cpp", "-o", "main"], cwd=self.dir, check=True)
                answers = subprocess.run([self.path("main")], capture_output=True, text=True, check=True).stdout.split("\n")
                for score, answer, applicant in zip(scores, answers, applicants):
                    probability, risk = answer.split()
                    self.assertEqual(["Low", "High", ""][int(risk)], score["risk"], applicant)
                    if score["risk"]:
                        self.assertEqual(float(probability).hex(), float(score["probability"]).hex(), applicant)
        return scores

    def test_a_recipe_with_every_encoding_and_platt_has_the_same_bits_at_compile_time_and_at_run_time(self):
        self.model("--recipe", self.path("recipe.json"), "--calibrate", "platt")
        self.compare([["-O2"], ["-O3", "-march=native", "-ffast-math"]])

    def test_native_categories_and_isotonic_have_the_same_bits(self):
        self.model("--calibrate", "isotonic")
        self.compare([["-O0"]])

    def test_policies_of_imported_models_have_their_bits(self):
        xgboost = json.loads((CORPUS / "import_xgboost" / "binary.json").read_text())
        for tree in xgboost["learner"]["gradient_booster"]["model"]["trees"]:  # where -1e-40 and 0 part, if they are not flushed to zero
            self.assertEqual(tree["split_indices"][0], 0)
            tree["split_conditions"][0] = 0
        self.path("xgboost.json").write_text(json.dumps(xgboost))
        rng = random.Random(9)
        numbers = [None, 0.0, -1e-40, 1e-40, -1e-46, 5e-324, -5e-324, 1e-36, -1e-36, 1e300, -1e300]
        number = lambda: rng.choice(numbers) if rng.random() < 0.5 else rng.gauss(0, 1)  # noqa: E731
        xgboost_rows = [[number(), rng.choice(["BOAT", "OWN", "RENT", "TENT", None])] for _ in range(200)]
        lightgbm_rows = [[number(), number(), rng.choice([None, *map(str, range(45))])] for _ in range(200)]
        for source, header, body in [(self.path("xgboost.json"), ["a", "home"], xgboost_rows),
                                     (CORPUS / "import_lightgbm" / "binary", ["Column_0", "Column_1", "Column_2"], lightgbm_rows),
                                     (CORPUS / "import_lightgbm" / "forest", ["a", "c"], [row[1:] for row in lightgbm_rows])]:
            with self.subTest(source=source.name):
                done = driver.run("import", "--from", source, "--output", self.path("model"), "--threshold", 0.5, "--force", "--quiet")
                self.assertEqual(done.returncode, 0, done.stderr)
                scores = self.compare([["-O1", "-ffast-math"]], header, body)
                self.assertEqual({row["risk"] for row in scores} - {""}, {"Low", "High"})
                self.assertEqual({row["error"] == "" for row in scores if row["risk"]}, {True})
                if source.name == "xgboost.json":
                    below, zero = ({row["probability"] for row, given in zip(scores, body) if given == [x, "OWN"]} for x in (-1e-40, 0.0))
                    self.assertEqual((len(below), len(zero), below == zero), (1, 1, False))

    def test_300_trees_of_31_leaves_and_50_assertions_compile_in_less_than_3_seconds_a_compiler(self):
        self.train(self.loans(4000), "--set", "num_iterations=300", "--set", "min_data_in_leaf=2", "--set", "min_sum_hessian_in_leaf=0",
                   "--valid-fraction", 0, "--threshold", 0.5, target="Risk_Flag")
        text = self.exported("--namespace", "bank::policy")
        self.assertGreater(text.count("\n"), 1000)
        self.path("main.cpp").write_text('#include "policy.hpp"\nnamespace p = bank::policy;\n' + "".join(
            f"static_assert(p::decide({{.Age = {20 + i}}}) != p::Risk::Refused);\n" for i in range(50)), encoding="utf-8")
        for compiler in COMPILERS:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([compiler, *STRICT, "-O2", "-c", "main.cpp"], cwd=self.dir, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{compiler}: {seconds:.2f} processor seconds")
            self.assertLess(seconds, 6 if driver.SANITIZED else 3)

    def test_two_policies_of_one_namespace_in_one_program_give_their_own_answers(self):
        path = self.table()
        main = "#include <cstdio>\n"
        expected = []
        for name, rounds in [("one", 3), ("two", 9)]:
            self.train(path, "--set", f"num_iterations={rounds}", output=name)
            self.path(f"{name}.hpp").write_text(self.exported(model=name), encoding="utf-8")
            self.path(f"{name}.cpp").write_text(f'#include "{name}.hpp"\ndouble {name}() {{ return credit_policy::probability({{.x = 1.5, .c = credit_policy::C::red}}); }}\n', encoding="utf-8")
            main += f"double {name}();\n"
            driver.write_table(self.path("row.csv"), ["x", "c"], [[1.5, "red"]])
            done = driver.run("score", "--model", self.path(name), "--data", self.path("row.csv"), "--output", self.path(f"{name}.csv"))
            self.assertEqual(done.returncode, 0, done.stderr)
            expected.append(float(driver.read_rows(self.path(f"{name}.csv"))[0]["probability"]))
        self.assertNotEqual(*expected)
        self.path("main.cpp").write_text(main + 'int main() { std::printf("%.17g %.17g", one(), two()); }\n', encoding="utf-8")
        for compiler in COMPILERS:
            subprocess.run([compiler, *STRICT, "-O0", "main.cpp", "one.cpp", "two.cpp", "-o", "main"], cwd=self.dir, check=True)
            answers = subprocess.run([self.path("main")], capture_output=True, text=True, check=True).stdout
            self.assertEqual(list(map(float, answers.split())), expected)

    def test_characters_that_turn_the_writing_around_stand_in_no_comment(self):
        turning = [chr(code) for code in (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))]
        self.train(self.table(change=lambda header, body: (header, [[key, x, c + turning[i % len(turning)] + "’", y] for i, (key, x, c, y) in enumerate(body)])),
                   "--set", "num_iterations=3")
        text = self.exported()
        for character in turning:
            self.assertNotIn(character, text)
        self.assertIn('"red?’"', text)

    def test_what_is_no_policy_is_refused(self):
        path = self.table()
        self.train(path, "--objective", "regression", "--set", "num_iterations=3")
        refused = driver.run("import", "--from", self.path("model"), "--export", "cpp", "--output", self.path("p.hpp"))
        self.assert_refused(refused, 1, "it is a regression model", "binary")
        self.assertFalse(self.path("p.hpp").exists())
        for flags, words in [*((["--namespace", name, "--export", "cpp"], "no namespace") for name in ("a-b", "a::", "a::new", "_a", "1a", "a:b")),
                             (["--export", "perl"], "accepted: cpp"),
                             (["--namespace", "x"], "needs --export cpp"), (["--export", "cpp", "--data", path], "are for imports")]:
            self.train(path, "--set", "num_iterations=3", "--force")
            refused = driver.run("import", "--from", self.path("model"), "--output", self.path("p.hpp"), *flags)
            self.assert_refused(refused, 2, words)


if __name__ == "__main__":
    unittest.main()
