"""Champion, challenger and shadow as clients, the log and the tools that read it meet them. Standard library only."""
import hashlib
import json
import os
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import serving
from serving import BIN, Server, as_json, must, records, run

FOLDER = None
MODELS = {}
ROWS = []


def setUpModule():
    global FOLDER, ROWS
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-models-"))
    for name, iterations in (("first", 20), ("second", 5), ("third", 10)):
        MODELS[name] = serving.train(FOLDER, 2000, "--set", "table_defaults=false", "--set", f"num_iterations={iterations}", name=name)
    ROWS = serving.applicants(FOLDER)


def tearDownModule():
    shutil.rmtree(FOLDER)


def point(link, model):
    """Replaces the link as deployments do."""
    os.symlink(model, link.with_suffix(".new"))
    os.replace(link.with_suffix(".new"), link)


class Models(unittest.TestCase):
    def setUp(self):
        self.log = Path(tempfile.mkdtemp(prefix="log-", dir=FOLDER))

    def wait(self, what):
        deadline = time.monotonic() + 30
        while not (found := what()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        return found

    def test_a_share_is_the_challengers_by_key_and_the_shadow_scores_the_rest_silently(self):
        with Server(MODELS["first"], "--challenger", MODELS["second"], "--split", 30, "--shadow", MODELS["third"], "--decision-log", self.log,
                    "--outcomes", self.log) as server:
            schema = json.loads(server.ask("GET", "/v1/schema")[2])
            answers = []
            for i, row in enumerate(ROWS):
                status, _, answer = server.ask("POST", "/v1/score", json.dumps(as_json(row, schema)),
                                               {"Content-Type": "application/json", "X-Routing-Key": f"customer-{i}"})
                self.assertEqual(status, 200)
                answers.append(json.loads(answer))
                share = int(hashlib.sha256(f"customer-{i}".encode()).hexdigest()[:8], 16) / 2**32
                self.assertEqual(answers[-1]["model"]["name"], "second" if share < 0.3 else "first")
            outcomes = [{"decision_id": a["decision_id"], "outcome": i % 2, "observed_at": "2026-11-29T10:00:00Z"} for i, a in enumerate(answers)]
            self.assertEqual(server.score(outcomes, path="/v1/outcomes")[0], 202)
            count = sum(a["model"]["name"] == "first" for a in answers)
            shadow = self.wait(lambda: (s := json.loads(server.ask("GET", "/v1/monitor")[2])["shadow"])["compared"]["rows"] == count and s)
            self.assertEqual(shadow["requests"], {"scored": count, "failed": 0, "dropped": 0})
            self.assertEqual(server.end(), 0)
        by_role = {role: {r["decision_id"]: r for r in records(self.log) if r.get("role") == role} for role in ("champion", "challenger", "shadow")}
        self.assertEqual([len(by_role[role]) for role in by_role], [count, 200 - count, count])
        self.assertEqual(by_role["shadow"].keys(), by_role["champion"].keys())
        differences = [abs(by_role["shadow"][i]["probability"] - by_role["champion"][i]["probability"]) for i in by_role["champion"]]
        self.assertAlmostEqual(shadow["compared"]["mean_absolute_difference"], sum(differences) / count, 12)
        for role, name, decisions in (("champion", "first", count), ("challenger", "second", 200 - count), ("shadow", "third", count)):
            done = run(BIN / "riskflag-score", "--model", MODELS[name], "--replay", self.log, "--json")
            self.assertEqual((done.returncode, json.loads(done.stdout)["equal"]), (0, decisions), done.stderr)
            task = [BIN / "riskflag-monitor", "decide", "--log", self.log, "--outcomes", self.log, "--reference", MODELS[name]]
            plain = run(*task)
            if role == "shadow":  # no client got these
                self.assertEqual((plain.returncode, plain.stdout), (1, ""))
                self.assertIn(f"{count} it made in another role", plain.stderr)
                plain = run(*task, "--role", "shadow")
            verdict = json.loads(plain.stdout)
            self.assertEqual((verdict["decisions"], verdict["performance"]["outcomes"]), (decisions, decisions))
        self.assertEqual(run(*task, "--role", "king").returncode, 2)

    def test_watch_follows_each_directory_and_one_that_does_not_fit_is_refused(self):
        links = {role: FOLDER / role for role in ("champion", "challenger", "shadow")}
        for role, name in zip(links, MODELS):
            point(links[role], MODELS[name])
        must(BIN / "riskflag-train", "--data", FOLDER / "train.csv", "--target", "Risk_Flag", "--drop", "Id", "--protected", "Sex", "--output",
             FOLDER / "other", "--quiet", "--set", "table_defaults=false", "--set", "num_iterations=3")
        with Server(links["champion"], "--challenger", links["challenger"], "--split", 100, "--shadow", links["shadow"], "--watch") as server:
            schema = json.loads(server.ask("GET", "/v1/schema")[2])
            body = as_json(ROWS[0], schema)
            digest = {name: hashlib.sha256((path / "manifest.json").read_bytes()).hexdigest() for name, path in MODELS.items()}
            self.assertEqual(server.score(body)[1]["model"]["digest"], digest["second"])
            point(links["challenger"], FOLDER / "other")
            self.wait(lambda: "the new challenger is refused" in server.messages())
            self.assertIn("other id fields", server.messages())
            self.assertEqual(server.score(body)[1]["model"]["digest"], digest["second"])
            point(links["challenger"], MODELS["first"])
            self.wait(lambda: server.score(body)[1]["model"]["digest"] == digest["first"])
            point(links["shadow"], MODELS["second"])
            self.wait(lambda: json.loads(server.ask("GET", "/v1/monitor")[2])["shadow"]["model"]["digest"] == digest["second"])
            point(links["champion"], MODELS["third"])
            self.wait(lambda: json.loads(server.ask("GET", "/readyz")[2])["model"]["digest"] == digest["third"])
        done = run(BIN / "riskflag-serve", "--model", MODELS["first"], "--challenger", FOLDER / "other", "--split", 10, "--port", 0)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn('cannot be the challenger of "first": it has other id fields', done.stderr)


if __name__ == "__main__":
    unittest.main()
