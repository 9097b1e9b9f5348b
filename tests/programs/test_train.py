import csv
import fcntl
import gzip
import json
import math
import os
import pathlib
import random
import re
import shlex
import struct
import subprocess
import termios

import driver

KEYS = ["model", "rows", "features", "trees", "best_iteration", "seconds", "peak_rss_bytes", "metrics", "cv", "warnings", "run_id",
        "model_name", "model_version"]
BINARY = ["roc_auc", "pr_auc", "log_loss", "brier", "ks", "gini", "accuracy", "precision", "recall", "f1", "threshold", "ece"]
LOANS = ["--id", "Id", "--protected", "Sex", "--special", "past_due_30=96,98", "--special", "past_due_90=96,98"]


def warning_codes(result):
    return [w["code"] for w in result["warnings"]]


class Result(driver.ProgramTest):
    def test_json_has_every_key_of_the_contract(self):
        result = self.train(self.loans(), *LOANS, target="Risk_Flag")
        self.assertEqual(list(result), KEYS)
        self.assertEqual(list(result["rows"]), ["train", "valid", "test"])
        self.assertEqual(result["rows"], {"train": 2160, "valid": 240, "test": 600})
        self.assertEqual(list(result["seconds"]), ["read", "prepare", "bin", "train", "evaluate", "total"])
        for part in ("train", "valid", "test"):
            self.assertEqual(list(result["metrics"][part]), BINARY)
            self.assertAlmostEqual(result["metrics"][part]["gini"], 2 * result["metrics"][part]["roc_auc"] - 1, places=12)
        self.assertEqual(result["model"], str(self.path("model")))
        self.assertIsNone(result["cv"])
        self.assertIsNone(result["run_id"])
        self.assertIsNone(result["model_name"])
        self.assertGreater(result["metrics"]["test"]["roc_auc"], 0.65)
        self.assert_no_leftovers("loans.csv", "model")

    def test_without_json_stdout_is_a_table_of_the_parts(self):
        done = self.train(self.loans(), *LOANS, target="Risk_Flag", json_out=False)
        self.assertRegex(done.stdout, r"train +valid +test\n")
        self.assertRegex(done.stdout, r"\n  roc_auc +0\.\d{4} +0\.\d{4} +0\.\d{4}\n")
        self.assertEqual(done.stderr, "")

    def test_the_leaves_that_are_told_are_those_of_the_largest_tree(self):
        done = self.train(self.table(), "--id", "key", json_out=False)  # too few rows for the 31 that a tree may have
        trees = json.loads((self.path("model") / "model.json").read_text())["trees"]
        most = max(len(tree["leaf"]) for tree in trees)
        self.assertLess(most, 31)
        self.assertIn(f"{len(trees)} trees of at most {most} leaves on 2 features", done.stdout)

    def test_progress_goes_to_stderr_as_lines(self):
        done = driver.run("train", "--data", self.loans(), "--target", "Risk_Flag", *LOANS, "--output", self.path("m"), "--json",
                          *driver.QUICK)
        json.loads(done.stdout)
        self.assertIn("read\n", done.stderr)
        self.assertRegex(done.stderr, r"round \d+ of 100, valid.binary_logloss 0\.\d+")
        self.assertNotIn("\r", done.stderr)

    def on_a_terminal(self, columns):
        """What a training shows on a terminal so wide."""
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([driver.BIN / "riskflag-train", "--data", self.loans(), "--target", "Risk_Flag", *LOANS, "--output",
                                    self.path(f"m{columns}"), "--set", "num_iterations=1000", "--set", "early_stopping_round=0"],
                                   stdout=subprocess.DEVNULL, stderr=theirs)  # rounds enough for some tenths of a second
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        self.assertEqual(process.wait(timeout=60), 0)
        return shown.decode()

    def test_a_terminal_gets_a_bar(self):
        text = self.on_a_terminal(120)
        self.assertRegex(text, r"\rtrain +\[#*\.*\] round \d+ of 1000, valid.binary_logloss 0\.\d+")
        for phase in ("read", "audit", "prepare", "bin", "train", "evaluate", "save"):
            self.assertRegex(text, rf"\r{phase} +\[#{{24}}\][^\r]*\r?\n", phase)  # each bar ends full

    def test_the_bar_never_wraps(self):
        for columns in (80, 40, 12):
            with self.subTest(columns=columns):
                text = self.on_a_terminal(columns).replace("\x1b[K", "")
                lines = [piece for line in text.split("\n") for piece in line.split("\r") if not piece.startswith("warning")]
                self.assertGreater(len(lines), 6)
                self.assertLess(max(map(len, lines)), columns)
                if columns == 80:
                    self.assertRegex(text, r"\rtrain +\[#*\.*\] round \d+ of 1000, valid.binary_logloss \d\.\d{5}\b")

    def test_the_model_is_the_same_for_any_number_of_threads_and_format_of_input(self):
        data = self.loans(4000)
        self.train(data, *LOANS, "--threads", 1, target="Risk_Flag", output="a")
        packed = self.path("loans.csv.gz")
        packed.write_bytes(gzip.compress(data.read_bytes()))
        self.train(packed, *LOANS, "--threads", 3, target="Risk_Flag", output="b")
        for name in ("model.json", "pipeline.json", "schema.json", "metrics.json", "decision.json", "reference.json"):
            self.assertEqual((self.path("a") / name).read_bytes(), (self.path("b") / name).read_bytes(), name)

    def test_the_seed_decides_the_split(self):
        data = self.loans()
        a = self.train(data, *LOANS, "--seed", 1, target="Risk_Flag", output="a")
        b = self.train(data, *LOANS, "--seed", 2, target="Risk_Flag", output="b")
        self.assertNotEqual(a["metrics"]["test"], b["metrics"]["test"])

    def test_standard_input_is_read(self):
        data = self.loans(1000)
        result = json.loads(driver.run("train", "--data", "-", "--target", "Risk_Flag", *LOANS, "--output", self.path("m"), "--json",
                                       *driver.QUICK, stdin=data.read_text()).stdout)
        self.assertEqual(sum(result["rows"].values()), 1000)


