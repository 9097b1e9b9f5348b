"""Ctrl-C in every phase: exit 130, nothing half-written, the run marked KILLED."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

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

    def test_in_the_search_for_options(self):
        journal = ["--tracking", f"journal:{self.path('journal')}"]
        args = ["--data", self.loans(3000), "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), *journal]
        for flags in ([], ["--search", 200]):  # what table_defaults tries; what the user asks for
            for keep in ([], ["--keep-on-interrupt"]):
                with self.subTest(f"{flags} {keep}"):
                    code, out, err, sent = self.interrupt_when([*args, *flags, *keep], "search")
                    self.assertTrue(sent, err)
                    self.assertEqual((code, out), (130, ""), err)
                    self.assertIn("interrupted: stopped in phase ", err)  # of a trial, it may be
                    self.path("model.search.json").unlink(missing_ok=True)  # trials that were done by then
                    self.assert_no_leftovers("loans.csv", "journal")
        ends = [json.loads(run.read_text().splitlines()[-1]).get("status") for run in self.path("journal").glob("*.jsonl")]
        self.assertEqual(ends, ["KILLED"] * 4)

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
        args = ["--data", self.big(), "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), *PLAIN]
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

    def test_keep_on_interrupt_saves_the_trained_model_in_every_phase_after_it(self):
        data = self.big()
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--keep-on-interrupt", "--json", "--report",
                self.path("r.html"), "--tracking", f"journal:{self.path('journal')}", "--set", "num_iterations=30",
                "--set", "early_stopping_round=0", *PLAIN]
        for phase in ("evaluate", "report", "save"):
            with self.subTest(phase):
                code, out, err, sent = self.interrupt_when(args, phase)
                self.assertTrue(sent, err)
                self.assertEqual(code, 0, err)
                result = json.loads(out)
                if phase != "save":  # which may be over by then
                    self.assertIn("interrupted", [w["code"] for w in result["warnings"]])
                self.assertEqual(result["trees"], 30)
                self.assertIn("</html>", self.path("r.html").read_text())
                self.assert_no_leftovers("loans.csv", "journal", "model", "r.html")
                done = driver.run("score", "--model", self.path("model"), "--data", data, "--output", self.path("s.csv"), "--allow-bad-rows")
                self.assertEqual(done.returncode, 0, done.stderr)
                for name in ("s.csv", "r.html"):
                    self.path(name).unlink()
                shutil.rmtree(self.path("model"))

    def test_the_model_that_force_would_replace_stays(self):
        data = self.big()
        self.train(data, *LOANS, "--set", "num_iterations=3", target="Risk_Flag")
        before = (self.path("model") / "model.json").read_bytes()
        args = ["--data", data, "--target", "Risk_Flag", *LOANS, "--output", self.path("model"), "--force", *PLAIN]
        code, _, _, _ = self.interrupt_when(args, "round 10 ")
        self.assertEqual(code, 130)
        self.assertEqual((self.path("model") / "model.json").read_bytes(), before)
        self.assert_no_leftovers("loans.csv", "model")

    def interrupt_twice(self, args, hangs, **kwargs):
        """Starts a training, waits until hangs(process) says that it does, and presses Ctrl-C twice; its seconds after that."""
        process = subprocess.Popen([driver.BIN / "riskflag-train", *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, **kwargs)
        guard = threading.Timer(120, process.kill)
        guard.start()
        hangs(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)  # two pending ones would be one
        self.assertIsNone(process.poll(), "it was to hang")
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        code = process.wait()
        guard.cancel()
        process.stderr.close()
        self.assertEqual(code, 130)
        return time.monotonic() - asked

    def test_a_second_ctrl_c_ends_it_at_once_while_a_disk_hangs_and_the_next_training_cleans_up(self):
        if driver.SANITIZED or shutil.which("cc") is None:
            self.skipTest("needs a C compiler and no sanitizer")
        self.path("hang.c").write_text("#include <unistd.h>\nint fsync(int fd) { if (fd < 0 || write(2, \"hangs\\n\", 6)) for (;;) pause(); return 0; }")
        built = subprocess.run(["cc", "-shared", "-fPIC", "-o", self.path("hang.so"), self.path("hang.c")], capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stderr)
        data = self.table()
        args = ["--data", data, "--target", "y", "--id", "key", "--output", self.path("model"), "--tracking",
                f"journal:{self.path('journal')}", *driver.QUICK]

        def hangs(process):
            for line in process.stderr:
                if line == "hangs\n":
                    return
            self.fail("it went through")

        seconds = self.interrupt_twice(args, hangs, env={**os.environ, "LD_PRELOAD": str(self.path("hang.so"))})
        self.assertLess(seconds, 5)
        self.assertEqual(len(list(self.dir.glob("model.tmp-*"))), 1)  # or the rest would prove nothing
        done = driver.run("train", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was left open by a process that is gone; it is KILLED now", done.stderr)
        self.assert_no_leftovers("hang.c", "hang.so", "journal", "model", "table.csv")
        statuses = [json.loads(run.read_text().splitlines()[-1])["status"] for run in self.path("journal").glob("*.jsonl")]
        self.assertEqual(sorted(statuses), ["FINISHED", "KILLED"])
        self.assertEqual([p.name for p in self.path("journal").iterdir() if p.name.endswith(".running")], [])

    def test_a_second_ctrl_c_ends_it_at_once_while_a_server_hangs(self):
        with socket.create_server(("127.0.0.1", 0)) as server:  # takes the connection, never says a word
            args = ["--data", self.table(), "--target", "y", "--id", "key", "--output", self.path("model"), "--tracking",
                    f"http://127.0.0.1:{server.getsockname()[1]}", *driver.QUICK]
            taken = []
            env = {**os.environ, "RISKFLAG_JOURNAL": str(self.path("journal"))}
            self.assertLess(self.interrupt_twice(args, lambda process: taken.append(server.accept()[0]), env=env), 5)
            taken[0].close()
        self.assert_no_leftovers("journal", "table.csv")

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
