"""What the tests of deployments share: programs that run, models, waiting."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "examples/deploy"
BIN = pathlib.Path(os.environ["RISKFLAG_BUILD"]) / "bin"
WORK = pathlib.Path(os.environ["DELIVERY_WORK"]) / "deploy"


def run(*command, check=True, timeout=1800, env=None, cwd=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, cwd=cwd, errors="replace")
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return done


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(url, body=None, headers=None, timeout=10):
    request = urllib.request.Request(url, body, headers or {})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def wait_for(what, seconds=60, every=0.1):
    end = time.monotonic() + seconds
    while True:
        try:
            found = what()
            if found:
                return found
        except (OSError, AssertionError):
            pass
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


def model_directory(name, seed=1):
    """A small trained model, and 20 applicants with the scores of the command line."""
    folder = WORK / "models" / name
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        loans = WORK / "loans.csv"
        run(BIN / "riskflag-simulate", "--rows", 3000, "--seed", seed, "--output", loans, "--quiet")
        run(BIN / "riskflag-train", "--data", loans, "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex", "--output", folder, "--quiet", "--force",
            "--set", "table_defaults=false", "--set", "num_iterations=20")
    return folder


class Process:
    """A child that is ended when the test is."""

    def __init__(self, *command, log, env=None):
        self.log = open(log, "ab")
        self.child = subprocess.Popen([str(part) for part in command], stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})},
                                      start_new_session=True)

    def end(self, how=signal.SIGTERM):
        if self.child.poll() is None:
            os.killpg(self.child.pid, how)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        self.log.close()


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
