"""What the tests of riskflag-serve share: a small model, and the server as a process."""
import csv
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

BIN = Path(os.environ["RISKFLAG_BIN_DIR"])


def run(*command, **kwargs):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RISKFLAG_") or k == "RISKFLAG_BIN_DIR"}
    environment.update(kwargs.pop("env", {}))
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, env=environment, **kwargs)


def must(*command):
    done = run(*command)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stderr}")
    return done


def train(folder, rows, *flags, name="loans-model"):
    """A model of `rows` simulated loans; its path."""
    must(BIN / "riskflag-simulate", "--rows", rows, "--seed", 7, "--output", folder / "train.csv", "--quiet")
    must(BIN / "riskflag-train", "--data", folder / "train.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex",
         "--output", folder / name, "--quiet", *flags)
    return folder / name


def applicants(folder):
    """200 simulated people, a dict of texts each."""
    must(BIN / "riskflag-simulate", "--rows", 200, "--seed", 9, "--applicants", "--output", folder / "new.csv", "--quiet")
    with open(folder / "new.csv", newline="") as file:
        return list(csv.DictReader(file))


def records(folder):
    """The lines of a log's files, oldest first."""
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


class Server:
    """A running riskflag-serve on a free port."""

    def __init__(self, model, *flags, env=None, preexec_fn=None, before=()):
        """`before`: words of a program that starts it."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RISKFLAG_")}
        environment.update(env or {})
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*before, str(BIN / "riskflag-serve"), "--model", str(model), "--port", "0", *map(str, flags)],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment, preexec_fn=preexec_fn)
        line = self.process.stdout.readline()
        self.line = line
        self.port = json.loads(line)["port"] if line.startswith("{") else int(line.rsplit(":", 1)[1]) if line else None

    def __enter__(self):
        if self.port is None:
            self.process.wait(timeout=30)
            raise AssertionError("the server did not start: " + self.messages())
        return self

    def __exit__(self, *_):
        self.end()
        self.log.close()

    def messages(self):
        self.log.seek(0)
        return self.log.read().decode()

    def end(self, how=signal.SIGTERM, timeout=30):
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=timeout)
        self.process.stdout.close()
        return code

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def score(self, body, kind="application/json", path="/v1/score"):
        status, headers, answer = self.ask("POST", path, body if isinstance(body, (bytes, str)) else json.dumps(body), {"Content-Type": kind})
        return status, json.loads(answer) if "json" in headers["content-type"] and "ndjson" not in headers["content-type"] else answer

    def raw(self, text, timeout=20):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(text)
            out = b""
            while block := connection.recv(65536):
                out += block
            return out


def as_json(row, schema):
    """The applicant as a JSON client would send it: numbers as numbers, empty cells as null."""
    out = {}
    for name, text in row.items():
        if text == "":
            out[name] = None
        elif "number" in schema["properties"].get(name, {}).get("type", []) and name != "Id":
            out[name] = float(text)
        else:
            out[name] = text
    return out


