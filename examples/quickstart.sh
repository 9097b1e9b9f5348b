#!/usr/bin/env bash
# From nothing to an answering endpoint: builds the programs, simulates 60,000 loans, trains, reports, serves and scores.
# Usage: examples/quickstart.sh [--keep]
#   --keep  leaves the server up and says how to stop it
# Everything it makes lies in build/quickstart (RISKFLAG_BUILD moves build/); a second run builds nothing and starts over.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath -m "${RISKFLAG_BUILD:-$root/build}")
work=$build/quickstart
bin=$build/bin
keep=no
fresh=()
case "${1:-}" in
  "") ;;
  --keep) keep=yes ;;
  -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;;
  *) echo "quickstart.sh: unknown argument \"$1\"; it takes --keep or nothing" >&2; exit 2 ;;
esac

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1. Packages and build"
bash "$root/.ci/install.sh" run
mkdir -p "$build"
# A fresh directory is for the programs alone: what tests and benchmarks need is not installed here. One that stands keeps what it
# was configured with.
[ -f "$build/CMakeCache.txt" ] || fresh=(-G Ninja -DRISKFLAG_BUILD_TESTS=OFF -DRISKFLAG_BUILD_BENCH=OFF)
cmake -S "$root" -B "$build" "${fresh[@]}" > "$build/configure.log" 2>&1 ||
  { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" --target riskflag-simulate riskflag-train riskflag-score riskflag-serve

rm -rf "$work"
mkdir -p "$work"
cd "$work"

say "2. 60,000 simulated loans"
"$bin/riskflag-simulate" --rows 60000 --seed 42 --output loans.csv
head -n 3 loans.csv

say "3. Train"
"$bin/riskflag-train" --data loans.csv --target Risk_Flag --id Id --protected Sex --seed 42 \
  --tracking "journal:$work/runs" --report report.html --output model

say "4. Serve"
: > server.out  # the server's own redirection may come after the first look
"$bin/riskflag-serve" --model model --port 0 > server.out 2> server.log &
server=$!
stop_server() {
  kill -TERM "$server" 2> /dev/null || true
  wait "$server" 2> /dev/null || true
}
trap stop_server EXIT
url=
for _ in $(seq 100); do
  url=$(sed -n 's/^listening on \(http:.*\)$/\1/p' server.out)
  [ -n "$url" ] && curl -fsS "$url/readyz" > /dev/null 2>&1 && break
  kill -0 "$server" 2> /dev/null || { cat server.log >&2; exit 1; }
  sleep 0.1
done
echo "$url/readyz says: $(curl -fsS "$url/readyz")"

say "5. Three applicants over HTTP"
"$bin/riskflag-simulate" --applicants --rows 2000 --seed 7 --output pool.csv 2> /dev/null
"$bin/riskflag-score" --model model --data pool.csv --output pool_scores.csv 2> /dev/null
# The safest and the riskiest of the pool, and one whose optional fields are unknown.
python3 - <<'PYTHON'
import csv, json
rows = list(csv.DictReader(open("pool.csv", newline="")))
scores = [float(row["probability"]) for row in csv.DictReader(open("pool_scores.csv", newline=""))]
fields = {field["name"]: field for field in json.load(open("model/schema.json"))["fields"]}
low, high = min(range(len(rows)), key=scores.__getitem__), max(range(len(rows)), key=scores.__getitem__)
gaps = dict(rows[len(rows) // 2])
for name in gaps:
    if name in fields and fields[name]["role"] == "feature" and not fields[name]["required"]:
        gaps[name] = ""
with open("applicants.csv", "w", newline="") as out:
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows([rows[low], rows[high], gaps])
for label, row in (("low", rows[low]), ("high", rows[high]), ("gaps", gaps)):
    body = {}
    for name, text in row.items():
        if name in fields and fields[name]["role"] in ("feature", "id"):
            body[name] = None if text == "" else json.loads(text) if fields[name]["type"] == "number" else text
    json.dump(body, open(f"{label}.json", "w"), indent=1)
PYTHON
for who in low high gaps; do
  printf '%-5s ' "$who"
  curl -fsS -H 'Content-Type: application/json' --data-binary "@$who.json" "$url/v1/score" | tee "$who.answer"
  echo
done

say "6. The same three as a CSV in batch"
"$bin/riskflag-score" --model model --data applicants.csv --output scores.csv
cat scores.csv

say "7. Both answers agree to the bit"
python3 - <<'PYTHON'
import csv, json, struct, sys
batch = [row["probability"] for row in csv.DictReader(open("scores.csv", newline=""))]
for who, text in zip(("low", "high", "gaps"), batch):
    online = json.load(open(f"{who}.answer"))["probability"]
    same = struct.pack("<d", online) == struct.pack("<d", float(text))
    print(f"{who:5} online {online!r:<22} batch {text:<22} {'equal' if same else 'DIFFERENT'}")
    if not same:
        sys.exit("the two answers differ")
PYTHON

say "Done in $((SECONDS)) s. What lies where"
cat <<WHERE
  loans      $work/loans.csv
  model      $work/model
  report     $work/report.html
  runs       $work/runs
  scores     $work/scores.csv
  programs   $bin
WHERE
if [ $keep = yes ]; then
  trap - EXIT
  echo "  server     $url  (stop it: kill $server)"
fi