class Roles(driver.ProgramTest):
    def schema(self, output="model"):
        fields = json.loads((self.path(output) / "schema.json").read_text())["fields"]
        return {field["name"]: field for field in fields}

    def test_id_drop_protected_and_weight_are_no_features(self):
        def change(header, body):
            return header + ["w", "g", "junk"], [row + [1 + i % 3, "ab"[i % 2], i % 7] for i, row in enumerate(body)]
        self.train(self.table(change=change), "--id", "key", "--weight", "w", "--protected", "g", "--drop", "junk")
        roles = {name: field["role"] for name, field in self.schema().items()}
        self.assertEqual(roles, {"key": "id", "x": "feature", "c": "feature", "y": "target", "w": "weight", "g": "protected",
                                 "junk": "dropped"})

    def test_levels_and_required_come_from_training_rows_alone(self):
        def change(header, body):
            return header, [row[:2] + ["rare"] + row[3:] if i == len(body) - 1 else row for i, row in enumerate(body)]
        first = self.table("first.csv")
        last = self.table("last.csv", change=change)
        result = self.train(first, "--id", "key", "--test", last)
        self.assertEqual(self.schema()["c"]["levels"], ["blue", "green", "red"])
        self.assertFalse(self.schema()["c"]["required"])
        self.assertTrue(self.schema()["x"]["required"])
        unseen = [w for w in result["warnings"] if w["code"] == "unseen_levels"]
        self.assertEqual([(w["column"], w["number"]) for w in unseen], [("c", 1)])

    def test_positive_levels_by_rule_and_by_flag(self):
        for levels, flag, want in [(("no", "yes"), [], "yes"), (("False", "True"), [], "True"), (("1", "2"), [], "2"),
                                   (("good", "bad"), ["--positive", "bad"], "bad"), (("0", "1"), ["--positive", "0"], "0")]:
            data = self.table(change=lambda h, b, levels=levels: (h, [r[:3] + [levels[r[3]]] for r in b]))
            self.train(data, "--id", "key", "--force", *flag)
            self.assertEqual(json.loads((self.path("model") / "schema.json").read_text())["positive"], want)
        data = self.table(change=lambda h, b: (h, [r[:3] + [("good", "bad")[r[3]]] for r in b]))
        self.assert_refused(self.train(data, output="n", expect=2, json_out=False), 2, "--positive \"bad\"", "--positive \"good\"")
        self.assert_refused(self.train(data, "--positive", "badd", output="n", expect=2, json_out=False), 2, 'did you mean "bad"')

    def test_text_columns_are_dropped_with_a_warning(self):
        def change(header, body):
            return header + ["note"], [row + [f"note number {i} of many"] for i, row in enumerate(body)]
        result = self.train(self.table(change=change), "--id", "key")
        self.assertIn("text_dropped", warning_codes(result))
        self.assertEqual(self.schema()["note"]["role"], "dropped")

    def test_missing_tokens_and_special_codes(self):
        def change(header, body):
            rows = [row[:1] + [("none", 96, row[1])[min(i % 20, 2)]] + row[2:] for i, row in enumerate(body)]
            return header, rows
        data = self.table(change=change)
        result = self.train(data, "--id", "key", "--missing", "x=none", "--special", "x=96")
        self.assertEqual(self.schema()["x"]["type"], "number")
        self.assertEqual(self.schema()["x"]["special"], [96])
        self.assertEqual(result["features"], 3)  # x, c and the codes' own level


