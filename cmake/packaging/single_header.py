#!/usr/bin/env python3
"""Writes doors as one header with nothing of ours left to include.

    cmake/packaging/single_header.py --output riskflag_predict.hpp [DOOR ...]

DOOR is predict or explain, both unless given: the doors that need nothing to link. A header stands where it is first included, a
kernel's .inl every time, for it is compiled once for each instruction set.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^#include <(riskflag/[^>]+)>')
ROOT = pathlib.Path(__file__).resolve().parents[2]


def inlined(name, seen):
    """The lines of include/NAME with our includes replaced by what they hold."""
    once = name.endswith(".hpp")
    if once and name in seen:
        return []
    seen.add(name)
    lines = (ROOT / "include" / name).read_text(encoding="utf-8").splitlines()
    if once and "#pragma once" not in lines:
        sys.exit(f"single_header.py: {name} has no #pragma once")
    out = [f"// {name}"]
    depth, outermost = 0, 0
    for line in lines:
        if line.startswith("#if"):
            outermost = len(out) if depth == 0 else outermost
            depth += 1
        elif line.startswith("#endif"):
            depth -= 1
        found = INCLUDE.match(line)
        if line == "#pragma once":
            continue
        if found is None:
            out.append(line)
        elif depth > 0 and found[1].endswith(".hpp"):
            # Before the condition: where that is false, a header that stood behind it would be missing for everyone after.
            body = inlined(found[1], seen)
            out[outermost:outermost] = body
            outermost += len(body)
        else:
            out += inlined(found[1], seen)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("doors", nargs="*", metavar="DOOR", default=["predict", "explain"])
    arguments = parser.parse_args()
    version = re.search(r'kVersion = "([^"]+)"', (ROOT / "include/riskflag/core/version.hpp").read_text(encoding="utf-8"))[1]
    seen = set()
    text = [f"// riskflag {version}: {' and '.join(arguments.doors)} in one header, made by cmake/packaging/single_header.py.", "#pragma once"]
    text += ["// " + line if line else "//" for line in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()]
    for door in arguments.doors:
        text += inlined(f"riskflag/{door}.hpp", seen)
    arguments.output.write_text("\n".join(text) + "\n", encoding="utf-8")


main()
