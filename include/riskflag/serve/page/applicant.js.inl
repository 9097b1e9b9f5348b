R"js(
// One applicant: the form is sent, the answer shown; a later change is a what-if beside the first answer.

const applicant = { model: null, examples: [], example: -1, fields: [], first: null, tries: [], turn: 0, timer: 0, explains: true };

const valuesNow = () => new Map(applicant.fields.map(field => [field.about.name, field.text]));
const bodyNow = () => "{" + applicant.fields.filter(field => field.json !== undefined)
  .map(field => JSON.stringify(field.about.name) + ":" + field.json).join(",") + "}";

/** Makes the form for a schema; what stands in fields of the same name stays. */
function buildForm(model, schema, metrics) {
  const kept = valuesNow(), had = applicant.fields.length > 0;
  applicant.model = model;
  applicant.examples = schema.examples || [];
  applicant.fields = [];
  for (const [name, property] of Object.entries(schema.properties)) {
    const about = describe(name, property, model.id_fields);
    if (!about) continue;
    about.usual = about.kind === "number" ? usualRange(metrics.filter(s => s.name === "reference_share" && s.labels.field === name)) : "";
    applicant.fields.push(makeField(about, applicant.fields.length));
  }
  $("fields").replaceChildren(...applicant.fields.map(field => field.box));
  for (const field of applicant.fields) field.set(had ? kept.get(field.about.name) : "");
  show("sample", applicant.examples.length > 0);
  $("model-name").textContent = model.name;
  document.title = model.name + " \u2013 riskflag";
  $("model-sub").textContent = `Version ${model.version}, ${many(model.trees, "tree")} over ${many(model.fields.length, "field")}; High from a probability of ${percent(model.threshold)}`;
  $("footer").textContent = `riskflag ${model.library_version}. Scores come from this server; nothing is loaded from elsewhere.`;
  forget();
}

/** No answer yet. */
function forget() {
  clearTimeout(applicant.timer);
  ++applicant.turn;
  applicant.first = null;
  applicant.tries = [];
  show("has-answer", false);
  show("no-answer", true);
  show("small-answer", false);
  markChanges();
}

function markChanges() {
  for (const field of applicant.fields) {
    field.box.classList.toggle("changed", applicant.first !== null && field.text !== applicant.first.values.get(field.about.name));
  }
}

function complain(errors) {
  const words = { unknown_field: "is unknown to the model", missing_field: "is missing", wrong_type: "is of the wrong type",
    out_of_range: "is out of range", unseen_category: "is not a known level", duplicate_key: "is given twice", not_finite: "is not a finite number" };
  const elsewhere = [];
  for (const field of applicant.fields) field.complain("");
  for (const error of errors) {
    const field = applicant.fields.find(each => each.about.name === error.field);
    const expected = error.expected.length > 160 ? error.expected.slice(0, 157) + "\u2026" : error.expected;
    const text = `${error.found} ${words[error.code] || error.code}; expected ${expected}`;
    field ? field.complain(text) : elsewhere.push(error.field + ": " + text);
  }
  return elsewhere;
}

async function score(purpose) {
  clearTimeout(applicant.timer);
  const turn = ++applicant.turn, values = valuesNow();
  $("answer").classList.toggle("stale", applicant.first !== null);
  try {
    const text = await ask("/v1/score" + (applicant.explains ? "?explain=5" : ""), { method: "POST", body: bodyNow(),
      headers: { "Content-Type": "application/json", "X-Request-Id": requestId(purpose) } });
    if (turn !== applicant.turn) return;
    notice("");
    complain([]);
    const answer = JSON.parse(text);
    answer.exact = /"probability":([^,}]+),"risk"/.exec(text)[1];  // the server's own digits
    if (purpose === "page" || !applicant.first) {
      applicant.first = { values, answer };
      applicant.tries = [];
    } else {
      remember(values, answer);
    }
    render(answer, purpose);
    if (answer.model.digest !== applicant.model.digest) await lookForNewModel();
  } catch (refusal) {
    if (turn !== applicant.turn) return;
    if (applicant.explains && refusal.status === 400 && /counts of its training rows/.test(refusal.message)) {
      applicant.explains = false;
      return score(purpose);
    }
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.errors.some(error => ["unknown_field", "missing_field"].includes(error.code)) && await lookForNewModel()) return;
    const elsewhere = complain(refusal.errors);
    const inForm = refusal.errors.length > elsewhere.length;
    if (refusal.status !== 401 && refusal.status !== 403) {
      notice(!inForm ? refusal.message : elsewhere.length ? elsewhere.join(" ") : "");
      $("spoken").textContent = refusal.message;
    }
    if (inForm && purpose === "page") applicant.fields.find(field => field.input.getAttribute("aria-invalid"))?.input.focus();
    return;
  } finally {
    if (turn === applicant.turn && !applicant.fields.some(field => field.input.getAttribute("aria-invalid"))) $("answer").classList.remove("stale");
  }
}

/** True when the server has another model than this page: the page then has its form. A challenger's answer is no such sign. */
async function lookForNewModel() {
  const model = JSON.parse(await ask("/v1/model"));
  if (model.digest === applicant.model.digest) return false;
  const [schema, metrics] = await Promise.all([ask("/v1/schema"), ask("/metrics")]);
  buildForm(model, JSON.parse(schema), samples(metrics));
  notice(`The server has a new model, version ${model.version}. Score again.`);
  return true;
}

function remember(values, answer) {
  const changed = [...values].filter(([name, text]) => text !== applicant.first.values.get(name));
  if (!changed.length) return;
  const names = changed.map(([name]) => name).join("\n");
  const words = changed.map(([name, text]) => `${name} ${applicant.first.values.get(name) || "missing"} \u2192 ${text || "missing"}`).join(", ");
  if (applicant.tries[0]?.words === words) return;
  applicant.tries.unshift({ names, words, p: answer.probability, risk: answer.risk });
  applicant.tries.length = Math.min(applicant.tries.length, 6);
}