class Reading(driver.ProgramTest):
    def dated(self, header, body):
        """The table with a column of days such as 22/11/2026, which say nothing about y."""
        return header[:3] + ["due"] + header[3:], [r[:3] + [f"{1 + i % 28:02d}/{1 + i % 12:02d}/{2000 + i % 20}"] + r[3:]
                                                   for i, r in enumerate(body)]

    def schema(self):
        return {f["name"]: f for f in json.loads((self.path("model") / "schema.json").read_text())["fields"]}

    def score(self, data, *flags, expect=0):
        done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"), *flags)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr if expect else driver.read_rows(self.path("s.csv"))

    def test_dates_of_a_given_format_are_features_and_are_scored_in_it(self):
        data = self.table(change=self.dated)
        config = self.path("c.json")
        config.write_text('{"date_format": ["due=%d/%m/%Y"]}')
        for flags in (["--set", "date_format=due=%d/%m/%Y"], ["--date-format", "due=%d/%m/%Y"], ["--config", config]):
            self.train(data, "--id", "key", "--force", *flags)
            due = self.schema()["due"]
            self.assertEqual((due["type"], due["date_format"], due["role"]), ("date", "%d/%m/%Y", "feature"))
        self.assertTrue(all(row["error"] == "" for row in self.score(data)))
        iso = self.table("iso.csv", change=lambda h, b: (h[:3] + ["due"] + h[3:], [r[:3] + ["2026-11-22"] + r[3:] for r in b]))
        self.assertIn("%d/%m/%Y", self.score(iso, expect=1))
        self.train(data, "--id", "key", "--drop", "due", "--force")
        self.assertEqual(self.schema()["due"]["type"], "text")

    def test_a_date_format_that_cannot_be_and_one_that_does_not_fit(self):
        data = self.table(change=self.dated)
        for text, code, words in [("due=%Q", 2, ["%Q", "accepted"]), ("due", 2, ["COL=FORMAT"]), ("dew=%Y", 1, ["--date-format", "dew", "key"]),
                                  ("due=%Y-%m-%d", 1, ["table.csv:2", '"due"', "01/01/2000", "%Y-%m-%d"])]:
            done = self.train(data, "--id", "key", "--date-format", text, output="n", expect=code, json_out=False)
            self.assert_refused(done, code, *words)
        done = self.train(data, "--date-format", "due=%d/%m/%Y", "--categorical", "due", output="n", expect=2, json_out=False)
        self.assert_refused(done, 2, "--categorical", "--date-format")

    def test_every_delimiter_of_the_contract_gives_the_same_model(self):
        header, body = driver.small_table()
        body = [[r[0], r[1], r[2] or "none", r[3]] for r in body]
        models = set()
        for mark, flag in ((",", "auto"), ("\t", "tab"), ("\t", "auto"), ("   ", "space"), (";", ";"), ("|", "|"), ("~", "~")):
            text = "\n".join(mark.join(map(str, row)) for row in [header, *body]) + "\n"
            self.path("t.csv").write_text(text)
            self.train(self.path("t.csv"), "--id", "key", "--missing", "none", "--delimiter", flag, "--force")
            models.add(json.dumps(json.loads((self.path("model") / "model.json").read_text())["trees"]))
            self.assertEqual(len(self.score(self.path("t.csv"), "--delimiter", flag)), 600)
        self.assertEqual(len(models), 1)
        self.path("t.csv").write_text(text.replace("~", ";"))
        done = self.train(self.path("t.csv"), "--delimiter", ",", output="n", expect=1, json_out=False)
        self.assert_refused(done, 1, "--target", '"key;x;c;y"', '--delimiter ";"')
        self.assertIn('--delimiter ";"', self.score(self.path("t.csv"), "--delimiter", ",", expect=1))
        done = self.train(self.path("t.csv"), "--delimiter", "comma", output="n", expect=2, json_out=False)
        self.assert_refused(done, 2, "--delimiter", "comma", "tab")

    def test_tables_without_a_header_are_trained_on_and_scored(self):
        header, body = driver.small_table()
        for name, first in (("with.csv", [header]), ("without.csv", [])):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write("".join(",".join(map(str, row)) + "\n" for row in [*first, *body]))
        self.train(self.path("without.csv"), "--no-header", "--id", "c0", target="c3")
        self.assertEqual(list(self.schema()), ["c0", "c1", "c2", "c3"])
        bare = self.score(self.path("without.csv"), "--no-header")
        self.assertEqual(len(bare), 600)
        self.assertIn("--no-header", self.score(self.path("without.csv"), expect=1))
        self.assertEqual(self.score(self.path("with.csv"), "--no-header", "--skip-rows", 1), bare)
        self.train(self.path("with.csv"), "--id", "key", "--force")
        self.assertEqual([r["probability"] for r in self.score(self.path("with.csv"))], [r["probability"] for r in bare])

    def test_each_file_may_have_its_own_lines_before_the_rows(self):
        header, body = driver.small_table(900)
        lines = [",".join(map(str, row)) + "\n" for row in body]
        self.path("a.csv").write_text("".join(lines[:600]))
        self.path("b.csv").write_text("|1x3 Cross validator\n" + "".join(lines[600:800]))
        self.path("c.csv").write_text("one\n\ntwo\n" + "".join(lines[800:]))
        files = ["--test", self.path("b.csv"), "--valid", self.path("c.csv"), "--no-header", "--id", "c0"]
        result = self.train(self.path("a.csv"), *files, "--test-skip-rows", 1, "--valid-skip-rows", 3, target="c3")
        self.assertEqual(result["rows"], {"train": 600, "valid": 100, "test": 200})
        done = self.train(self.path("a.csv"), *files, target="c3", output="n", expect=1, json_out=False)
        self.assert_refused(done, 1, "c.csv")
        self.path("a.csv").write_text("x\n" + self.path("a.csv").read_text())
        self.path("c.csv").write_text("x\n" + "".join(lines[800:]))
        result = self.train(self.path("a.csv"), *files, "--skip-rows", 1, target="c3", output="o")  # of every file
        self.assertEqual(result["rows"], {"train": 600, "valid": 100, "test": 200})
        done = self.train(self.path("a.csv"), "--test-skip-rows", 1, output="n", expect=2, json_out=False)
        self.assert_refused(done, 2, "--test-skip-rows")


