R"js(
// What the server counts: traffic, latency, scores and fields beside training, drift, performance, versions. Asked every five seconds.

const kEvery = 5000, kMostPolls = 240;
const monitor = { polls: [], timer: 0, asking: false, window: "", field: "" };

const isScoring = route => route === "/v1/score" || route === "/invocations" || route.endsWith("/infer");

/** The value below which a share `q` lies; `buckets` is [[bound, cumulative count]], as a histogram of Prometheus. */
function quantile(buckets, q) {
  const all = buckets.length ? buckets[buckets.length - 1][1] : 0;
  if (!(all > 0)) return NaN;
  let low = 0, below = 0;
  for (const [bound, count] of buckets) {
    if (count >= q * all) return bound === Infinity ? low : low + (bound - low) * (q * all - below) / (count - below);
    [low, below] = [bound, count];
  }
  return low;
}

/** Cumulative buckets of the routes that `which` takes, added up. */
function bucketsOf(page, which) {
  const sums = new Map();
  for (const s of page) {
    if (s.name !== "http_request_duration_seconds_bucket" || !which(s.labels.route)) continue;
    const bound = Number(s.labels.le.replace("+Inf", "Infinity"));
    sums.set(bound, (sums.get(bound) || 0) + s.value);
  }
  return [...sums].sort((a, b) => a[0] - b[0]);
}
const milliseconds = seconds => Number.isFinite(seconds) ? short(seconds * 1000) + " ms" : "\u2013";
const sumOf = (page, name, which = () => true) => page.reduce((sum, s) => s.name === name && which(s.labels) ? sum + s.value : sum, 0);

async function poll() {
  clearTimeout(monitor.timer);
  if ($("view-monitor").hidden || monitor.asking) return;
  monitor.asking = true;
  try {
    const [metrics, live, ready] = await Promise.all([ask("/metrics"), ask("/v1/monitor"), ask("/readyz", { any: true })]);
    const page = samples(metrics), t = Date.now();
    monitor.polls.push({ t, requests: sumOf(page, "http_requests_total", l => isScoring(l.route)), buckets: bucketsOf(page, isScoring) });
    if (monitor.polls.length > kMostPolls) monitor.polls.shift();
    $("monitor-state").textContent = "As of " + new Date(t).toLocaleTimeString("en-GB") + ", every 5 seconds";
    renderMonitor(page, JSON.parse(live), JSON.parse(ready));
    if (JSON.parse(live).model.digest !== applicant.model.digest) await lookForNewModel();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    $("monitor-state").textContent = refusal.message;
  } finally {
    monitor.asking = false;
  }
  if (!document.hidden) monitor.timer = setTimeout(poll, kEvery);
}

/** From one poll to the next: requests a second and the quantiles of what came in between. */
function steps() {
  return monitor.polls.slice(1).map((now, i) => {
    const before = monitor.polls[i], seconds = (now.t - before.t) / 1000, gone = now.requests < before.requests;
    if (gone || seconds > 30) return { t: now.t, rate: NaN, p50: NaN, p99: NaN };
    const was = new Map(before.buckets);
    const between = now.buckets.map(([bound, count]) => [bound, count - (was.get(bound) || 0)]);
    return { t: now.t, rate: (now.requests - before.requests) / seconds, p50: 1000 * quantile(between, 0.5), p99: 1000 * quantile(between, 0.99) };
  });
}

