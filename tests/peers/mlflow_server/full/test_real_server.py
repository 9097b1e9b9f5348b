"""real_server.py itself: no server outlives its tests."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[1]
# Python's own server stands in for MLflow's, which takes seconds to start.
TESTS = """
import os, pathlib, sys, time, unittest
sys.path.insert(0, sys.argv.pop(1))
from real_server import Process, free_port

class Any(Process):
    program = [sys.executable, "-m"]

class Some(unittest.TestCase):
    def test_that_takes_long(self):
        port = free_port()
        server = Any(pathlib.Path(sys.argv[-1]), ["http.server", str(port), "--bind", "127.0.0.1"], f"http://127.0.0.1:{port}", "/", dict(os.environ))
        print(server.process.pid, flush=True)
        time.sleep(600)

unittest.main(argv=["tests"])
"""


class Ends(unittest.TestCase):
    def ends_by(self, number):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([sys.executable, "-c", TESTS, str(FOLDER), folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       encoding="utf-8")
            server = int(process.stdout.readline())
            os.kill(server, 0)
            process.send_signal(number)
            self.assertNotEqual(process.wait(timeout=60), 0)
            process.stdout.close()
            end = time.monotonic() + 10
            while time.monotonic() < end:
                try:
                    os.kill(server, 0)
                except ProcessLookupError:
                    return
                time.sleep(0.1)
            os.kill(server, signal.SIGKILL)
            self.fail(f"the server is there after {signal.Signals(number).name}")

    def test_a_server_ends_with_its_tests(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal.Signals(number).name):
                self.ends_by(number)


if __name__ == "__main__":
    unittest.main()
