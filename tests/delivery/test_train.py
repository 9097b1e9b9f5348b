"""train.yml's own steps, one after another as the workflow calls them, with a directory for the bucket and a registry on this disk."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "deploy"))
import stand_ins as on  # noqa: E402

WORKFLOW = yaml.safe_load((on.ROOT / ".github/workflows/train.yml").read_text(encoding="utf-8"))
HOME = on.WORK / "train"
SOURCE = HOME / "source"
VARIABLES = {"vars.TRAINING_DIR": str(HOME / "runs"), "vars.TRAINING_SOURCE": str(SOURCE), "vars.TRACKING": f"journal:{HOME}/journal", "vars.MODEL": "loan-risk",
             "vars.TARGET": "Risk_Flag", "github.server_url": "https://git.invalid", "github.repository": "org/repo"}


class Run:
    """One run of the workflow: its expressions, the jobs' outputs, and what each job says."""

    number = 0

    def __init__(self, event, options="--id Id --protected Sex --set table_defaults=false --set num_iterations=30", until=None):
        Run.number += 1
        self.known = {**VARIABLES, "vars.TRAIN_OPTIONS": options, "github.run_id": str(Run.number)}
        self.event, self.jobs, self.failed, self.log = event, [], None, ""
        self.work = HOME / "runs" / str(Run.number)
        for name, job in WORKFLOW["jobs"].items():
            if name == until:
                break
            if "if" in job and not self.value(job["if"]):
                continue
            self.jobs.append(name)
            if not self.job(name, job):
                break

    def value(self, expression):
        equal = re.fullmatch(r"(\S+) == '([^']*)'", expression)
        if equal:
            return self.value(equal[1]) == equal[2]
        if expression == "github.event_name":
            return self.event
        # A job that was skipped has no outputs.
        return self.known.get(expression, "") if expression.startswith("needs.") else self.known[expression]

    def filled(self, text):
        def one(match):
            value = self.value(match[1])
            return str(value).lower() if isinstance(value, bool) else value
        return re.sub(r"\$\{\{ (.*?) \}\}", one, str(text))

    def job(self, name, job):
        for step in job["steps"]:
            if "run" not in step:
                continue
            outputs = HOME / "outputs"
            outputs.write_text("")
            # This very python3: a version manager's takes longer to start than what it runs.
            path = f"{on.BIN}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
            env = {**os.environ, "PATH": path, "GITHUB_OUTPUT": str(outputs)}
            env.update({key: self.filled(text) for key, text in {**WORKFLOW["env"], **step.get("env", {})}.items()})
            done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=on.ROOT, env=env, capture_output=True, text=True, timeout=600)
            self.log += done.stdout + done.stderr
            if done.returncode != 0:
                self.failed = step["run"].split()[0].rpartition("/")[2]
                return False
            for line in outputs.read_text().splitlines():
                key, _, value = line.partition("=")
                self.known[f"steps.{step['id']}.outputs.{key}"] = value
        for key, text in job.get("outputs", {}).items():
            self.known[f"needs.{name}.outputs.{key}"] = self.filled(text)
        return True


def simulate(name, rows, seed):
    on.run(on.BIN / "riskflag-simulate", "--rows", rows, "--seed", seed, "--output", SOURCE / name, "--quiet")


def registry(*arguments):
    return json.loads(on.run(on.BIN / "riskflag-registry", "--tracking", VARIABLES["vars.TRACKING"], "--json", *arguments).stdout)


def champion():
    return registry("show", "loan-risk@champion")["versions"][0]["version"]


