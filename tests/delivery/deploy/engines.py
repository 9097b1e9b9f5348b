"""Where the images of test_deploy.py come from, and what runs them. Each has `settings` for deploy.conf, `images` (name -> digest; what
is wrong with the last four stands in misbehave.c, "broken" does not even start), and takes the engine's commands in `call`.
"""

import hashlib
import json
import os
import pathlib
import shutil

import stand_ins as on
from stand_ins import WORK, run

HERE = pathlib.Path(__file__).resolve().parent
MODES = ("never", "wrong", "dies", "broken")


def compile_misbehave(*flags):
    run("gcc", "-O1", "-Wall", "-Wextra", "-Werror", *flags, HERE / "misbehave.c", "-o", WORK / "misbehave")


class Processes:
    repository = "registry.invalid/riskflag"

    def __init__(self, dies_seconds):
        self.home = WORK / "processes"
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "registry").mkdir(parents=True)
        compile_misbehave(f'-DSERVER="{on.BIN}/riskflag-serve"')
        os.environ.update(ENGINE_DIR=str(self.home), DIES_SECONDS=str(dies_seconds))
        self.settings = {"ENGINE": f"({HERE / 'process_engine.py'})", "REPOSITORY": self.repository}
        self.images = {}
        serve = [str(on.BIN / "riskflag-serve")]
        for name, command in {"one": serve, "two": [*serve, "--threads", "2"], "broken": ["/absent"],
                              **{mode: [str(WORK / "misbehave"), mode] for mode in MODES[:-1]}}.items():
            text = json.dumps(command)
            digest = hashlib.sha256(text.encode()).hexdigest()
            (self.home / "registry" / digest).write_text(text)
            self.images[name] = "sha256:" + digest

    def call(self, *arguments, check=True):
        return run(HERE / "process_engine.py", *arguments, check=check).stdout.strip()

    def stop_registry(self):
        (self.home / "registry").rename(self.home / "away")

    def start_registry(self):
        (self.home / "away").rename(self.home / "registry")

    def end(self):
        pass


class Podman:
    def __init__(self, dies_seconds):
        on.base_image()
        self.port = on.free_port()
        self.repository = f"127.0.0.1:{self.port}/riskflag"
        shutil.rmtree(WORK / "registry", ignore_errors=True)
        self.start_registry()
        self.settings = {"ENGINE": "(" + " ".join(on.PODMAN) + ")", "PULL_OPTIONS": "(--tls-verify=false)", "RUN_OPTIONS": f"({' '.join(on.LIMITS)})",
                         "REPOSITORY": self.repository}
        # test_image.py, which runs before, has built this commit's image.
        known = run(*on.PODMAN, "image", "inspect", "--format", '{{index .Labels "org.opencontainers.image.revision"}}', on.SERVE, check=False).stdout.strip()
        if known != on.revision():
            on.build("serve", on.SERVE)
        run(*on.BUILDAH, "tag", on.SERVE, f"{self.repository}:one")
        self.images = {"one": self.push("one")}
        compile_misbehave("-static", '-DSERVER="/riskflag-serve"')
        for mode in ("two", *MODES):
            name = run(*on.BUILDAH, "from", "--pull=never", f"{self.repository}:one").stdout.strip()
            run(*on.BUILDAH, "copy", "-q", name, WORK / "misbehave", "/misbehave")
            entry = {"two": ["/riskflag-serve"], "broken": ["/absent"]}.get(mode, ["/misbehave", mode])
            run(*on.BUILDAH, "config", "--entrypoint", json.dumps(entry), "--env", f"DIES_SECONDS={dies_seconds}", name)
            run(*on.BUILDAH, "commit", "-q", "--rm", "--format", "docker", name, f"{self.repository}:{mode}")
            self.images[mode] = self.push(mode)

    def push(self, name):
        run(*on.BUILDAH, "push", "-q", "--tls-verify=false", "--digestfile", WORK / "digest", f"{self.repository}:{name}", f"docker://{self.repository}:{name}")
        return (WORK / "digest").read_text().strip()

    def call(self, *arguments, check=True):
        return on.podman(*arguments, check=check)

    def start_registry(self):
        self.registry = on.registry(self.port)

    def stop_registry(self):
        self.registry.end()

    def end(self):
        self.registry.end()
