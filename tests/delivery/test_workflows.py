"""Workflows are wiring: every step is a pinned action or one of our scripts, with no more rights than its job needs.

pins.txt lists the commits of actions that may be used. Each rule is also tried on a workflow that breaks it.
"""

import copy
import os
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINS = {(name, commit): version for name, version, commit in (line.split() for line in (HERE / "pins.txt").read_text().splitlines())}

# What a job may have beyond reading the repository: no other job has more.
RIGHTS = {("release", "image"): {"id-token": "write", "attestations": "write"},
          ("release", "verify"): {"id-token": "write", "attestations": "read"},
          ("codeql", "analyze"): {"security-events": "write"},
          ("release", "deploy"): {"id-token": "write"}, ("rollback", "rollback"): {"id-token": "write"}, ("model", "deploy"): {"id-token": "write"}}
# Jobs that change production: one at a time, never cut off, behind the environment's approval.
PRODUCTION = {("release", "deploy"), ("rollback", "rollback"), ("model", "deploy")}
# The one command that is no script of ours: actions/checkout needs git in a bare container.
BEFORE_CHECKOUT = "apt-get update -qq && apt-get install -y -qq --no-install-recommends git ca-certificates"


def steps_of(workflow):
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            yield name, step


def complaints(name, workflow, text):
    """What is wrong with a workflow, as sentences."""
    found = []
    if workflow.get("permissions") != {"contents": "read"}:
        found.append("permissions of the workflow are not contents: read alone")
    for action, commit, version in re.findall(r"uses: *([^@\s]+)@(\S+)(?: +# (\S+))?", text):
        pinned = PINS.get(("/".join(action.split("/")[:2]), commit))  # an action in a folder of its repository has that one's commit
        if pinned is None:
            found.append(f"{action}@{commit} is not in pins.txt")
        elif pinned != version:
            found.append(f"{action}@{commit} is {pinned}, the comment says {version or 'nothing'}")
    if len(re.findall(r"uses:", text)) != sum("uses" in step for _, step in steps_of(workflow)):
        found.append("a uses: that is no step of a job")
    for job_name, job in workflow["jobs"].items():
        allowed = {"contents": "read", **RIGHTS.get((name, job_name), {})}
        if not set(job.get("permissions", {}).items()) <= set(allowed.items()):
            found.append(f"job {job_name} may more than {allowed}")
        if not isinstance(job.get("timeout-minutes"), int):
            found.append(f"job {job_name} has no time limit")
        if (name, job_name) in PRODUCTION:
            if job.get("environment") != "production" or job.get("concurrency") != {"group": "production", "cancel-in-progress": False}:
                found.append(f"job {job_name} changes production without approval or guard")
        elif job.get("environment") == "production":
            found.append(f"job {job_name} may change production and is not listed here")
    for job_name, step in steps_of(workflow):
        if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
            found.append(f"checkout in {job_name} leaves the token behind")
        command = step.get("run")
        if command is None or command == BEFORE_CHECKOUT:
            continue
        script = ROOT / command.split()[0]
        if not re.match(r"(\.ci/|examples/deploy/)", command) or not os.access(script, os.X_OK) or not script.is_file():
            found.append(f"{command!r} is not a script of the repository that can be run")
        if re.search(r"[;&|<>`\n]|\$\(", command):
            found.append(f"{command!r} does more than to call a script")
        if "${{" in command:
            found.append(f"{command!r}: an expression is put into a command; hand it over in env")
        for variable in re.findall(r"\$(\w+)", command):
            if variable not in step.get("env", {}):
                found.append(f"{command!r}: {variable} is not in the step's env")
    return found


