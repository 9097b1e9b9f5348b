"""riskflag-monitor over the logs of a running riskflag-serve: stable, drift and decay, as a scheduled job would tell them apart.
Standard library only."""
import csv
import io
import json
import signal
import re
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import serving
from serving import BIN, Server, must, run

FOLDER = MODEL = None


def setUpModule():
    global FOLDER, MODEL
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-monitor-"))
    MODEL = serving.train(FOLDER, 6000, "--set", "num_iterations=40")
    must(BIN / "riskflag-simulate", "--rows", 1500, "--seed", 8, "--output", FOLDER / "quiet.csv", "--quiet")
    must(BIN / "riskflag-simulate", "--rows", 1500, "--seed", 8, "--with-drift", 1, "--output", FOLDER / "drifted.csv", "--quiet")


def tearDownModule():
    shutil.rmtree(FOLDER)


def scored(server, table):
    """Scores a table; its decision ids and targets."""
    status, answer = server.score((FOLDER / table).read_bytes(), "text/csv")
    assert status == 200, answer
    rows = list(csv.DictReader(io.StringIO(answer.decode())))
    assert not [row for row in rows if row["error"]]
    return [(row["decision_id"], int(row["Risk_Flag"])) for row in rows]


def report(server, outcomes):
    body = [{"decision_id": i, "outcome": outcome, "observed_at": "2027-05-01T00:00:00Z"} for i, outcome in outcomes]
    status, answer = server.score(body, path="/v1/outcomes")
    assert status == 202, answer


