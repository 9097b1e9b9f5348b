"""riskflag-serve under what it must stand: crowds, floods, long bodies, connections that hang, models that change all the time.

Seconds here; RISKFLAG_LONG=1 makes it the issue's sizes (5,000 connections, 1 GB, a minute at three times the capacity, ten minutes of new
models), asks for the figures that a loaded machine cannot promise, and prints them: half an hour on two quiet cores.
RISKFLAG_SERVER_CORE and RISKFLAG_CLIENT_CORE keep server and client on a core each. RISKFLAG_BIN_DIR names the folder with the built programs.
"""
import json
import os
import resource
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import serving
from crowd import Crowd, request
from serving import BIN, as_json, must

LONG = os.environ.get("RISKFLAG_LONG") == "1"
FOLDER = MODEL = OTHER = SCHEMA = None
ROWS = []
SCORES = {}  # version: the first row's probability, as text
SINGLE = BATCH = b""


def setUpModule():
    global FOLDER, MODEL, OTHER, ROWS, SINGLE, BATCH, SCHEMA
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-endurance-"))
    FOLDER.chmod(0o755)  # one test is nobody
    MODEL = serving.train(FOLDER, 4000, "--set", "num_iterations=300" if LONG else "num_iterations=20")
    OTHER = serving.train(FOLDER, 4000, "--set", "num_iterations=5", name="other-model")
    ROWS = serving.applicants(FOLDER)
    for model in (MODEL, OTHER):
        with Server(model=model) as server:
            SCHEMA = json.loads(server.ask("GET", "/v1/schema")[2])
            answer = server.score(as_json(ROWS[0], SCHEMA))[1]
            SCORES[answer["model"]["version"]] = json.dumps(answer["probability"])
    SINGLE = request("/v1/score", "application/json", json.dumps(as_json(ROWS[0], SCHEMA)))
    lines = [",".join(row.values()) for row in ROWS] * 5
    BATCH = request("/v1/score", "text/csv", "\n".join([",".join(ROWS[0]), *lines]) + "\n")


def tearDownModule():
    shutil.rmtree(FOLDER)


def core(name):
    """What pins a process to the core that the environment names."""
    return (lambda: os.sched_setaffinity(0, {int(os.environ[name])})) if name in os.environ else None


class Server(serving.Server):
    def __init__(self, *flags, model=None, **kwargs):
        super().__init__(model or MODEL, *flags, preexec_fn=core("RISKFLAG_SERVER_CORE"), **kwargs)

    def memory(self):
        """Resident now, in MB."""
        fields = Path(f"/proc/{self.process.pid}/status").read_text().split()
        return int(fields[fields.index("VmRSS:") + 1]) / 1024

    def shed(self):
        page = self.ask("GET", "/metrics")[2].decode()
        return {line.split('"')[1]: int(line.split()[-1]) for line in page.splitlines() if line.startswith("riskflag_shed_total{")}


def right(answer):
    """The first row's score by one of the two models, and that model's version."""
    return any(f'"probability":{score},'.encode() in answer and f'"version":"{version}"'.encode() in answer for version, score in SCORES.items())


def tell(name, **figures):
    if LONG:
        print(f"\n{name}: {json.dumps(figures)}", flush=True)


