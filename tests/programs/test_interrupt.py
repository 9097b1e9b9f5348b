"""Ctrl-C in every phase: exit 130, nothing half-written, the run marked KILLED."""

import json
import signal
import subprocess
import threading

import driver

LOANS = ["--id", "Id", "--protected", "Sex"]
PLAIN = ["--set", "table_defaults=false"]  # one training whose rounds can be counted, and no minute of choosing


class Interrupt(driver.ProgramTest):
    def interrupt_when(self, args, word, name="train", signum=signal.SIGINT):
        """Starts the program, sends the signal when a line of stderr begins with `word`; (exit code, stdout, stderr)."""
        process = subprocess.Popen([driver.BIN / f"riskflag-{name}", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        lines = []
        sent = False
        guard = threading.Timer(300, process.kill)
        guard.start()
        for line in process.stderr:
            lines.append(line)
            if not sent and line.strip().startswith(word):
                process.send_signal(signum)
                sent = True
        out = process.stdout.read()
        process.wait()
        guard.cancel()
        process.stdout.close()
        process.stderr.close()
        return process.returncode, out, "".join(lines), sent

    def big(self):
        return self.loans(driver.SANITIZED and 8_000 or 60_000)

    def test_in_every_phase_of_training(self):
        data = self.big()
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--report", self.path("r.html"),
                "--tracking", f"journal:{self.path('journal')}", "--set", "num_iterations=300", "--set", "early_stopping_round=0"]
        for phase in ("read", "audit", "prepare", "bin", "train", "round 1 ", "round 150", "evaluate", "report"):
            with self.subTest(phase):
                code, out, err, sent = self.interrupt_when(args, phase)
                self.assertTrue(sent, err)
                self.assertEqual((code, out), (130, ""), err)
                self.assertIn("interrupted", err)
                self.assert_no_leftovers("loans.csv", "journal")
        statuses = []
        for run in self.path("journal").glob("*.jsonl"):
            last = json.loads(run.read_text().splitlines()[-1])
            statuses.append(last.get("status"))
        self.assertEqual(statuses, ["KILLED"] * 9)

    def test_while_saving_the_directory_is_whole_or_absent(self):
        data = self.loans(3000)
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model")]
        code, _, err, sent = self.interrupt_when(args, "save")
        self.assertTrue(sent)
        self.assertIn(code, (0, 130), err)
        self.assert_no_leftovers("loans.csv", *(["model"] if code == 0 else []))
        if code == 0:
            done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"), "--allow-bad-rows")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_in_cross_validation(self):
        args = ["--data", self.big(), "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--cv", 3, *PLAIN]
        for phase in ("prepare (fold 1", "bin (fold 2", "train (fold 2", "prepare (fold 3"):
            with self.subTest(phase):
                code, out, err, sent = self.interrupt_when(args, phase)
                self.assertTrue(sent)
                self.assertEqual((code, out), (130, ""), err)
                self.assert_no_leftovers("loans.csv")

    def test_json_tells_scripts(self):
        args = ["--data", self.big(), "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--json", *PLAIN]
        code, out, _, _ = self.interrupt_when(args, "train")
        self.assertEqual(code, 130)
        self.assertEqual(json.loads(out)["error"]["code"], "cancelled")

    def test_sigterm_stops_as_ctrl_c_does(self):
        args = ["--data", self.big(), "--target", "Risk_Flag", *LOANS, "--output", self.path("model")]
        code, _, err, _ = self.interrupt_when(args, "train", signum=signal.SIGTERM)
        self.assertEqual(code, 130, err)
        self.assert_no_leftovers("loans.csv")

    def test_keep_on_interrupt_saves_the_model_so_far(self):
        data = self.big()
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--keep-on-interrupt", "--json",
                "--set", "num_iterations=3000", "--set", "early_stopping_round=0"]
        code, out, err, _ = self.interrupt_when(args, "round 300 ")
        self.assertEqual(code, 0, err)
        result = json.loads(out)
        self.assertIn("interrupted", [w["code"] for w in result["warnings"]])
        self.assertTrue(300 <= result["trees"] < 3000, result["trees"])
        done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"), "--allow-bad-rows")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_no_leftovers("loans.csv", "model", "s.csv")

    def test_the_model_that_force_would_replace_stays(self):
        data = self.big()
        self.train(data, *LOANS, "--set", "num_iterations=3", target="Risk_Flag")
        before = (self.path("model") / "model.json").read_bytes()
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--force", *PLAIN]
        code, _, _, _ = self.interrupt_when(args, "round 10 ")
        self.assertEqual(code, 130)
        self.assertEqual((self.path("model") / "model.json").read_bytes(), before)
        self.assert_no_leftovers("loans.csv", "model")

    def interrupt_after(self, seconds, name, *args):
        process = subprocess.Popen([driver.BIN / f"riskflag-{name}", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        threading.Timer(seconds, process.send_signal, [signal.SIGINT]).start()
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def test_score_and_simulate_leave_nothing(self):
        small = self.loans(2000)
        self.train(small, *LOANS, target="Risk_Flag")
        self.loans(driver.SANITIZED and 100_000 or 400_000, name="many.csv")
        code, out, err = self.interrupt_after(0.3, "score", "--model", self.path("model"), "--data", self.path("many.csv"), "--output",
                                              self.path("s.csv"), "--threads", 1)
        self.assertEqual((code, out), (130, ""), err)
        code, out, err = self.interrupt_after(0.3, "simulate", "--rows", 50_000_000, "--output", self.path("sim.csv"))
        self.assertEqual((code, out), (130, ""), err)
        self.assert_no_leftovers("loans.csv", "many.csv", "model")


if __name__ == "__main__":
    driver.main()
