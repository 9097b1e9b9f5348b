"""docs/invariants.md is made from the names of the tests that prove them: every TEST_CASE("invariant: …") is a line.

Run with --update to write the page. Without it, a page that says more or less than the tests do fails.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "invariants.md"
HEAD = """# What always holds

Made from the tests that prove each line (`python3 tests/docs/test_invariants.py --update`); a line without its test fails the build.

"""


def page():
    rooms = {}
    for source in sorted((ROOT / "tests").rglob("*_test.cpp")):
        for text in re.findall(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)[)*]', source.read_text(encoding="utf-8")):
            name = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')
            if name.startswith("invariant: "):
                rooms.setdefault(source.parent.name, []).append((name[len("invariant: "):], source.relative_to(ROOT)))
    out = HEAD
    for room, lines in rooms.items():
        out += f"## {room}\n\n"
        for text, source in lines:
            out += f"- {text[0].upper()}{text[1:]}. (`{source}`)\n"
        out += "\n"
    return out.rstrip("\n") + "\n", sum(map(len, rooms.values()))


def main():
    text, count = page()
    if "--update" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/invariants.md and the tests differ; run: python3 tests/docs/test_invariants.py --update")
    if count == 0:
        sys.exit("no test names an invariant")
    print(f"{count} invariants, each with its test")


if __name__ == "__main__":
    main()
