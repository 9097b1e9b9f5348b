R"js(
// Elements, questions to the server, numbers and charts.
const $ = id => document.getElementById(id);

/** An element with attributes and children; strings become text, never markup. */
function el(name, attributes = {}, ...children) {
  return dressed(document.createElement(name), attributes, children);
}
function svg(name, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}
function dressed(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== null));
  return node;
}
const show = (id, yes) => { $(id).hidden = !yes; };

/** What a person is told when the server refuses or does not answer. */
class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || "the server answered " + status);
    this.status = status;
    this.errors = problem.errors || [];
    this.retryAfter = 0;
  }
}

let key = "";  // of this page's life only: never stored

/** The answer's text; throws a Refusal. */
async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = "Bearer " + key;
  let answer, text;
  try {
    answer = await fetch(path, { ...options, headers, credentials: "omit", cache: "no-store" });
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { detail: "The server does not answer." });
  }
  if (answer.ok || options.any) return text;
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* a proxy's own page */ }
  const refusal = new Refusal(answer.status, problem);
  refusal.retryAfter = Number(answer.headers.get("Retry-After")) || 0;
  if (answer.status === 401 || answer.status === 403) askForKey(answer.status === 403 ? refusal.message : "");
  throw refusal;
}

function askForKey(why) {
  $("key-lead").textContent = why ? "This key does not suffice: " + why + "." :
    key ? "The server does not know this key." : "This server answers only those who have a key.";
  show("key-form", true);
  $("key").value = "";
  $("key").focus();
}

function notice(text) {
  $("notice").textContent = text;
  show("notice", text !== "");
}

/** A new id for a request, with what it is for: the decision log has it, so that trying out can be told from deciding. */
function requestId(purpose) {
  return purpose + "-" + Array.from(crypto.getRandomValues(new Uint8Array(8)), b => b.toString(16).padStart(2, "0")).join("");
}

const grouped = x => x.toLocaleString("en-US", { maximumFractionDigits: 6 });
function percent(p) {
  const x = p * 100;
  return (x === 0 || x >= 99.95 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x >= 1 ? x.toFixed(2) : Number(x.toPrecision(2)).toString()) + " %";
}
function points(difference) {
  const x = difference * 100;
  return (x > 0 ? "+" : x < 0 ? "\u2212" : "\u00b1") + (Math.abs(x) < 0.1 ? Number(Math.abs(x).toPrecision(2)).toString() : Math.abs(x).toFixed(1)) + " points";
}
const many = (n, what) => grouped(n) + " " + what + (n === 1 ? "" : "s");

/** Prometheus text as [{name, labels, value}], in its order. */
function samples(text) {
  const out = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, c) => c === "n" ? "\n" : c);
    }
    out.push({ name: found[1].replace(/^riskflag_/, ""), labels, value: Number(found[3].replace("Inf", "Infinity")) });
  }
  return out;
}

function tile(name, value, note) {
  return el("div", { class: "tile" }, el("div", { class: "k" }, name),
    el("div", { class: value.length > 12 ? "v long" : "v" }, value), el("div", { class: "n" }, note));
}

function niceTop(x) {
  if (!(x > 0)) return 1;
  const step = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 2.5, 5, 10].map(k => k * step).find(top => top >= x);
}
const short = x => Number(x.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });

const kWidth = 520, kLeft = 46, kRight = 512, kTop = 24, kBottom = 172;

/** The frame of a chart: its description, grid, ticks and legend. */
function frame(description, top, unit, legend, height) {
  const chart = svg("svg", { viewBox: `0 0 ${kWidth} ${height}`, role: "img", "aria-label": description });
  for (let i = 0; i <= 4; ++i) {
    const y = kBottom - (kBottom - kTop) * i / 4;
    chart.append(svg("path", { class: i ? "grid" : "axis", d: `M${kLeft} ${y}H${kRight}` }),
      svg("text", { x: kLeft - 7, y: y + 4, "text-anchor": "end" }, short(top * i / 4) + unit));
  }
  let x = kLeft;
  for (const [css, words] of legend) {
    chart.append(svg("rect", { class: css, x, y: 4, width: 11, height: 11 }), svg("text", { class: "key", x: x + 16, y: 14 }, words));
    x += 34 + 6.4 * words.length;
  }
  return chart;
}

/** Bars in pairs (live beside training), or single ones; `groups` is [{label, values, css}], shares from 0 to 1. */
function barChart(description, groups, legend) {
  const top = niceTop(100 * Math.max(...groups.flatMap(group => group.values)));
  const turned = groups.length > 5 || groups.some(group => group.label.length > 11);
  const chart = frame(description, top, " %", legend, turned ? 226 : 196), room = (kRight - kLeft) / groups.length;
  groups.forEach((group, i) => {
    const left = kLeft + room * i, width = room * 0.8 / group.values.length;
    group.values.forEach((value, k) => {
      const height = Math.max((kBottom - kTop) * value * 100 / top, value > 0 ? 1 : 0);
      chart.append(svg("rect", { class: group.css ? group.css : legend[k][0], x: left + room * 0.1 + width * k, y: kBottom - height,
        width: Math.max(width - 1, 0.5), height }, svg("title", {}, `${group.label}: ${percent(value)}`)));
    });
    const words = group.label.length > 14 ? group.label.slice(0, 13) + "\u2026" : group.label, x = left + room / 2;
    chart.append(svg("text", turned ? { x, y: kBottom + 12, "text-anchor": "end", transform: `rotate(-32 ${x} ${kBottom + 12})` } :
      { x, y: kBottom + 17, "text-anchor": "middle" }, words));
  });
  return chart;
}

/** Lines over time; `lines` is [{css, values}], NaN where there was nothing; `times` are milliseconds. */
function lineChart(description, times, lines, legend) {
  const top = niceTop(Math.max(...lines.flatMap(line => line.values.filter(Number.isFinite)), 0));
  const chart = frame(description, top, "", legend, 196);
  const begin = times[0], length = Math.max(times[times.length - 1] - begin, 60000);
  const px = t => kLeft + (kRight - kLeft) * (t - begin) / length, py = y => kBottom - (kBottom - kTop) * y / top;
  for (const line of lines) {
    let path = "";
    line.values.forEach((y, i) => {
      if (!Number.isFinite(y)) return;
      path += (path && Number.isFinite(line.values[i - 1]) ? "L" : "M") + px(times[i]).toFixed(1) + " " + py(y).toFixed(1);
      chart.append(svg("circle", { class: line.css === "one" ? "line-one" : "line-two", cx: px(times[i]), cy: py(y), r: 2.2 }));
    });
    chart.append(svg("path", { class: "curve " + line.css, d: path || "M0 0" }));
  }
  for (const [t, anchor] of [[begin, "start"], [begin + length, "end"]]) {
    chart.append(svg("text", { x: px(t), y: kBottom + 17, "text-anchor": anchor }, new Date(t).toLocaleTimeString("en-GB")));
  }
  return chart;
}
)js"
