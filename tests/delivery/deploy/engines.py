"""Where the images of test_deploy.py come from, and what runs them: `settings` for deploy.conf, `images` (name -> digest; what is wrong with
some stands in misbehave.c, "broken" does not even start); `call` takes the engine's commands.
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
