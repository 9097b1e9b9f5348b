import gzip
import json

import driver

LOANS = ["--id", "Id", "--protected", "Sex"]


class Score(driver.ProgramTest):
    def model(self, rows=2000):
        self.data = self.loans(rows)
        self.result = self.train(self.data, *LOANS, target="Risk_Flag")
        return self.path("model")

    def score(self, data, *flags, expect=0, output="scores.csv", **kwargs):
        done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path(output), *flags, **kwargs)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def rows(self, output="scores.csv"):
        return driver.read_rows(self.path(output))

    def test_columns_order_and_threshold(self):
        self.model()
        self.score(self.data)
        rows = self.rows()
        self.assertEqual(list(rows[0]), ["row", "Id", "probability", "risk", "error"])
        self.assertEqual([r["row"] for r in rows], [str(i + 1) for i in range(2000)])
        self.assertEqual([r["Id"] for r in rows], [r["Id"] for r in driver.read_rows(self.data)])
        threshold = self.result["metrics"]["test"]["threshold"]
        for row in rows:
            self.assertEqual(row["risk"], "High" if float(row["probability"]) >= threshold else "Low")
            self.assertEqual(row["error"], "")

    def test_explain_writes_the_codes_of_the_fields_that_speak_for_high(self):
        codes = self.path("reasons.json")
        self.data = self.loans(2000)
        header = list(driver.read_rows(self.data)[0])
        field = next(name for name in header if name not in ("Id", "Sex", "Risk_Flag"))
        codes.write_text(json.dumps({field: {"code": "R07", "text": "words"}}))
        self.train(self.data, *LOANS, "--reasons", codes, target="Risk_Flag")
        self.score(self.data, "--explain", 3)
        rows = self.rows()
        self.assertEqual(list(rows[0]), ["row", "Id", "probability", "risk", "error", "reason_1", "reason_2", "reason_3"])
        known = {"R07", ""} | set(header) - {field, "Id", "Sex", "Risk_Flag"}
        found = set()
        for row in rows:
            reasons = [row["reason_1"], row["reason_2"], row["reason_3"]]
            given = [reason for reason in reasons if reason]
            self.assertEqual(reasons, given + [""] * (3 - len(given)))
            self.assertEqual(len(set(given)), len(given))
            found |= set(given)
        self.assertLessEqual(found, known)
        self.assertIn("R07", found)
        self.score(self.data, "--explain", 3, "--threads", 2, output="two.csv")
        self.assertEqual(self.path("two.csv").read_bytes(), self.path("scores.csv").read_bytes())
        self.score(self.data, "--explain", 1, output="first.csv")
        self.assertEqual([row["reason_1"] for row in self.rows("first.csv")], [row["reason_1"] for row in rows])

    def test_the_trainers_test_scores_are_the_ones_of_the_model_directory(self):
        header, body = driver.small_table(800, seed=5)
        driver.write_table(self.path("t.csv"), header, body)
        data = self.table()
        result = self.train(data, "--id", "key", "--test", self.path("t.csv"))
        self.score(self.path("t.csv"))
        pairs = sorted((float(s["probability"]), row[3]) for s, row in zip(self.rows(), body))
        below = won = 0.0
        i = 0
        while i < len(pairs):  # ROC-AUC by counting pairs, ties half
            j = i
            while j < len(pairs) and pairs[j][0] == pairs[i][0]:
                j += 1
            bad = sum(y for _, y in pairs[i:j])
            won += bad * (below + (j - i - bad) / 2)
            below += j - i - bad
            i = j
        positives = sum(row[3] for row in body)
        self.assertAlmostEqual(won / (positives * (len(body) - positives)), result["metrics"]["test"]["roc_auc"], places=12)

    def test_any_threads_source_and_column_order_give_the_same_bytes(self):
        self.model()
        self.score(self.data, "--threads", 1, output="one.csv")
        want = self.path("one.csv").read_bytes()
        self.score(self.data, "--threads", 3, output="three.csv")
        self.assertEqual(self.path("three.csv").read_bytes(), want)
        packed = self.path("loans.csv.gz")
        packed.write_bytes(gzip.compress(self.data.read_bytes()))
        self.score(packed, output="gz.csv")
        self.assertEqual(self.path("gz.csv").read_bytes(), want)
        done = driver.run("score", "--model", self.path("model"), "--data", "-", "--output", "-", stdin=self.data.read_text())
        self.assertEqual(done.stdout.encode(), want)
        rows = driver.read_rows(self.data)
        names = sorted(rows[0], reverse=True)
        driver.write_table(self.path("turned.csv"), names + ["extra"], [[r[n] for n in names] + ["x"] for r in rows])
        done = self.score(self.path("turned.csv"), output="turned_scores.csv")
        self.assertEqual(self.path("turned_scores.csv").read_bytes(), want)
        self.assertIn("columns ignored, unknown to the model: 3", done.stdout)

    def test_bad_rows_keep_their_place(self):
        self.model()
        lines = self.data.read_text().split("\n")
        cells = lines[3].split(",")
        cells[1] = "plenty"
        lines[3] = ",".join(cells)
        lines[5] = "1,2,3"
        self.path("bad.csv").write_text("\n".join(lines))
        done = self.score(self.path("bad.csv"), expect=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("2 of 2000 rows", done.stderr)
        rows = self.rows()
        self.assertEqual(len(rows), 2000)
        self.assertEqual((rows[2]["probability"], rows[2]["risk"]), ("", ""))
        self.assertIn("Income", rows[2]["error"])
        self.assertIn("plenty", rows[2]["error"])
        self.assertIn("line 6", rows[4]["error"])
        self.assertEqual(rows[4]["row"], "5")
        self.assertNotEqual(rows[5]["probability"], "")
        done = self.score(self.path("bad.csv"), "--allow-bad-rows", output="allowed.csv")
        self.assertEqual(self.rows("allowed.csv"), rows)

    def test_json_is_one_object_and_on_failure_code_and_message(self):
        self.model()
        said = json.loads(self.score(self.data, "--json").stdout)
        self.assertEqual(list(said), ["output", "rows", "bad_rows", "high", "threshold", "ignored_columns", "model", "seconds",
                                      "peak_rss_bytes"])
        self.assertEqual((said["rows"], said["bad_rows"], said["model"]["name"]), (2000, 0, "model"))
        self.assertEqual(len(said["model"]["digest"]), 64)
        self.path("bad.csv").write_text("Id,Income\n1,2\n")
        done = self.score(self.path("bad.csv"), "--json", expect=1)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "schema_mismatch")
        self.assertIn("Age", error["message"])

    def test_an_optional_column_may_be_absent(self):
        self.model()
        rows = driver.read_rows(self.data)
        names = [n for n in rows[0] if n not in ("utilisation", "Risk_Flag", "Sex")]
        driver.write_table(self.path("few.csv"), names, [[r[n] for n in names] for r in rows])
        self.score(self.path("few.csv"))
        self.assertTrue(all(r["error"] == "" for r in self.rows()))

    def test_an_unseen_level_is_an_error_that_names_it(self):
        self.model(600)
        rows = driver.read_rows(self.data)[:3]
        rows[1]["House_Ownership"] = "castle"
        driver.write_table(self.path("new.csv"), list(rows[0]), [list(r.values()) for r in rows])
        self.score(self.path("new.csv"), expect=1)
        self.assertIn("castle", self.rows()[1]["error"])
        self.assertIn("House_Ownership", self.rows()[1]["error"])

    def test_regression_writes_predictions(self):
        data = self.table(change=lambda h, b: (h, [r[:3] + [r[1] * 2 + r[3]] for r in b]))
        self.train(data, "--id", "key", "--objective", "regression")
        self.score(data)
        self.assertEqual(list(self.rows()[0]), ["row", "key", "prediction", "error"])

    def test_memory_stays_bounded(self):
        if driver.SANITIZED:
            self.skipTest("a sanitizer's memory is not ours")
        self.model()
        peaks = []
        for rows in (20000, 200000):
            self.loans(rows, name="many.csv")
            peaks.append(json.loads(self.score(self.path("many.csv"), "--json", "--allow-bad-rows").stdout)["peak_rss_bytes"])
        self.assertLess(peaks[1], peaks[0] + (8 << 20))

    def test_the_input_is_never_replaced(self):
        data = self.loans(300)
        self.train(data, "--id", "Id", target="Risk_Flag")
        before = data.read_bytes()
        self.path("link.csv").symlink_to(data)
        for name in ("loans.csv", "link.csv"):
            done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path(name))
            self.assert_refused(done, 2, "--output", name, "--data")
        self.assertEqual(data.read_bytes(), before)

    def test_ids_with_the_names_of_our_columns_are_told_apart(self):
        def change(header, body):
            return ["row", "id_row", "risk", *header[1:]], [[f"r{i}", f"i{i}", f"k{i}", *cells[1:]] for i, cells in enumerate(body)]
        data = self.table(change=change)
        self.train(data, "--id", "row", "--id", "id_row", "--id", "risk")
        self.score(data)
        rows = self.rows()
        self.assertEqual(list(rows[0]), ["row", "id_id_row", "id_row", "id_risk", "probability", "risk", "error"])
        self.assertEqual([rows[7][name] for name in ("row", "id_id_row", "id_row", "id_risk")], ["8", "r7", "i7", "k7"])

    def test_no_file_of_the_model_is_replaced(self):
        self.model(600)
        model = self.path("model")
        self.path("link").symlink_to(model / "model.json")
        before = {p: p.read_bytes() for p in model.rglob("*") if p.is_file()}
        for output in (*sorted(before), self.path("link")):
            done = driver.run("score", "--model", model, "--data", self.data, "--output", output)
            self.assert_refused(done, 2, "--output", str(output), "model directory")
        self.assertEqual({p: p.read_bytes() for p in model.rglob("*") if p.is_file()}, before)
        for _ in range(2):  # a file of one's own may lie there, and be written again
            self.score(self.data, "--allow-bad-rows", output="model/scores.csv")

    def test_wrong_calls(self):
        self.model(600)
        for flags, words in [(["--delimiter", "comma"], ["--delimiter", "comma", "tab"]), (["--skip-rows", "-1"], ["--skip-rows"]),
                             (["--thread", "2"], ['did you mean "--threads"'])]:
            done = self.score(self.data, *flags, expect=2)
            for word in words:
                self.assertIn(word, done.stderr)
        done = self.score(self.data, expect=2, output="s.csv.gz")
        self.assertIn("not gzipped", done.stderr)
        self.assertFalse(self.path("s.csv.gz").exists())
        for flags, words in [(["--explain", "11"], ["--explain", "11"]), (["--replay", "log"], ["--replay", "leave --data out"]),
                             (["--tracking", "x"], ["--tracking", "http://"]), (["--threads", "-1"], ["--threads"])]:
            done = self.score(self.data, *flags, expect=2)
            for word in words:
                self.assertIn(word, done.stderr)
        done = driver.run("score", "--model", "models:/loans@champion", "--data", self.data, "--output", self.path("s.csv"))
        self.assert_refused(done, 2, "models:/", "--tracking")
        done = driver.run("score", "--model", self.path("model"), "--data", self.data, "--output", "-", "--json")
        self.assertEqual(done.returncode, 2)
        done = driver.run("score", "--model", self.path("nothing"), "--data", self.data, "--output", self.path("s.csv"))
        self.assert_refused(done, 1, "nothing")


if __name__ == "__main__":
    driver.main()