class Parts(driver.ProgramTest):
    def test_fractions_of_zero_leave_parts_out(self):
        result = self.train(self.table(), "--id", "key", "--test-fraction", 0, "--valid-fraction", 0)
        self.assertEqual(result["rows"], {"train": 600, "valid": 0, "test": 0})
        self.assertIsNone(result["metrics"]["valid"])
        self.assertIsNone(result["metrics"]["test"])
        self.assertIn("no_validation_part", warning_codes(result))
        self.assertEqual(result["best_iteration"], 100)

    def test_files_of_their_own(self):
        result = self.train(self.table("a.csv"), "--id", "key", "--test", self.table("b.csv", rows=200), "--valid",
                            self.table("c.csv", rows=100))
        self.assertEqual(result["rows"], {"train": 600, "valid": 100, "test": 200})

    def test_groups_stay_on_one_side(self):
        def change(header, body):
            return header + ["person"], [row + [f"p{i % 50}"] for i, row in enumerate(body)]
        result = self.train(self.table(change=change), "--id", "key", "--split", "group", "--group-by", "person")
        self.assertEqual(result["rows"]["test"] % 12, 0)  # 50 persons of 12 rows
        self.assertEqual(json.loads((self.path("model") / "schema.json").read_text())["fields"][4]["role"], "group")

    def test_time_orders_the_parts(self):
        def change(header, body):
            return header + ["day"], [row + [f"2026-{1 + i // 50:02d}-01"] for i, row in enumerate(body)]
        result = self.train(self.table(change=change), "--id", "key", "--split", "time", "--time-by", "day")
        self.assertEqual(result["rows"]["test"] % 50, 0)
        self.assertEqual(result["rows"]["valid"] % 50, 0)

    def test_folds_are_dealt_by_group_and_in_time_order(self):
        def change(header, body):
            return header + ["person", "day"], [r + [f"p{i % 60}", f"2026-{1 + i // 150:02d}-01"] for i, r in enumerate(body)]
        data = self.table(rows=1500, change=change)
        for flags, rows in ((["--group-by", "person", "--drop", "day"], 25), (["--time-by", "day", "--drop", "person"], 150)):
            result = self.train(data, "--id", "key", "--cv", 3, "--force", *flags)
            self.assertEqual(result["rows"]["test"] % rows, 0)  # whole persons, whole days
            self.assertEqual(sum(result["rows"].values()), 1500)
            self.assertEqual(result["cv"]["k"], 3)
            self.assertGreater(result["cv"]["metrics"]["roc_auc"]["mean"], 0.6)
            self.assertNotIn("split_leak", warning_codes(result))

    def test_cross_validation_reports_folds_and_fits_on_all_but_test(self):
        result = self.train(self.table(rows=1500), "--id", "key", "--cv", 3)
        self.assertEqual(result["rows"], {"train": 1200, "valid": 0, "test": 300})
        self.assertIsNone(result["metrics"]["valid"])
        self.assertEqual(result["cv"]["k"], 3)
        self.assertEqual(list(result["cv"]["metrics"]), BINARY)
        auc = result["cv"]["metrics"]["roc_auc"]
        self.assertTrue(0.6 < auc["mean"] < 0.95 and 0 < auc["std"] < 0.1)
        self.assertEqual(result["trees"], result["best_iteration"])
        self.assertEqual(result["cv"]["metrics"]["threshold"]["mean"], result["metrics"]["test"]["threshold"])


