"""The image, built by the repository's script with buildah, and run by podman and runc as a cautious host runs it."""

import csv
import json
import shutil
import socket
import sys
import time
import unittest

import stand_ins as on
from stand_ins import FULL, PODMAN, SERVE, WORK, podman, run

sys.path.insert(0, str(on.ROOT / "tests/programs"))
from fake_mlflow import FakeMlflow  # noqa: E402

PROGRAMS = ["import", "monitor", "registry", "score", "serve", "simulate", "train"]


def config_of(image):
    return json.loads(podman("image", "inspect", image))[0]


def files_of(image, *wanted):
    """Every file of an image, path -> size, and where the wanted ones lie."""
    name = run(*on.BUILDAH, "from", "--pull=never", image).stdout.strip()
    tree = run(*on.BUILDAH, "mount", name).stdout.strip()
    try:
        listing = run("find", tree, "!", "-type", "d", "-printf", "%P %s\n").stdout
        keep = WORK / "unpacked" / image.rpartition(":")[2]
        shutil.rmtree(keep, ignore_errors=True)
        keep.mkdir(parents=True)
        for found in wanted:
            shutil.copy(f"{tree}/{found}", keep)
        return {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in listing.splitlines()}, keep
    finally:
        run(*on.BUILDAH, "umount", name)
        run(*on.BUILDAH, "rm", name)


