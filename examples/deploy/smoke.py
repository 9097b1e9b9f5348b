#!/usr/bin/env python3
"""Sends a model directory's input example to a running server and wants the expected scores, to the bit.

    smoke.py --model DIR --url http://127.0.0.1:8081 [--key-file FILE]
"""

import argparse
import json
import pathlib
import struct
import sys
import urllib.error
import urllib.request


def bits(values):
    return [struct.pack("<d", value).hex() for value in values]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key-file", type=pathlib.Path)
    arguments = parser.parse_args()
    example = json.loads((arguments.model / "input_example.json").read_text(encoding="utf-8"))
    expected = json.loads((arguments.model / "expected_scores.json").read_text(encoding="utf-8"))
    if not expected["scores"]:
        sys.exit("smoke.py: the model has no example")
    headers = {"Content-Type": "application/json"}
    if arguments.key_file:
        headers["Authorization"] = "Bearer " + arguments.key_file.read_text(encoding="utf-8").strip()
    request = urllib.request.Request(arguments.url + "/invocations", json.dumps({"dataframe_split": example}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            got = json.loads(answer.read())["predictions"]
    except urllib.error.HTTPError as error:
        sys.exit(f"smoke.py: the server answers {error.code}: {error.read(500).decode(errors='replace')}")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"smoke.py: no answer that can be read: {error!r}")
    want = expected["scores"]
    if len(got) != len(want) or not all(isinstance(value, (int, float)) for value in got) or bits(got) != bits(want):
        sys.exit(f"smoke.py: the scores differ\n  got      {got}\n  expected {want}")
    print(f"smoke.py: {len(want)} scores are equal to the bit")


main()
