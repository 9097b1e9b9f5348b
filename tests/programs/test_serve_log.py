"""The decision log and outcomes of riskflag-serve as an auditor meets them: written before the answer, kept over kill -9, scored again
to the bit by riskflag-score --replay. Standard library only."""
import csv
import hashlib
import http.client
import json
import math
import resource
import shutil
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path

import serving
from serving import BIN, Server, as_json, records, run

FOLDER = MODEL = None
ROWS = []


def setUpModule():
    global FOLDER, MODEL, ROWS
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-log-"))
    MODEL = serving.train(FOLDER, 2000, "--set", "num_iterations=20")
    ROWS = serving.applicants(FOLDER)


def tearDownModule():
    shutil.rmtree(FOLDER)


class Log(unittest.TestCase):
    def setUp(self):
        self.log = Path(tempfile.mkdtemp(prefix="log-", dir=FOLDER))

    def replay(self, *flags, model=None, log=None):
        return run(BIN / "riskflag-score", "--model", model or MODEL, "--replay", log or self.log, *flags)

    def score_everything(self, server):
        schema = json.loads(server.ask("GET", "/v1/schema")[2])
        bodies = [as_json(row, schema) for row in ROWS]
        answers = [server.score(body)[1] for body in bodies[:20]]
        answers += server.score(bodies)[1]
        lines = server.score("\n".join(map(json.dumps, bodies)), "application/x-ndjson")[1]
        answers += map(json.loads, lines.splitlines())
        server.score((FOLDER / "new.csv").read_bytes(), "text/csv")
        server.score({"instances": bodies}, path="/invocations")
        return answers

    def test_every_answer_is_in_the_log_and_comes_out_again_to_the_bit(self):
        with Server(MODEL, "--decision-log", self.log, "--log-max-bytes", 100_000) as server:
            answers = self.score_everything(server)
            self.assertEqual(server.end(), 0)
        self.assertGreater(len(list(self.log.glob("decisions-*.jsonl"))), 3)
        logged = records(self.log)
        self.assertEqual(len(logged), 20 + 4 * len(ROWS))
        by_id = {record["decision_id"]: record for record in logged}
        self.assertEqual(len(by_id), len(logged))
        for answer in answers:
            record = by_id[answer["decision_id"]]
            for name in ("probability", "threshold", "risk", "id", "model"):
                self.assertEqual(record[name], answer[name])
        done = self.replay("--json", "--output", FOLDER / "replayed.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["decisions"], result["equal"], result["different"]), (len(logged), len(logged), 0))
        with open(FOLDER / "replayed.csv", newline="") as file:
            for record, row in zip(logged, csv.DictReader(file)):
                self.assertEqual((row["decision_id"], float(row["probability"]), row["error"]),
                                 (record["decision_id"], record["probability"], ""))

    def test_a_score_that_was_changed_is_found_and_another_model_is_not_judged(self):
        with Server(MODEL, "--decision-log", self.log) as server:
            self.score_everything(server)
        path = next(self.log.glob("*.jsonl"))
        text = path.read_text()
        lines = text.splitlines()
        changed = json.loads(lines[4])
        changed["probability"] = math.nextafter(changed["probability"], 1)  # by one bit
        path.write_text("\n".join([*lines[:4], json.dumps(changed), *lines[5:]]) + "\n")
        done = self.replay()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("1 of 820 decisions come out differently", done.stderr)
        self.assertIn(f"{path}:5: ", done.stderr)
        path.write_text(text + text[:100])  # its writer was killed in the middle of a line that nobody was told about
        done = self.replay()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 unfinished line", done.stdout)
        path.write_text(text[:100] + "\n" + text)
        done = self.replay()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:1:", done.stderr)
        other = serving.train(FOLDER, 2000, "--set", "num_iterations=3", "--force", name="other")
        path.write_text(text)
        done = self.replay(model=other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("820 are another model's", done.stderr)
        for log, word in [(FOLDER / "nothing", "no such file"), (FOLDER / "other", "no decisions-")]:
            done = self.replay(log=log)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)

    def test_kill_9_loses_no_decision_that_was_acknowledged(self):
        for sync in ("everysec", "always"):
            shutil.rmtree(self.log)
            told = []
            with Server(MODEL, "--decision-log", self.log, "--outcomes", self.log, "--log-sync", sync) as server:
                schema = json.loads(server.ask("GET", "/v1/schema")[2])

                def client(body):
                    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                    try:
                        while True:
                            connection.request("POST", "/v1/score", body, {"Content-Type": "application/json"})
                            answer = json.loads(connection.getresponse().read())
                            connection.request("POST", "/v1/outcomes", json.dumps({
                                "decision_id": answer["decision_id"], "outcome": 1, "observed_at": "2026-11-29T10:00:00Z"}),
                                {"Content-Type": "application/json"})
                            taken = connection.getresponse()
                            taken.read()
                            told.append((answer["decision_id"], answer["probability"], taken.status))
                    except (ConnectionError, http.client.HTTPException):
                        pass  # it was killed

                threads = [threading.Thread(target=client, args=(json.dumps(as_json(row, schema)),)) for row in ROWS[:4]]
                for thread in threads:
                    thread.start()
                deadline = time.monotonic() + 60
                while len(told) < 100:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                server.end(signal.SIGKILL)
                for thread in threads:
                    thread.join()
            decisions, outcomes = {}, set()
            for path in self.log.glob("*.jsonl"):
                for line in path.read_text().split("\n")[:-1]:  # what has no end was told to nobody
                    record = json.loads(line)
                    if "outcome" in record:
                        outcomes.add(record["decision_id"])
                    else:
                        decisions[record["decision_id"]] = record["probability"]
            for decision_id, probability, status in told:
                self.assertEqual(status, 202)
                self.assertEqual(decisions[decision_id], probability)
                self.assertIn(decision_id, outcomes)

    def test_mode_hmac_gives_no_field_away_and_cannot_be_replayed(self):
        key = FOLDER / "hmac.key"
        key.write_text("0123456789abcdef0123456789abcdef\n")
        with Server(MODEL, "--decision-log", self.log, "--log-mode", "hmac", "--hmac-key", key) as server:
            self.score_everything(server)
        for record in records(self.log):
            self.assertIsNone(record["fields"])
            self.assertRegex(record["hmac"], "^[0-9a-f]{64}$")
        done = self.replay()
        self.assertEqual(done.returncode, 1)
        self.assertIn("mode hmac", done.stderr)

    def test_a_log_that_is_full_refuses_to_score_unless_told_to_continue(self):
        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        for flags, want in [([], 503), (["--log-failure", "continue"], 200)]:
            with Server(MODEL, "--decision-log", self.log, *flags, preexec_fn=full) as server:
                schema = json.loads(server.ask("GET", "/v1/schema")[2])
                body = json.dumps(as_json(ROWS[0], schema))
                for _ in range(20):
                    status, headers, answer = server.ask("POST", "/v1/score", body, {"Content-Type": "application/json"})
                self.assertEqual(status, want)
                if want == 503:
                    self.assertEqual(json.loads(answer)["code"], "log_unavailable")
                    self.assertEqual(headers["retry-after"], "1")
                self.assertEqual(server.ask("GET", "/readyz")[0], 200)
                page = server.ask("GET", "/metrics")[2].decode()
                self.assertNotIn("riskflag_decision_log_errors_total 0\n", page)
                deadline = time.monotonic() + 20
                while "the decision log: " not in server.messages():
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.1)
            done = self.replay()  # what was written is whole
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_server_that_ends_at_once_still_says_why_its_log_could_not_be_written(self):
        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        with Server(MODEL, "--decision-log", self.log, preexec_fn=full) as server:
            schema = json.loads(server.ask("GET", "/v1/schema")[2])
            body = json.dumps(as_json(ROWS[0], schema))
            codes = [server.ask("POST", "/v1/score", body, {"Content-Type": "application/json"})[0] for _ in range(20)]
            self.assertEqual(codes[-1], 503)
            self.assertEqual(server.end(), 0)  # before the look of the first second
            self.assertEqual(server.messages().count("the decision log: "), 1, server.messages())

    def test_wrong_flags_are_exit_2_and_a_place_that_cannot_be_written_is_1(self):
        key = FOLDER / "short.key"
        key.write_text("short\n")
        for flags, word, code in [(["--log-mode", "hmac"], "--decision-log", 2), (["--hmac-key", key], "--decision-log", 2),
                                  (["--decision-log", self.log, "--log-mode", "hmac"], "--hmac-key", 2),
                                  (["--decision-log", self.log, "--hmac-key", key], "--hmac-key", 2),
                                  (["--decision-log", self.log, "--log-mode", "half"], "half", 2),
                                  (["--access-log", MODEL / "model.json"], "model.json", 1),
                                  (["--decision-log", self.log, "--log-sync", "often"], "often", 2),
                                  (["--decision-log", self.log, "--log-failure", "ignore"], "ignore", 2),
                                  (["--decision-log", self.log, "--log-max-bytes", "0"], "--log-max-bytes", 2),
                                  (["--decision-log", self.log, "--log-mode", "hmac", "--hmac-key", key], "at least 16", 2),
                                  (["--decision-log", MODEL / "model.json"], "model.json", 1),
                                  (["--outcomes", "/proc/nothing"], "/proc/nothing", 1)]:
            done = run(BIN / "riskflag-serve", "--model", MODEL, "--port", "0", *flags)
            self.assertEqual(done.returncode, code, (flags, done.stderr))
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stdout, "")
        for flags, word in [(["--replay", "x", "--data", "y"], "--data"), ([], "--data"), (["--data", "x"], "--output"),
                            (["--replay", "x", "--explain", "2"], "--explain")]:
            done = run(BIN / "riskflag-score", "--model", MODEL, *flags)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)

    def test_outcomes_are_taken_and_counted(self):
        with Server(MODEL, "--decision-log", self.log, "--outcomes", self.log / "outcomes") as server:
            schema = json.loads(server.ask("GET", "/v1/schema")[2])
            ids = [answer["decision_id"] for answer in server.score([as_json(row, schema) for row in ROWS[:10]])[1]]
            body = [{"decision_id": i, "outcome": n % 2, "observed_at": "2026-11-29T10:00:00.000Z"} for n, i in enumerate(ids)]
            self.assertEqual(server.score(body, path="/v1/outcomes"), (202, {"accepted": 10}))
            status, answer = server.score(body[:1] + [{"decision_id": "x"}], path="/v1/outcomes")
            self.assertEqual((status, answer["code"]), (422, "invalid_field"))
            self.assertIn('riskflag_outcomes_total{result="accepted"} 10\n', server.ask("GET", "/metrics")[2].decode())
        self.assertEqual([record["decision_id"] for record in records(self.log / "outcomes")], ids)

    def test_every_request_has_a_line_in_the_access_log_with_no_path_and_no_applicant(self):
        keys = FOLDER / "keys.json"
        keys.write_text(json.dumps({"format": 1, "keys": [
            {"name": "batch", "sha256": hashlib.sha256(b"secret").hexdigest(), "scopes": ["score", "read"]}]}))
        with Server(MODEL, "--access-log", self.log, "--log-max-bytes", 1, "--keys", keys, "--max-body", 100_000) as server:
            known = {"Authorization": "Bearer secret", "Content-Type": "application/json"}
            schema = json.loads(server.ask("GET", "/v1/schema", headers=known)[2])
            version = json.loads(server.ask("GET", "/v1/model", headers=known)[2])["version"]
            bodies = [as_json(row, schema) for row in ROWS[:3]]
            asked = [server.ask(method, path, body, headers) for method, path, body, headers in [
                ("POST", "/v1/score", json.dumps(bodies), {**known, "X-Request-Id": "mine-1"}),
                ("POST", "/v1/score", json.dumps(bodies[0]), {"Content-Type": "application/json"}),  # no key: 401
                ("POST", "/v1/score", '{"Income":-1}', known),
                ("GET", "/Jane%20Doe?income=52000", None, known),
                ("POST", "/v1/score", b"x" * 100_001, known),  # 413, which the server in front answers
                ("GET", "/readyz", None, {})]]
            self.assertEqual(server.raw(b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")[9:12], b"400")
            deadline = time.monotonic() + 20
            while len(records(self.log)) < 9:  # they come by themselves
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            asked.append(server.ask("GET", "/livez"))
            self.assertEqual(server.end(), 0)
        lines = [record for path in sorted(self.log.glob("access-*.jsonl")) for record in map(json.loads, path.read_text().splitlines())]
        self.assertEqual([(r["route"], r["status"], r["rows"], r["model_version"], r["key"]) for r in lines], [
            ("/v1/schema", 200, 0, None, "batch"), ("/v1/model", 200, 0, None, "batch"),
            ("/v1/score", 200, 3, version, "batch"), ("/v1/score", 401, 0, None, None), ("/v1/score", 422, 0, None, "batch"),
            ("other", 404, 0, None, None), ("other", 413, 0, None, None), ("/readyz", 200, 0, None, None),
            ("other", 400, 0, None, None), ("/livez", 200, 0, None, None)])
        ids = [headers["x-request-id"] for _, headers, _ in asked]
        self.assertEqual([r["request_id"] for r in lines[2:8]] + [lines[9]["request_id"]], ids)
        self.assertEqual(ids[0], "mine-1")
        self.assertTrue(all(r["v"] == 1 and 0 <= r["duration_us"] < 60e6 for r in lines))
        text = "".join(path.read_text() for path in self.log.iterdir())
        for never in ("Jane", "52000", str(bodies[0]["Income"]), "secret"):
            self.assertNotIn(never, text)
        self.assertGreater(len(list(self.log.iterdir())), 1)  # --log-max-bytes ended one

    def test_an_access_log_that_is_full_keeps_answering_and_is_told_once(self):
        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        with Server(MODEL, "--access-log", self.log, preexec_fn=full) as server:
            begin, told = time.monotonic(), None
            while told is None or time.monotonic() < told + 1.2:  # more failures
                self.assertLess(time.monotonic(), begin + 30)
                page = server.ask("GET", "/metrics")[2].decode()
                self.assertIn("riskflag_access_log_lost_total", page)
                if told is None and 'lost_total{reason="not_written"} 0\n' not in page:
                    told = time.monotonic()
            self.assertEqual(server.ask("GET", "/readyz")[0], 200)
            self.assertEqual(server.end(), 0)
            failures = server.messages().count("the access log: ")
            self.assertGreater(failures, 0, server.messages())
            self.assertLessEqual(failures, 1 + server.messages().count("the access log is written again"), server.messages())
        self.assertTrue(all(r["status"] == 200 for r in records(self.log)))  # what is there is whole


if __name__ == "__main__":
    unittest.main()
