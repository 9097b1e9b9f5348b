#!/usr/bin/env bash
# The documentation as a site, strict: a link, an anchor or a page that leads nowhere is an error. Usage: .ci/site.sh [OUT]
#   OUT              build/site unless given      SITE_TOOLS       a virtual environment with tests/delivery/requirements-site.txt; made when absent
#   SITE_REPOSITORY  where links out of docs/ go, such as https://github.com/OWNER/NAME; without it they are text
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${RISKFLAG_BUILD:-$root/build}
out=${1:-$build/site}
tools=${SITE_TOOLS:-$build-site-tools}
if [ ! -x "$tools/bin/mkdocs" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q --disable-pip-version-check -r "$root/tests/delivery/requirements-site.txt"
fi
# Not --quiet, which hides warnings from --strict too.
mkdir -p "$(dirname "$out")"
NO_MKDOCS_2_WARNING=1 "$tools/bin/mkdocs" build --strict --clean --config-file "$root/.github/site/mkdocs.yml" --site-dir "$out" 2> "$out.log" || { cat "$out.log" >&2; exit 1; }
echo "site.sh: $(find "$out" -name index.html | wc -l) pages in $out"
