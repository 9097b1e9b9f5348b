#!/usr/bin/env bash
# The challenger becomes champion, past the same gate again: what was compared before the approval may have changed since.
# Usage: promote.sh VERSION; settings: settings.sh, and
#   APPROVED_BY  who answers for it      REASON  why
set -euo pipefail
# shellcheck source=examples/deploy/train/settings.sh
. "$(dirname "$0")/settings.sh"
version=${1:?usage: promote.sh VERSION}
: "${APPROVED_BY:?}" "${REASON:?}"
current=$(champion)
if [ -z "$current" ]; then
  registry alias "$MODEL" champion "$version"
else
  registry promote "$MODEL/$version" --over champion --data "$WORK/later.csv" --target "$TARGET" --margin "$MARGIN" --approved-by "$APPROVED_BY" --reason "$REASON"
fi
[ "$(champion)" = "$version" ] || { echo "promote.sh: the champion is not version $version" >&2; exit 1; }
