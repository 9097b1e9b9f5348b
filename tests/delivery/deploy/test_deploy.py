"""deploy.sh on one host, with real HAProxy and clients that ask all the while. DELIVERY_ENGINE=podman: a real registry and real
containers, twenty deployments; otherwise processes take the place of containers, and it is four. `-k WORD` picks tests.
"""

import csv
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

import stand_ins as on
from load import Load
from engines import Podman, Processes
from stand_ins import WORK, run

PODMAN = os.environ.get("DELIVERY_ENGINE") == "podman"
TURNS, DIES_SECONDS = (20, 10) if PODMAN else (4, 3)


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        WORK.mkdir(parents=True, exist_ok=True)
        cls.engine = Podman(DIES_SECONDS) if PODMAN else Processes(DIES_SECONDS)
        cls.images = cls.engine.images
        cls.models, cls.right, cls.body = {}, {}, None
        for seed, name in ((1, "first"), (2, "second")):
            folder = on.model_directory(name, seed)
            cls.models[name] = "sha256:" + run("sha256sum", folder / "manifest.json").stdout.split()[0]
        cls.source = WORK / "model-source"
        shutil.rmtree(cls.source, ignore_errors=True)
        for name, digest in cls.models.items():
            shutil.copytree(WORK / "models" / name, cls.source / digest[7:])
            cls.right[name] = cls.expected(name)

    @classmethod
    def tearDownClass(cls):
        cls.engine.end()

    @classmethod
    def expected(cls, name):
        """The first applicant of the example of the first model, as every model must score it, by the command line."""
        example = on.read_json(WORK / "models/first/input_example.json")
        row = dict(zip(example["columns"], example["data"][0]))
        cls.body = json.dumps(row).encode()
        table, scores = WORK / "one.csv", WORK / "one_scores.csv"
        table.write_text(",".join(row) + "\n" + ",".join("" if value is None else str(value) for value in row.values()) + "\n")
        run(on.BIN / "riskflag-score", "--model", WORK / "models" / name, "--data", table, "--output", scores)
        with open(scores, newline="", encoding="utf-8") as file:
            return float(next(csv.DictReader(file))["probability"])

    # --- a host of its own for each test

    def setUp(self):
        self.host = WORK / "host"
        subprocess.run(["umount", str(self.host / "state")], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.host, ignore_errors=True)
        (self.host / "state").mkdir(parents=True)
        self.ports = {"front": on.free_port(), "blue": on.free_port(), "green": on.free_port()}
        self.conf = self.host / "deploy.conf"
        self.configure()
        (self.host / "state/active.map").write_text("active blue\n")
        self.haproxy = None
        self.start_haproxy()
        self.addCleanup(self.clear)

    def configure(self, **more):
        settings = {**self.engine.settings, "STATE_DIR": self.host / "state", "MODELS_DIR": self.host / "models", "MODEL_SOURCE": self.source,
                    "HAPROXY_SOCKET": self.host / "haproxy.sock", "BLUE_PORT": self.ports["blue"], "GREEN_PORT": self.ports["green"],
                    "READY_SECONDS": 10, "WATCH_SECONDS": 2, "STOP_SECONDS": 10, **more}
        self.conf.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def start_haproxy(self):
        """By its unit's ExecStart line, in the foreground."""
        line = self.exec_start("riskflag-haproxy.service").replace("/etc/riskflag/haproxy.cfg", str(on.DEPLOY / "haproxy/haproxy.cfg"))
        self.haproxy = on.Process(*line.split(), log=WORK / "haproxy.log", env={
            "RISKFLAG_BIND": f"127.0.0.1:{self.ports['front']}", "RISKFLAG_MAP": str(self.host / "state/active.map"),
            "RISKFLAG_SOCKET": str(self.host / "haproxy.sock"), "BLUE_PORT": str(self.ports["blue"]), "GREEN_PORT": str(self.ports["green"])})
        on.wait_for((self.host / "haproxy.sock").exists)

    @staticmethod
    def exec_start(unit):
        return re.search(r"^ExecStart=(.*)$", (on.DEPLOY / "systemd" / unit).read_text(), re.M)[1]

    def clear(self):
        self.haproxy.end(signal.SIGKILL)
        for colour in ("blue", "green"):
            self.engine.call("rm", "--force", "--time", "1", f"riskflag-{colour}", check=False)
        subprocess.run(["umount", str(self.host / "state")], stderr=subprocess.DEVNULL)

    def deploy_sh(self, *arguments, expect=0, env=None):
        done = run(on.DEPLOY / "deploy.sh", *arguments, check=False, env={"RISKFLAG_DEPLOY_CONF": str(self.conf), **(env or {})})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def deploy(self, image="one", model="first", expect=0):
        return self.deploy_sh("deploy", self.images.get(image, image), self.models.get(model, model), expect=expect)

    def state(self):
        return (self.host / "state/state").read_text()

    def load(self, *models):
        return Load(self.ports["front"], self.body, [self.right[name] for name in models])

    def assert_serves(self, model, image):
        answer = json.loads(on.get(f"http://127.0.0.1:{self.ports['front']}/v1/score", self.body, {"Content-Type": "application/json"}))
        self.assertEqual((answer["probability"], answer["model"]["digest"].removeprefix("sha256:")), (self.right[model], self.models[model][7:]))
        colour = self.state().split()[1]
        self.assertEqual(self.state().split()[2:4], [self.images[image], self.models[model]])
        self.assertEqual((self.host / "state/active.map").read_text(), f"active {colour}\n")
        self.assertEqual(self.engine.call("ps", "--format", "{{.Names}}").split(), [f"riskflag-{colour}"])

    def assert_no_failures(self, load, killed=False):
        """After a kill each client may have lost the one request that the kernel had taken and the server had not read: that connection
        is reset, and HAProxy asks again only after one that was closed or never made."""
        failures = load.failures
        if killed:
            self.assertLessEqual(len(failures), load.clients, failures)
            failures = [f for f in failures if not f[1].startswith(("RemoteDisconnected", "502 "))]
        self.assertEqual(failures[:5], [], f"{len(load.failures)} of {load.answers}")
        self.assertGreater(load.answers, 20)

    # --- what must hold

    def test_one_deployment_after_another_and_no_failed_request(self):
        self.deploy("one", "first")
        self.assert_serves("first", "one")
        with self.load("first", "second") as load:
            for turn in range(TURNS):
                image, model = (("two", "second"), ("one", "first"))[turn % 2]
                self.deploy(image, model)
        self.assert_serves("first", "one")
        self.assert_no_failures(load)
        self.assertGreaterEqual(len(load.seen), TURNS)  # the clients saw the model change
        print(f"{TURNS} deployments: {load.answers} answers, {len(load.failures)} failed")

    def test_the_same_again_changes_nothing(self):
        self.deploy()
        began, state = self.engine.call("inspect", "--format", "{{.State.StartedAt}}", "riskflag-blue"), self.state()
        self.assertIn("already", self.deploy())
        self.assertIn("already", self.deploy_sh("deploy", "current", "current"))
        self.assertEqual((self.engine.call("inspect", "--format", "{{.State.StartedAt}}", "riskflag-blue"), self.state()), (began, state))

    def test_what_must_not_come_through(self):
        self.deploy("one", "first")
        state = self.state()
        cases = {"broken": "blue answers", "never": "is not ready after 10 s", "wrong": "the scores differ", "dies": "ended while it was watched"}
        for image, word in cases.items():
            with self.subTest(image), self.load("first") as load:
                self.configure(WATCH_SECONDS=DIES_SECONDS + 5 if image == "dies" else 2)
                self.assertIn(word, self.deploy(image, "first", expect=1))
                self.assertEqual(self.state(), state)
                self.assert_serves("first", "one")
            self.assert_no_failures(load, killed=image == "dies")

    def test_what_is_refused_before_anything_happens(self):
        self.deploy("one", "first")
        state = self.state()
        for image in ("latest", "sha256:12", "sha256:" + "A" * 64, self.images["two"] + "\nx", "sha256:" + "0" * 63 + ";"):
            self.assertIn("is not sha256:", self.deploy(image, "first", expect=2))
        self.deploy("sha256:" + "0" * 64, "first", expect=1)  # the registry has none
        self.assertIn("cannot be read", self.deploy("two", "sha256:" + "0" * 64, expect=1))
        tampered = self.source / ("1" * 64)
        shutil.copytree(self.source / self.models["second"][7:], tampered, dirs_exist_ok=True)
        self.addCleanup(shutil.rmtree, tampered)
        self.assertIn("another model", self.deploy("two", "sha256:" + "1" * 64, expect=1))
        self.assertEqual(self.state(), state)
        self.assert_serves("first", "one")

    def test_nothing_to_roll_back_to(self):
        self.deploy_sh("rollback", expect=1)
        self.deploy("one", "first")
        self.deploy_sh("rollback", expect=1)
        self.assert_serves("first", "one")

    def test_a_dead_registry_stops_a_deployment_and_no_rollback(self):
        self.deploy("one", "first")
        self.deploy("two", "second")
        # As on a host that has never seen the third.
        self.engine.call("image", "rm", "--force", f"{self.engine.repository}@{self.images['never']}", check=False)
        self.engine.stop_registry()
        try:
            with self.load("first", "second") as load:
                self.assertIn("cannot be pulled", self.deploy("never", "first", expect=1))
                self.assert_serves("second", "two")
                self.deploy_sh("rollback")
                self.assert_serves("first", "one")
                self.deploy_sh("rollback")
                self.assert_serves("second", "two")
            self.assert_no_failures(load)
        finally:
            self.engine.start_registry()

    def test_a_full_disk(self):
        if run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.host / "state", check=False).returncode != 0:
            self.skipTest("nothing may be mounted here, as in a container without CAP_SYS_ADMIN")
        (self.host / "state/active.map").write_text("active blue\n")
        self.deploy("one", "first")
        state = self.state()
        with self.assertRaises(OSError), open(self.host / "state/ballast", "wb") as ballast:
            while True:
                ballast.write(b"x" * 4096)
                ballast.flush()
        with self.load("first") as load:
            self.deploy("two", "first", expect=1)
            self.assertEqual(self.state(), state)
            self.assert_serves("first", "one")
        self.assert_no_failures(load)
        (self.host / "state/ballast").unlink()
        self.deploy("two", "first")
        self.assert_serves("first", "two")

    def test_killed_at_every_step(self):
        self.deploy("one", "first")
        state = self.state()
        for word in ("pull", "model", "start", "ready", "smoke", "switch", "watch", "record"):
            with self.subTest(word), self.load("first") as load:
                self.configure(WATCH_SECONDS=4)
                child = subprocess.Popen([str(on.DEPLOY / "deploy.sh"), "deploy", self.images["two"], self.models["first"]], stdout=subprocess.PIPE, text=True,
                                         env={**os.environ, "RISKFLAG_DEPLOY_CONF": str(self.conf)}, start_new_session=True)
                for line in child.stdout:
                    if line.startswith(f"deploy.sh: {word}:"):
                        os.killpg(child.pid, signal.SIGKILL)
                        break
                else:
                    self.fail(f"no step {word}")
                child.wait()
                child.stdout.close()
                time.sleep(0.5)
                if word != "record":  # there the rename may have come first; whole it is in any case
                    self.assertEqual(self.state(), state)
                self.deploy_sh("recover")
                self.assert_serves("first", "two" if self.state() != state else "one")
            self.assert_no_failures(load)
            if self.state() != state:
                self.deploy("one", "first")
                state = self.state()

    def test_stopped_by_a_signal_it_undoes_itself(self):
        self.deploy("one", "first")
        state = self.state()
        self.configure(WATCH_SECONDS=20)
        with self.load("first") as load:
            child = subprocess.Popen([str(on.DEPLOY / "deploy.sh"), "deploy", self.images["two"], self.models["first"]], stdout=subprocess.PIPE, text=True,
                                     env={**os.environ, "RISKFLAG_DEPLOY_CONF": str(self.conf)})
            for line in child.stdout:
                if line.startswith("deploy.sh: watch:"):
                    self.deploy("two", "second", expect=75)  # and another run waits for nobody
                    child.terminate()
            self.assertEqual(child.wait(), -signal.SIGTERM)
            child.stdout.close()
            self.assertEqual(self.state(), state)
            self.assert_serves("first", "one")
        self.assert_no_failures(load)

    def test_after_a_power_cut_the_units_bring_the_recorded_version_back(self):
        self.deploy("one", "first")
        self.deploy("two", "second")
        self.haproxy.end(signal.SIGKILL)
        for name in ("riskflag-blue", "riskflag-green"):
            self.engine.call("kill", "--signal", "KILL", name, check=False)
        (self.host / "haproxy.sock").unlink(missing_ok=True)
        self.start_haproxy()
        line = self.exec_start("riskflag-recover.service").replace("/usr/local/lib/riskflag/", f"{on.DEPLOY}/")
        run(*line.split(), env={"RISKFLAG_DEPLOY_CONF": str(self.conf)})
        self.assert_serves("second", "two")
        run(*line.split(), env={"RISKFLAG_DEPLOY_CONF": str(self.conf)})
        self.assert_serves("second", "two")


if __name__ == "__main__":
    unittest.main(verbosity=2)
