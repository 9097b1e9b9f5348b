"""riskflag-serve as its users meet it: started, asked over real sockets, ended by signals. Standard library only.

RISKFLAG_BIN_DIR names the folder with the built programs.
"""
import csv
import hashlib
import http.client
import io
import json
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path

import serving
from driver import VERSION
from serving import BIN, as_json, must, run

FOLDER = None
MODEL = None
ROWS = []  # dicts of the simulated applicants
SCORES = []  # what riskflag-score says of them


def setUpModule():
    global FOLDER, MODEL, ROWS, SCORES
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-serve-"))
    MODEL = serving.train(FOLDER, 4000, "--set", "num_iterations=30")
    must(BIN / "riskflag-simulate", "--rows", 300, "--seed", 8, "--applicants", "--output", FOLDER / "new.csv", "--quiet")
    must(BIN / "riskflag-score", "--model", MODEL, "--data", FOLDER / "new.csv", "--output", FOLDER / "scores.csv", "--quiet")
    with open(FOLDER / "new.csv", newline="") as file:
        ROWS = list(csv.DictReader(file))
    with open(FOLDER / "scores.csv", newline="") as file:
        SCORES = list(csv.DictReader(file))
    assert len(ROWS) == len(SCORES) == 300


def tearDownModule():
    shutil.rmtree(FOLDER)


class Server(serving.Server):
    def __init__(self, *flags, env=None, model=None):
        super().__init__(model or MODEL, *flags, env=env)


class Scoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().__enter__()
        cls.schema = json.loads(cls.server.ask("GET", "/v1/schema")[2])

    @classmethod
    def tearDownClass(cls):
        assert cls.server.process.poll() is None, "the server died: " + cls.server.messages()
        cls.server.__exit__()

    def test_json_ndjson_and_csv_give_the_bits_of_riskflag_score(self):
        bodies = [as_json(row, self.schema) for row in ROWS]
        status, answers = self.server.score(bodies)
        self.assertEqual(status, 200, answers)
        for row, score, answer in zip(ROWS, SCORES, answers):
            self.assertEqual(answer["probability"].hex(), float(score["probability"]).hex())
            self.assertEqual(answer["risk"], score["risk"])
            self.assertEqual(answer["id"], {"Id": row["Id"]})
        for body, score in list(zip(bodies, SCORES))[:20]:
            self.assertEqual(self.server.score(body)[1]["probability"].hex(), float(score["probability"]).hex())
        status, lines = self.server.score("\n".join(map(json.dumps, bodies)), "application/x-ndjson")
        for line, score in zip(lines.splitlines(), SCORES):
            self.assertEqual(json.loads(line)["probability"].hex(), float(score["probability"]).hex())
        status, text = self.server.score((FOLDER / "new.csv").read_bytes(), "text/csv")
        table = list(csv.DictReader(io.StringIO(text.decode())))
        self.assertEqual(len(table), 300)
        for row, score, answer in zip(ROWS, SCORES, table):
            # the text, not the number: both write the shortest that reads back
            self.assertEqual(answer["probability"], score["probability"])
            self.assertEqual(answer["error"], "")
            for name, cell in row.items():
                self.assertEqual(answer[name], cell)

    def test_explain_gives_the_reasons_of_riskflag_score(self):
        must(BIN / "riskflag-score", "--model", MODEL, "--data", FOLDER / "new.csv", "--output", FOLDER / "explained.csv", "--explain", 3, "--quiet")
        status, answers = self.server.score([as_json(row, self.schema) for row in ROWS], path="/v1/score?explain=3")
        self.assertEqual(status, 200, answers)
        with open(FOLDER / "explained.csv", newline="") as file:
            for answer, row in zip(answers, csv.DictReader(file)):
                self.assertEqual([reason["code"] for reason in answer["reasons"]],
                                 [row[f"reason_{i}"] for i in (1, 2, 3) if row[f"reason_{i}"]])
                contributions = [reason["contribution"] for reason in answer["reasons"]]
                self.assertEqual(contributions, sorted(contributions, reverse=True))
                self.assertTrue(all(c > 0 for c in contributions))

    def test_every_answer_has_a_request_id_and_is_not_stored(self):
        for method, path in [("GET", "/livez"), ("GET", "/v1/model"), ("GET", "/nothing"), ("DELETE", "/v1/score"), ("POST", "/v1/score")]:
            status, headers, _ = self.server.ask(method, path, headers={"X-Request-Id": "abc-1"})
            self.assertEqual(headers["x-request-id"], "abc-1", (method, path, status))
            self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertIn("frame-ancestors 'none'", headers["content-security-policy"])
            self.assertNotIn("access-control-allow-origin", headers)
        self.assertIn(b"Cache-Control: no-store", self.server.raw(b"rubbish\r\n\r\n"))

    def test_what_is_wrong_is_named(self):
        good = as_json(ROWS[0], self.schema)
        cases = {
            "unknown_field": {**good, "Incom": 1},
            "missing_field": {k: v for k, v in good.items() if k != "Income"},
            "wrong_type": {**good, "Income": "much"},
            "unseen_category": {**good, "Profession": "Astronaut on leave"},
            "not_finite": {**good, "Income": "inf"},
        }
        for code, body in cases.items():
            status, answer = self.server.score(body)
            self.assertEqual(status, 422, code)
            self.assertEqual([error["code"] for error in answer["errors"]], [code])
            self.assertEqual(answer["title"], "Unprocessable Content")
        duplicate = json.dumps(good)[:-1] + ', "Income": 1}'
        self.assertEqual(self.server.score(duplicate)[1]["errors"][0]["code"], "duplicate_key")
        huge = json.dumps(good).replace(json.dumps(good["Income"]), "1e999", 1)
        self.assertEqual(self.server.score(huge)[1]["errors"][0]["code"], "not_finite")

    def test_a_required_field_may_say_that_it_is_missing_but_not_be_absent_wherever_it_comes_from(self):
        for name in ("Income", "Profession"):  # a number and a category, none of whose training cells was empty
            self.assertIn(name, self.schema["required"])
            bodies = [{**as_json(row, self.schema), name: None} for row in ROWS]
            answers = [answer["probability"] for answer in self.server.score(bodies)[1]]
            # Of somebody for whom it makes a difference.
            i = next(i for i, score in enumerate(SCORES) if answers[i] != float(score["probability"]))
            said, row, probability = bodies[i], {**ROWS[i], name: ""}, answers[i]
            self.assertEqual(self.server.score(said)[1]["probability"], probability)
            self.assertEqual(json.loads(self.server.score(json.dumps(said), "application/x-ndjson")[1])["probability"], probability)
            frame = {"dataframe_split": {"columns": list(said), "data": [list(said.values())]}}
            self.assertEqual(self.server.score(frame, path="/invocations")[1]["predictions"], [probability])
            text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
            answer = next(csv.DictReader(io.StringIO(self.server.score(text, "text/csv")[1].decode())))
            self.assertEqual((float(answer["probability"]), answer["error"]), (probability, ""))
            file, out = FOLDER / "one.csv", FOLDER / "one-scores.csv"
            file.write_text(text)
            must(BIN / "riskflag-score", "--model", MODEL, "--data", file, "--output", out, "--quiet")
            self.assertEqual(float(next(csv.DictReader(out.read_text().splitlines()))["probability"]), probability)

            del row[name], said[name]
            text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
            for body, kind in ((said, "application/json"), (text, "text/csv")):
                status, answer = self.server.score(body, kind)
                self.assertEqual(status, 422, answer)
                answer = answer if isinstance(answer, dict) else json.loads(answer)
                self.assertEqual([(e["field"], e["code"]) for e in answer["errors"]], [(name, "missing_field")])
            line = json.loads(self.server.score(json.dumps(said), "application/x-ndjson")[1])["error"]
            self.assertEqual([(e["field"], e["code"]) for e in line["errors"]], [(name, "missing_field")])
            file.write_text(text)
            done = run(BIN / "riskflag-score", "--model", MODEL, "--data", file, "--output", FOLDER / "none.csv", "--quiet")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'"{name}"', done.stderr)
            self.assertFalse((FOLDER / "none.csv").exists())

    def test_statuses(self):
        ask = self.server.ask
        self.assertEqual(ask("POST", "/v1/score", "{", {"Content-Type": "application/json"})[0], 400)
        self.assertEqual(ask("POST", "/v1/score?explain=11", "{}", {"Content-Type": "application/json"})[0], 400)
        self.assertEqual(ask("GET", "/v3")[0], 404)
        status, headers, _ = ask("PUT", "/v1/score")
        self.assertEqual((status, headers["allow"]), (405, "POST"))
        self.assertEqual(ask("POST", "/v1/score", "{}", {"Content-Type": "text/html"})[0], 415)
        self.assertEqual(ask("POST", "/v1/score", "{}", {"Content-Type": "application/json", "Content-Encoding": "gzip"})[0], 415)
        status, headers, body = ask("HEAD", "/v1/model")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(headers["content-length"]), 100)
        self.assertTrue(self.server.raw(b"GET /livez HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 "))
        self.assertTrue(self.server.raw(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 "))
        self.assertTrue(self.server.raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n").startswith(b"HTTP/1.1 413 "))

    def test_a_body_that_would_be_refused_is_not_asked_for(self):
        head = "POST {} HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        for path, kind, status in [("/nothing", "text/csv", b"404"), ("/v1/model", "text/csv", b"405"), ("/v1/score", "text/html", b"415"),
                                   ("/v1/score?x=1", "text/csv", b"400")]:
            self.assertTrue(self.server.raw(head.format(path, kind).encode()).startswith(b"HTTP/1.1 " + status), path)
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(head.format("http://a/v1/score", "text/csv").encode())
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_mlflow_and_open_inference_clients_get_the_bits_of_riskflag_score(self):
        rows = [as_json(row, self.schema) for row in ROWS]
        want = [float(score["probability"]).hex() for score in SCORES]
        names = list(rows[0])
        for body in ({"dataframe_records": rows}, {"instances": rows}, {"inputs": {n: [row[n] for row in rows] for n in names}},
                     {"dataframe_split": {"columns": names, "data": [[row[n] for n in names] for row in rows]}}):
            status, answer = self.server.score(body, path="/invocations")
            self.assertEqual(status, 200, answer)
            self.assertEqual([p.hex() for p in answer["predictions"]], want)
        status, _, answer = self.server.ask("POST", "/invocations", (FOLDER / "new.csv").read_bytes(), {"Content-Type": "text/csv"})
        self.assertEqual([p.hex() for p in json.loads(answer)["predictions"]], want)
        model = json.loads(self.server.ask("GET", "/v2/models/loans-model")[2])
        inputs = [{"name": i["name"], "datatype": i["datatype"], "shape": [300], "data": [row[i["name"]] for row in rows]}
                  for i in model["inputs"]]
        status, answer = self.server.score({"id": "x", "inputs": inputs}, path="/v2/models/loans-model/infer")
        self.assertEqual((status, answer["id"]), (200, "x"), answer)
        self.assertEqual([p.hex() for p in answer["outputs"][0]["data"]], want)
        self.assertIn("/v1/score", json.loads(self.server.ask("GET", "/openapi.json")[2])["paths"])

    def test_health_and_model(self):
        for path in ("/livez", "/readyz", "/healthz"):
            self.assertEqual(self.server.ask("GET", path)[0], 200)
        model = json.loads(self.server.ask("GET", "/v1/model")[2])
        self.assertEqual(model["name"], "loans-model")
        self.assertEqual(model["version"], model["digest"][:12])
        checked = run(BIN / "riskflag-serve", "healthcheck", "--port", self.server.port)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(run(BIN / "riskflag-serve", "healthcheck", env={"RISKFLAG_PORT": str(self.server.port)}).returncode, 0)

    def test_many_clients_at_once_get_the_right_answers(self):
        wrong = []

        def client(offset):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
                for i in range(60):
                    row, score = ROWS[(offset + i) % 300], SCORES[(offset + i) % 300]
                    connection.request("POST", "/v1/score", json.dumps(as_json(row, self.schema)), {"Content-Type": "application/json"})
                    answer = json.loads(connection.getresponse().read())
                    if answer["probability"] != float(score["probability"]):
                        wrong.append(answer)
                connection.close()
            except Exception as error:  # a thread's exception would be lost
                wrong.append(error)

        threads = [threading.Thread(target=client, args=(7 * i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_big_batch(self):
        lines = [json.dumps(as_json(row, self.schema)) for row in ROWS]
        body = "\n".join(lines * 60)  # 18,000 rows, some 8 MB
        status, answer = self.server.score(body, "application/x-ndjson")
        self.assertEqual(status, 200)
        self.assertEqual(answer.count(b"\n"), 18000)
        status, answer = self.server.score("[" + ",".join(lines * 20) + "]")
        self.assertEqual(len(answer), 6000)

    def test_rubbish_does_not_end_the_server(self):
        for seed in range(200):
            text = bytes((seed * 31 + i * i * 7 + i * 13) % 256 for i in range(seed + 1))
            try:
                self.server.raw(text + b"\r\n\r\n")
                self.server.raw(b"POST /v1/score HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
                                + str(len(text)).encode() + b"\r\n\r\n" + text)
            except ConnectionError:
                pass  # a reset is an answer too
        self.assertEqual(self.server.ask("GET", "/livez")[0], 200)


class Life(unittest.TestCase):
    def test_sigterm_and_sigint_end_with_0(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                self.assertEqual(server.ask("GET", "/livez")[0], 200)
                start = time.monotonic()
                self.assertEqual(server.end(how), 0, server.messages())
                self.assertLess(time.monotonic() - start, 5)

    def test_a_request_under_way_is_answered_at_the_end(self):
        with Server() as server:
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[")
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            connection.sendall(b"]")
            answer = b""
            while block := connection.recv(4096):
                answer += block
            connection.close()
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)
            self.assertIn(b"Connection: close", answer)
            self.assertEqual(server.end(), 0)

    def test_a_probe_learns_that_the_server_drains(self):
        with Server() as server:
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[")
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            status, _, body = server.ask("GET", "/readyz")
            self.assertEqual((status, json.loads(body)["status"]), (503, "draining"))
            status, headers, body = server.ask("POST", "/v1/score", "[]", {"Content-Type": "application/json"})
            self.assertEqual((status, json.loads(body)["code"]), (503, "draining"))
            self.assertIn("retry-after", headers)
            connection.sendall(b"]")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200 OK"))
            connection.close()
            self.assertEqual(server.end(), 0)

    def test_batches_above_the_limit_are_shed_with_retry_after_and_counted(self):
        body = ",".join(ROWS[0]) + "\n" + (",".join(ROWS[0].values()) + "\n") * 20_000
        with Server("--max-in-flight", 1, "--threads", 1) as server:
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(server.ask("POST", "/v1/score", body, {"Content-Type": "text/csv"})))
                       for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            statuses = sorted(status for status, _, _ in answers)
            self.assertEqual(set(statuses), {200, 503}, statuses)
            for status, headers, _ in answers:
                self.assertEqual(status == 503, "retry-after" in headers)
            self.assertIn(f'riskflag_shed_total{{reason="in_flight"}} {statuses.count(503)}\n', server.ask("GET", "/metrics")[2].decode())

    def test_watch_takes_a_new_model_without_losing_a_request_and_refuses_a_broken_one(self):
        other, broken, link = FOLDER / "other", FOLDER / "broken", FOLDER / "current"
        must(BIN / "riskflag-train", "--data", FOLDER / "train.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex",
             "--output", other, "--set", "num_iterations=3", "--quiet")
        shutil.copytree(other, broken)
        with open(broken / "model.json", "a") as file:
            file.write(" ")

        def point(at):
            (FOLDER / "next").symlink_to(at)
            (FOLDER / "next").rename(link)

        def until(condition):
            deadline = time.monotonic() + 20
            while not condition():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)

        point(MODEL)
        with Server("--watch", model=link) as server:
            version = lambda: json.loads(server.ask("GET", "/v1/model")[2])["version"]  # noqa: E731
            ready = lambda: json.loads(server.ask("GET", "/readyz")[2])  # noqa: E731
            first, failed, over = version(), [], threading.Event()
            schema = json.loads(server.ask("GET", "/v1/schema")[2])
            body = json.dumps(as_json(ROWS[0], schema))

            def client():
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                while not over.is_set():
                    connection.request("POST", "/v1/score", body, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status != 200:
                        failed.append(text)
                connection.close()

            thread = threading.Thread(target=client)
            thread.start()
            point(other)
            until(lambda: version() != first)
            second = version()
            point(broken)
            until(lambda: ready()["last_reload"]["result"] == "failed")
            self.assertEqual((version(), ready()["status"]), (second, "ready"))
            self.assertIn("model.json", ready()["last_reload"]["detail"])
            point(MODEL)
            until(lambda: version() == first)
            over.set()
            thread.join()
            self.assertEqual(failed, [])
            page = server.ask("GET", "/metrics")[2].decode()
            self.assertIn('riskflag_reload_total{result="ok"} 2\n', page)
            self.assertIn('riskflag_reload_total{result="failed"} 1\n', page)
            self.assertIn("the old one goes on", server.messages())
            self.assertEqual(server.end(), 0)

    def test_keys_are_asked_for_and_read_again(self):
        path = FOLDER / "keys.json"

        def write(**keys):
            text = json.dumps({"format": 1, "keys": [{"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest(), "scopes": ["read"]}
                                                     for name, secret in keys.items()]})
            (FOLDER / "keys.next").write_text(text)
            (FOLDER / "keys.next").rename(path)

        def status(secret):
            return server.ask("GET", "/v1/model", headers={"Authorization": "Bearer " + secret})[0]

        def until(condition):
            deadline = time.monotonic() + 20
            while not condition():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)

        write(first="one")
        with Server("--keys", path, "--host", "0.0.0.0") as server:
            self.assertEqual(server.ask("GET", "/livez")[0], 200)
            self.assertEqual((status("one"), status("two"), server.ask("GET", "/v1/model")[0]), (200, 401, 401))
            self.assertEqual(server.ask("POST", "/v1/score", "[]", {"Authorization": "Bearer one", "Content-Type": "application/json"})[0], 403)
            write(second="two")
            until(lambda: status("two") == 200)
            self.assertEqual(status("one"), 401)
            path.write_text("{")
            until(lambda: "the old keys go on" in server.messages())
            self.assertEqual(status("two"), 200)
        broken = run(BIN / "riskflag-serve", "--model", MODEL, "--keys", path, "--port", "0")
        self.assertEqual(broken.returncode, 1)
        self.assertIn("keys.json:1", broken.stderr)
        self.assertEqual(run(BIN / "riskflag-serve", "--model", MODEL, "--keys", FOLDER / "absent").returncode, 1)

    def test_a_port_in_use_is_exit_1_with_a_sentence(self):
        with Server() as server:
            second = run(BIN / "riskflag-serve", "--model", MODEL, "--port", server.port)
            self.assertEqual(second.returncode, 1)
            self.assertIn("in use", second.stderr)
            self.assertEqual(second.stdout, "")
            self.assertEqual(server.ask("GET", "/livez")[0], 200)

    def test_the_environment_stands_behind_the_flags(self):
        with Server(env={"RISKFLAG_MAX_BODY": "100", "RISKFLAG_THREADS": "1", "RISKFLAG_PORT": "1"}) as server:
            self.assertEqual(server.ask("POST", "/v1/score", b"x" * 101)[0], 413)
            self.assertEqual(server.ask("POST", "/v1/score", b"x" * 100)[0], 415)
        with Server("--max-body", 1000, env={"RISKFLAG_MAX_BODY": "100"}) as server:
            self.assertEqual(server.ask("POST", "/v1/score", b"x" * 101)[0], 415)

    def test_sagemaker_starts_a_container_with_the_word_serve(self):
        with Server("serve", env={"RISKFLAG_THREADS": "1"}) as server:
            self.assertEqual(server.ask("GET", "/ping")[0], 200)
            status, _, answer = server.ask("POST", "/invocations", (FOLDER / "new.csv").read_bytes(), {"Content-Type": "text/csv"})
            self.assertEqual((status, len(json.loads(answer)["predictions"])), (200, 300))
            self.assertEqual(server.end(), 0)

    def test_json_on_stdout_is_one_object(self):
        with Server("--json") as server:
            started = json.loads(server.line)
            self.assertEqual(started["url"], f"http://127.0.0.1:{server.port}")
            self.assertEqual(started["model"]["name"], "loans-model")

    def test_wrong_calls_are_exit_2_with_a_sentence(self):
        for flags in ([], ["--model"], ["--model", MODEL, "--port", "x"], ["--model", MODEL, "--port", "65536"],
                      ["--model", MODEL, "--threads", "-1"], ["--model", MODEL, "--bogus"], ["--model", MODEL, "--host", "example.org"],
                      ["--model", MODEL, "--host", "0.0.0.0"], ["--model", "models:/loans@champion"], ["--model", MODEL, "--challenger", "k"],
                      ["--model", MODEL, "--split", "10"], ["--model", MODEL, "--challenger", MODEL, "--split", "101"],
                      ["--model", MODEL, "--challenger", MODEL, "--split", "half"], ["--model", MODEL, "--max-body", "0"]):
            done = run(BIN / "riskflag-serve", *flags)
            self.assertEqual(done.returncode, 2, (flags, done.stderr))
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        alone = run(BIN / "riskflag-serve", "--model", MODEL, "--json", env={"RISKFLAG_CHALLENGER": "k"})
        self.assertEqual(alone.returncode, 2)
        self.assertEqual(json.loads(alone.stdout)["error"]["code"], "usage")
        self.assertIn("--challenger needs", alone.stderr)
        self.assertEqual(run(BIN / "riskflag-serve", "--version").stdout, f"riskflag {VERSION}\n")
        self.assertLess(run(BIN / "riskflag-serve", "--help").stdout.count("\n"), 40)

    def test_a_model_directory_with_one_byte_changed_is_refused(self):
        listed = json.loads((MODEL / "manifest.json").read_text())["files"]
        self.assertEqual(len(listed), 18)
        for name in listed:
            copy = FOLDER / "copy"
            shutil.copytree(MODEL, copy)
            data = bytearray((copy / name).read_bytes())
            data[len(data) // 2] ^= 1
            (copy / name).write_bytes(data)
            done = run(BIN / "riskflag-serve", "--model", copy, "--port", "0")
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(name, done.stderr)
            self.assertIn(listed[name], done.stderr)
            shutil.rmtree(copy)
        done = run(BIN / "riskflag-serve", "--model", FOLDER / "absent")
        self.assertEqual(done.returncode, 1)
        done = run(BIN / "riskflag-serve", "healthcheck", "--port", "1")
        self.assertEqual(done.returncode, 1)

    def test_wrong_calls_name_what_was_wrong(self):
        serve = BIN / "riskflag-serve"
        for command, variables, words, never in [
                (["--model", MODEL], {"RISKFLAG_PORT": "abc"}, ["RISKFLAG_PORT", "abc"], "--port"),
                (["--model", MODEL], {"RISKFLAG_THREADS": "-3"}, ["RISKFLAG_THREADS"], "--threads"),
                (["--model", MODEL, "--port", "abc"], {"RISKFLAG_PORT": "1"}, ["--port", "abc"], "RISKFLAG_PORT"),
                (["--model", MODEL, "--prot", "1"], {}, ['did you mean "--port"'], "RISKFLAG"),
                (["--model", MODEL, "--split", "5"], {}, ["--challenger DIR"], "--port")]:
            done = run(serve, *command, env=variables)
            self.assertEqual(done.returncode, 2, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertNotIn(never, done.stderr.replace("riskflag-serve --help", ""))
        self.assertIn("model directory", run(serve, "--model", MODEL / "model.json", "--port", "0").stderr)
        self.assertIn("is a file", run(serve, "--model", MODEL / "model.json", "--port", "0").stderr)
        shown = run(serve, "healthcheck", "--help")
        self.assertEqual(shown.returncode, 0)
        for word in ("--host", "--port", "RISKFLAG_PORT"):
            self.assertIn(word, shown.stdout)

    def test_insecure_serves_on_all_addresses(self):
        with Server("--host", "0.0.0.0", "--insecure") as server:
            self.assertEqual(server.ask("GET", "/livez")[0], 200)
            checked = run(BIN / "riskflag-serve", "healthcheck", env={"RISKFLAG_PORT": str(server.port), "RISKFLAG_HOST": "0.0.0.0"})
            self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_regression_model_is_refused_at_start(self):
        must(BIN / "riskflag-train", "--data", FOLDER / "train.csv", "--target", "Income", "--objective", "regression", "--drop", "Id",
             "--output", FOLDER / "regression", "--set", "num_iterations=3", "--quiet")
        done = run(BIN / "riskflag-serve", "--model", FOLDER / "regression", "--port", "0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("binary", done.stderr)

    def test_hundreds_of_slow_connections_leave_the_others_alone(self):
        with Server("--threads", 2) as server:
            slow = []
            for _ in range(400):
                connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
                connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost")
                slow.append(connection)
            start = time.monotonic()
            self.assertEqual(server.ask("GET", "/livez")[0], 200)
            self.assertLess(time.monotonic() - start, 2)
            for connection in slow:
                connection.close()


if __name__ == "__main__":
    unittest.main()