class Options(driver.ProgramTest):
    def model_options(self, output="model"):
        return dict(json.loads((self.path(output) / "model.json").read_text())["options"])

    def test_set_beats_flags_beats_config(self):
        config = self.path("c.json")
        config.write_text('{"seed": 1, "num_leaves": 5, "eta": 0.3, "id": ["key"], "test_fraction": 0.5}')
        self.train(self.table(), "--config", config, "--seed", 2, "--set", "seed=3", "--set", "n_estimators=7")
        options = self.model_options()
        self.assertEqual(str(options["seed"]), "3")
        self.assertEqual(str(options["num_leaves"]), "5")
        self.assertEqual(str(options["learning_rate"]), "0.3")
        self.assertEqual(str(options["num_iterations"]), "7")

    def test_folds_choose_what_nobody_gave_and_any_threads_agree(self):
        table = self.table()
        for threads in (1, 3):
            result = self.train(table, "--id", "key", "--threads", threads, output=f"m{threads}", table_defaults=True)
        models = {(self.path(f"m{n}") / "model.json").read_bytes() for n in (1, 3)}
        self.assertEqual(len(models), 1)
        self.assertNotEqual(str(self.model_options("m3")["learning_rate"]), "0.1")
        self.assertEqual(str(self.model_options("m3")["num_iterations"]), str(result["trees"]))
        self.train(table, "--id", "key", "--set", "num_leaves=31", output="given", table_defaults=True)
        self.assertEqual(str(self.model_options("given")["learning_rate"]), "0.1")
        self.path("c.conf").write_text("objective = binary\n")  # whoever brings LightGBM's file means LightGBM's defaults
        self.train(table, "--id", "key", "--config", self.path("c.conf"), output="conf", table_defaults=True)
        self.assertEqual(str(self.model_options("conf")["learning_rate"]), "0.1")

    def test_the_same_name_twice_is_a_usage_error_under_any_alias(self):
        for flags in (["--set", "eta=0.1", "--set", "learning_rate=0.2"], ["--seed", "1", "--seed", "2"]):
            self.assert_refused(self.train(self.table(), *flags, expect=2, json_out=False), 2, flags[0])
        config = self.path("c.json")
        config.write_text('{"eta": 0.3, "learning_rate": 0.1}')
        self.assert_refused(self.train(self.table(), "--config", config, expect=2, json_out=False), 2, "learning_rate", "twice")

    def test_threshold_rules(self):
        data = self.table(rows=2000)
        number = self.train(data, "--id", "key", "--threshold", "0.25")
        self.assertEqual(number["metrics"]["test"]["threshold"], 0.25)
        cautious = self.train(data, "--id", "key", "--threshold", "cost:20,1", output="b")
        bold = self.train(data, "--id", "key", "--threshold", "cost:1,20", output="c")
        self.assertLess(cautious["metrics"]["test"]["threshold"], bold["metrics"]["test"]["threshold"])
        self.assertGreater(cautious["metrics"]["test"]["recall"], bold["metrics"]["test"]["recall"])
        approve = self.train(data, "--id", "key", "--threshold", "approve:0.6", output="d")
        self.assertEqual(json.loads((self.path("d") / "decision.json").read_text())["threshold"],
                         approve["metrics"]["test"]["threshold"])

    def test_regression_has_its_own_metrics(self):
        data = self.table(change=lambda h, b: (h, [r[:3] + [r[1] * 2 + r[3]] for r in b]))
        result = self.train(data, "--id", "key", "--objective", "regression")
        self.assertEqual(list(result["metrics"]["test"]), ["rmse", "mae", "r2"])
        self.assertGreater(result["metrics"]["test"]["r2"], 0.7)

    def test_an_offset_is_of_the_rows_and_not_of_the_model(self):
        """Claims of 0.5 and 2 a year, seen for times that make both groups' counts alike: a model that does not know the times is blind."""
        draw = random.Random(5)
        rows = []
        for i in range(6000):
            x = i % 2
            years = draw.uniform(0.05, 0.35) if x else draw.uniform(0.2, 1.4)
            rate, count, p = (2.0 if x else 0.5) * years, 0, draw.random()
            term = math.exp(-rate)
            while p > term and count < 50:
                p, count, term = p - term, count + 1, term * rate / (count + 1)
            rows.append([x, math.log(years), count])
        driver.write_table(self.path("train.csv"), ["x", "ln_years", "y"], rows[:4500])
        driver.write_table(self.path("test.csv"), ["x", "ln_years", "y"], rows[4500:])
        flags = ["--objective", "poisson", "--test", self.path("test.csv"), "--set", "num_iterations=60"]
        result = self.train(self.path("train.csv"), "--offset", "ln_years", *flags)
        self.assertEqual(result["features"], 1)
        driver.write_table(self.path("new.csv"), ["x"], [[x] for x, _, _ in rows[4500:]])
        self.assertEqual(driver.run("score", "--model", self.path("model"), "--data", self.path("new.csv"), "--output", self.path("s.csv")).returncode, 0)
        rates = [float(r["prediction"]) for r in driver.read_rows(self.path("s.csv"))]
        self.assertAlmostEqual(rates[0], 0.5, delta=0.06)
        self.assertAlmostEqual(rates[1], 2.0, delta=0.25)
        expected = [rate * math.exp(ln) for rate, (_, ln, _) in zip(rates, rows[4500:])]
        rmse = math.sqrt(sum((e - y) ** 2 for e, (_, _, y) in zip(expected, rows[4500:])) / len(expected))
        self.assertAlmostEqual(result["metrics"]["test"]["rmse"], rmse, places=12)
        blind = self.train(self.path("train.csv"), "--drop", "ln_years", *flags, output="blind")
        self.assertLess(result["metrics"]["test"]["rmse"], blind["metrics"]["test"]["rmse"])

    def test_an_offset_that_is_none_is_refused(self):
        data = self.table(change=lambda h, b: (h, [[r[0], "" if i == 3 else r[1], *r[2:]] for i, r in enumerate(b)]))
        poisson = ["--id", "key", "--objective", "poisson"]
        self.assert_refused(self.train(data, *poisson, "--offset", "x", expect=1, json_out=False), 1, 'offset column "x"', "missing value", "data row 4")
        self.assert_refused(self.train(data, *poisson, "--offset", "c", expect=1, json_out=False), 1, 'offset column "c"', "category column")
        self.assert_refused(self.train(data, *poisson, "--offset", "z", expect=1, json_out=False), 1, "--offset", "no column")
        self.assert_refused(self.train(data, "--id", "key", "--offset", "x", expect=2, json_out=False), 2, "--offset", "poisson", "binary")

    def test_a_regression_has_no_threshold_and_no_positive_level(self):
        for flags in (["--threshold", "0.5"], ["--positive", "1"]):
            done = self.train(self.table(), "--id", "key", "--objective", "regression", *flags, expect=2, json_out=False)
            self.assert_refused(done, 2, flags[0], "binary")

    def test_missing_tokens_replace_the_defaults_even_the_empty_one(self):
        data = self.table(change=lambda h, b: (h, [[r[0], "-" if i == 3 else r[1], r[2] or "NA", r[3]] for i, r in enumerate(b)]))
        self.train(data, "--id", "key", "--missing", "-", "--missing", "")
        fields = {f["name"]: f for f in json.loads((self.path("model") / "schema.json").read_text())["fields"]}
        self.assertEqual(fields["x"]["type"], "number")
        self.assertEqual(fields["c"]["levels"], ["NA", "blue", "green", "red"])

    def test_a_recipe_is_followed(self):
        recipe = self.path("r.json")
        recipe.write_text('{"format": 1, "steps": [{"op": "target_encode", "columns": ["c"]}]}')
        self.train(self.table(), "--id", "key", "--recipe", recipe)
        features = json.loads((self.path("model") / "model.json").read_text())["features"]
        self.assertEqual([(f["name"], f["type"]) for f in features], [("x", "numeric"), ("c", "numeric")])

    def test_flags_of_later_versions_are_refused_with_a_sentence(self):
        for flags in (["--set", "linear_tree=true"], ["--set", "boosting=dart"], ["--set", "device=gpu"]):
            self.assert_refused(self.train(self.table(), *flags, expect=2, json_out=False), 2, "not built yet", flags[0])
        config = self.path("c.json")
        config.write_text('{"seed": 1,\n"boosting": "dart"}')
        self.assert_refused(self.train(self.table(), "--config", config, expect=2, json_out=False), 2, "c.json:2", "boosting", "not built yet")

    def test_a_field_keeps_the_direction_that_was_promised(self):
        self.train(self.table(), "--id", "key", "--monotone", "x=-1")
        options = json.loads((self.path("model") / "model.json").read_text())["options"]
        self.assertIn("monotone_constraints", json.dumps(options))
        self.assertIn("-1", json.dumps(options))
        for promise, why in (("c=+1", "no order"), ("key=+1", "no feature"), ("x=up", "FIELD=+1")):
            self.assert_refused(self.train(self.table(), "--id", "key", "--monotone", promise, output="b", expect=2, json_out=False), 2, "--monotone", why)

    def test_bins_end_where_a_file_of_lightgbm_says(self):
        bounds = self.path("bounds.json")
        bounds.write_text('[{"feature": "x", "bin_upper_bound": [-0.5, 0.5]}]')
        flags = ["--id", "key", "--drop", "c", "--set", "max_bin=3", "--set", f"forcedbins_filename={bounds}"]
        self.train(self.table(), *flags)
        trees = json.loads((self.path("model") / "model.json").read_text())["trees"]
        self.assertEqual({t for tree in trees for t in tree["threshold"]}, {-0.5, 0.5})
        bounds.write_text('[{"feature": 0, "bin_upper_bound": [-0.5, 0.5]}]')
        done = self.train(self.table(), *flags, output="b", expect=1, json_out=False)
        self.assert_refused(done, 1, "bounds.json", "a feature by number is not accepted")
        gone = self.train(self.table(), *flags[:-1], "forcedbins_filename=gone.json", output="b", expect=1, json_out=False)
        self.assert_refused(gone, 1, "gone.json")

    def test_an_objective_of_a_program_of_ones_own_is_refused(self):
        self.assert_refused(self.train(self.table(), "--objective", "custom", expect=2, json_out=False), 2, "--objective", "command line")

    def test_a_parameter_file_of_lightgbm_is_taken(self):
        conf = self.path("t.conf")
        conf.write_text("# as LightGBM reads it\ntask = train\nobjective = binary\nnum_trees = 7\neta=0.2\nignore_column = name:c\n")
        result = self.train(self.table(), "--id", "key", "--config", conf)
        self.assertEqual(result["trees"], 7)
        model = json.loads((self.path("model") / "model.json").read_text())
        self.assertEqual([f["name"] for f in model["features"]], ["x"])
        conf.write_text("num_leavs = 3\n")
        self.assert_refused(self.train(self.table(), "--config", conf, output="b", expect=2, json_out=False), 2, "t.conf:1", "num_leaves")
        conf.write_text("boosting = dart\n")
        self.assert_refused(self.train(self.table(), "--config", conf, output="b", expect=2, json_out=False), 2, "t.conf:1", "gbdt")

    def test_a_calibration_changes_probabilities_and_nothing_else(self):
        data = self.loans()
        plain = self.train(data, *LOANS, target="Risk_Flag", output="a")
        platt = self.train(data, *LOANS, "--calibrate", "platt", target="Risk_Flag", output="b")
        self.assertEqual((self.path("a") / "model.json").read_bytes(), (self.path("b") / "model.json").read_bytes())
        self.assertEqual(plain["metrics"]["test"]["roc_auc"], platt["metrics"]["test"]["roc_auc"])
        curve = json.loads((self.path("b") / "calibration.json").read_text())
        self.assertEqual((curve["method"], curve["rows"]), ("platt", 240))
        scores = {}
        for model in "ab":
            driver.run("score", "--model", self.path(model), "--data", data, "--output", self.path(f"{model}.csv"))
            lines = self.path(f"{model}.csv").read_text().splitlines()
            column = lines[0].split(",").index("probability")
            scores[model] = [float(line.split(",")[column]) for line in lines[1:]]
        for p, calibrated in zip(scores["a"], scores["b"]):
            z = curve["a"] * math.log(p) - curve["b"] * math.log1p(-p) + curve["c"]
            self.assertAlmostEqual(calibrated, 1 / (1 + math.exp(-z)), places=12)
        self.assert_refused(self.train(data, *LOANS, "--calibrate", "spline", target="Risk_Flag", output="c", expect=2, json_out=False), 2, "isotonic")

    def test_a_search_trains_the_best_of_its_trials(self):
        data, space = self.loans(1500), self.path("space.json")
        space.write_text('{"num_leaves": {"low": 2, "high": 15}, "learning_rate": [0.05, 0.3]}')
        flags = [*LOANS, "--search", 3, "--search-space", space, "--set", "num_iterations=20"]
        self.train(data, *flags, "--threads", 1, target="Risk_Flag", output="a")
        self.train(data, *flags, "--threads", 2, target="Risk_Flag", output="b")
        self.assertEqual((self.path("a") / "manifest.json").read_bytes(), (self.path("b") / "manifest.json").read_bytes())
        self.assertFalse(self.path("a.search.json").exists())

    def test_folds_leave_no_room_for_a_validation_share(self):
        done = self.train(self.table(), "--cv", 3, "--valid-fraction", 0.2, expect=2, json_out=False)
        self.assert_refused(done, 2, "--valid-fraction", "--cv")
        self.path("c.json").write_text('{"valid_fraction": 0.3}')  # of a file that is for other runs too
        self.train(self.table(), "--id", "key", "--cv", 3, "--config", self.path("c.json"))

    def test_messages_name_the_flag_once_and_the_nearest_one(self):
        for flags, words, never in [(["--seed", "x"], ["--seed:", '"x"'], "seed: seed"), (["--set", "num_leaves=z"], ["--set num_leaves:"], "num_leaves: num_leaves"),
                                    (["--thread", "2"], ["--thread", 'did you mean "--threads"'], "--thread:"),
                                    (["--numeric", "x", "--categorical", "x"], ["--numeric", "--categorical", '"x"'], "not built")]:
            done = self.train(self.table(), *flags, expect=2, json_out=False)
            self.assert_refused(done, 2, *words)
            self.assertNotIn(never, done.stderr)
        for flag, name in [("--id", "kye"), ("--drop", "kye"), ("--missing", "kye=NA"), ("--numeric", "kye"), ("--weight", "kye"),
                           ("--special", "kye=9"), ("--protected", "kye"), ("--group-by", "kye")]:
            done = self.train(self.table(), flag, name, expect=1, json_out=False)
            self.assert_refused(done, 1, f"{flag}: there is no column", 'did you mean "key"', "key, x, c, y")
            piped = driver.run("train", "--data", "-", "--target", "y", "--output", self.path("m"), flag, name, "--quiet",
                               stdin=self.table().read_text())
            self.assert_refused(piped, 1, f"{flag}: there is no column", 'did you mean "key"')


