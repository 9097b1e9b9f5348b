#!/usr/bin/env bash
# The digest of everything that a version left here. Usage: tests/golden/digest.sh X.Y.Z
set -euo pipefail
cd "$(dirname "$0")/$1"
find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
