import json

import driver


class Simulate(driver.ProgramTest):
    def test_the_file_depends_on_seed_and_rows_and_not_on_threads(self):
        one = self.loans(20000, "--threads", 1, name="one.csv").read_bytes()
        two = self.loans(20000, "--threads", 3, name="two.csv").read_bytes()
        self.assertEqual(one, two)
        short = self.loans(100, name="short.csv").read_bytes()
        self.assertTrue(one.startswith(short))
        self.assertNotEqual(self.loans(100, "--seed", 7, name="other.csv").read_bytes(), short)

    def test_the_summary_names_rows_rate_and_best_auc(self):
        done = driver.run("simulate", "--rows", 20000, "--output", self.path("a.csv"))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"20000 rows, 21 columns, default rate 0\.1\d+, best reachable AUC 0\.8\d+")
        said = json.loads(driver.run("simulate", "--rows", 20000, "--output", self.path("a.csv"), "--json").stdout)
        self.assertEqual(sorted(said), ["best_auc", "columns", "default_rate", "output", "preset", "rows", "seed"])
        self.assertEqual(said["output"], str(self.path("a.csv")))
        self.assertTrue(0.80 < said["best_auc"] < 0.85)

    def test_numbers_out_of_range_are_refused_in_a_short_sentence(self):
        for flag in ("--rows", "--seed"):
            for value in ("-10", "99999999999999999999", "ten"):
                done = driver.run("simulate", flag, value, "--output", self.path("a.csv"), timeout=20)
                self.assert_refused(done, 2, flag, value)
                self.assertLess(len(done.stderr), 200)

    def test_standard_output_carries_the_table_alone(self):
        done = driver.run("simulate", "--rows", 50, "--output", "-")
        self.assertEqual(done.stdout, self.loans(50).read_text())
        self.assertIn("best reachable AUC", done.stderr)
        both = driver.run("simulate", "--rows", 50, "--output", "-", "--json")
        self.assertEqual((both.returncode, json.loads(both.stdout)["error"]["code"]), (2, "usage"))
        none = driver.run("simulate", "--rows", 0, "--output", self.path("none.csv")).stdout
        self.assertIn("0 rows, 21 columns, default rate none, best reachable AUC none", none)

    def test_applicants_are_the_same_people_without_an_outcome(self):
        loans = driver.read_rows(self.loans(200))
        people = driver.read_rows(self.loans(200, "--applicants", name="people.csv"))
        for loan in loans:
            del loan["Risk_Flag"]
        self.assertEqual(loans, people)

    def test_the_probability_column_is_the_one_outcomes_are_drawn_from(self):
        rows = driver.read_rows(self.loans(20000, "--with-probability"))
        expected = sum(float(r["default_probability"]) for r in rows)
        drawn = sum(int(r["Risk_Flag"]) for r in rows)
        self.assertLess(abs(drawn - expected), 4 * (20000 * 0.14 * 0.86) ** 0.5)

    def test_drift_lowers_income(self):
        before = [float(r["Income"]) for r in driver.read_rows(self.loans(500))]
        after = [float(r["Income"]) for r in driver.read_rows(self.loans(500, "--with-drift", 1, name="b.csv"))]
        self.assertTrue(all(a <= b for a, b in zip(after, before)))
        self.assertLess(sum(after), 0.8 * sum(before))

    def test_presets_have_their_columns(self):
        for preset, columns in [("wide28", 29), ("wide208", 209), ("onehot300", 301), ("sparse95", 101)]:
            path = self.loans(20, "--preset", preset, name=preset + ".csv")
            self.assertEqual(len(path.read_text().split("\n")[0].split(",")), columns)

    def test_wrong_calls_are_usage_errors(self):
        for flags, word in [(["--preset", "loan"], "loans"), (["--rows", "-5"], "--rows"), (["--threads", "-1"], "--threads"),
                            (["--with-drift", "nan"], "drift"), (["--colour", "red"], "--colour")]:
            done = driver.run("simulate", "--output", self.path("x.csv"), *flags)
            self.assert_refused(done, 2, word)
        self.assert_refused(driver.run("simulate"), 2, "--output")
        self.assert_no_leftovers()

    def test_version(self):
        self.assertEqual(driver.run("simulate", "--version").stdout, f"riskflag {driver.VERSION}\n")


if __name__ == "__main__":
    driver.main()