def assert_bill(self, bill, programs, names, absent):
    self.assertEqual((bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]), ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
    self.assertRegex(bill["creationInfo"]["created"], r"^2025-11-24T")
    ids = [package["SPDXID"] for package in bill["packages"]]
    self.assertEqual(len(ids), len(set(ids)))
    for identifier in ids:
        self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")
    related = {edge["relatedSpdxElement"] for edge in bill["relationships"]}
    self.assertEqual(related, set(ids))
    self.assertEqual(bill["packages"][0]["comment"], programs)
    versions = {package["name"]: package["versionInfo"] for package in bill["packages"]}
    for name in names:
        self.assertIn(f" {versions[name]} ", run("apt-cache", "madison", name).stdout, name)
    for name in absent:
        self.assertNotIn(name, versions)


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        WORK.mkdir(parents=True, exist_ok=True)
        on.base_image()
        began = time.monotonic()
        cls.id = on.build("serve", SERVE)
        print(f"serve: built in {time.monotonic() - began:.0f} s, {config_of(SERVE)['Size']} bytes")
        cls.files, cls.unpacked = files_of(SERVE, "riskflag-serve", "sbom.spdx.json")
        cls.model = on.model_directory("first")

    def test_its_bill_of_materials(self):
        # Not: tools, and what only other programs are made of.
        assert_bill(self, on.read_json(self.unpacked / "sbom.spdx.json"), "riskflag-serve",
                    ("libboost1.81-dev", "libboost-json1.81-dev", "libstdc++-12-dev", "libc6-dev", "libcli11-dev"),
                    ("cmake", "ninja-build", "libeigen3-dev", "zlib1g-dev", "libssl-dev", "ca-certificates"))

    def test_its_bill_of_materials_is_scanned(self):
        tracker = WORK / "tracker.json"
        entry = {"releases": {"bookworm": {"status": "resolved", "fixed_version": "99", "urgency": "low"}}}
        scan = [on.DEPLOY / "docker/scan.sh", SERVE]
        for found in (True, False):
            tracker.write_text(json.dumps({"boost1.81": {"CVE-2099-0001": entry} if found else {}}))
            done = run(*scan, env={"ENGINE": " ".join(PODMAN), "TRACKER": str(tracker)}, check=False)
            self.assertEqual(done.returncode, int(found), done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"scan.py: [4-9] source packages, %d findings" % found)

    def test_it_is_one_static_program(self):
        self.assertEqual(sorted(self.files), ["riskflag-serve", "sbom.spdx.json"])
        self.assertLessEqual(config_of(SERVE)["Size"], 6_000_000)
        program = self.unpacked / "riskflag-serve"
        self.assertNotIn("INTERP", run("readelf", "-lW", program).stdout)
        self.assertIn("DYN", run("readelf", "-h", program).stdout)  # position-independent
        self.assertRegex(run("readelf", "-lW", program).stdout, r"GNU_STACK.* RW ")

    def test_its_settings(self):
        config = config_of(SERVE)
        self.assertEqual(config["Config"]["User"], "65532:65532")
        self.assertEqual(config["Config"]["Entrypoint"], ["/riskflag-serve"])
        self.assertEqual(config["Config"]["StopSignal"], "SIGTERM")
        self.assertEqual(config["HealthCheck" if "HealthCheck" in config else "Healthcheck"]["Test"], ["CMD", "/riskflag-serve", "healthcheck"])
        labels = config["Labels"]
        self.assertEqual(labels["org.opencontainers.image.revision"], on.revision())
        self.assertRegex(labels["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(labels["org.opencontainers.image.created"], "2025-11-24T16:00:00Z")
        self.assertEqual(labels["org.opencontainers.image.licenses"], "MIT")

    def test_built_again_from_nothing_it_has_the_same_layers(self):
        on.build("serve", "localhost/riskflag:again", "--no-cache")
        self.assertEqual(config_of("localhost/riskflag:again")["RootFS"], config_of(SERVE)["RootFS"])

    def start(self, *options):
        port = on.free_port()
        podman("run", "--detach", "--name", "riskflag-image-test", "--network", "host", *on.LIMITS, "--read-only", "--cap-drop", "ALL",
               "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "64m", "--env", f"RISKFLAG_PORT={port}",
               "--env", "RISKFLAG_HOST=127.0.0.1", "--volume", f"{self.model}:/model:ro", *options, SERVE)
        self.addCleanup(lambda: podman("rm", "--force", "--time", "1", "riskflag-image-test", check=False))
        url = f"http://127.0.0.1:{port}"
        on.wait_for(lambda: on.get(url + "/readyz"))
        return url, port

    def test_confined_it_scores_as_the_command_line_does_and_ends_in_time(self):
        url, _ = self.start()
        applicants, scores = WORK / "applicants.csv", WORK / "scores.csv"
        run(on.BIN / "riskflag-simulate", "--applicants", "--rows", 20, "--seed", 7, "--output", applicants, "--quiet")
        run(on.BIN / "riskflag-score", "--model", self.model, "--data", applicants, "--output", scores)
        answer = on.get(url + "/v1/score", applicants.read_bytes(), {"Content-Type": "text/csv"}).decode()
        online = [row["probability"] for row in csv.DictReader(answer.splitlines())]
        with open(scores, newline="") as file:
            batch = [row["probability"] for row in csv.DictReader(file)]
        self.assertEqual(online, batch)
        self.assertEqual(len(online), 20)
        run(sys.executable, on.DEPLOY / "smoke.py", "--model", self.model, "--url", url)
        began = time.monotonic()
        podman("stop", "--time", "20", "riskflag-image-test")
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(podman("inspect", "--format", "{{.State.ExitCode}}", "riskflag-image-test"), "0")

    def test_the_health_check_fails_while_it_drains(self):
        url, port = self.start("--env", "RISKFLAG_DRAIN_MS=15000")
        self.assertEqual(run(*PODMAN, "healthcheck", "run", "riskflag-image-test", check=False).returncode, 0)
        with socket.create_connection(("127.0.0.1", port)) as slow:  # a request that is under way keeps it draining
            slow.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\nIncome")
            time.sleep(0.5)
            podman("kill", "--signal", "TERM", "riskflag-image-test")
            time.sleep(0.5)
            checked = run(*PODMAN, "healthcheck", "run", "riskflag-image-test", check=False)
            self.assertEqual(podman("inspect", "--format", "{{.State.Status}}", "riskflag-image-test"), "running")
            self.assertNotEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertEqual(podman("wait", "riskflag-image-test"), "0")

    def test_without_keys_it_is_not_reachable_from_elsewhere(self):
        done = run(*PODMAN, "run", "--rm", "--network", "host", *on.LIMITS, "--volume", f"{self.model}:/model:ro", SERVE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--keys", done.stderr)


class Full(unittest.TestCase):
    """Every program, on the base."""

    @classmethod
    def setUpClass(cls):
        WORK.mkdir(parents=True, exist_ok=True)
        on.base_image()
        began = time.monotonic()
        on.build("full", FULL)
        base, size = (config_of(image)["Size"] for image in (on.BASE, FULL))
        print(f"full: built in {time.monotonic() - began:.0f} s, {size - base} bytes on a base of {base}")
        cls.files, cls.unpacked = files_of(FULL, "usr/share/doc/riskflag/sbom.spdx.json")
        cls.files = {path: size for path, size in cls.files.items() if "riskflag" in path}

    def podman_run(self, *command, options=(), check=True):
        return run(*PODMAN, "run", "--rm", "--network", "host", *on.LIMITS, "--read-only", "--tmpfs", "/tmp:size=16m,mode=1777", "--cap-drop", "ALL",
                   "--security-opt", "no-new-privileges", *options, FULL, *command, check=check, timeout=120)  # podman 4.3 has once waited for a container that was gone

    def test_every_program_is_there_and_nothing_that_it_lacks(self):
        self.assertEqual(sorted(path for path in self.files if path.startswith("usr/bin/")), [f"usr/bin/riskflag-{name}" for name in PROGRAMS])
        for name in PROGRAMS:
            self.assertRegex(self.podman_run(f"riskflag-{name}", "--version").stdout, r"^riskflag \d+\.\d+\.\d+\n$")
        self.assertEqual(config_of(FULL)["Config"]["User"], "65532:65532")
        self.assertGreater(self.files["etc/riskflag/ca-certificates.crt"], 100_000)

    def test_its_bill_of_materials(self):
        assert_bill(self, on.read_json(self.unpacked / "sbom.spdx.json"), " ".join(f"riskflag-{name}" for name in PROGRAMS),
                    ("libboost1.81-dev", "libboost-json1.81-dev", "libstdc++-12-dev", "zlib1g-dev", "libssl3", "libcli11-dev", "ca-certificates"),
                    ("cmake", "ninja-build", "libeigen3-dev"))  # no program includes Eigen

    def test_it_pulls_a_model_over_https_into_a_volume_that_serve_serves(self):
        model = on.model_directory("first")
        work = WORK / "volume"
        shutil.rmtree(work, ignore_errors=True)
        (work / "models").mkdir(parents=True)
        shutil.chown(work / "models", 65532, 65532)
        key, certificate = work / "key.pem", work / "authority.crt"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=here",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate)
        (work / "both.pem").write_bytes(key.read_bytes() + certificate.read_bytes())
        with FakeMlflow(certificate=work / "both.pem") as server:
            run(on.BIN / "riskflag-registry", "--tracking", server.url, "register", model, "--name", "credit", "--alias", "champion",
                env={"MLFLOW_TRACKING_SERVER_CERT_PATH": str(certificate)})
            fetch = ["riskflag-registry", "--tracking", server.url, "fetch", "credit@champion", "/models/credit"]
            volume = ["--volume", f"{work}/models:/models"]
            # The image's own authorities do not know this one.
            self.assertIn("certificate", self.podman_run(*fetch, options=volume, check=False).stderr)
            self.assertEqual(list((work / "models").iterdir()), [])
            self.podman_run(*fetch, options=[*volume, "--volume", f"{certificate}:/authority.crt:ro", "--env", "SSL_CERT_FILE=/authority.crt"])
        port = on.free_port()
        podman("run", "--detach", "--name", "riskflag-full-test", "--network", "host", *on.LIMITS, "--read-only", "--cap-drop", "ALL", "--env",
               f"RISKFLAG_PORT={port}", "--env", "RISKFLAG_HOST=127.0.0.1", "--volume", f"{work}/models/credit:/model:ro", SERVE)
        self.addCleanup(lambda: podman("rm", "--force", "--time", "1", "riskflag-full-test", check=False))
        url = f"http://127.0.0.1:{port}"
        on.wait_for(lambda: on.get(url + "/readyz"))
        run(sys.executable, on.DEPLOY / "smoke.py", "--model", model, "--url", url)


if __name__ == "__main__":
    unittest.main(verbosity=2)
