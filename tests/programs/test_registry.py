"""What riskflag-registry says when it is asked wrongly, and that no alias moves past the gate. Each sentence says where, what was found
and what would be accepted."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import driver
import serving
from fake_mlflow import FakeMlflow

FOLDER = None
WHY = ["--approved-by", "Ann", "--reason", "the model is withdrawn"]


def call(*args, expect=0, **extra):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "RISKFLAG_JOURNAL"))}
    environment.update({"HOME": str(FOLDER), "RISKFLAG_JOURNAL": str(FOLDER / "journal"), "RISKFLAG_CACHE": str(FOLDER / "cache"),
                        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0", **extra})
    done = subprocess.run([str(driver.BIN / f"riskflag-{args[0]}"), *map(str, args[1:])], capture_output=True, timeout=300,
                          encoding="utf-8", env=environment)
    assert done.returncode == expect, (args, done.returncode, done.stdout, done.stderr)
    return done


def study(output, *flags, **kwargs):
    return call("train", "--data", FOLDER / "learn.csv", "--target", "y", "--output", output, "--id", "key", "--set", "num_iterations=10",
                "--seed", "3", "--json", *driver.QUICK, *flags, **kwargs)


def setUpModule():
    """A journal with two runs, one model and two versions of it, and rows that neither has learned from."""
    global FOLDER
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-registry-"))
    header, body = driver.small_table(800, seed=8)
    driver.write_table(FOLDER / "learn.csv", header, body[:400])
    driver.write_table(FOLDER / "judge.csv", header, body[400:])
    place = ["--tracking", f"journal:{FOLDER / 'journal'}", "--experiment", "credit", "--register", "loans"]
    study(FOLDER / "m1", *place, "--alias", "champion")
    study(FOLDER / "m2", *place, "--set", "num_leaves=5")


def tearDownModule():
    shutil.rmtree(FOLDER)


class Registry(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="test-", dir=FOLDER))
        self.journal = self.dir / "journal"
        shutil.copytree(FOLDER / "journal", self.journal, symlinks=True)
        self.place = ["--tracking", f"journal:{self.journal}"]

    def ask(self, *args, expect=0):
        return call("registry", *self.place, *args, expect=expect)

    def refused(self, code, words, *args):
        """One sentence on stderr with all those words, and with --json the same in an object."""
        done = self.ask(*args, expect=code)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        told = json.loads(self.ask("--json", *args, expect=code).stdout)["error"]["message"]
        self.assertIn(told, done.stderr)
        return done.stderr

    def champion(self, version=None):
        return json.loads(self.ask("--json", "show", "loans@champion").stdout)["versions"][0]["version"]

    def assert_gate_holds(self):
        """An alias is deleted only by somebody who answers for it, and goes back only to where it was."""
        self.refused(2, ["--approved-by"], "alias", "loans", "champion", "--delete")
        self.refused(2, ["--reason"], "alias", "loans", "champion", "--delete", "--approved-by", "Ann", "--reason", " ")
        self.assertEqual(self.champion(), 1)
        gone = json.loads(self.ask("--json", "alias", "loans", "champion", "--delete", *WHY).stdout)
        self.assertEqual([gone["event"], gone["from"]["version"], gone["to"], gone["approved_by"]], ["unalias", 1, None, "Ann"])
        self.refused(1, ["at version 1"], "rollback", "loans", *WHY)
        for words in (["alias", "loans", "champion", 2], ["register", FOLDER / "m2", "--name", "loans", "--alias", "champion"]):
            self.refused(2, ["champion", "was at version 1", "alias loans champion 1", "promote"], *words)
        told = study(self.dir / "m3", *self.place, "--register", "loans", "--alias", "champion", expect=2).stderr
        self.assertIn("was at version 1", told)
        self.assertFalse((self.dir / "m3").exists())
        self.assertEqual(len(json.loads(self.ask("--json", "list", "loans").stdout)["versions"]), 2)
        self.ask("alias", "loans", "champion", 1)
        self.assertEqual(self.champion(), 1)
        self.refused(2, ["at version 1", "promote"], "alias", "loans", "champion", 2)
        # Nor does rollback go where no promotion has been.
        self.refused(2, ["previous", "promote"], "alias", "loans", "previous", 2)
        self.refused(2, ["previous"], "promote", "loans/2", "--over", "previous", "--data", FOLDER / "judge.csv", "--margin", 1, *WHY)
        trail = json.loads(self.ask("--json", "show", "loans@champion").stdout)["audit"]
        self.assertEqual(trail, [gone])
        self.ask("promote", "loans/2", "--data", FOLDER / "judge.csv", "--margin", 1, *WHY)
        self.ask("alias", "loans", "previous", "--delete", *WHY)
        self.refused(2, ["was at version 1"], "alias", "loans", "previous", 2)
        self.ask("alias", "loans", "previous", 1)
        self.ask("rollback", "loans", *WHY)
        self.assertEqual(self.champion(), 1)
        self.assertEqual(json.loads(self.ask("--json", "gc", "--keep", 1).stdout)["removed"], [])  # the trail speaks of it

    def test_gc_leaves_a_version_whose_decisions_still_lie_in_a_log(self):
        study(self.dir / "m3", *self.place, "--register", "loans", "--set", "num_leaves=6")
        removed = lambda *words: [one["version"] for one in json.loads(  # noqa: E731
            self.ask("--json", "gc", "--keep", 1, "--dry-run", *words).stdout)["removed"]]
        with serving.Server(FOLDER / "m2", "--decision-log", self.dir / "decisions") as server:
            status, answer = server.score({"key": "k1", "x": 0.5, "c": "red"})
            self.assertEqual(status, 200, answer)
        (self.dir / "nothing-yet").mkdir()
        self.assertEqual(removed(), [2])
        self.assertEqual(removed("--decision-log", self.dir / "nothing-yet"), [2])
        self.assertEqual(removed("--decision-log", self.dir / "nothing-yet", "--decision-log", self.dir / "decisions"), [])
        self.refused(1, ["absent", "no such file"], "gc", "--decision-log", self.dir / "absent")

    def test_no_alias_moves_past_the_gate(self):
        self.assert_gate_holds()

    def test_no_alias_moves_past_the_gate_at_a_server(self):
        with FakeMlflow() as server:
            self.place = ["--tracking", server.url]
            call("registry", "sync", self.journal, server.url)
            self.assert_gate_holds()
            # What was taken away there is not set elsewhere by a journal that knows another version.
            self.ask("alias", "loans", "champion", "--delete", *WHY)
            here = ["--tracking", f"journal:{self.journal}"]
            call("registry", *here, "promote", "loans/2", "--data", FOLDER / "judge.csv", "--margin", 1, *WHY)
            self.assertIn("was taken from version 1", call("registry", "sync", self.journal, server.url).stderr)
            self.assertNotIn("champion", server.store.registered["loans"]["aliases"])

    def test_of_two_at_once_one_gets_a_free_alias(self):
        with FakeMlflow() as server:
            call("registry", "sync", self.journal, server.url)
            server.let_two_meet("GET", "/api/2.0/mlflow/registered-models/alias")  # where both would see that nothing has it
            words = [str(driver.BIN / "riskflag-registry"), "--tracking", server.url, "alias", "loans", "fresh"]
            both = [subprocess.Popen([*words, version], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8") for version in "12"]
            said = [process.communicate()[1] for process in both]
            self.assertEqual(sorted(process.returncode for process in both), [0, 2], said)
            winner = [process.returncode for process in both].index(0)
            self.assertIn(f'"fresh" is at version {winner + 1}', said[1 - winner])
            self.assertEqual(server.store.registered["loans"]["aliases"]["fresh"], winner + 1)
            self.assertEqual(server.store.registered["loans"]["tags"], {})  # the turn is given back

    def test_a_sync_brings_the_audit_trail_with_the_servers_own_numbers(self):
        with FakeMlflow() as server:
            there = ["--tracking", server.url, "--json"]
            trail = lambda: json.loads(call("registry", *there, "show", "loans/2").stdout)["audit"]
            sync = lambda: call("registry", "sync", self.journal, server.url)
            call("registry", *there, "register", FOLDER / "m2", "--name", "loans")  # so that ours have other numbers there
            self.ask("promote", "loans/2", "--data", FOLDER / "judge.csv", "--margin", 1, *WHY)
            self.ask("rollback", "loans", *WHY)
            sync()
            want = json.loads(self.ask("--json", "show", "loans/1").stdout)["audit"]
            for record in want:
                for side in ("from", "to"):
                    record[side]["version"] += 1
            self.assertEqual([r["event"] for r in want], ["promote", "rollback"])
            self.assertEqual(trail(), want)
            versions = server.store.registered["loans"]["versions"]
            self.assertEqual([sum(t["key"].startswith("riskflag.audit.") for t in v["tags"]) for v in versions], [0, 1, 1])
            for state in (self.journal / "models" / "loans").glob("mlflow-*.json"):
                state.unlink()  # as if killed before it was written
            sync()
            self.assertEqual(trail(), want)
            # What was taken away here stays there, and its record waits until it does not.
            self.ask("alias", "loans", "champion", "--delete", *WHY)
            self.assertIn("was taken away here and is at version 2 there", sync().stderr)
            self.assertEqual(trail(), want)
            call("registry", *there, "alias", "loans", "champion", "--delete", *WHY)
            sync()
            self.assertEqual([r["event"] for r in trail()], ["promote", "rollback", "unalias", "unalias"])

    def test_a_name_that_is_not_there_is_an_error_with_those_that_are_the_nearest_first(self):
        near = ["did you mean \"loans\"?", "there is only \"loans\""]
        for words in (["gc", "loan"], ["list", "loan"], ["show", "loan/1"], ["show", "loan@champion"], ["rollback", "loan", *WHY],
                      ["alias", "loan", "champion", 1], ["alias", "loan", "champion", "--delete", *WHY],
                      ["promote", "loan/1", "--data", "x", "--margin", 0, *WHY], ["compare", "models:/loan/1", FOLDER / "m1", "--data", "x"]):
            self.refused(1, near, *words)
        self.refused(1, ["there is no version 7", "there are 1, 2"], "show", "loans/7")
        self.refused(1, ["version 7", "there are 1, 2"], "alias", "loans", "other", 7)
        self.refused(1, ["there is no alias \"champoin\"", "did you mean \"champion\"?"], "show", "loans@champoin")
        self.refused(1, ["\"champoin\"", "did you mean \"champion\"?"], "rollback", "loans", "--alias", "champoin", *WHY)
        self.refused(1, [str(self.journal), "there is only \"credit\""], "runs", "--experiment", "kredit")
        self.refused(1, ["--sort", "did you mean \"test.roc_auc\"?"], "runs", "--sort", "test.rok_auc")
        self.refused(1, ["--filter", "did you mean \"num_leaves\"?"], "runs", "--filter", "params.num_leafs = '31'")
        self.refused(1, ["--filter", "did you mean \"test.roc_auc\"?"], "runs", "--filter", "metrics.test.roc_acu > 0.1")
        self.refused(2, ["--filter", "\"status\", \"run_name\", \"run_id\""], "runs", "--filter", "attributes.state = 'FINISHED'")
        self.refused(2, ["--filter", "did you mean \"FINISHED\"?"], "runs", "--filter", "attributes.status = 'FINISHD'")
        self.refused(1, ["--best", "did you mean \"test.roc_auc\"?"], "register", "--name", "n", "--best", "test.roc_au")
        self.refused(1, ["there is only \"credit\""], "register", "--name", "n", "--best", "test.roc_auc", "--experiment", "kredit")
        self.assertEqual(json.loads(self.ask("--json", "runs", "--filter", "params.num_leaves = '77'").stdout)["runs"], [])

    def test_a_name_that_a_server_does_not_have_is_an_error_too(self):
        with FakeMlflow() as server:
            call("registry", "sync", self.journal, server.url)
            self.place = ["--tracking", server.url]
            for words in (["gc", "loan"], ["list", "loan"], ["show", "loan/1"]):
                self.refused(1, ["there is only \"loans\""], *words)
            self.refused(1, ["\"kredit\"", "\"credit\""], "runs", "--experiment", "kredit")
            self.refused(1, ["did you mean \"test.roc_auc\"?"], "runs", "--experiment", "credit", "--sort", "test.roc_au")

    def test_a_directory_of_something_else_is_no_journal(self):
        for words in (["runs"], ["list"], ["show", "loans/1"], ["alias", "loans", "a", 1], ["rollback", "loans", *WHY], ["gc"]):
            absent = self.dir / "absent"
            self.place = ["--tracking", f"journal:{absent}"]
            self.refused(1, [str(absent), "no such directory"], *words)
            self.assertFalse(absent.exists())
            self.place = ["--tracking", f"journal:{FOLDER / 'm1'}"]
            self.refused(1, [str(FOLDER / "m1"), "RUN_ID.jsonl", "\"MLmodel\""], *words)
        logs = self.dir / "logs"
        logs.mkdir()
        (logs / "decisions-1.jsonl").write_text('{"v":1,"ts":"2026-11-29T10:00:00.000Z"}\n' * 3)
        done = call("registry", "--tracking", f"journal:{logs}", "runs", expect=1)
        self.assertIn("decisions-1.jsonl: no line of it begins a run", done.stderr)
        self.assertEqual(call("registry", "--tracking", f"journal:{logs}", "sync", logs, "http://127.0.0.1:9", expect=1).stdout, "")
        empty = self.dir / "empty"
        empty.mkdir()  # a journal that nothing was written to yet
        self.assertEqual(json.loads(call("registry", "--tracking", f"journal:{empty}", "--json", "list").stdout), {"versions": []})

    def test_a_line_that_cannot_be_read_is_left_out_and_told(self):
        path = next(self.journal.glob("*.jsonl"))
        path.write_text(path.read_text() + "{nonsense}\n")
        done = self.ask("--json", "runs")
        self.assertEqual(len(json.loads(done.stdout)["runs"]), 2)
        self.assertIn(str(path), done.stderr)
        (self.journal / "models" / "loans" / "audit.jsonl").write_text("{nonsense}\n")
        for words in (["gc", "loans"], ["show", "loans/1"], ["alias", "loans", "other", 2]):
            self.refused(1, ["audit.jsonl:1", "{nonsense}"], *words)

    def test_what_names_no_version_says_how_one_is_named(self):
        for uri in ("loans/two", "loans", "loans/0"):
            self.refused(2, [uri, "models:/NAME@ALIAS"], "show", uri)

    def test_an_alias_that_is_no_name_is_not_called_reserved(self):
        self.assertNotIn("reserved", self.refused(2, ["\"a.b\"", "letters, digits, _ and -"], "alias", "loans", "a.b", 1))
        self.refused(2, ["\"latest\"", "reserved"], "alias", "loans", "latest", 1)

    def test_rows_that_do_not_fit_are_named_with_their_file(self):
        header, body = driver.small_table(60, seed=9)
        ask = lambda name, change, *flags: (driver.write_table(self.dir / name, *change(header, body)),
                                            ["compare", FOLDER / "m1", FOLDER / "m2", "--data", self.dir / name, *flags])[1]
        same = lambda h, b: (h, b)
        self.refused(1, ["a.csv", "\"y\"", "there are \"key\", \"x\", \"c\""], *ask("a.csv", lambda h, b: (h[:-1], [r[:-1] for r in b])))
        self.refused(1, ["b.csv", "\"who\"", "--group-by"], *ask("b.csv", same, "--group-by", "who"))
        self.refused(1, ["b.csv", "\"keyy\"", "did you mean \"key\"?", "--target"], *ask("b.csv", same, "--target", "keyy"))
        self.refused(1, ["b.csv", "\"w\"", "--weight"], *ask("b.csv", same, "--weight", "w"))
        self.refused(1, ["e.csv", "\"x\"", str(FOLDER / "m2")], *ask("e.csv", lambda h, b: (["key", "z", *h[2:]], b)))
        self.refused(1, ["c.csv"], *ask("c.csv", lambda h, b: (h, [])))
        self.refused(1, ["d.csv"], *ask("d.csv", lambda h, b: (h, [r[:-1] + [1] for r in b])))
        self.refused(1, ["absent.csv"], "compare", FOLDER / "m1", FOLDER / "m2", "--data", self.dir / "absent.csv")
        self.refused(2, ["metric", "\"roc_auk\"", "roc_auc"], *ask("b.csv", same, "--metric", "roc_auk"))
        self.refused(1, [str(FOLDER / "learn.csv"), "is a file", "a model directory"], "compare", FOLDER / "learn.csv", FOLDER / "m2", "--data", FOLDER / "judge.csv")

    def test_rows_that_repeat_are_drawn_together_whatever_their_ids(self):
        """Copies of rows make no model better known: the bound stays as wide as that of the rows without copies."""
        header, body = driver.small_table(300, seed=9)
        body = list({(row[1], row[2]): row for row in body}.values())  # no two with equal features
        answers = {}
        for name, times in (("once", 1), ("often", 30)):
            rows = [[f"{key}-{i}", *rest] for key, *rest in body for i in range(times)]
            driver.write_table(self.dir / f"{name}.csv", header, rows)
            answers[name] = json.loads(self.ask("--json", "compare", FOLDER / "m2", FOLDER / "m1", "--data", self.dir / f"{name}.csv").stdout)
        once, often = answers["once"], answers["often"]
        self.assertEqual((once["groups"], often["groups"], often["rows"]), (None, len(body), 30 * len(body)))
        self.assertEqual((once["metrics"][0]["method"], often["metrics"][0]["method"]), ("delong", "bootstrap"))
        below = [answer["metrics"][0]["challenger"] - answer["metrics"][0]["champion"] - answer["metrics"][0]["lower_bound"] for answer in (once, often)]
        self.assertLess(0.7, below[1] / below[0])
        self.assertLess(below[1] / below[0], 1.4)

    def test_a_refusal_of_the_gate_has_no_minus_nothing(self):
        told = self.refused(1, ["may not take the place", "not above 0.00000"], "promote", "loans/2", "--data", FOLDER / "judge.csv",
                            "--margin", 0, "--metric", "log_loss", *WHY)
        self.assertNotIn("-0.00000", told)

    def test_a_version_is_fetched_into_a_new_directory(self):
        target = self.dir / "volume" / "credit"
        target.parent.mkdir()
        told = json.loads(self.ask("--json", "fetch", "loans@champion", target).stdout)
        self.assertEqual((told["name"], told["version"], told["directory"]), ("loans", "1", str(target)))
        self.assertEqual(sorted(os.listdir(target.parent)), ["credit"])
        for given, path in ((FOLDER / "m1", FOLDER / "before.csv"), (target, self.dir / "after.csv")):
            call("score", "--model", given, "--data", FOLDER / "judge.csv", "--output", path)
        self.assertEqual((self.dir / "after.csv").read_bytes(), (FOLDER / "before.csv").read_bytes())
        self.ask("fetch", "models:/loans/1", target)  # the same again
        self.refused(2, [str(target), "is there already"], "fetch", "loans/2", target)
        self.refused(1, [str(self.dir / "absent/credit")], "fetch", "loans/2", self.dir / "absent/credit")
        self.refused(1, ["nobody"], "fetch", "loans@nobody", self.dir / "other")
        self.assertFalse((self.dir / "other").exists())

    def test_a_directory_is_registered_with_the_run_that_made_it(self):
        runs = {r["params"]["num_leaves"]: r["run_id"] for r in json.loads(self.ask("--json", "runs").stdout)["runs"]}
        made = json.loads(self.ask("--json", "register", FOLDER / "m2", "--name", "other").stdout)["versions"][0]
        self.assertEqual(made["run_id"], runs["5"])
        with FakeMlflow() as server:
            self.place = ["--tracking", server.url]
            call("registry", "sync", self.journal, server.url)
            made = json.loads(call("registry", *self.place, "--json", "register", FOLDER / "m2", "--name", "other",
                                   RISKFLAG_JOURNAL=str(self.journal)).stdout)["versions"][0]
            self.assertEqual(server.store.runs[made["run_id"]]["params"]["num_leaves"], "5")
        self.refused(1, [str(FOLDER / "learn.csv"), "a model directory is accepted"], "register", FOLDER / "learn.csv", "--name", "n")


if __name__ == "__main__":
    unittest.main()