function renderMonitor(page, live, ready) {
  const version = live.model.version;
  const rows = sumOf(page, "predictions_total"), high = sumOf(page, "predictions_total", l => l.risk === "High");
  const asked = sumOf(page, "http_requests_total", l => isScoring(l.route));
  const refused = sumOf(page, "http_requests_total", l => isScoring(l.route) && !l.code.startsWith("2"));
  const windows = live.live ? live.live.windows : [];
  const alarms = new Set(windows.flatMap(w => w.fields.filter(f => f.alarm).map(f => f.field)));
  const named = [...alarms].slice(0, 3).join(", ").replace("(score)", "score") + (alarms.size > 3 ? ` and ${alarms.size - 3} more` : "");
  const all = bucketsOf(page, isScoring), made = steps(), last = made[made.length - 1];
  $("tiles").replaceChildren(
    tile("Requests a second", last && Number.isFinite(last.rate) ? short(last.rate) : "\u2013", `${grouped(asked)} since the start`),
    tile("Scored rows", grouped(rows), rows ? `${percent(high / rows)} High` : "none yet"),
    tile("Latency, median", milliseconds(quantile(all, 0.5)), "since the start"),
    tile("Latency, 99 of 100", milliseconds(quantile(all, 0.99)), "since the start"),
    tile("Refused requests", grouped(refused), asked ? percent(refused / asked) + " of those that score" : "none"),
    tile("Fields in alarm", windows.length ? String(alarms.size) : "\u2013", windows.length ? named || "no drift seen" : "no full window yet"));
  renderCurves(made);
  renderBins($("scores"), page, version, "(score)");
  renderDrift(page, version, live.live, windows);
  renderPerformance(live);
  renderVersions(page, live, ready);
  renderRoutes(page);
}

function renderCurves(made) {
  const empty = words => el("p", { class: "empty" }, words);
  if (!made.length) {
    $("traffic").replaceChildren(empty("The first figures come in five seconds."));
    $("latency").replaceChildren(empty("The first figures come in five seconds."));
    return;
  }
  const times = made.map(step => step.t);
  $("traffic").replaceChildren(lineChart("Scoring requests a second over time", times, [{ css: "one", values: made.map(step => step.rate) }], []));
  $("latency").replaceChildren(made.some(step => Number.isFinite(step.p50)) ?
    lineChart("Latency in milliseconds over time", times, [{ css: "one", values: made.map(step => step.p50) }, { css: "two", values: made.map(step => step.p99) }],
      [["line-one", "median"], ["line-two", "99 of 100"]]) : empty("No scoring request since this view was opened."));
}

/** A bin's name as people write it; the score's are probabilities, a date's are days since 1970. */
function binWords(bin, field) {
  const found = /^(<=|>)(.*)$/.exec(bin);
  if (!found) return bin.replace(/^=/, "");
  const edge = Number(found[2]), isDate = applicant.fields.some(each => each.about.name === field && each.about.isDate);
  return (found[1] === "<=" ? "\u2264 " : "> ") + (field === "(score)" ? percent(edge) : isDate ? new Date(edge * 86400000).toISOString().slice(0, 10) : grouped(edge));
}

function renderBins(place, page, version, field) {
  const isScore = field === "(score)";
  const mine = s => s.labels.version === version && (isScore && s.name === "score_bin_total" || s.labels.field === field);
  const counts = page.filter(s => mine(s) && s.name === (isScore ? "score_bin_total" : "field_bin_total"));
  const training = new Map(page.filter(s => mine(s) && s.name === "reference_share").map(s => [s.labels.bin, s.value]));
  const rows = counts.reduce((sum, s) => sum + s.value, 0);
  if (!counts.length || !rows) {
    place.replaceChildren(el("p", { class: "empty" }, counts.length ? "No row was scored since the model was loaded." : "The model has no profile of its training rows."));
    return;
  }
  let groups = counts.map(s => ({ label: binWords(s.labels.bin, field), values: [s.value / rows, training.get(s.labels.bin) || 0] }))
    .filter(group => group.values[0] + group.values[1] > 0);
  const most = 12, apart = group => Math.abs(group.values[0] - group.values[1]), all = groups.length;
  if (all > most) groups = groups.sort((a, b) => apart(b) - apart(a)).slice(0, most);
  place.replaceChildren(all > most ? el("p", { class: "hint" }, `The ${most} of ${all} values that differ most`) : "", barChart(`Live and training shares of ${isScore ? "the probability" : field}`, groups,
    [["bar-live", `live, ${many(rows, "row")}`], ["bar-training", "training"]]));
}

const windowWords = name => name.replace(/^(\d+)rows$/, (_, n) => `${grouped(Number(n))} rows at a time`).replace(/^(\d+)s$/, (_, n) => `last ${many(n / 3600, "hour")}`);

