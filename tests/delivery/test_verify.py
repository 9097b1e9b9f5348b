"""What stands between an image that was pushed and a deployment: where it came from, and what is known of what is in it."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "examples/deploy/docker"
DIGEST = "sha256:" + "a" * 64


def run(*command, **environment):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, env={**os.environ, **environment})


def executable(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class Provenance(WithFolder):
    def verify(self, *arguments, gh="exit 0"):
        executable(self.folder / "gh", f'echo "$@" > "{self.folder}/asked"\n{gh}\n')
        return run(DOCKER / "verify.sh", *arguments, PATH=f"{self.folder}:{os.environ['PATH']}", REPOSITORY="us/loans", COMMIT="c" * 40)

    def test_it_asks_for_this_workflow_branch_and_commit(self):
        self.assertEqual(self.verify("registry/loans", DIGEST).returncode, 0)
        asked = (self.folder / "asked").read_text()
        self.assertTrue(asked.startswith(f"attestation verify oci://registry/loans@{DIGEST} "), asked)
        for words in ("--repo us/loans", "--signer-workflow us/loans/.github/workflows/release.yml", "--source-ref refs/heads/main",
                      f"--source-digest {'c' * 40}", "--deny-self-hosted-runners"):
            self.assertIn(words, asked)

    def test_a_refusal_is_one(self):
        self.assertEqual(self.verify("registry/loans", DIGEST, gh="exit 4").returncode, 4)

    def test_what_is_no_digest_is_not_asked_for(self):
        for wrong in ("latest", "sha256:12", DIGEST + "0"):
            self.assertEqual(self.verify("registry/loans", wrong).returncode, 2)
            self.assertFalse((self.folder / "asked").exists())


def package(name, version, source=None):
    return {"SPDXID": f"SPDXRef-deb-{name}", "name": name, "versionInfo": version, "sourceInfo": f"built from Debian's source package {source or name} {version}"}


def entry(status, fixed=None, urgency="not yet assigned", release="bookworm"):
    return {"releases": {release: {"status": status, "urgency": urgency, **({"fixed_version": fixed} if fixed else {})}}}


class Vulnerabilities(WithFolder):
    def scan(self, tracker, accepted="", packages=(package("libssl3", "3.0.11-1", "openssl"), package("linux-libc-dev", "6.1.1-1", "linux"))):
        for name, text in (("bill", json.dumps({"packages": [{"name": "riskflag", "versionInfo": "0.1.0"}, *packages]})),
                           ("tracker", json.dumps(tracker)), ("accepted", accepted)):
            (self.folder / name).write_text(text)
        done = run(DOCKER / "scan.py", "--bill", self.folder / "bill", "--tracker", self.folder / "tracker", "--accepted", self.folder / "accepted")
        return done.returncode, done.stdout + done.stderr

    def test_a_fix_that_is_not_in_the_image_is_a_finding(self):
        code, said = self.scan({"openssl": {"CVE-2030-1000": entry("resolved", "3.0.11-1+deb12u1")}})
        self.assertEqual(code, 1)
        self.assertIn("FOUND     CVE-2030-1000  openssl 3.0.11-1: fixed in 3.0.11-1+deb12u1", said)

    def test_what_is_fixed_does_not_apply_or_has_no_fix_is_none(self):
        code, said = self.scan({"openssl": {"CVE-2030-1000": entry("resolved", "3.0.11-1"), "CVE-2030-1001": entry("resolved", "0"),
                                            "CVE-2030-1002": entry("resolved", "3.0.9-1"), "CVE-2030-1003": entry("open", urgency="unimportant"),
                                            "CVE-2030-1004": entry("resolved", "99", release="trixie"), "CVE-2030-1005": entry("undetermined")}})
        self.assertEqual(code, 0, said)
        self.assertEqual([line.split()[1] for line in said.splitlines()[:-1]], ["CVE-2030-1003"])

    def test_what_debian_calls_high_is_a_finding_without_a_fix(self):
        self.assertEqual(self.scan({"openssl": {"CVE-2030-1000": entry("open", urgency="high")}})[0], 1)

    def test_the_kernels_headers_have_none_of_its_vulnerabilities(self):
        self.assertEqual(self.scan({"openssl": {}, "linux": {"CVE-2030-1000": entry("resolved", "99")}})[0], 0)

    def test_a_finding_is_accepted_with_a_reason_for_as_long_as_it_is_one(self):
        found = {"openssl": {"CVE-2030-1000": entry("resolved", "99")}}
        self.assertEqual(self.scan(found, "# why\nCVE-2030-1000 we use no QUIC\n")[0], 0)
        self.assertEqual(self.scan(found, "CVE-2030-1000\n")[0], 1)
        self.assertEqual(self.scan({"openssl": {}}, "CVE-2030-1000 we use no QUIC\n")[0], 1)

    def test_data_that_cannot_be_right_are_no_clean_bill(self):
        self.assertEqual(self.scan({})[0], 1)
        self.assertEqual(self.scan({"openssl": {}}, packages=())[0], 1)

    def test_the_bill_comes_out_of_the_image_and_the_container_goes(self):
        executable(self.folder / "engine", f'''echo "$1" >> "{self.folder}/asked"
case $1 in
  create) [ "$2" = registry/loans@{DIGEST} ] || exit 9; echo 1234 ;;
  cp) [ "$2" = 1234:/sbom.spdx.json ] || exit 1; cp "{self.folder}/bill" "$3" ;;
esac
''')
        self.scan({"openssl": {}})
        settings = {"ENGINE": str(self.folder / "engine"), "TRACKER": str(self.folder / "tracker"), "ACCEPTED": str(self.folder / "accepted")}
        done = run(DOCKER / "scan.sh", "registry/loans", DIGEST, **settings)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 source packages, 0 findings", done.stdout)
        self.assertEqual((self.folder / "asked").read_text().split(), ["create", "cp", "rm"])
        self.assertNotEqual(run(DOCKER / "scan.sh", "registry/other", DIGEST, **settings).returncode, 0)


if __name__ == "__main__":
    unittest.main()
