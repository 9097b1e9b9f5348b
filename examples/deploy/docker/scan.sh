#!/usr/bin/env bash
# Holds the bill of materials in an image against Debian's security tracker: exit 1 where a fix is there and the image is without it.
# Usage: scan.sh REGISTRY/NAME sha256:DIGEST | LOCAL_IMAGE
#   ENGINE    docker (unless given) or podman, with its global options, in one string
#   TRACKER   the tracker's data: an address or a file      ACCEPTED   file of CVE ids that are accepted, each with a reason
set -euo pipefail
if [ $# = 2 ] && [[ $2 =~ ^sha256:[0-9a-f]{64}$ ]]; then image=$1@$2
elif [ $# = 1 ]; then image=$1
else sed -n '3,5s/^# *//p' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "$0")" && pwd)
read -ra engine <<< "${ENGINE:-docker}"
tracker=${TRACKER:-https://security-tracker.debian.org/tracker/data/json}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A container that never runs: an image of nothing has no shell, and its command does not matter.
container=$("${engine[@]}" create "$image" none)
for bill in /sbom.spdx.json /usr/share/doc/riskflag/sbom.spdx.json; do
  "${engine[@]}" cp "$container:$bill" "$work/bill" 2> /dev/null && break
done
"${engine[@]}" rm "$container" > /dev/null
[ -e "$work/bill" ] || { echo "scan.sh: $image has no bill of materials" >&2; exit 1; }
case $tracker in
  http*://*) curl -fsSL --retry 5 --retry-all-errors --max-time 300 --compressed -o "$work/tracker" "$tracker" ;;
  *) cp "$tracker" "$work/tracker" ;;
esac
python3 "$here/scan.py" --bill "$work/bill" --tracker "$work/tracker" --accepted "${ACCEPTED:-$here/accepted_cves.txt}"
