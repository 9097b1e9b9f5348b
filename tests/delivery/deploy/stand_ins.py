"""What stands in for a container engine, a registry and a host: buildah, podman with runc, docker-registry, HAProxy. Needs root."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "examples/deploy"
BIN = pathlib.Path(os.environ["RISKFLAG_BUILD"]) / "bin"
WORK = pathlib.Path(os.environ["DELIVERY_WORK"]) / "deploy"
BASE = "docker.io/library/debian:bookworm-slim"
SERVE = "localhost/riskflag:serve"
FULL = "localhost/riskflag:full"
EPOCH = "1764000000"
STORAGE = ["--root", str(WORK / "storage"), "--runroot", str(WORK / "runroot"), "--storage-driver", "vfs"]
BUILDAH = ["buildah", *STORAGE]
# runc, for crun fails on hybrid control groups; events in a file, for there may be no journal.
PODMAN = ["podman", *STORAGE, "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]
LIMITS = ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=1024:1024"]


def run(*command, check=True, timeout=1800, env=None, cwd=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, cwd=cwd, errors="replace")
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return done


def podman(*arguments, check=True, timeout=300):
    return run(*PODMAN, *arguments, check=check, timeout=timeout).stdout.strip()


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


def base_image():
    """The base that the Dockerfile names, made from the packages that this machine's apt reads."""
    if run(*BUILDAH, "inspect", "--type", "image", BASE, check=False).returncode == 0:
        return
    mirror = run("apt-get", "indextargets", "--format", "$(SITE)|$(CODENAME)", "Created-By: Packages").stdout.splitlines()
    mirror = next(line.split("|")[0] for line in mirror if line.endswith("|bookworm") and "security" not in line)
    tree = WORK / "base"
    shutil.rmtree(tree, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "bookworm", tree, mirror)
    name = run(*BUILDAH, "from", "scratch").stdout.strip()
    run(*BUILDAH, "add", "-q", name, tree, "/")
    run(*BUILDAH, "commit", "-q", "--rm", name, BASE)
    shutil.rmtree(tree)


def revision():
    return run("git", "-C", ROOT, "rev-parse", "HEAD").stdout.strip()


def build(target, tag, *options, push=False, env=None):
    """The repository's own build script; the digest or id that it prints last."""
    arguments = ["--target", target, "--tag", tag] + (["--push"] if push else [])
    done = run(DEPLOY / "docker/build.sh", *arguments, env={
        "BUILDER": " ".join(BUILDAH), "SOURCE_DATE_EPOCH": EPOCH, "PUSH_OPTIONS": "--tls-verify=false -q",
        "BUILD_OPTIONS": " ".join(["--pull=never", "--isolation", "chroot", "--build-arg", f"JOBS={os.environ.get('JOBS', os.cpu_count())}", *options]), **(env or {})})
    return done.stdout.split()[-1]


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


def registry(port):
    """Debian's registry without authentication, on the loopback address."""
    config = WORK / "registry.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {WORK}/registry}}, delete: {{enabled: true}}}}\n"
                      f"http: {{addr: '127.0.0.1:{port}'}}\nlog: {{level: warn}}\n")
    process = Process("docker-registry", "serve", config, log=WORK / "registry.log")
    wait_for(lambda: get(f"http://127.0.0.1:{port}/v2/") is not None)
    return process


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
