R"js(
// A CSV file: cut into pieces of whole rows, each scored in turn, put together again for the download.

const kPieceRows = 1000;
const job = { stop: null, url: "" };

/** The character between cells, as its header suggests; a blank where there is no other. */
const delimiterOf = header => [",", ";", "\t", "|"].map(c => [header.split(c).length, c]).sort((a, b) => b[0] - a[0])[0];

/** A function that takes text and gives the rows that are complete: a line break inside quotes ends none. */
function rowCutter() {
  let rest = "", scanned = 0, quoted = false, delimiter = "";
  return (text, last = false) => {
    rest += text;
    if (!delimiter && (last || rest.includes("\n"))) {
      const [cells, c] = delimiterOf(rest.split("\n", 1)[0]);
      delimiter = cells > 1 ? c : " ";
    }
    if (!delimiter) return [];
    const rows = [];
    let begin = 0;
    for (let i = scanned; i < rest.length; ++i) {
      const c = rest[i];
      if (c === '"') {
        let before = i - 1;
        if (delimiter !== " ") while (before >= begin && (rest[before] === " " || rest[before] === "\t" && delimiter !== "\t")) --before;
        // A doubled quote closes the cell and opens it again; a quote inside an unquoted cell is itself.
        quoted = quoted ? false : before < begin || rest[before] === delimiter || rest[before] === '"' || delimiter === " " && rest[before] === "\t";
      } else if (c === "\n" && !quoted) {
        rows.push(rest.slice(begin, i + 1));
        begin = i + 1;
      }
    }
    if (last && begin < rest.length) {
      rows.push(rest.slice(begin) + "\n");
      begin = rest.length;
    }
    rest = rest.slice(begin);
    scanned = rest.length;
    return rows.filter(row => row.trim() !== "");
  };
}

/** The cells of a row as the server writes it: commas, quotes where they must be. */
function cellsOf(row) {
  const out = [], cell = /"((?:[^"]|"")*)"|([^,\r\n]*)/y;
  for (let i = 0; ; ++i) {
    cell.lastIndex = i;
    const found = cell.exec(row);
    out.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    i = cell.lastIndex;
    if (row[i] !== ",") return out;
  }
}

const pause = (ms, signal) => new Promise((done, failed) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); failed(new DOMException("", "AbortError")); }, { once: true });
});

/** The scored rows of a piece. A server that has too much to do is asked again: it has decided nothing then. */
async function scorePiece(text, signal) {
  for (let left = 30; ; --left) {
    try {
      return await ask("/v1/score", { method: "POST", body: text, signal,
        headers: { "Content-Type": "text/csv; charset=utf-8; header=present", "X-Request-Id": requestId("file") } });
    } catch (refusal) {
      if (refusal.status !== 503 || left === 0) throw refusal;
      await pause(1000 * Math.max(refusal.retryAfter, 1), signal);
    }
  }
}

/** What has come back so far. */
class Scored {
  parts = [];
  rows = 0;
  high = 0;
  errors = [];  // of the first hundred: [row, sentence]
  bad = 0;
  bins = new Array(20).fill(0);

  take(text, sent) {
    const cut = rowCutter(), rows = [...cut(text), ...cut("", true)];
    const names = cellsOf(rows[0]);
    const [p, risk, error] = ["probability", "risk", "error"].map(name => names.lastIndexOf(name));
    if (rows.length - 1 !== sent) throw new Refusal(0, { detail: `The server answered ${rows.length - 1} rows to ${sent}.` });
    for (let i = 1; i < rows.length; ++i) {
      const cells = cellsOf(rows[i]);
      ++this.rows;
      if (cells[error] !== "") {
        // A row that is no CSV has no cells but its error, which names a line of the piece: the person knows the file's rows.
        const told = text => text.replace(/line \d+:/, `row ${this.rows}:`);
        if (cells[error].startsWith("line ")) rows[i] = told(rows[i]);
        ++this.bad;
        if (this.errors.length < 100) this.errors.push([this.rows, cells[error].startsWith("line ") ? told(cells[error]) : cells[error]]);
        continue;
      }
      if (cells[risk] === "High") ++this.high;
      ++this.bins[Math.min(Math.floor(Number(cells[p]) * 20), 19)];
    }
    this.parts.push(new Blob([this.parts.length ? "" : rows[0], ...rows.slice(1)]));
  }
}

