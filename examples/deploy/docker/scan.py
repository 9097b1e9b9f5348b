#!/usr/bin/env python3
"""Which known vulnerabilities a bill of materials has, by Debian's security tracker.

    scan.py --bill sbom.spdx.json --tracker tracker.json [--release bookworm] [--accepted FILE]

A vulnerability that the release has a fix for, in a version later than the bill's, is a finding: building again takes it. One without a
fix is told and stops nothing, for nothing can be done about it here, unless Debian calls its urgency high. Exit 1 with findings.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys


def older(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "lt", b], check=False).returncode == 0


def sources_of(bill):
    """Debian's source packages of a bill, name -> versions."""
    found = {}
    for package in bill["packages"]:
        match = re.fullmatch(r"built from Debian's source package (\S+) (\S+)", package.get("sourceInfo", ""))
        # Of the kernel's source there are headers alone, numbers and shapes: no vulnerability of a kernel is in an image.
        if match and match[1] != "linux":
            found.setdefault(match[1], set()).add(match[2])
    return found


def judge(sources, tracker, release):
    """(findings, told): lines about each vulnerability, by its id."""
    findings, told = {}, {}
    for source, versions in sorted(sources.items()):
        for cve, entry in sorted(tracker.get(source, {}).items()):
            here = entry.get("releases", {}).get(release)
            if here is None:
                continue
            urgency = here.get("urgency", "not yet assigned")
            for version in sorted(versions):
                if here["status"] == "resolved":
                    if here["fixed_version"] != "0" and older(version, here["fixed_version"]):
                        findings[cve] = f"{source} {version}: fixed in {here['fixed_version']}"
                elif here["status"] == "open":
                    line = f"{source} {version}: no fix in {release}, urgency {urgency}"
                    (findings if urgency.rstrip("*") == "high" else told)[cve] = line
    return findings, told


def accepted_of(text):
    accepted = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            cve, _, reason = line.partition(" ")
            if not re.fullmatch(r"CVE-\d{4}-\d{4,}", cve) or not reason.strip():
                sys.exit(f"scan.py: \"{line}\" is no id of a CVE and a reason")
            accepted[cve] = reason.strip()
    return accepted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bill", required=True, type=pathlib.Path)
    parser.add_argument("--tracker", required=True, type=pathlib.Path)
    parser.add_argument("--release", default="bookworm")
    parser.add_argument("--accepted", type=pathlib.Path)
    arguments = parser.parse_args()
    sources = sources_of(json.loads(arguments.bill.read_text(encoding="utf-8")))
    tracker = json.loads(arguments.tracker.read_text(encoding="utf-8"))
    if not sources:
        sys.exit("scan.py: the bill names no package of Debian's")
    # A data set that lost a part must not pass for a clean bill.
    if not any(source in tracker for source in sources):
        sys.exit("scan.py: the tracker knows none of the bill's packages; is this its data?")
    findings, told = judge(sources, tracker, arguments.release)
    accepted = accepted_of(arguments.accepted.read_text(encoding="utf-8")) if arguments.accepted else {}
    for cve, line in told.items():
        print(f"told      {cve}  {line}")
    for cve in sorted(set(findings) & set(accepted)):
        print(f"accepted  {cve}  {findings.pop(cve)} ({accepted.pop(cve)})")
    for cve, line in findings.items():
        print(f"FOUND     {cve}  {line}")
    for cve in accepted:
        print(f"STALE     {cve}  is accepted and is no finding")
    print(f"scan.py: {len(sources)} source packages, {len(findings)} findings, {len(told)} without a fix")
    sys.exit(1 if findings or accepted else 0)


main()
