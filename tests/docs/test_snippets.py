"""Every snippet in README.md and docs/ is compiled or run, and every door has its page in docs/guide.

```cpp   compiled: a block is the body of a function; its #include lines (at its top) go to the top of the file.
         A block that starts with `// snippet: file` is a whole translation unit.
```sh    run, in order, all blocks of a page in one fresh directory with the programs on the PATH.
```python is run by tests/delivery/python/test_package.py (docs/guide/python.md) and, with the shell's blocks between, tests/peers/test_pages.py (docs/from).
```cmake is one of the projects in tests/consumers (checked to stand there, white space apart).
Other fences (console, json, text, csv) are output to look at, not commands. README's two commands are run by CI itself.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
ELSEWHERE = ROOT / "docs/from"
# Always the same place: ccache knows a file by its path too.
WORK = pathlib.Path(os.environ.get("RISKFLAG_BUILD", str(ROOT / "build")) + "-docs")
SET_UP_COMMANDS = {"examples/quickstart.sh", "tests/run.sh", "tests/run.sh --fast", "examples/quickstart.sh --keep"}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)


def blocks(page, language):
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    for match in FENCE.finditer(text):
        if match.group(1) == language:
            yield text[: match.start()].count("\n") + 2, match.group(2)


def compile_unit(unit):
    """The compiler's complaint about a translation unit (name, code), or None."""
    name, code = unit
    source = WORK / f"{name}.cpp"
    source.write_text(code, encoding="utf-8")
    compiler = ["ccache"] if shutil.which("ccache") else []
    compiler += ["g++", "-std=c++20", "-O0", "-Wall", "-Wextra", "-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Werror",
                 f"-I{ROOT / 'include'}", "-isystem", "/usr/include/eigen3", "-c", str(source), "-o", str(source.with_suffix(".o"))]
    done = subprocess.run(compiler, capture_output=True, text=True)
    return None if done.returncode == 0 else f"does not compile: {done.stderr[:3000]}"


def units_of(pages):
    """The pages' blocks in one translation unit, so that the headers are compiled once, and one for each whole-file block."""
    WORK.mkdir(parents=True, exist_ok=True)
    includes, functions, units = [], "", []
    for number, page in enumerate(pages):
        for line, body in blocks(page, "cpp"):
            if body.startswith("// snippet: file"):
                units.append((f"{page.stem}_{line}", body))
                continue
            rest = []
            for text in body.splitlines():
                (includes if text.startswith("#include") else rest).append(text)
            code = "\n".join(rest)
            functions += f'[[maybe_unused]] static void snippet_{number}_{line}() {{\n#line {line} "{page}"\n{code}\n}}\n'
    return [("snippets", "".join(f"{line}\n" for line in dict.fromkeys(includes)) + functions), *units]


def run_page(page, folder):
    if page.parent == ELSEWHERE:
        return None
    lines = [text for _, body in blocks(page, "sh") for text in body.splitlines()]
    lines = [text for text in lines if text.strip() not in SET_UP_COMMANDS]
    if not any(text.strip() and not text.strip().startswith("#") for text in lines):
        return None
    binaries = os.environ.get("RISKFLAG_BIN_DIR", os.environ.get("RISKFLAG_BUILD", str(ROOT / "build")) + "/bin")
    work = folder / page.relative_to(ROOT).with_suffix("")
    work.mkdir(parents=True)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], cwd=work, capture_output=True, text=True, timeout=600,
                          env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "RISKFLAG_SOURCE": str(ROOT)})
    if done.returncode != 0:
        return f"{page.relative_to(ROOT)}: its sh blocks end with {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return None


def check_cmake(page):
    tidy = lambda text: re.sub(r"\s+", " ", text).strip()
    projects = [tidy(path.read_text(encoding="utf-8")) for path in (ROOT / "tests" / "consumers").rglob("CMakeLists.txt")]
    for line, body in blocks(page, "cmake"):
        for command in re.findall(r"^\w+\(.*?\)$", body, re.M | re.S):
            if not any(tidy(command) in project for project in projects):
                return f"{page.relative_to(ROOT)}:{line}: {command!r} stands in no project of tests/consumers"
    return None


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(compile_unit, units_of(PAGES)))
    with tempfile.TemporaryDirectory() as folder:  # one after another: pages may start servers
        problems += [run_page(page, pathlib.Path(folder)) for page in PAGES]
    problems += [check_cmake(page) for page in PAGES]
    doors = {path.stem for path in (ROOT / "include/riskflag").glob("*.hpp")} - {"riskflag"}
    guides = {path.stem for path in (ROOT / "docs/guide").glob("*.md")} - {"python"}  # its door is examples/python
    problems += [f"{room}: a door and a page of docs/guide must stand for each other" for room in sorted(doors ^ guides)]
    problems = [problem for problem in problems if problem]
    print("\n".join(problems))
    checked = sum(1 for page in PAGES for language in ("cpp", "sh", "cmake") for _ in blocks(page, language))
    print(f"{checked} snippets on {len(PAGES)} pages, {len(problems)} pages fail")
    sys.exit(1 if problems or checked == 0 else 0)


if __name__ == "__main__":
    main()