function render(answer, purpose) {
  const first = applicant.first.answer, difference = answer.probability - first.probability;
  const asked = answer !== first;
  const high = answer.risk === "High";
  show("no-answer", false);
  show("has-answer", true);
  $("gauge").replaceChildren(gauge(answer, asked ? first.probability : null));
  $("risk").textContent = high ? "\u25b2 High risk" : "\u25bc Low risk";
  $("risk").className = "pill " + (high ? "high" : "low");
  $("delta").textContent = asked ? points(difference) : "";
  const spoken = `${answer.risk} risk, ${percent(answer.probability)}` + (asked ? `, ${points(difference)} beside the first answer` : "");
  $("spoken").textContent = spoken;
  $("small-answer").replaceChildren(el("span", {}, `${percent(answer.probability)}${asked ? ` (${points(difference)})` : ""}`), el("span", { class: "pill " + (high ? "high" : "low") }, answer.risk));
  show("small-answer", true);
  $("probability").textContent = answer.exact;
  $("threshold").textContent = String(answer.threshold);
  $("decision").textContent = answer.decision_id;
  $("version").textContent = answer.model.version;
  renderReasons(answer.reasons);
  $("tries").replaceChildren(...applicant.tries.map(each => el("li", {}, el("span", {}, each.words), el("b", {}, `${percent(each.p)} ${each.risk}`))));
  show("what-if-hint", applicant.tries.length === 0);
  show("back", applicant.tries.length > 0);
  markChanges();
  if (purpose === "page" && matchMedia("(max-width:900px)").matches) $("answer").scrollIntoView();
}

function renderReasons(reasons) {
  show("reasons-box", reasons !== undefined);
  if (reasons === undefined) return;
  const most = Math.max(...reasons.map(reason => reason.contribution), 1);
  $("reasons").replaceChildren(...reasons.map(reason => {
    const fill = el("div", { class: "fill" });
    fill.style.width = 100 * reason.contribution / most + "%";
    const words = reason.text === reason.field || reason.text === "" ? reason.field : `${reason.text} (${reason.code})`;
    return el("li", {}, el("div", { class: "row" }, el("span", {}, words), el("span", {}, "+" + reason.contribution.toFixed(2))), el("div", { class: "track" }, fill));
  }));
  if (!reasons.length) $("reasons").replaceChildren(el("li", { class: "hint" }, "Nothing: every field speaks for Low."));
}

/** A half circle from 0 to 1 with the threshold, the probability, and where the first answer was. */
function gauge(answer, before) {
  const at = (p, r) => [160 - r * Math.cos(Math.PI * p), 146 - r * Math.sin(Math.PI * p)].map(x => x.toFixed(2)).join(" ");
  const arc = (from, to, css) => svg("path", { class: "gauge " + css, d: `M${at(from, 112)}A112 112 0 0 1 ${at(to, 112)}` });
  const t = Math.min(Math.max(answer.threshold, 0), 1), p = answer.probability, high = answer.risk === "High";
  const side = t < 0.35 ? "end" : t > 0.65 ? "start" : "middle";
  const words = at(t, 131).split(" ");
  return svg("svg", { viewBox: "-8 8 336 146", role: "img", "aria-label": `Probability ${percent(p)}, High from ${percent(t)}` },
    arc(0, t, "zone-low"), arc(t, 1, "zone-high"), arc(0, Math.max(p, 0.002), high ? "is-high" : "is-low"),
    svg("path", { class: "tick-line", d: `M${at(t, 99)}L${at(t, 125)}` }),
    svg("text", { x: words[0], y: words[1], "text-anchor": side }, percent(t)),
    before === null ? null : svg("circle", { class: "ring", cx: at(before, 112).split(" ")[0], cy: at(before, 112).split(" ")[1], r: 6 }),
    svg("text", { class: "big", x: 160, y: 126, "text-anchor": "middle" }, percent(p)),
    svg("text", { x: 160, y: 148, "text-anchor": "middle" }, before === null ? "probability" : "first " + percent(before)));
}

function startApplicant() {
  $("form").addEventListener("submit", event => { event.preventDefault(); score("page"); });
  const changed = event => {
    applicant.fields.find(field => field.input === event.target)?.complain("");
    if (!applicant.first) return;
    clearTimeout(applicant.timer);
    applicant.timer = setTimeout(() => score("what-if"), 350);
  };
  $("form").addEventListener("input", changed);
  $("form").addEventListener("change", changed);
  $("sample").addEventListener("click", () => {
    applicant.example = (applicant.example + 1) % applicant.examples.length;
    for (const field of applicant.fields) field.set(applicant.examples[applicant.example][field.about.name]);
    forget();
  });
  $("clear").addEventListener("click", () => {
    for (const field of applicant.fields) field.set("");
    forget();
    applicant.fields[0]?.input.focus();
  });
  $("back").addEventListener("click", () => {
    clearTimeout(applicant.timer);
    ++applicant.turn;
    for (const field of applicant.fields) field.set(applicant.first.values.get(field.about.name));
    applicant.tries = [];
    render(applicant.first.answer, "back");
    $("answer").classList.remove("stale");
  });
  // The small answer stands in for the one that is scrolled away.
  new IntersectionObserver(([seen]) => $("small-answer").classList.toggle("seen", seen.isIntersecting), { threshold: 0.2 }).observe($("answer"));
  $("small-answer").addEventListener("click", event => { event.preventDefault(); $("answer").scrollIntoView(); });
}
)js"
