# shellcheck shell=bash
# Sourced by the steps beside it.
#   WORK      this run's directory; all steps of one run have the same. Applicants' rows lie there: on the runner, never beside the code
#   SOURCE    directory, or s3://BUCKET/PREFIX: loans.csv to learn from, later.csv with labelled rows that no model learns from,
#             decisions/ and outcomes/ as riskflag-serve wrote them
#   TRACKING  journal:DIR, or an MLflow server      MODEL  registered model      TARGET  column of outcomes
#   TRAIN_OPTIONS  further flags of riskflag-train, in one string      MARGIN  how much worse a challenger may be (0.005)
: "${WORK:?}" "${SOURCE:?}" "${TRACKING:?}" "${MODEL:?}" "${TARGET:?}"
export WORK SOURCE TRACKING MODEL TARGET
MARGIN=${MARGIN:-0.005}
umask 077
mkdir -p "$WORK"
case $TRACKING in journal:*) mkdir -p "${TRACKING#journal:}" ;; esac # what is not there is an error to riskflag-registry

registry() { riskflag-registry --tracking "$TRACKING" "$@"; }
# PATH.IN.JSON: of the object on stdin; nothing where it is not there.
field() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = (value[int(part)] if int(part) < len(value) else None) if isinstance(value, list) else (value or {}).get(part)
print("" if value is None else str(value).lower() if isinstance(value, bool) else value)' "$1"; }
# The version that is champion; nothing where none is. A registry that cannot be read is an error, and no model yet is not: take it by
# NAME=$(champion), which set -e sees, not inside [ ].
champion() { registry --json list | python3 -c 'import json, os, sys
print(*[v["version"] for v in json.load(sys.stdin)["versions"] if v["name"] == os.environ["MODEL"] and "champion" in v["aliases"]])'; }
# NAME...: files or folders of the source, to WORK.
fetch() {
  local name
  for name in "$@"; do
    [[ $name != */ ]] || mkdir -p "$WORK/$name" # a prefix that nobody has written to has no objects
    case $SOURCE in
      s3://*) if [[ $name == */ ]]; then aws s3 sync --only-show-errors --delete "$SOURCE/$name" "$WORK/$name"; else aws s3 cp --only-show-errors "$SOURCE/$name" "$WORK/$name"; fi ;;
      *) rm -rf "${WORK:?}/${name%/}" && cp -R "$SOURCE/${name%/}" "$WORK/${name%/}" ;;
    esac
  done
}
# NAME=VALUE: for the workflow's next steps and jobs, and for who reads.
tell() { echo "$1"; [ -z "${GITHUB_OUTPUT:-}" ] || echo "$1" >> "$GITHUB_OUTPUT"; }