def samples(page, family):
    """Labels, as a tuple in the order of their names, -> value."""
    found = {}
    for labels, value in re.findall(r"^" + family + r"\{(.*)\} (\S+)$", page, re.M):
        found[tuple(text for _, text in sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return found


def slow_roc_auc(judged):
    """Of (probability, outcome): every pair of a positive and a negative."""
    good = [p for p, outcome in judged if not outcome]
    wins = sum((p > q) + (p == q) / 2 for p, outcome in judged if outcome for q in good)
    return wins / (len(good) * (len(judged) - len(good)))


class Monitor(unittest.TestCase):
    def setUp(self):
        self.log = Path(tempfile.mkdtemp(prefix="log-", dir=FOLDER))

    def serve(self, *flags):
        return Server(MODEL, "--decision-log", self.log, "--outcomes", self.log, *flags)

    def monitor(self, *flags, task="decide"):
        return run(BIN / "riskflag-monitor", task, "--log", self.log, "--reference", MODEL, *flags)

    def verdict_of(self, done, code=0):
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return json.loads(done.stdout)

    def verdict(self, code, *flags):
        return self.verdict_of(self.monitor("--outcomes", self.log, *flags), code)

    def test_the_same_population_with_its_outcomes_is_stable_and_its_page_says_so(self):
        with self.serve() as server:
            decisions = scored(server, "quiet.csv")
            report(server, decisions[:1200])
        verdict = self.verdict(0)
        self.assertEqual((verdict["decision"], verdict["decisions"]), ("stable", 1500))
        seen = verdict["performance"]
        self.assertEqual((seen["outcomes"], seen["positives"]), (1200, sum(outcome for _, outcome in decisions[:1200])))
        self.assertAlmostEqual(seen["coverage"], 0.8)
        self.assertGreater(seen["roc_auc"], 0.6)
        self.assertEqual([each["alarm"] for each in verdict["drift"]], [False] * len(verdict["drift"]))
        fields = {each["field"]: each for each in verdict["drift"]}
        for name in ("Income", "(score)"):  # a quiet window: rows stay where the training rows were
            self.assertTrue(0 < fields[name]["wasserstein"] <= fields[name]["ks"] < 0.15, fields[name])
        self.assertEqual((fields["CITY"]["ks"], fields["CITY"]["wasserstein"]), (None, None))
        for table, which in [("train.csv", "training"), ("quiet.csv", "live")]:
            with open(FOLDER / table, newline="") as file:
                gaps = [row["utilisation"] == "" for row in csv.DictReader(file)]
            rates = fields["utilisation"][which]
            self.assertTrue(0 < rates["missing"] < 1)
            self.assertEqual(rates["unseen"], 0)
            if which == "live":
                self.assertEqual(rates["missing"], sum(gaps) / len(gaps))
            else:  # without the rows of the other parts
                self.assertAlmostEqual(rates["missing"], sum(gaps) / len(gaps), delta=0.01)
        estimated = verdict["estimated"]
        self.assertAlmostEqual(estimated["roc_auc"], seen["roc_auc"], delta=0.1)
        self.assertAlmostEqual(estimated["brier"], seen["brier"], delta=0.05)
        self.assertTrue(0.5 < estimated["accuracy"] < 1, estimated)
        page = FOLDER / "pack.html"
        done = self.monitor("--outcomes", self.log, "--output", page, "--json", task="report")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["output"], str(page))
        text = page.read_text()
        for words in ("<b>stable</b>", "Income", "(score)", "week of ", "Calibration", "approved applicants", "Wasserstein", "CBPE"):
            self.assertIn(words, text)
        self.assertNotIn("<script", text)

    def test_drifted_applicants_are_told_by_field_and_by_the_server_itself(self):
        with self.serve() as server:
            scored(server, "drifted.csv")
            deadline = time.monotonic() + 30
            while 'riskflag_drift_alarm{field="Income",window="1000rows"} 1\n' not in (page := server.ask("GET", "/metrics")[2].decode()):
                self.assertLess(time.monotonic(), deadline, page)
                time.sleep(0.2)
            windows = json.loads(server.ask("GET", "/v1/monitor")[2])["live"]["windows"]
        verdict = self.verdict(3)
        self.assertEqual(verdict["decision"], "drift")
        self.assertIn("Income", verdict["reason"])
        offline = {each["field"]: each for each in verdict["drift"]}
        self.assertTrue(offline["Income"]["alarm"])
        live = next(window for window in windows if window["window"] == "1000rows")
        self.assertEqual(live["rows"], 1500)
        for each in live["fields"]:  # the server counted the same rows into the same bins
            self.assertAlmostEqual(each["psi"], offline[each["field"]]["psi"], 12)

    def test_whole_rows_are_compared_with_the_table_of_the_training(self):
        quiet = FOLDER / "quiet.csv"
        with self.serve() as server:
            scored(server, "quiet.csv")
        alike = self.verdict(0, "--training", FOLDER / "train.csv")["row_drift"]
        self.assertEqual([alike["training_rows"], alike["rows"], alike["alarm"], alike["limit"]], [6000, 1500, False, 0.55])
        self.assertLess(abs(alike["roc_auc"] - 0.5), 0.05)
        self.assertIsNone(self.verdict(0)["row_drift"])
        # Incomes of others: each field's values are those that they were, row by row they do not go together.
        with open(quiet, newline="") as file:
            rows = list(csv.DictReader(file))
        for name in ("Experience", "CURRENT_JOB_YRS"):
            for row, value in zip(rows, [row[name] for row in rows[700:] + rows[:700]]):
                row[name] = value
        with open(FOLDER / "mixed.csv", "w", newline="") as file:
            out = csv.DictWriter(file, list(rows[0]))
            out.writeheader()
            out.writerows(rows)
        self.log = Path(tempfile.mkdtemp(prefix="log-", dir=FOLDER))
        with self.serve() as server:
            scored(server, "mixed.csv")
        before = self.verdict_of(self.monitor())
        self.assertFalse([each for each in before["drift"] if each["alarm"]], before)
        verdict = self.verdict(3, "--training", FOLDER / "train.csv")
        self.assertTrue(verdict["row_drift"]["alarm"])
        self.assertGreater(verdict["row_drift"]["roc_auc"], 0.6)
        self.assertAlmostEqual(sum(each["share"] for each in verdict["row_drift"]["fields"]), 1)
        self.assertIn("how fields go together", verdict["reason"])
        self.assertIn("Experience", verdict["reason"])
        page = FOLDER / "rows.html"
        self.assertEqual(self.monitor("--training", quiet, "--output", page, task="report").returncode, 0)
        self.assertIn("live rows from 1,500 training rows", page.read_text())
        bad = FOLDER / "bad.csv"
        bad.write_text("Age\n3\n")
        done = self.monitor("--training", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(bad), done.stderr)

    def test_outcomes_that_the_scores_do_not_tell_are_decay(self):
        with self.serve() as server:
            decisions = scored(server, "quiet.csv")
            report(server, [(i, n % 2) for n, (i, _) in enumerate(decisions)])
        verdict = self.verdict(4)
        self.assertEqual(verdict["decision"], "decay")
        self.assertIn("where the test set had", verdict["reason"])
        self.assertLess(verdict["performance"]["roc_auc"], verdict["decay_limit"])
        with self.serve() as server:  # observed later: these hold
            report(server, [(i, outcome) for i, outcome in decisions])
            body = [{"decision_id": i, "outcome": outcome, "observed_at": "2027-06-01T00:00:00Z"} for i, outcome in decisions]
            self.assertEqual(server.score(body, path="/v1/outcomes")[0], 202)
        self.assertEqual(self.verdict(0)["decision"], "stable")

    def test_the_server_tells_while_it_runs_what_riskflag_monitor_finds_in_the_files(self):
        with self.serve("--shadow", MODEL) as server:
            decisions = scored(server, "quiet.csv")
            scored(server, "drifted.csv")  # without outcomes: coverage says so
            deadline = time.monotonic() + 60  # an outcome is judged of what the shadow has scored by then
            while json.loads(server.ask("GET", "/v1/monitor")[2])["shadow"]["performance"]["all"]["decisions"] != 3000:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            report(server, decisions[:700])
            report(server, [("01a2044a-eda2-715b-8fba-0f3ad562045b", 1)])
            body = [{"decision_id": i, "outcome": 1 - outcome, "observed_at": "2027-06-01T00:00:00Z"} for i, outcome in decisions[:50]]
            self.assertEqual(server.score(body, path="/v1/outcomes")[0], 202)
            seen = lambda: samples(server.ask("GET", "/metrics")[2].decode(), "riskflag_performance")  # noqa: E731
            deadline = time.monotonic() + 30
            while (live := seen()).get(("all", "realised", "outcomes")) != 700:
                self.assertLess(time.monotonic(), deadline, live)
                time.sleep(0.1)
            page = json.loads(server.ask("GET", "/v1/monitor")[2])
            while page["shadow"]["performance"]["all"]["outcomes"] != 700:  # judged after the champion
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
                page = json.loads(server.ask("GET", "/v1/monitor")[2])
        verdict = json.loads(self.monitor("--outcomes", self.log, "--quiet").stdout)
        weeks = {each["cohort"]: each for each in [verdict["performance"], *verdict["weeks"]]}
        self.assertEqual({cohort for cohort, _, _ in live}, {"training", *weeks})
        for cohort, each in weeks.items():
            low, high = each["roc_auc_interval"]
            want = {("decisions", "realised"): each["decisions"], ("outcomes", "realised"): each["outcomes"],
                    ("coverage", "realised"): each["coverage"], ("positive_rate", "realised"): each["positives"] / each["outcomes"],
                    ("mean_probability", "realised"): each["mean_probability"], ("roc_auc", "realised"): each["roc_auc"],
                    ("roc_auc", "low"): low, ("roc_auc", "high"): high, ("gini", "realised"): each["gini"],
                    ("ks", "realised"): each["ks"], ("brier", "realised"): each["brier"]}
            got = {(metric, kind): value for (of, kind, metric), value in live.items() if of == cohort and kind != "limit"}
            self.assertEqual(got.keys(), want.keys())
            for name, value in want.items():
                self.assertAlmostEqual(got[name], value, 12, (cohort, name))
        self.assertAlmostEqual(live["all", "limit", "roc_auc"], verdict["decay_limit"], 12)
        self.assertEqual(live["training", "expected", "roc_auc"], verdict["expected_roc_auc"])
        probability = {line["decision_id"]: line["probability"] for line in serving.records(self.log) if line.get("role") == "champion"}
        outcome = dict(decisions[:700]) | {i: 1 - outcome for i, outcome in decisions[:50]}
        judged = [(probability[i], said) for i, said in outcome.items()]
        self.assertAlmostEqual(live["all", "realised", "roc_auc"], slow_roc_auc(judged), 12)
        self.assertAlmostEqual(live["all", "realised", "brier"], sum((p - said) ** 2 for p, said in judged) / 700, 12)
        # The shadow is the same model: what it said is judged alike, and apart.
        self.assertEqual(page["performance"]["all"], page["shadow"]["performance"]["all"])
        self.assertEqual(page["performance"]["all"].keys(), verdict["performance"].keys())
        self.assertEqual((page["unknown_outcomes"], page["challenger"]), (1, None))

    def test_a_server_that_keeps_few_decisions_says_what_it_judges(self):
        with self.serve("--keep-decisions", 1000) as server:
            decisions = scored(server, "quiet.csv")
            report(server, decisions)
            deadline = time.monotonic() + 30
            while not (page := json.loads(server.ask("GET", "/v1/monitor")[2]))["performance"]["weeks"]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
        self.assertEqual(page["performance"]["most_decisions"], 1000)
        self.assertLessEqual(page["performance"]["all"]["decisions"], 1000)
        self.assertEqual(sum(week["decisions"] for week in page["performance"]["weeks"]), 1500)
        self.assertEqual(page["unknown_outcomes"], 1500 - page["performance"]["all"]["decisions"])

    def test_what_the_server_knows_goes_on_over_a_restart_and_over_kill_9_without_what_came_last(self):
        state, page = self.log / "state", lambda server: json.loads(server.ask("GET", "/v1/monitor")[2])
        with self.serve("--state", state, "--shadow", MODEL) as server:
            decisions = scored(server, "quiet.csv")
            report(server, decisions[:700])
            other = run(BIN / "riskflag-serve", "--model", MODEL, "--port", 0, "--outcomes", self.log, "--state", state)
            self.assertEqual(other.returncode, 1)
            self.assertIn("each server needs a directory of its own", other.stderr)
            self.assertEqual(server.end(), 0)
            self.assertNotIn("goes on from", server.messages())
        with self.serve("--state", state, "--shadow", MODEL) as server:
            self.assertIn(f"monitoring goes on from {state}", server.messages())
            report(server, decisions[700:1000])
            deadline = time.monotonic() + 30
            while (seen := page(server))["performance"]["all"]["outcomes"] != 1000 or not seen["live"]["windows"]:
                self.assertLess(time.monotonic(), deadline, seen)
                time.sleep(0.1)
            self.assertEqual(seen["shadow"]["performance"]["all"]["decisions"], 1500)
            self.assertEqual([seen["unknown_outcomes"], seen["live"]["rows"]], [0, 0])  # the counters are a process' own
            verdict = self.verdict(0)["performance"]
            self.assertEqual([seen["performance"]["all"][name] for name in ("roc_auc", "brier")], [verdict["roc_auc"], verdict["brier"]])
            window = next(each for each in seen["live"]["windows"] if each["window"] == "1000rows")
            self.assertEqual(window["rows"], 1500)
            server.end(signal.SIGKILL)  # within the minute: nothing was saved since the start
        with self.serve("--state", state) as server:
            deadline = time.monotonic() + 30
            while page(server)["performance"]["all"]["outcomes"] != 700:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            self.assertEqual(server.end(), 0)
        for path in state.glob("*.state"):
            self.assertNotIn(b"Income", path.read_bytes())  # nothing of an applicant
        windows = state / "windows-champion.state"
        windows.write_bytes(windows.read_bytes()[:300])
        with self.serve("--state", state) as server:
            self.assertIn(str(windows), server.messages())
            self.assertEqual(page(server)["live"]["windows"], [])

    def test_mode_hmac_still_tells_the_scores(self):
        key = FOLDER / "key"
        key.write_text("0123456789abcdef")
        with self.serve("--log-mode", "hmac", "--hmac-key", key) as server:
            scored(server, "drifted.csv")
        verdict = json.loads(self.monitor("--quiet").stdout)
        rows = {each["field"]: each["rows"] for each in verdict["drift"]}
        self.assertEqual((rows["Income"], rows["(score)"]), (0, 1500))

    def test_what_cannot_be_judged_is_said(self):
        with self.serve() as server:
            scored(server, "quiet.csv")
        done = self.monitor("--until", "2020-01-01")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no decision", done.stderr)
        self.assertEqual(self.monitor("--since", "2020-01-01").returncode, 0)
        for flags, word in [(["decide", "--log", self.log], "--reference"), (["decide", "--reference", MODEL], "--log"),
                            (["--log", self.log, "--reference", MODEL], "report or decide"),
                            (["report", "--log", self.log, "--reference", MODEL], "--output"),
                            (["decide", "--log", self.log, "--reference", MODEL, "--output", "x"], "--output"),
                            (["decide", "--log", self.log, "--reference", MODEL, "--since", "soon"], "soon")]:
            done = run(BIN / "riskflag-monitor", *flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(word, done.stderr)
        for flag, name, what in [("--outcomes", MODEL, "outcomes-*.jsonl"), ("--log", MODEL, "decisions-*.jsonl")]:
            done = self.monitor(flag, name) if flag == "--outcomes" else run(
                BIN / "riskflag-monitor", "decide", "--log", name, "--reference", MODEL)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            for word in (str(MODEL), f"holds no {what}", "MLmodel", "is accepted"):
                self.assertIn(word, done.stderr)
        empty = self.log / "empty"
        empty.mkdir()  # as a schedule finds it before the first outcome
        verdict = self.verdict_of(self.monitor("--outcomes", empty))
        self.assertEqual(verdict["outcome_files"], 0)
        self.assertIn("there are no outcomes yet", verdict["reason"])
        self.assertIsNone(self.verdict_of(self.monitor())["outcome_files"])
        done = run(BIN / "riskflag-monitor", "decide", "--log", empty, "--reference", MODEL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there are no decisions yet: the directory is empty", done.stderr)
        path = next(self.log.glob("decisions-*.jsonl"))
        path.write_text(path.read_text().replace('"v":1', '"v":7', 1))
        done = self.monitor()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:1", done.stderr)


if __name__ == "__main__":
    unittest.main()
