"""docs/operate/threats.md: each claim has a test, and the test is there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operate" / "threats.md"


def tests_in(source):
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".py":
        return set(re.findall(r"def test_(\w+)\(", text))
    cases = re.findall(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)[)*]', text)
    names = {"".join(re.findall(r'"((?:[^"\\]|\\.)*)"', case)).removeprefix("invariant: ") for case in cases}
    return names | set(re.findall(r"\b(LLVMFuzzerTestOneInput)\(", text))


def main():
    claims = 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] in ("claim", "---"):
            continue
        claims += 1
        named = re.fullmatch(r"`([^`]+)`: (.+)", cells[1]) if len(cells) == 2 else None
        if not named or not (ROOT / named[1]).is_file():
            sys.exit(f"no test is named, in a file that is there: {line}")
        there = tests_in(ROOT / named[1])
        # A C++ test's name may have commas and semicolons of its own.
        wanted = named[2].split(", ") if named[1].endswith(".py") else [named[2]] if named[2] in there else named[2].split("; ")
        for name in wanted:
            if name not in there:
                sys.exit(f"{named[1]} has no test {name!r}")
    if claims == 0:
        sys.exit("there are no claims")
    print(f"{claims} claims, each with its test")


if __name__ == "__main__":
    main()