class Workflows(unittest.TestCase):
    def test_there_are_the_workflows_that_are_meant(self):
        self.assertEqual([path.stem for path in WORKFLOWS], ["ci", "codeql", "model", "release", "rollback", "train"])

    def test_each_is_wiring_with_least_rights(self):
        for path in WORKFLOWS:
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertEqual(complaints(path.stem, yaml.safe_load(text), text), [])

    def test_the_listed_rights_are_used(self):
        jobs = {(path.stem, job): body for path in WORKFLOWS for job, body in yaml.safe_load(path.read_text())["jobs"].items()}
        for key, rights in RIGHTS.items():
            self.assertEqual(jobs[key].get("permissions"), {"contents": "read", **rights}, key)

    def test_nothing_is_deployed_that_was_not_verified(self):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
        self.assertEqual((jobs["image"]["needs"], jobs["verify"]["needs"], jobs["deploy"]["needs"]), ("test", "image", ["image", "verify"]))
        self.assertEqual([step["run"].split()[0].rsplit("/")[-1] for step in jobs["verify"]["steps"] if "run" in step], ["verify.sh", "scan.sh"])

    def test_githubs_schema_and_yamllint(self):
        bin_dir = pathlib.Path(sys.executable).parent
        files = [str(path) for path in WORKFLOWS]
        for command in ([bin_dir / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files],
                        [bin_dir / "yamllint", "--strict", "-d",
                         "{extends: default, rules: {line-length: {max: 160}, document-start: disable, truthy: {check-keys: false}}}", *files]):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_schema_refuses_what_is_no_workflow(self):
        bad = pathlib.Path(os.environ["DELIVERY_WORK"]) / "bad.yml"
        bad.write_text((ROOT / ".github/workflows/release.yml").read_text().replace("runs-on:", "run-on:"))
        done = subprocess.run([pathlib.Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(bad)], capture_output=True)
        self.assertNotEqual(done.returncode, 0)


class Rules(unittest.TestCase):
    """Each rule finds what breaks it, in a copy of release.yml."""

    def setUp(self):
        self.text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
        self.workflow = yaml.safe_load(self.text)

    def broken(self, word, change=None, text=None):
        workflow = yaml.safe_load(text) if text else copy.deepcopy(self.workflow)
        if change:
            change(workflow["jobs"], workflow)
        found = complaints("release", workflow, text or self.text)
        self.assertTrue(any(word in line for line in found), (word, found))

    def test_pins(self):
        self.broken("is not in pins.txt", text=self.text.replace("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7"))
        self.broken("the comment says v6.9.9", text=self.text.replace("# v6.2.2", "# v6.9.9"))
        self.broken("the comment says nothing", text=self.text.replace("  # v6.2.2", ""))

    def test_rights(self):
        self.broken("permissions of the workflow", lambda jobs, w: w.pop("permissions"))
        self.broken("job deploy may more", lambda jobs, w: jobs["deploy"]["permissions"].update({"packages": "write"}))
        self.broken("job test may more", lambda jobs, w: jobs["test"].update({"permissions": {"id-token": "write"}}))
        self.broken("leaves the token", lambda jobs, w: jobs["test"]["steps"][1].pop("with"))

    def test_production(self):
        self.broken("without approval", lambda jobs, w: jobs["deploy"].pop("environment"))
        self.broken("without approval", lambda jobs, w: jobs["deploy"]["concurrency"].update({"cancel-in-progress": True}))
        self.broken("is not listed", lambda jobs, w: jobs["image"].update({"environment": "production"}))
        self.broken("no time limit", lambda jobs, w: jobs["image"].pop("timeout-minutes"))

    def test_commands(self):
        def run(command):
            return lambda jobs, w: jobs["deploy"]["steps"][-1].update({"run": command})
        self.broken("is not a script", run("curl https://example.org"))
        self.broken("is not a script", run("examples/deploy/absent.sh"))
        self.broken("is not a script", run("examples/deploy/docker/Dockerfile"))
        self.broken("does more than", run(".ci/run && true"))
        self.broken("an expression", run("examples/deploy/aws/roll_out.sh deploy ${{ github.head_ref }} current"))
        self.broken("is not in the step's env", run('examples/deploy/aws/roll_out.sh deploy "$OTHER" current'))


if __name__ == "__main__":
    unittest.main()
