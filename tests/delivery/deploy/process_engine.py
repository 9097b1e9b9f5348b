#!/usr/bin/env python3
"""The commands of a container engine that deploy.sh uses, with plain processes for containers: for machines and minutes that have no
engine. ENGINE_DIR holds registry/ and images/ (a file for each digest with the command that it runs) and containers/.
"""

import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HOME = pathlib.Path(os.environ["ENGINE_DIR"])
for name in ("images", "containers"):
    (HOME / name).mkdir(parents=True, exist_ok=True)


def image_of(reference):
    return HOME / "images" / reference.rpartition("@sha256:")[2]


def container(name):
    path = HOME / "containers" / name
    if not path.exists():
        sys.exit(f"no container {name}")
    return json.loads(path.read_text())


def pid_of(name):
    path = HOME / f"{name}.pid"
    return int(path.read_text()) if path.exists() and path.read_text() else None


def running(pid):
    if pid is None:
        return False
    try:
        # A zombie, whose parent has not asked for it, runs no longer.
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end(name, how, seconds=10.0):
    container(name)
    pid = pid_of(name)
    if pid is None:
        return
    for send in (how, signal.SIGKILL):
        try:
            os.killpg(pid, send)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while running(pid) and time.monotonic() < until:
            time.sleep(0.02)


def value_of(name, template):
    found = container(name)
    labels = {key: value for key, value in found["labels"].items()}
    text = template.replace("{{.State.Running}}", str(running(pid_of(name))).lower()).replace("{{.State.StartedAt}}", found["started"])
    text = text.replace("{{.Id}}", name).replace("{{.State.Status}}", "running" if running(pid_of(name)) else "exited")
    for key, value in labels.items():
        text = text.replace('{{index .Config.Labels "%s"}}' % key, value)
    if "{{" in text:
        sys.exit(f"this engine cannot say {text}")
    return text


def options_of(arguments, flags, valued):
    options, rest, words = {}, [], iter(arguments)
    for word in words:
        if word in valued:
            options.setdefault(word, []).append(next(words))
        elif word in flags:
            options[word] = True
        elif word.startswith("-"):
            sys.exit(f"this engine has no option {word}")
        else:
            rest.append(word)
    return options, rest


def start(arguments):
    options, (reference,) = options_of(arguments, {"--detach", "--read-only"}, {
        "--pull", "--name", "--label", "--network", "--cap-drop", "--security-opt", "--user", "--memory", "--stop-timeout", "--env", "--volume"})
    if not image_of(reference).exists():
        sys.exit(f"{reference} is not here")
    environment = dict(pair.split("=", 1) for pair in options["--env"])
    environment["RISKFLAG_MODEL"] = options["--volume"][0].split(":")[0]
    name = options["--name"][0]
    if (HOME / "containers" / name).exists():
        sys.exit(f"the name {name} is in use")
    command = json.loads(image_of(reference).read_text())
    if shutil.which(command[0]) is None:
        print(f"{command[0]}: no such file", file=sys.stderr)
        sys.exit(127)  # as docker and podman do
    # Known before it runs, by a number that it writes down itself: this program may be killed at any time.
    (HOME / f"{name}.pid").unlink(missing_ok=True)
    (HOME / "containers" / name).write_text(json.dumps({
        "labels": dict(pair.split("=", 1) for pair in options["--label"]), "started": datetime.datetime.now().isoformat()}))
    with open(HOME / f"{name}.log", "wb") as log:
        subprocess.Popen(["sh", "-c", 'echo $$ > "$0"; exec "$@"', HOME / f"{name}.pid", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                         env={"PATH": os.environ["PATH"], "DIES_SECONDS": os.environ.get("DIES_SECONDS", "3"), **environment})
    while pid_of(name) is None:
        time.sleep(0.01)


def main():
    match sys.argv[1:]:
        case ["pull", *rest]:
            _, (reference,) = options_of(rest, {"--quiet"}, set())
            shutil.copy(HOME / "registry" / image_of(reference).name, image_of(reference))
        case ["run", *rest]:
            start(rest)
        case ["container", "inspect", "--format", template, name]:
            print(value_of(name, template))
        case ["inspect", "--format", template, name]:
            print(value_of(name, template))
        case ["image", "inspect" | "exists", reference]:
            sys.exit(0 if image_of(reference).exists() else 1)
        case ["image", "rm", *rest]:
            _, (reference,) = options_of(rest, {"--force"}, set())
            image_of(reference).unlink()
        case ["logs", name]:
            print((HOME / f"{name}.log").read_text(errors="replace"))
        case ["stop", "--time", seconds, name]:
            end(name, signal.SIGTERM, float(seconds))
        case ["kill", "--signal", "KILL", name]:
            end(name, signal.SIGKILL)
        case ["rm", "--force", *rest]:
            _, (name,) = options_of(rest, set(), {"--time"})
            end(name, signal.SIGKILL)
            (HOME / "containers" / name).unlink()
        case ["ps", "--format", "{{.Names}}"]:
            print("\n".join(path.name for path in (HOME / "containers").iterdir() if running(pid_of(path.name))))
        case other:
            sys.exit(f"this engine cannot {other}")


main()