class Endurance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if pin := core("RISKFLAG_CLIENT_CORE"):
            pin()

    def crowd(self, server, connections, data=None, check=right):
        return Crowd(server.port, [data or SINGLE], connections, check)

    def assert_scores(self, crowd):
        self.assertEqual((set(crowd.answers), crowd.wrong), ({200}, []))

    def test_thousands_of_idle_connections_leave_the_others_alone_and_can_still_ask(self):
        count = 5000 if LONG else 500
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most < count + 200:
            self.skipTest(f"{most} files may be open here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with Server() as server:
            alone = self.crowd(server, 8).run(5 if LONG else 0.5)
            before = server.memory()
            idle = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(count)]
            beside = self.crowd(server, 8).run(5 if LONG else 0.5)
            tell("idle connections", count=count, alone=alone.figures(), beside=beside.figures(),
                 kib_each=round((server.memory() - before) * 1024 / count, 2))
            self.assert_scores(alone)
            self.assert_scores(beside)
            for connection in idle:
                connection.sendall(SINGLE)
            for connection in idle:
                self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 200 OK"))
                connection.close()
            self.assertEqual(server.end(), 0)

    @unittest.skipIf(os.environ.get("RISKFLAG_SANITIZE"), "skipped under UBSan, which opens a pipe to look at an object, and takes none left for a broken one")
    def test_connections_beyond_the_descriptors_wait_for_their_turn(self):
        """In the backlog, where the limit of descriptors is below that of connections."""
        with serving.Server(MODEL, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))) as server:
            first = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(200)]
            for connection in first[:50]:
                connection.sendall(SINGLE)
                self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 200 OK"))
            for connection in first[:150]:
                connection.close()
            first[199].sendall(SINGLE)
            self.assertTrue(first[199].recv(65536).startswith(b"HTTP/1.1 200 OK"))
            for connection in first[150:]:
                connection.close()
            self.assertEqual(server.end(), 0)

    def test_a_body_beyond_the_limit_is_refused_before_it_is_kept(self):
        size = 1 << 30
        with Server() as server:
            before = server.memory()
            head = b"POST /v1/score HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
            self.assertTrue(server.raw(head + b"Content-Length: %d\r\n\r\n" % size).startswith(b"HTTP/1.1 413 "))
            # Its length is not said: it is cut where it passes the limit.
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
                connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
                piece, sent = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n", 0
                try:
                    while sent < size and not select.select([connection], [], [], 0)[0]:
                        connection.sendall(piece)
                        sent += 1 << 20
                except ConnectionError:
                    pass  # who sends for a second more is cut off; the answer has come before
                self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 413 "))
                self.assertLess(sent, size)
            self.assertEqual(server.score(as_json(ROWS[0], SCHEMA))[0], 200)
            self.assertIn('code="413"} 2\n', server.ask("GET", "/metrics")[2].decode())
            tell("a refused body of 1 GB", sent_mb=sent >> 20, memory_mb=[before, server.memory()])
            self.assertEqual(server.end(), 0)

    def test_a_very_large_body_that_is_accepted_is_scored_beside_the_others(self):
        size = (1 << 30) if LONG else (8 << 20)
        body = BATCH.split(b"\r\n\r\n", 1)[1]
        header, rows = body.split(b"\n", 1)
        copies = size // len(rows) + 1
        total = len(header) + 1 + copies * len(rows)
        with Server("--max-body", 2 << 30) as server:
            beside = self.crowd(server, 2)
            over = threading.Event()
            others = threading.Thread(target=lambda: beside.run(600, until=over.is_set))
            others.start()
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=600) as connection:
                    began = time.monotonic()
                    connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/csv\r\n"
                                       b"Content-Length: %d\r\n\r\n" % total + header + b"\n")
                    for _ in range(copies):
                        connection.sendall(rows)
                    lines, head = 0, b""
                    while block := connection.recv(1 << 20):
                        if b"\r\n\r\n" not in head:
                            head += block
                            block = head.partition(b"\r\n\r\n")[2]
                        lines += block.count(b"\n")
                    took = time.monotonic() - began
            finally:
                over.set()
                others.join()
            self.assertTrue(head.startswith(b"HTTP/1.1 200 OK"), head[:500])
            self.assertEqual(lines, 1 + copies * 1000)
            self.assert_scores(beside)
            memory = Path(f"/proc/{server.process.pid}/status").read_text()
            tell("a body of 1 GB", mb=total >> 20, rows=copies * 1000, seconds=round(took, 1), beside=beside.figures(),
                 peak_mb=int(memory.split("VmHWM:")[1].split()[0]) >> 10, after_mb=server.memory())
            self.assertEqual(server.end(), 0)

    def test_connections_that_are_half_closed_or_left_are_answered_or_forgotten(self):
        count = 1000 if LONG else 100
        with Server() as server:
            over, beside = threading.Event(), self.crowd(server, 4)
            others = threading.Thread(target=lambda: beside.run(120, until=over.is_set))
            others.start()
            try:
                connect = lambda: socket.create_connection(("127.0.0.1", server.port), timeout=60)  # noqa: E731
                for i in range(count):
                    with connect() as asked:  # the whole request, and no more: the answer comes all the same, and then the end
                        asked.sendall(SINGLE)
                        asked.shutdown(socket.SHUT_WR)
                        answer = b""
                        while block := asked.recv(65536):
                            answer += block
                        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)
                    with connect() as cut:  # the half of one: nobody is left to answer
                        cut.sendall(SINGLE[:len(SINGLE) * (i % 9 + 1) // 10])
                        cut.shutdown(socket.SHUT_WR)
                        self.assertEqual(cut.recv(65536), b"")
                    with connect() as left:  # gone without a goodbye, while a large answer is made
                        left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                        left.sendall(BATCH if i % 10 == 0 else SINGLE)
            finally:
                over.set()
                others.join()
            self.assert_scores(beside)
            deadline = time.monotonic() + 60
            while len(os.listdir(f"/proc/{server.process.pid}/fd")) > 40:
                self.assertLess(time.monotonic(), deadline, "connections are kept that nobody has")
                time.sleep(0.1)
            self.assertEqual(server.end(), 0)

    def test_batches_at_three_times_the_capacity_cost_neither_goodput_nor_memory(self):
        seconds, most, flags = (60, 64, []) if LONG else (1, 8, ["--max-in-flight", 8, "--max-queue-ms", 60000])
        with Server(*flags, *(["--threads", 1] if "RISKFLAG_SERVER_CORE" in os.environ else [])) as server:
            batches = lambda n: Crowd(server.port, [BATCH], n)  # noqa: E731
            batches(most).run(seconds / 20)
            peak = batches(most).run(seconds / 4)  # as many as --max-in-flight has room for
            before = server.memory()
            offered = 3 * peak.answers[200] / peak.took
            flood = batches(5 * most).run(seconds, rate=offered)
            self.assertEqual(peak.answers.keys(), {200})
            self.assertLessEqual(set(flood.answers), {200, 503})
            self.assertEqual(server.shed()["in_flight"] + server.shed()["queue"], flood.answers[503])
            tell("overload", batch_kib=len(BATCH) >> 10, peak=peak.figures(), offered=round(offered, 1), flood=flood.figures(),
                 memory_mb=[before, server.memory()])
            single = self.crowd(server, 1).run(0.5)
            self.assert_scores(single)  # and then it is as before
            if LONG:
                self.assertGreater(flood.sent / flood.took, 0.9 * offered)
                self.assertGreaterEqual(flood.figures()["good_a_second"], 0.9 * peak.figures()["good_a_second"])
                self.assertLessEqual(flood.figures()["p99_ms"], 2 * peak.figures()["p99_ms"])
                self.assertLess(server.memory(), 1.2 * before + 8)
            self.assertEqual(server.end(), 0)

    def test_single_rows_are_answered_beside_large_batches(self):
        seconds, rounds = (4, 5) if LONG else (0.5, 1)
        with Server(*(["--threads", 1] if "RISKFLAG_SERVER_CORE" in os.environ else [])) as server:
            alone, beside, batches = [], [], []
            for _ in range(rounds):  # in turns: other work on the machine is in both
                alone.append(self.crowd(server, 4).run(seconds, rate=200))
                process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("crowd.py")), str(server.port), "4", str(seconds + 1)],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                process.stdin.write(BATCH)
                process.stdin.close()
                time.sleep(0.5)
                beside.append(self.crowd(server, 4).run(seconds, rate=200))
                with process.stdout:
                    batches.append(json.loads(process.stdout.read()))
                self.assertEqual(process.wait(), 0)
            for crowd in (*alone, *beside):
                self.assert_scores(crowd)
            self.assertEqual({status for each in batches for status in each["answers"]}, {"200"})
            p99 = {name: statistics.median(crowd.figures()["p99_ms"] for crowd in crowds) for name, crowds in (("alone", alone), ("beside", beside))}
            tell("single rows beside batches", p99_ms=p99, rounds=[(a.figures()["p99_ms"], b.figures()["p99_ms"]) for a, b in zip(alone, beside)],
                 batches=[each["good_a_second"] for each in batches])
            if LONG:
                self.assertLessEqual(p99["beside"], 2 * p99["alone"])
            self.assertEqual(server.end(), 0)

    def test_models_that_change_all_the_time_lose_no_request_and_no_memory(self):
        """A look at the link comes twice a second; each finds another model."""
        swaps = 1200 if LONG else 4
        link = FOLDER / "changing"

        def point(at):
            (FOLDER / "changing-next").symlink_to(at)
            (FOLDER / "changing-next").rename(link)

        point(MODEL)
        with Server("--watch", model=link) as server:
            over, crowd, memory, done = threading.Event(), self.crowd(server, 8), [], 0
            others = threading.Thread(target=lambda: crowd.run(3600, until=over.is_set))
            others.start()
            try:
                while done < swaps:
                    point(OTHER if done % 2 == 0 else MODEL)
                    deadline = time.monotonic() + 60
                    while f'riskflag_reload_total{{result="ok"}} {done + 1}\n'.encode() not in server.ask("GET", "/metrics")[2]:
                        self.assertLess(time.monotonic(), deadline, server.messages())
                        time.sleep(0.02)
                    done += 1
                    memory.append(server.memory())
            finally:
                over.set()
                others.join()
            self.assert_scores(crowd)
            tell("models that change", swaps=done, seconds=round(crowd.took), requests=crowd.figures(),
                 memory_mb=[memory[0], *(memory[len(memory) * i // 5] for i in range(1, 5)), memory[-1]])
            if LONG:
                self.assertLess(max(memory[-50:]), 1.1 * max(memory[100:200]) + 1)
            self.assertEqual(server.end(), 0)

    def test_as_nobody_on_a_read_only_root_it_scores_and_logs(self):
        logs = FOLDER / "logs"
        logs.mkdir()
        os.chmod(logs, 0o777)
        for path in (MODEL, *MODEL.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for parent in (BIN / "riskflag-serve").resolve().parents:
            if not parent.stat().st_mode & 0o001:
                self.skipTest(f"nobody may not look into {parent}")
        inside = f"mount --make-rprivate / && mount --bind {logs} {logs} && mount -o remount,bind,ro / && " \
                 f"(mountpoint -q /tmp && mount -o remount,bind,ro /tmp || true) && exec setpriv --reuid 65534 --regid 65534 --clear-groups "
        command = ["unshare", "--mount", "sh", "-c", inside + '"$@"', "sh"]
        if os.geteuid() != 0 or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            self.skipTest("wants root, and namespaces for mounts")
        if subprocess.run([*command, "touch", str(FOLDER / "written")], capture_output=True).returncode == 0:
            self.skipTest(f"{FOLDER} is on a file system of its own, which is not read-only")
        with serving.Server(MODEL, "--decision-log", logs / "decisions", "--outcomes", logs / "outcomes", "--access-log", logs / "access",
                            before=command) as server:
            self.assertIn("Uid:\t65534", Path(f"/proc/{server.process.pid}/status").read_text())
            status, answer = server.score(as_json(ROWS[0], SCHEMA))
            self.assertEqual(status, 200, answer)
            self.assertEqual(server.end(), 0)
        self.assertEqual([r["decision_id"] for r in serving.records(logs / "decisions")], [answer["decision_id"]])

    def test_as_process_1_it_ends_with_0_when_told(self):
        command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        if os.geteuid() != 0 or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            self.skipTest("wants root, and namespaces for processes")
        for how in (signal.SIGTERM, signal.SIGINT):
            with serving.Server(MODEL, before=command) as server:
                self.assertEqual(server.ask("GET", "/readyz")[0], 200)
                child = int(Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text())
                self.assertIn("NSpid:\t%d\t1\n" % child, Path(f"/proc/{child}/status").read_text())
                os.kill(child, how)
                self.assertEqual(server.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