function renderDrift(page, version, live, windows) {
  const names = windows.map(w => w.window);
  if (!names.includes(monitor.window)) monitor.window = names[0] || "";
  $("window").replaceChildren(...names.map(name => el("option", { value: name }, windowWords(name))));
  $("window").value = monitor.window;
  $("window").parentNode.hidden = names.length < 2;
  monitor.redraw = () => renderDrift(page, version, live, windows);
  const chosen = windows.find(w => w.window === monitor.window);
  const fields = chosen ? [...chosen.fields].sort((a, b) => b.psi - a.psi) : [];
  if (!chosen) {
    $("drift").replaceChildren(el("p", { class: "empty" }, live ? `No window is full yet: the first is after 1,000 rows, or a minute with traffic. ${many(live.rows, "row")} so far.` :
      "The model has no profile of its training rows, so nothing can be compared."));
  } else {
    const top = Math.max(0.25, ...fields.map(f => f.psi));
    $("drift").replaceChildren(el("p", { class: "hint" }, `${many(chosen.rows, "row")} until ${chosen.until.slice(0, 19).replace("T", " ")} UTC`), ...fields.map(f => driftRow(f, top)));
  }
  const known = [...new Set(page.filter(s => s.name === "field_bin_total" && s.labels.version === version).map(s => s.labels.field))];
  if (!known.includes(monitor.field)) monitor.field = fields.find(f => f.field !== "(score)")?.field || known[0] || "";
  $("field-title").textContent = monitor.field ? monitor.field + " against training" : "One field against training";
  renderBins($("field-chart"), page, version, monitor.field);
}

function driftRow(f, top) {
  const fill = el("div", { class: "fill" }), mark = el("div", { class: "mark", title: "alarm above " + (f.threshold ?? 0.1).toPrecision(3) });
  fill.style.width = 100 * f.psi / top + "%";
  mark.style.left = 100 * Math.min((f.threshold ?? 0.1) / top, 1) + "%";
  const isScore = f.field === "(score)";
  const name = isScore ? el("span", {}, "score") : el("button", { type: "button", "aria-pressed": String(f.field === monitor.field) }, f.field);
  if (!isScore) name.addEventListener("click", () => {
    monitor.field = f.field;
    monitor.redraw();
    [...document.querySelectorAll("#drift button")].find(button => button.textContent === f.field)?.focus();
  });
  return el("div", { class: f.alarm ? "drift alarm" : "drift" }, name, el("div", { class: "track" }, fill, mark), el("span", { class: "n" }, f.psi.toFixed(3)),
    f.alarm ? el("span", { class: "pill high" }, "alarm") : el("span", { class: "hint" }, "quiet"));
}

function head(...names) {
  return el("thead", {}, el("tr", {}, ...names.map((name, i) => el("th", { scope: "col", class: i ? "n" : null }, name))));
}

/** The models that stand now, the one that answers first: [role, what it does, its part of /v1/monitor, its version]. */
function standing(live) {
  const found = [["champion", "answers now", live, live.model.version]];
  if (live.challenger) found.push(["challenger", `answers ${live.challenger.percent} %`, live.challenger, live.challenger.model.version]);
  if (live.shadow) found.push(["shadow", "scores silently", live.shadow, live.shadow.model.version]);
  return found;
}

