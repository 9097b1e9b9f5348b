"""The top level of the tree holds its rooms, dotfiles and what tools look for there, and nothing else."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "bench", "cmake", "docs", "examples", "include", "tests"}


def strangers(paths):
    names = {path.split("/")[0] for path in paths} - ALLOWED
    return sorted(name for name in names if not name.startswith("."))


def main():
    assert strangers(["README.md", ".ci/run", "src/a.cpp", "conanfile.py"]) == ["conanfile.py", "src"]
    if not (ROOT / ".git").exists():
        print("skipped: this is no clone")
        return
    paths = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    found = strangers(paths[:-1])
    if found:
        sys.exit(f"at the top of the tree, where they do not belong: {', '.join(found)}")
    print(f"{len(paths) - 1} files, none astray")


if __name__ == "__main__":
    main()