class Records(driver.ProgramTest):
    def test_a_run_is_in_the_journal_with_params_curve_metrics_and_model(self):
        journal = self.path("journal")
        result = self.train(self.table(), "--id", "key", "--tracking", f"journal:{journal}", "--experiment", "e", "--run-name", "r")
        lines = [json.loads(line) for line in (journal / f"{result['run_id']}.jsonl").read_text().splitlines()]
        text = json.dumps(lines)
        for word in ('"num_leaves"', '"valid.binary_logloss"', '"test.roc_auc"', '"FINISHED"', "table.csv"):
            self.assertIn(word, text)
        self.assertIn(result["run_id"], (self.path("model") / "MLmodel").read_text())

    def test_a_journal_that_fails_is_a_warning_or_with_the_flag_an_error(self):
        self.path("journal").write_text("a file where the directory should be")
        where = f"journal:{self.path('journal')}"
        result = self.train(self.table(), "--id", "key", "--tracking", where)
        self.assertIn("tracking_failed", warning_codes(result))
        done = self.train(self.table(), "--id", "key", "--tracking", where, "--tracking-required", output="n", expect=1, json_out=False)
        self.assertIn("journal", done.stderr)
        self.assertFalse(self.path("n").exists())

    def test_a_report_is_one_html_file(self):
        self.train(self.loans(), *LOANS, "--report", self.path("report.html"), target="Risk_Flag")
        html = self.path("report.html").read_text()
        self.assertLess(len(html), 1_000_000)
        self.assertIn("<svg", html)
        self.assertNotRegex(html, r'(src|href)="https?:')
        self.assertIn("riskflag-train", html)

    def test_the_report_of_an_amount_compares_protected_groups_too(self):
        self.train(self.loans(), "--id", "Id", "--protected", "Sex", "--objective", "regression", "--set", "num_iterations=5", "--report", self.path("r.html"),
                   target="Income")
        html = self.path("r.html").read_text()
        self.assertIn("By protected attribute", html)
        self.assertIn("mean prediction", html[html.index("By protected attribute"):])

    def test_the_intervals_of_repeated_rows_are_those_of_who_repeats(self):
        header, people = driver.small_table(1000)
        rng = random.Random(2)
        rows = [[f"r{i}", *person] for i, person in enumerate(sorted(people * 10, key=lambda _: rng.random()))]
        data = self.path("repeated.csv")
        driver.write_table(data, ["row", *header], rows)
        widths = {}
        for name, flags in (("by customer", ["--group-by", "key"]), ("by chance", ["--drop", "key"])):
            self.train(data, "--id", "row", *flags, "--set", "num_iterations=5", "--report", self.path("r.html"), "--force")
            html = self.path("r.html").read_text()
            found = re.search(r'>ROC-AUC</div><div class="v">[^<]*</div><div class="n">95.%: ([0-9.]+)\u2013([0-9.]+)<', html)
            widths[name] = float(found[2]) - float(found[1])
            self.assertRegex(html, r"intervals over the [\d,]+ groups of equal " + ("key:" if name == "by customer" else "features:"))
        # 2,000 test rows of some 200 people (by customer), of nearly all 1,000 by chance; DeLong's of 2,000 rows is 0.05 wide.
        self.assertGreater(widths["by customer"], 0.09)
        self.assertGreater(widths["by chance"], 0.055)


