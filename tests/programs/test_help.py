"""--help of every program: complete, and on one screen."""
import re

import driver


class Help(driver.ProgramTest):
    def test_each_fits_a_screen_of_48_lines_and_100_columns(self):
        names = sorted(path.name.removeprefix("riskflag-") for path in driver.BIN.glob("riskflag-*"))
        self.assertTrue({"import", "monitor", "score", "serve", "simulate", "train"} <= set(names), names)
        for name in names:
            lines = driver.run(name, "--help").stdout.splitlines() if name != "all" else []
            self.assertLessEqual(len(lines), 48, name)
            self.assertEqual([line for line in lines if len(line) > 100], [], name)

    def test_flags_stand_beside_the_name_of_their_group(self):
        text = driver.run("train", "--help").stdout
        groups = re.findall(r"^(\w+) +--", text, re.M)
        self.assertEqual(groups, ["needed", "columns", "reading", "parts", "model", "records", "running"])
        for flag in ("--data F.csv", "--id COL ...", "--test-fraction X", "--set NAME=VALUE ...", "--tracking-required", "-h, --help, --version"):
            self.assertIn(flag, text)

    def test_what_must_be_given_stands_in_the_usage_line(self):
        self.assertIn("Usage: riskflag-score --model DIR [flags]\n", driver.run("score", "--help").stdout)
        self.assertIn("(60000)", driver.run("simulate", "--help").stdout)
        self.assertIn("[healthcheck]", driver.run("serve", "--help").stdout)

    def test_a_usage_error_says_what_there_is_and_points_to_the_help_of_its_task(self):
        registry = "riskflag-registry"
        for words, wanted in (
                (["gc", "--keep", 0], ["--keep", f"{registry} gc --help"]),
                (["gc", "--kep", 3], ["did you mean \"--keep\"?", f"{registry} gc --help"]),
                (["gc", "--trackin", "x"], ["did you mean \"--tracking\"?", f"{registry} gc --help"]),
                (["promot", "loans/1"], ["\"promot\" is no task", "did you mean \"promote\"?", "\"rollback\"", f"{registry} --help"]),
                (["--tracking", "journal:x", "promot"], ["\"promot\" is no task", "did you mean \"promote\"?"]),
                ([], ["a task is needed", "\"runs\"", f"{registry} --help"]),
                (["alias", "loans", "champion", "two"], ["version: \"two\"", f"{registry} alias --help"]),
                (["show"], [f"{registry} show --help"])):
            done = driver.run("registry", *words)
            self.assert_refused(done, 2, *wanted)
            self.assertEqual("did you mean" in done.stderr, any("did you mean" in word for word in wanted), done.stderr)
        self.assert_refused(driver.run("monitor", "decid"), 2, "\"decid\" is no task", "did you mean \"decide\"?")


if __name__ == "__main__":
    driver.main()
