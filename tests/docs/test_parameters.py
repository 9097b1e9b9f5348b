"""docs/parameters.md says what the code says: one row for each field of TrainOptions, with its default and its aliases."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = (ROOT / "include/riskflag/train/options.hpp").read_text()
TABLE = (ROOT / "include/riskflag/train/detail/options_table.hpp").read_text()
PAGE = (ROOT / "docs/parameters.md").read_text()


def fields():
    body = OPTIONS[OPTIONS.index("struct TrainOptions {"):]
    body = body[:body.index("\n};")]
    found = re.findall(r"^  [\w:<>]+ (\w+)(?: = ([^;]+)|\{\});\s*///< (.+)$", body, re.M)
    declared = len(re.findall(r"^  [^/\s][^;]*;", body, re.M))
    assert declared == len(found), f"{declared} fields are declared, {len(found)} have a default and a comment"
    return {name: ((default or "empty").replace("'", "").strip('"'), text) for name, default, text in found}


def main():
    problems = []
    rows = {}
    for name, default, text, aliases in re.findall(r"^\| `(\w+)` \| `([^`]*)` \| (.*) \| ([^|]*) \|$", PAGE, re.M):
        if name in rows:
            problems.append(f"{name} has two rows")
        rows[name] = (default, text, [a for a in aliases.strip().split(", ") if a])
    known = fields()
    joined = re.sub(r'"\s*\n\s*"', '', TABLE)  # neighbouring literals are one
    table = {name: aliases.split() for name, aliases in re.findall(r'OptionRow\{\s*"(\w+)",\s*&O::\w+,\s*"([^"]*)"\}', joined)}
    for name, (default, text) in known.items():
        if name not in rows:
            problems.append(f"{name} has no row")
            continue
        if rows[name][0] != default:
            problems.append(f"{name}: the page says default {rows[name][0]}, the code {default}")
        if rows[name][1] != text.replace("|", "/"):
            problems.append(f"{name}: the page's meaning is not the code's comment")
        if rows[name][2] != table.get(name):
            problems.append(f"{name}: the page's aliases are {rows[name][2]}, the code's {table.get(name)}")
    problems += [f"{name} is on the page but not in the code" for name in rows if name not in known]
    problems += [f"{name} is a field that set_option() does not know" for name in known if name not in table]
    for problem in problems:
        print(f"FAILED docs/parameters.md: {problem}")
    print(f"{len(known)} options, {len(problems)} problems")
    return 1 if problems or len(known) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