function renderPerformance(live) {
  const number = value => value === null ? "\u2013" : value.toFixed(3), seen = live.performance;
  const weeks = standing(live).flatMap(([role, , part]) => (part.performance ? part.performance.weeks : []).map(week => [role, week]))
    .sort((a, b) => b[1].cohort.localeCompare(a[1].cohort));
  $("performance-hint").textContent = !seen ? "Outcomes are not taken here: the server was started without --outcomes." :
    !weeks.length ? "No decision yet." : "By the outcomes that came here, of the decisions of each week (from Monday, UTC)" +
      (seen.expected_roc_auc === null ? "." : `; the test set had ROC-AUC ${number(seen.expected_roc_auc)}` + (seen.decay_limit === null ? "." :
        seen.all.roc_auc < seen.decay_limit ? `, and ${number(seen.all.roc_auc)} of all weeks is below the ${number(seen.decay_limit)} that chance explains: decay.` :
          `, and ${number(seen.all.roc_auc)} of all weeks is not below what chance explains.`));
  show("performance", weeks.length > 0);
  $("performance").replaceChildren(head("Week", "Role", "Decisions", "With outcome", "Said, came", "ROC-AUC", "KS", "Brier"), el("tbody", {}, ...weeks.map(([role, week]) => el("tr", {},
    el("th", { scope: "row" }, week.cohort), el("td", { class: "n" }, role), el("td", { class: "n" }, grouped(week.decisions)),
    el("td", { class: "n" }, `${grouped(week.outcomes)}, ${percent(week.coverage)}`),
    el("td", { class: "n" }, week.outcomes ? `${percent(week.mean_probability)}, ${percent(week.positives / week.outcomes)}` : "\u2013"),
    el("td", { class: "n" }, number(week.roc_auc) + (week.roc_auc_interval ? ` (${week.roc_auc_interval.map(number).join(" to ")})` : "")),
    el("td", { class: "n" }, number(week.ks)), el("td", { class: "n" }, number(week.brier))))));
}

function renderVersions(page, live, ready) {
  const model = live.model, found = new Map(standing(live).map(([role, does, , version]) => [role + " " + version, { version, role, does, High: 0, Low: 0 }]));
  for (const s of page) {
    if (s.name !== "predictions_total") continue;
    const id = s.labels.role + " " + s.labels.version;
    const row = found.get(id) || { version: s.labels.version, role: s.labels.role, High: 0, Low: 0 };
    row[s.labels.risk] = s.value;
    found.set(id, row);
  }
  $("versions").replaceChildren(head("Version", "Role", "Scored rows", "High"), el("tbody", {}, ...[...found.values()].map(row => el("tr", {},
    el("th", { scope: "row" }, row.version + (row.does ? ` (${row.does})` : "")), el("td", { class: "n" }, row.role),
    el("td", { class: "n" }, grouped(row.High + row.Low)), el("td", { class: "n" }, row.High + row.Low ? percent(row.High / (row.High + row.Low)) : "\u2013")))));
  const reload = ready.last_reload;
  const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  $("model-facts").replaceChildren(fact("Server", ready.status), fact("Model", model.name), fact("Digest", model.digest.slice(0, 24) + "\u2026"),
    fact("Last reload", `${reload.at.slice(0, 19).replace("T", " ")} UTC, ${reload.result}`),
    fact("Reloads", `${grouped(sumOf(page, "reload_total", l => l.result === "ok"))} done, ${grouped(sumOf(page, "reload_total", l => l.result === "failed"))} refused`),
    fact("Outcomes taken", grouped(sumOf(page, "outcomes_total", l => l.result === "accepted"))));
  $("reload-problem").textContent = reload.result === "failed" ? `The last new model was refused, version ${model.version} goes on: ${reload.detail}` : "";
  show("reload-problem", reload.result === "failed");
}

function renderRoutes(page) {
  const routes = new Map();
  for (const s of page) {
    if (s.name !== "http_requests_total") continue;
    const row = routes.get(s.labels.route) || { all: 0, codes: new Map() };
    row.all += s.value;
    row.codes.set(s.labels.code, (row.codes.get(s.labels.code) || 0) + s.value);
    routes.set(s.labels.route, row);
  }
  $("routes").replaceChildren(head("Route", "Requests", "Status", "Median", "99 of 100"), el("tbody", {}, ...[...routes].map(([route, row]) => {
    const buckets = bucketsOf(page, each => each === route);
    return el("tr", {}, el("th", { scope: "row" }, route), el("td", { class: "n" }, grouped(row.all)),
      el("td", { class: "n" }, [...row.codes].sort().map(([code, n]) => `${code}: ${grouped(n)}`).join(", ")),
      el("td", { class: "n" }, milliseconds(quantile(buckets, 0.5))), el("td", { class: "n" }, milliseconds(quantile(buckets, 0.99))));
  })));
}

function startMonitor() {
  $("window").addEventListener("change", () => { monitor.window = $("window").value; monitor.redraw(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
}
)js"
