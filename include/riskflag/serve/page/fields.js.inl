R"js(
// The form: one field of it for each that the model's schema takes.

const kNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** A number's own digits where JSON has that spelling, so that nothing is rounded on the way. */
function jsonOfNumber(text) {
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return text;
  return kNumber.test(text) && Number.isFinite(Number(text)) ? String(Number(text)) : JSON.stringify(text);
}

/** What the schema says of one field: {name, kind, options, closed, minimum, maximum, note}; null for one not used. */
function describe(name, property, ids) {
  if (ids.includes(name)) return { name, kind: "id", note: "echoed in the answer, not used" };
  const types = [].concat(property.type || []);
  if (property.enum) return { name, kind: "choice", closed: true, options: property.enum.filter(level => level !== null) };
  if (property.examples) return { name, kind: "choice", closed: false, options: property.examples };
  if (types.includes("number")) return { name, kind: "number", minimum: property.minimum, maximum: property.maximum };
  if (types.includes("string")) return { name, kind: property.format === "date" ? "date" : "text", note: property.format ? "" : property.description, isDate: true };
  return null;
}

/** The field's control with its label, note and place for what is wrong; get() is JSON text, undefined when left out. */
function makeField(about, number) {
  const id = "f" + number;
  const small = about.kind === "choice" && about.closed && about.options.length <= 8;
  const input = small ? el("select", { id }, el("option", { value: "" }, "missing"), ...about.options.map(level => el("option", { value: level }, level))) :
    el("input", { id, type: about.kind === "date" ? "date" : "text", autocomplete: "off", spellcheck: "false",
      inputmode: about.kind === "number" ? "decimal" : null, placeholder: about.kind === "id" ? "none" : "missing" });
  input.setAttribute("aria-describedby", id + "n " + id + "w");
  input.dataset.field = about.name;
  const note = el("p", { class: "hint", id: id + "n" }), wrong = el("p", { class: "wrong", id: id + "w", hidden: true });
  const name = about.name.split(/(?<=[_/ ])/).flatMap((part, i) => i ? [el("wbr"), part] : [part]);  // a long name breaks there
  const box = el("div", { class: "field" }, el("label", { for: id }, ...name), input, note, wrong);
  if (about.kind === "choice" && !small) makeCombobox(box, input, about);
  if (small) input.addEventListener("change", () => input.classList.toggle("missing", input.value === ""));
  const field = {
    about, box, input, note,
    get text() { return input.value.trim(); },
    get json() {
      const text = this.text;
      if (text === "") return about.kind === "id" ? undefined : "null";
      return about.kind === "number" ? jsonOfNumber(text) : JSON.stringify(text);
    },
    set(value) {
      input.value = value === null || value === undefined ? "" : String(value);
      if (small) input.classList.toggle("missing", input.value === "");
      this.complain("");
    },
    complain(text) {
      wrong.textContent = text;
      wrong.hidden = text === "";
      text ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
    },
  };
  note.textContent = noteOf(about);
  note.hidden = note.textContent === "";
  return field;
}

function noteOf(about) {
  if (about.note) return about.note;
  if (about.kind === "choice") return about.options.length > 8 ? grouped(about.options.length) + " known" + (about.closed ? ", type to search" : ", others are accepted") : "";
  if (about.kind !== "number") return "";
  const { minimum: low, maximum: high, usual } = about;
  const accepted = low !== undefined && high !== undefined ? `${grouped(low)} to ${grouped(high)}` :
    low !== undefined ? `from ${grouped(low)}` : high !== undefined ? `up to ${grouped(high)}` : "";
  return [accepted, usual ? "usually " + usual : ""].filter(Boolean).join("; ");
}

/** "265,042 to 1,170,829", where the middle four fifths of the training rows with a value lie. */
function usualRange(bins) {
  const edges = bins.filter(bin => /^(<=|>)/.test(bin.labels.bin));
  const all = edges.reduce((sum, bin) => sum + bin.value, 0);
  const edge = share => {
    let sum = 0;
    for (const bin of edges) if ((sum += bin.value) >= share * all - 1e-9 && bin.labels.bin.startsWith("<=")) return Number(bin.labels.bin.slice(2));
    return NaN;
  };
  const low = edge(0.1), high = edge(0.9);
  if (!(all > 0) || !Number.isFinite(low) || !Number.isFinite(high)) return "";
  return low === high ? grouped(low) : `${grouped(low)} to ${grouped(high)}`;
}

/** A text box with a list below it that typing narrows (ARIA's combobox): arrows, Enter, Escape, mouse. */
function makeCombobox(box, input, about) {
  const list = el("ul", { class: "list", id: input.id + "l", role: "listbox", "aria-label": about.name, hidden: true });
  box.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", list.id], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
  const folded = text => text.toLowerCase().replaceAll("_", " ");
  let found = [], at = -1;
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = place => {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = place;
    const chosen = list.children[at];
    if (!chosen) return;
    chosen.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };
  const choose = text => {
    input.value = text;
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const open = text => {
    const words = folded(text);
    found = about.options.filter(level => folded(level).includes(words)).sort((a, b) => folded(b).startsWith(words) - folded(a).startsWith(words));
    const shown = found.slice(0, 200);
    list.replaceChildren(...shown.map((level, i) => {
      const item = el("li", { role: "option", id: `${list.id}${i}`, "aria-selected": "false" }, level);
      item.addEventListener("mousedown", event => { event.preventDefault(); choose(level); });
      return item;
    }));
    if (shown.length < found.length || !shown.length) {
      list.append(el("li", { class: "none", role: "presentation" }, shown.length ? many(found.length - shown.length, "more") : about.closed ? "none like this" : "new to the model"));
    }
    found = shown;
    at = -1;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  };
  input.addEventListener("input", () => open(input.value.trim()));
  input.addEventListener("click", () => { if (list.hidden) open(""); });
  input.addEventListener("blur", () => {
    const same = about.options.find(level => folded(level) === folded(input.value.trim()));
    if (same !== undefined && same !== input.value) choose(same);
    close();
  });
  input.addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open("");
      if (found.length) mark(event.key === "ArrowDown" ? (at + 1) % found.length : at > 0 ? at - 1 : found.length - 1);
    } else if (event.key === "Enter" && !list.hidden && (at >= 0 || found.length === 1)) {
      event.preventDefault();
      choose(found[Math.max(at, 0)]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
}
)js"
