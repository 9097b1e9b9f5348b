#!/usr/bin/env python3
"""Adds the host's own API key to the servers' keys: deploy.sh's smoke test and metrics.sh ask with it. Usage: host_key.py KEYS KEY_FILE

KEYS is riskflag-serve's file (docs/formats/keys.md). A key that KEY_FILE has already is kept; a key that the keys' owners named "host" is an error."""

import hashlib
import json
import os
import pathlib
import secrets
import sys

keys, key_file = map(pathlib.Path, sys.argv[1:])
listed = json.loads(keys.read_text(encoding="utf-8"))
if any(entry["name"] == "host" for entry in listed["keys"]):
    sys.exit(f"host_key.py: {keys}: \"host\" is the name of the host's own key")
if not key_file.exists():
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
digest = hashlib.sha256(key_file.read_text(encoding="ascii").strip().encode()).hexdigest()
listed["keys"].append({"name": "host", "sha256": digest, "scopes": ["score", "read"]})
keys.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
