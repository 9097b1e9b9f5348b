"""The pinned environment that the comparisons run in."""
import importlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def into_venv(*modules, environment=""):
    """Runs this script again in .venv-bench, made from bench/requirements.txt, unless this Python has every module. `environment`: of peers that
    need other versions than the rest: .venv-bench-NAME, from bench/NAME_requirements.txt."""
    try:
        for module in modules:
            importlib.import_module(module)
        return
    except ImportError:
        pass
    venv = ROOT / (f".venv-bench-{environment}" if environment else ".venv-bench")
    python = venv / "bin" / "python"
    if os.path.realpath(sys.prefix) == os.path.realpath(venv):
        return  # a peer cannot be installed here: those that can are compared
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", ROOT / "bench" / (f"{environment}_requirements.txt" if environment else "requirements.txt")], check=True)
    os.execv(python, [str(python), *sys.argv])
