#!/usr/bin/env python3
"""Refuses a table with too few rows, with rows without an outcome, or with an outcome that hardly occurs.

    check_outcomes.py --data loans.csv --target Risk_Flag --min-rows 1000 --min-share 0.01
"""

import argparse
import collections
import csv
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--min-rows", type=int, required=True)
    parser.add_argument("--min-share", type=float, required=True)
    arguments = parser.parse_args()
    with open(arguments.data, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header.count(arguments.target) != 1:
            sys.exit(f"{arguments.data}: {header.count(arguments.target)} columns are called \"{arguments.target}\"")
        place = header.index(arguments.target)
        found = collections.Counter(row[place].strip() if len(row) == len(header) else None for row in reader)
    rows = sum(found.values())
    ragged, empty = found.pop(None, 0), found.pop("", 0)
    if ragged or empty:
        sys.exit(f"{arguments.data}: {ragged} rows with more or fewer cells than the header, {empty} without an outcome")
    if rows < arguments.min_rows:
        sys.exit(f"{arguments.data}: {rows} rows, {arguments.min_rows} are needed")
    if len(found) < 2:
        sys.exit(f"{arguments.data}: {arguments.target} has one value only")
    level, count = min(found.items(), key=lambda item: item[1])
    if count < arguments.min_share * rows:
        sys.exit(f"{arguments.data}: {arguments.target} is {level} in {count} of {rows} rows, less than {arguments.min_share:g} of them")


main()