async function scoreFile(file) {
  if (job.stop) return;
  const stop = job.stop = new AbortController(), scored = new Scored(), begun = performance.now();
  if (job.url) URL.revokeObjectURL(job.url);
  for (const id of ["job-problem", "download", "job-scores", "job-errors"]) show(id, false);
  show("job", true);
  show("stop", true);
  $("job-name").textContent = file.name;
  $("progress").value = 0;
  $("job-state").textContent = "Reading";
  $("job-tiles").replaceChildren();
  notice("");
  let problem = "";
  try {
    await scorePieces(file, scored, stop.signal, begun);
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof Refusal) && !(error instanceof TypeError)) throw error;
    problem = error.name === "AbortError" ? "Stopped." : error instanceof TypeError ? "The file is no UTF-8 text, or cannot be read." : error.message;
  } finally {
    job.stop = null;
    show("stop", false);
  }
  finish(file, scored, problem, (performance.now() - begun) / 1000);
}

async function scorePieces(file, scored, signal, begun) {
  const reader = file.stream().getReader(), decoder = new TextDecoder("utf-8", { fatal: true }), cut = rowCutter();
  let header = "", waiting = [], read = 0;
  const send = async last => {
    while (waiting.length >= kPieceRows || last && waiting.length) {
      const piece = waiting.splice(0, kPieceRows);
      scored.take(await scorePiece(header + piece.join(""), signal), piece.length);
      progress(scored, read / file.size * scored.rows / (scored.rows + waiting.length), (performance.now() - begun) / 1000);
    }
  };
  for (let block = await reader.read(); ; block = await reader.read()) {
    if (signal.aborted) throw new DOMException("", "AbortError");
    const rows = block.done ? cut(decoder.decode(), true) : cut(decoder.decode(block.value, { stream: true }));
    if (!header && rows.length) header = rows.shift();
    read += block.done ? 0 : block.value.length;
    for (const row of rows) waiting.push(row);
    await send(block.done);
    if (block.done) break;
  }
  if (!header) throw new Refusal(0, { detail: "The file is empty." });
  if (!scored.rows) throw new Refusal(0, { detail: "The file has a header and no rows." });
}

function progress(scored, share, seconds) {
  $("progress").value = share;
  $("job-state").textContent = `${many(scored.rows, "row")} scored, ${short(scored.rows / Math.max(seconds, 0.001))} a second`;
}

function finish(file, scored, problem, seconds) {
  const good = scored.rows - scored.bad;
  $("job-state").textContent = (problem ? "Ended early: " : "Done: ") + `${many(scored.rows, "row")} in ${short(seconds)} seconds.`;
  if (!problem) $("progress").value = 1;
  $("job-problem").textContent = problem;
  show("job-problem", problem !== "");
  if (!scored.rows) return;
  const share = n => good ? percent(n / good) + " of those scored" : "";
  $("job-tiles").replaceChildren(tile("Rows", grouped(scored.rows), problem ? "before it ended" : "in the file"), tile("High", grouped(scored.high), share(scored.high)),
    tile("Low", grouped(good - scored.high), share(good - scored.high)), tile("Without a score", grouped(scored.bad), scored.bad ? "see below" : "no errors"));
  job.url = URL.createObjectURL(new Blob(scored.parts, { type: "text/csv" }));
  $("download").href = job.url;
  $("download").download = file.name.replace(/\.csv$/i, "") + (problem ? "-scored-part.csv" : "-scored.csv");
  show("download", true);
  show("job-scores", good > 0);
  const t = applicant.model.threshold;
  if (good) {
    $("job-chart").replaceChildren(barChart("Share of rows by probability", scored.bins.map((n, i) => ({ label: 5 * i + " %", values: [n / good], css: (i + 0.5) / 20 >= t ? "bar-two" : "bar-one" })),
      [["bar-one", "below " + percent(t)], ["bar-two", "from " + percent(t)]]));
  }
  show("job-errors", scored.bad > 0);
  $("job-error-rows").replaceChildren(...scored.errors.map(([row, text]) => el("tr", {}, el("td", { class: "n" }, grouped(row)), el("td", {}, text))));
  $("job-errors-more").textContent = scored.bad > scored.errors.length ? `and ${grouped(scored.bad - scored.errors.length)} more, in the column error of the file` : "";
}

function startFile() {
  $("pick").addEventListener("change", () => {
    if ($("pick").files.length) scoreFile($("pick").files[0]);
    $("pick").value = "";
  });
  $("stop").addEventListener("click", () => job.stop?.abort());
  const drop = $("drop");
  // Anywhere on the page: a file that misses the box must not replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, event => event.preventDefault());
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", event => {
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) scoreFile(event.dataTransfer.files[0]);
  });
}
)js"