class Guard(driver.ProgramTest):
    def leaky(self):
        return self.table(change=lambda h, b: (h + ["copy"], [r + ["bad" if r[3] else "good"] for r in b]))

    def test_findings_are_warnings_with_number_and_remedy(self):
        result = self.train(self.leaky(), "--id", "key")
        found = [w for w in result["warnings"] if w["column"] == "copy"]
        self.assertTrue(found and found[0]["code"] in ("target_copy", "target_leak"))
        self.assertIn("--drop", found[0]["remedy"])
        self.assertGreater(found[0]["number"], 0.98)

    def test_many_columns_alike_are_one_warning(self):
        data = self.table(change=lambda h, b: (h + [f"k{i}" for i in range(500)] + [f"t{i}" for i in range(21)],
                                               [r + ["1"] * 500 + [f"words {i} of row {j}" for i in range(21)] for j, r in enumerate(b)]))
        warnings = self.train(data, "--id", "key", "--report", self.path("r.html"))["warnings"]
        for code, count, first in (("constant", 500, '"k0", "k1", "k2" and 497 more'), ("text_dropped", 21, '"t0", "t1", "t2" and 18 more')):
            found = [w for w in warnings if w["code"] == code]
            self.assertEqual([(w["column"], w["number"]) for w in found], [(None, count)])
            self.assertIn(f"{count} columns ({first})", found[0]["message"])
        self.assertIn("500 columns", self.path("r.html").read_text())

    def test_columns_that_are_dropped_raise_no_warning(self):
        data = self.table(rows=3000, change=lambda h, b: (h + ["town"], [r + [f"town {i % 1400}"] for i, r in enumerate(b)]))
        codes = warning_codes(self.train(data, "--id", "key"))
        self.assertEqual([c for c in codes if c in ("many_levels", "text_dropped")], ["many_levels", "text_dropped"])
        codes = warning_codes(self.train(data, "--id", "key", "--drop", "town", "--force"))
        self.assertEqual([c for c in codes if c in ("many_levels", "text_dropped")], [])

    def test_a_cell_of_20_mb_that_becomes_a_level_is_a_warning(self):
        size = 2_000_000 if driver.SANITIZED else 20_000_000
        data = self.table(change=lambda h, b: (h, [r[:2] + ["x" * size if i == 7 else r[2]] + r[3:] for i, r in enumerate(b)]))
        found = [w for w in self.train(data, "--id", "key", "--set", "num_iterations=2")["warnings"] if w["code"] == "long_level"]
        self.assertEqual([(w["column"], w["number"]) for w in found], [("c", size)])
        self.assertLess(len(found[0]["message"]), 300)

    def repeated(self, name="repeated.csv", rows=1200, seed=3):
        """300 applicants, each in several months under a number of the row and one of the branch: their fields repeat."""
        rng = random.Random(seed)
        people = [(rng.gauss(0, 1), rng.gauss(0, 1), int(rng.random() < 0.3)) for _ in range(300)]
        body = [[i + 1, f"20{i % 24:02d}-{i % 12 + 1:02d}-01", i % 60, *rng.choice(people)] for i in range(rows)]
        driver.write_table(self.path(name), ["Id", "month", "branch", "x", "z", "y"], body)
        return self.path(name)

    @staticmethod
    def flags_of(remedy):
        """The flags that a remedy names last."""
        return shlex.split(remedy[re.search(r"(--(id|split|drop|date-format) .*)", remedy).start():].split(" (")[0].split(", or ")[0])

    def test_doing_what_a_remedy_says_removes_the_finding(self):
        data, plain = self.repeated(), ["--drop", "month", "--drop", "branch"]
        ways = [(plain, plain), ([*plain, "--id", "Id"], [*plain, "--id", "Id"]), ([*plain, "--split", "random"], plain),
                ([*plain, "--cv", 3], [*plain, "--cv", 3]), (["--drop", "branch", "--split", "time", "--time-by", "month"], plain),
                (["--drop", "month", "--split", "group", "--group-by", "branch"], plain)]
        for flags, kept in ways:  # given, and what of it stays beside a remedy's own --split
            with self.subTest(flags=flags):
                found = [w for w in self.train(data, *flags, "--force")["warnings"] if w["code"] in ("split_leak", "duplicate_rows")]
                self.assertGreaterEqual({w["code"] for w in found}, {"split_leak", "duplicate_rows"})
                for each in found:
                    self.train(data, *kept, *self.flags_of(each["remedy"]), "--force", "--strict")

    def test_a_held_out_file_is_mended_by_removing_rows_from_it(self):
        data, other = self.repeated(), self.repeated("other.csv", 900, seed=4)
        header, *body = csv.reader(other.read_text().splitlines())
        _, *known = csv.reader(data.read_text().splitlines())
        body[:300] = known[:300]
        for flag, part in (("--test", "test"), ("--valid", "validation")):
            with self.subTest(flag=flag):
                driver.write_table(other, header, body)
                flags = ["--id", "Id", "--drop", "month", "--drop", "branch", "--split", "group", "--group-by", "fields", "--force"]
                found = [w for w in self.train(data, *flags, flag, other)["warnings"] if w["code"] in ("split_leak", "duplicate_rows")]
                self.assertEqual([w["code"] for w in found], ["split_leak", "duplicate_rows"])
                self.assertIn(f"900 {part} rows", found[0]["message"])
                self.assertIn(f"remove those rows from {other}", found[0]["remedy"])
                self.assertIn(f"instead of {flag}", found[0]["remedy"])
                fields = {tuple(row[3:5]) for row in known}
                rest = [row for row in body if tuple(row[3:5]) not in fields]
                driver.write_table(self.path("rest.csv"), header, rest)
                self.train(data, *flags, flag, self.path("rest.csv"), "--strict")
                self.train(data, *flags, *self.flags_of(found[0]["remedy"])[4:], "--strict")  # the part drawn from the table instead

    def test_a_column_is_mended_as_its_remedy_says(self):
        def change(header, body):
            return header + ["same", "copy of y", "due"], [[i + 1, *r[1:], 1, "ab"[r[3]], f"{13 + i % 15}/{1 + i % 12:02d}/2025"] for i, r in enumerate(body)]
        data = self.table(change=change)
        found = {w["column"]: w for w in self.train(data, "--force")["warnings"] if w["code"] != "no_validation_part"}
        self.assertEqual({column: w["code"] for column, w in found.items()},
                         {"key": "near_key", "same": "constant", "copy of y": "target_copy", "due": "text_date"})
        flags = [flag for each in found.values() for flag in self.flags_of(each["remedy"])]
        self.assertIn("due=%d/%m/%Y", flags)
        self.train(data, *flags, "--force", "--strict")

    def test_strict_makes_them_errors(self):
        done = self.train(self.leaky(), "--id", "key", "--strict", expect=1, json_out=False)
        self.assertIn("copy", done.stderr)
        self.assertFalse(self.path("model").exists())

    def test_the_repeated_customers_of_loan_behavior_are_found(self):
        data = pathlib.Path(os.environ.get("RISKFLAG_DATA", pathlib.Path(__file__).parents[2] / "../shared/data"))
        table = data / "loan_behavior" / "Training Data.csv"
        if not table.exists():
            self.skipTest(f"{table} is not here")
        result = self.train(table, "--id", "Id", "--set", "num_iterations=5", target="Risk_Flag")
        leak = [w for w in result["warnings"] if w["code"] == "split_leak"]
        self.assertEqual([w["message"].split(" rows (")[0].split()[-1] for w in leak], ["test", "validation"])
        for each in leak:
            self.assertGreater(each["number"], 0.8)
            self.assertIn("--group-by fields", each["remedy"])
        grouped = self.train(table, "--id", "Id", "--set", "num_iterations=5", "--split", "group", "--group-by", "fields",
                             target="Risk_Flag", output="grouped")
        self.assertFalse({"split_leak", "duplicate_rows"} & set(warning_codes(grouped)))
        self.assertLess(grouped["metrics"]["test"]["roc_auc"], 0.55)


if __name__ == "__main__":
    driver.main()
