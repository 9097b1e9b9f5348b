"""A server that has everything to tell: champion, challenger, shadow, outcomes, and rows like the training's or not."""

import csv
import io
import json
import shutil

import stand_ins as on

FOLDER = on.WORK / "monitored"
ROWS = 1500


def table(name):
    """`quiet`: as in training; `drifted`: an income moved by a standard deviation."""
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        drift = ["--with-drift", 1] if name == "drifted" else []
        on.run(on.BIN / "riskflag-simulate", "--rows", ROWS, "--seed", 8, "--output", path, "--quiet", *drift)
    return path.read_bytes()


class Served:
    def __enter__(self):
        on.WORK.mkdir(parents=True, exist_ok=True)
        self.port = on.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.logs = FOLDER / f"logs-{self.port}"
        shutil.rmtree(self.logs, ignore_errors=True)
        model, other = on.model_directory("first"), on.model_directory("second", seed=2)
        self.process = on.Process(on.BIN / "riskflag-serve", "--model", model, "--challenger", other, "--split", 20, "--shadow", other, "--port", self.port,
                                  "--outcomes", self.logs, "--decision-log", self.logs, "--access-log", self.logs, log=on.WORK / "monitored.log")
        on.wait_for(lambda: on.get(self.url + "/readyz"))
        self.decisions = []
        return self

    def __exit__(self, *_):
        self.process.end()
        shutil.rmtree(self.logs)

    def score(self, name):
        """The table, to both models: a request's rows go to one of them. Few rows a request, as applicants come."""
        header, *lines = table(name).splitlines(keepends=True)
        for key in ("bert", "fred"):  # the challenger's, the champion's
            for i in range(0, len(lines), 50):
                answer = on.get(self.url + "/v1/score", header + b"".join(lines[i:i + 50]), {"Content-Type": "text/csv", "X-Routing-Key": key})
                self.decisions += [(row["decision_id"], int(row["Risk_Flag"])) for row in csv.DictReader(io.StringIO(answer.decode()))]

    def report(self, most=ROWS, outcome_of=lambda n, outcome: outcome):
        """The outcomes of the first rows of each table."""
        body = [{"decision_id": i, "outcome": outcome_of(n, outcome), "observed_at": "2027-05-01T00:00:00Z"}
                for n, (i, outcome) in enumerate(self.decisions) if n % ROWS < most]
        on.get(self.url + "/v1/outcomes", json.dumps(body).encode(), {"Content-Type": "application/json"})
        self.reported = most  # of the champion's

    def settled(self):
        """/metrics once the windows and all outcomes are judged, and the shadow has scored what the champion did."""
        def look():
            page = on.get(self.url + "/metrics").decode()
            parts = ("riskflag_drift_alarm{", "riskflag_beside_drift_alarm{", "riskflag_shadow_rows_total{",
                     f'metric="outcomes",cohort="all",kind="realised"}} {self.reported}\n')
            return page if all(part in page for part in parts) else None
        return on.wait_for(look)