class Train(unittest.TestCase):
    """In the order of their names: each goes on from the registry that the one before left."""

    @classmethod
    def setUpClass(cls):
        shutil.rmtree(HOME, ignore_errors=True)
        SOURCE.mkdir(parents=True)
        simulate("loans.csv", 3000, 1)
        simulate("later.csv", 2000, 2)

    def test_1_the_first_model_becomes_champion_after_the_approval(self):
        run = Run("schedule", until="promote")
        self.assertIsNone(run.failed, run.log)
        self.assertEqual(run.known["needs.train.outputs.passed"], "yes")
        self.assertEqual(registry("list")["versions"][0]["aliases"], [])
        run = Run("schedule")
        self.assertEqual((run.failed, run.jobs), (None, ["decide", "train", "promote"]), run.log)
        self.assertEqual(champion(), 2)

    def test_2_a_challenger_that_is_no_worse_takes_its_place_with_a_reason(self):
        run = Run("workflow_dispatch", until="promote")
        self.assertEqual((run.failed, run.known["needs.train.outputs.passed"]), (None, "yes"), run.log)
        self.assertEqual(champion(), 2)
        run = Run("workflow_dispatch")
        self.assertEqual((run.failed, run.jobs), (None, ["decide", "train", "promote"]), run.log)
        self.assertEqual(champion(), 4)
        move = registry("show", "loan-risk@champion")["audit"][-1]
        self.assertEqual((move["event"], move["from"]["version"], move["to"]["version"]), ("promote", 2, 4))
        self.assertEqual((move["approved_by"], move["reason"]), ("reviewers of the environment champion", f"https://git.invalid/org/repo/actions/runs/{Run.number}"))

    def test_3_a_worse_challenger_stays_one(self):
        run = Run("workflow_dispatch", "--id Id --protected Sex --set table_defaults=false --set num_iterations=1 --set num_leaves=2")
        self.assertEqual((run.failed, run.known["needs.train.outputs.passed"], run.jobs), (None, "no", ["decide", "train"]), run.log)
        run.known["needs.train.outputs.passed"] = "yes"  # an approval does not open the gate
        self.assertFalse(run.job("promote", WORKFLOW["jobs"]["promote"]))
        self.assertIn("may not take the place of version 4", run.log)
        self.assertEqual(champion(), 4)

    def logs_of(self, change):
        """What a server wrote about 400 applicants, told in `change`'s way."""
        for name in ("decisions", "outcomes"):
            shutil.rmtree(SOURCE / name, ignore_errors=True)
            (SOURCE / name).mkdir()
        applicants, port = HOME / "applicants.csv", on.free_port()
        on.run(on.BIN / "riskflag-simulate", "--applicants", "--rows", 400, "--seed", 3, "--output", applicants, "--quiet")
        header, *rows = applicants.read_text().splitlines()
        server = on.Process(on.BIN / "riskflag-serve", "--model", registry("show", "loan-risk@champion")["versions"][0]["path"], "--port", port,
                            "--decision-log", SOURCE / "decisions", "--outcomes", SOURCE / "outcomes", log=HOME / "serve.log")
        try:
            on.wait_for(lambda: on.get(f"http://127.0.0.1:{port}/readyz"))
            on.get(f"http://127.0.0.1:{port}/v1/score", "\n".join([header, *change(header.split(","), rows), ""]).encode(), {"Content-Type": "text/csv"})
        finally:
            server.end()

    def test_4_training_waits_for_drift(self):
        self.logs_of(lambda header, rows: rows)
        run = Run("schedule")
        self.assertEqual((run.failed, run.jobs, run.known["needs.decide.outputs.train"]), (None, ["decide"], "no"), run.log)

        def richer(header, rows):
            place = header.index("Income")
            return [",".join(str(float(cell or 0) * 3) if i == place else cell for i, cell in enumerate(row.split(","))) for row in rows]
        self.logs_of(richer)
        run = Run("schedule", until="train")
        self.assertEqual((run.failed, run.known["needs.decide.outputs.train"]), (None, "yes"), run.log)
        self.assertIn("Income", run.log)

        shutil.rmtree(SOURCE / "decisions")
        self.assertEqual(Run("schedule").failed, "decide.sh")

    def test_4b_a_registry_that_cannot_be_read_is_not_one_without_a_champion(self):
        settings = {"WORK": HOME / "unread", "SOURCE": SOURCE, "TRACKING": "http://127.0.0.1:9", "MODEL": "loan-risk", "TARGET": "Risk_Flag",
                    "APPROVED_BY": "nobody", "REASON": "none", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": 0, "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": 0}
        for step in (["decide.sh"], ["validate.sh"], ["compare.sh", "1"], ["promote.sh", "1"]):
            done = subprocess.run(["bash", on.ROOT / "examples/deploy/train" / step[0], *step[1:]], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "PATH": f"{on.BIN}:{os.environ['PATH']}", **{key: str(text) for key, text in settings.items()}})
            self.assertEqual((done.returncode, done.stdout), (1, ""), step)
            self.assertIn("127.0.0.1:9", done.stderr)

    def test_5_data_that_should_not_be_learned_from_are_refused(self):
        def refused(word):
            versions = len(registry("list")["versions"])
            run = Run("workflow_dispatch")
            self.assertEqual((run.failed, len(registry("list")["versions"])), ("validate.sh", versions), run.log)
            self.assertIn(word, run.log)
        good = (SOURCE / "loans.csv").read_text()
        header, *rows = good.splitlines()
        place = header.split(",").index("Risk_Flag")

        def outcome(row, value):
            cells = row.split(",")
            cells[place] = value(cells[place])
            return ",".join(cells)
        for word, text in (("900 rows, 1000 are needed", [header, *rows[:900]]),
                           ("1 without an outcome", [header, *rows[:-1], outcome(rows[-1], lambda _: "")]),
                           ("has one value only", [header, *(outcome(row, lambda _: "0") for row in rows)]),
                           ('0 columns are called "Risk_Flag"', [header.replace("Risk_Flag", "Flag"), *rows]),
                           ("cannot score loans.csv", [header.replace("Income", "Earnings"), *rows])):
            (SOURCE / "loans.csv").write_text("\n".join([*text, ""]))
            refused(word)
        shutil.copy(SOURCE / "later.csv", SOURCE / "loans.csv")
        refused("later.csv is loans.csv")
        (SOURCE / "loans.csv").write_text(good)

    def test_6_what_a_run_holds_only_its_account_can_read(self):
        held = [path for path in (HOME / "runs" / "1").rglob("*.csv")]
        self.assertGreaterEqual(len(held), 2)
        for path in held:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)


if __name__ == "__main__":
    unittest.main()
