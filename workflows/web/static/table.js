// The table of iterations: filter, sort, columns, keys. Only the rows in sight are in the page.

import { STATUS, chip, clean, clock, duration, fill, h, interval, later, number, proposer, sure, who } from "./dom.js";
import { statusOf } from "./model.js";

const NARROW = 615; // pixels of the page, as in the stylesheet: there a row has two lines
const [TALL, FLAT] = [54, 34]; // pixels of a row
const AHEAD = 12;
const FEW = 16; // rows that are all in sight, without a scroll of their own
const COLUMNS = [
  { name: "pick", title: "" },
  { name: "iteration", title: "#", right: true, cell: (row) => String(row.iteration) },
  { name: "status", title: "status", cell: (row) => chip(statusOf(row)) },
  { name: "metric", title: "metric", right: true, cell: (row) => number(row.metric) },
  { name: "gain", title: "gain ± interval", right: true, cell: (row) => interval(row.gain, row.half_width) },
  { name: "probability", title: "sure", right: true, cell: (row) => row.sureness ?? sure(row.probability) },
  { name: "seconds", title: "trained", right: true, cell: (row) => duration(row.seconds) },
  { name: "memory_gb", title: "memory", right: true, hidden: true, cell: (row) => (row.memory_gb ? `${row.memory_gb.toFixed(1)} GB` : "–") },
  { name: "source", title: "who", cell: (row) => clean(row.agent ?? who(row.source, row.iteration), 40) },
  { name: "closed_at", title: "at", right: true, hidden: true, cell: (row) => clock(row.closed_at ?? row.started_at) },
  { name: "commit", title: "commit", hidden: true, cell: (row) => (row.commit ?? "–").slice(0, 8) },
  { name: "reason", title: "why", hidden: true, cell: (row) => clean(row.reason, 160) },
  { name: "description", title: "change", cell: (row) => clean(row.description || "…", 200) },
];
const KEPT = "columns";
const MOST_FIRST = new Set(["iteration", "gain", "probability", "seconds", "memory_gb", "closed_at"]);

export class Table {
  constructor({ open, compare }) {
    Object.assign(this, { open, compare, picked: new Set() });
    this.comparing = h("button", { type: "button", class_: "primary", hidden: true, onclick: () => this.compare([...this.picked].sort((one, other) => one - other)) });
    this.sort = { name: "iteration", down: true };
    this.statuses = new Set(); // those that are listed; none: all
    this.chosen = null;
    const stored = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    this.shownColumns = new Set(Array.isArray(stored) ? stored : COLUMNS.filter((one) => !one.hidden).map((one) => one.name));
    this.filter = h("input", { type: "search", placeholder: "filter: lr, > 0.98 …", "aria-label": "Filter the table",
      oninput: later(80, () => { this.arrange(); this.sight(); }) });
    this.chips = h("div", { class_: "chips", role: "group", "aria-label": "Status" });
    this.unfiltered = h("button", { type: "button", class_: "plain clear", hidden: true, onclick: () => this.clear(), text: "clear filters" });
    this.count = h("span", { class_: "quiet", role: "status" });
    this.head = h("thead");
    this.body = h("tbody");
    this.box = h("div", { class_: "scroll", tabindex: 0, role: "region", "aria-label": "Iterations; arrow keys choose, Enter opens",
      "data-arrows": true, onscroll: () => this.paint(), onkeydown: (event) => this.key(event) },
    h("table", {}, this.head, this.body));
    this.element = h("section", { class_: "card table" },
      h("div", { class_: "tools" }, h("h2", { text: "Iterations" }), this.filter, this.chips, this.unfiltered, this.comparing, this.menu = this.columns(), this.count), this.box);
    this.rows = [];
    this.found = [];
    this.high = FLAT;
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.element);
    this.shut = (event) => { if (this.menu.open && !this.menu.contains(event.target)) this.menu.open = false; };
    addEventListener("pointerdown", this.shut);
  }

  end() {
    this.watch.disconnect();
    removeEventListener("pointerdown", this.shut);
  }

  resized() {
    const high = this.element.offsetWidth <= NARROW ? TALL : FLAT;
    if (high === this.high) return;
    this.high = high;
    this.arrange();
  }

  focus() {
    this.box.focus({ preventScroll: true });
  }

  draw(rows, shown) {
    this.rows = rows;
    this.metric = shown?.status.metric ?? "metric";
    this.lower = shown?.lower_is_better ?? true;
    this.best = shown?.best_iteration ?? null;
    this.arrange();
  }

  /** Mark the best of then. */
  mark(best) {
    if (best === this.best) return;
    this.best = best;
    this.painted = "";
    this.paint();
  }

  /** Filter and sort anew. */
  arrange() {
    const wanted = this.filter.value.trim().toLowerCase();
    const matches = matcher(wanted);
    const said = this.rows.filter(matches);
    this.drawChips(said);
    this.found = this.statuses.size ? said.filter((row) => this.statuses.has(statusOf(row))) : said;
    this.failed = this.found.some((row) => row.reason) && this.found.every((row) => row.metric === null);
    const { name, down } = this.sort;
    const sign = down ? -1 : 1;
    if (name === "iteration") this.found = down ? this.found.toReversed() : this.found;
    else this.found = this.found.toSorted((one, other) => compare(one[name], other[name], sign) || sign * (one.iteration - other.iteration));
    this.count.textContent = this.found.length === this.rows.length ? `${this.rows.length}` : `${this.found.length} of ${this.rows.length}${this.told()}`;
    this.unfiltered.hidden = !wanted && !this.statuses.size;
    this.element.classList.toggle("few", this.found.length <= FEW);
    this.element.classList.toggle("failed", this.failed);
    this.drawHead();
    this.painted = "";
    this.paint();
  }

  /** List all again. */
  clear() {
    this.filter.value = "";
    this.statuses.clear();
    this.arrange();
  }

  /** Say why nothing is listed, and the way out. */
  nothing() {
    if (!this.rows.length) return "no iteration yet";
    const words = [...this.statuses].map((status) => STATUS[status] ?? status).join(", ");
    const wanted = clean(this.filter.value.trim(), 60);
    return [[wanted && `nothing fits \u201c${wanted}\u201d`, words && `only what is ${words} is listed`].filter(Boolean).join("; "), " ",
      h("button", { type: "button", class_: "link", onclick: () => this.clear(), text: "clear filters" })];
  }

  /** List all of a status, and why each came to it. */
  list(status) {
    this.filter.value = "";
    this.statuses = new Set([status]);
    this.arrange();
    this.element.scrollIntoView({ block: "start" });
    this.focus();
  }

  /** Bring the rows into sight, where most of them lie below the screen. */
  sight() {
    const { top } = this.box.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) this.element.scrollIntoView({ block: "start" });
  }

  /** Say in few words what became of those that fit: how many were kept, and the best of them. */
  told() {
    const kept = this.found.filter((row) => row.iteration && row.status === "keep").length;
    const measured = this.found.filter((row) => row.metric !== null && row.iteration);
    if (!measured.length) return "";
    const better = (one, other) => (this.lower ? one.metric < other.metric : one.metric > other.metric);
    const best = measured.reduce((found, row) => (better(row, found) ? row : found));
    const of = best.pairs > 1 ? "" : ", of one training";
    return `: ${kept} kept, the best number #${best.iteration} ${number(best.metric)}${of}`;
  }

  drawChips(rows) {
    const counts = new Map();
    const had = new Set([...this.rows.map(statusOf), ...this.statuses]); // each has its place, also where none fits
    for (const status of [...new Set([...Object.keys(STATUS), ...had])]) if (had.has(status) && status !== "baseline") counts.set(status, 0);
    for (const row of rows) if (counts.has(statusOf(row))) counts.set(statusOf(row), counts.get(statusOf(row)) + 1);
    const made = JSON.stringify([[...counts], [...this.statuses]]);
    if (made === this.chipsMade) return;
    this.chipsMade = made;
    fill(this.chips, [...counts].map(([status, count]) => h("button", { type: "button",
      class_: `chip s-${status}${count ? "" : " zero"}`, "aria-pressed": String(this.statuses.has(status)),
      onclick: () => { if (!this.statuses.delete(status)) this.statuses.add(status); this.arrange(); this.sight(); } },
    `${STATUS[status] ?? status} ${count}`)));
  }

  drawHead() {
    const made = JSON.stringify([this.sort, this.visible().map((one) => one.name), this.metric]);
    if (made === this.headMade) return;
    this.headMade = made;
    fill(this.head, h("tr", {}, h("td", { class_: "c-pick" }), this.visible().slice(1).map((column) => h("th", {
      scope: "col", class_: `c-${column.name}${column.right ? " n" : ""}`,
      "aria-sort": this.sort.name === column.name ? (this.sort.down ? "descending" : "ascending") : null },
    h("button", { type: "button", onclick: () => this.by(column.name) },
      column.name === "metric" ? clean(this.metric, 24) : column.title,
      h("i", { "aria-hidden": "true", text: this.sort.name === column.name ? (this.sort.down ? " ↓" : " ↑") : "" }))))));
  }

  by(name) {
    this.sort = { name, down: this.sort.name === name ? !this.sort.down : MOST_FIRST.has(name) };
    this.arrange();
  }

  /** Return the columns; where nothing that is listed was measured, why it was not stands there instead of results. */
  visible() {
    const instead = { metric: false, gain: false, probability: false, reason: true };
    return COLUMNS.filter(({ name }) => name === "pick" || ((this.failed ? instead[name] : null) ?? this.shownColumns.has(name)));
  }

  /** Put the rows in sight into the page, and room for the others. */
  paint() {
    const tall = this.high;
    const first = Math.max(0, Math.floor(this.box.scrollTop / tall) - AHEAD);
    const last = Math.min(this.found.length, first + Math.ceil(this.box.clientHeight / tall) + 2 * AHEAD);
    const columns = this.visible();
    const made = `${first} ${last} ${this.chosen} ${this.found.length}`;
    if (made === this.painted) return;
    this.painted = made;
    const gap = (rows) => {
      const row = h("tr", { class_: "gap", "aria-hidden": "true" }, h("td", { colspan: columns.length }));
      row.firstChild.style.height = `${rows * tall}px`;
      return row;
    };
    fill(this.body, first > 0 && gap(first), this.found.slice(first, last).map((row) => this.row(row, columns)),
      last < this.found.length && gap(this.found.length - last),
      this.found.length === 0 && h("tr", {}, h("td", { class_: "quiet", colspan: columns.length }, this.nothing())));
  }

  row(row, columns) {
    return h("tr", { "data-iteration": row.iteration, "aria-selected": String(row.iteration === this.chosen),
      class_: row.iteration === this.best ? "best" : "", onclick: () => { this.chosen = row.iteration; this.open(row.iteration); } },
    h("td", { class_: "c-pick", onclick: (event) => event.stopPropagation() }, h("input", { type: "checkbox", tabindex: -1, checked: this.picked.has(row.iteration),
      "aria-label": `compare iteration ${row.iteration}`, onchange: () => this.pick(row.iteration) })),
    columns.slice(1).map((column) => h("td", { class_: `c-${column.name}${column.right ? " n" : ""}`,
      title: ["description", "reason"].includes(column.name) ? clean(row[column.name], 400) : null, dir: column.name === "description" ? "auto" : null },
    column.cell(row))));
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.high) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    if (by) this.move(by);
    else if (event.key === "Enter" && this.chosen !== null) this.open(this.chosen);
    else if (event.key === "x") this.pick();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Choose an iteration to be compared, or leave it out again. */
  pick(iteration = this.chosen) {
    if (iteration === null) return;
    if (!this.picked.delete(iteration)) this.picked.add(iteration);
    this.comparing.hidden = this.picked.size < 2;
    this.comparing.textContent = `compare ${this.picked.size}`;
    this.painted = "";
    this.paint();
  }

  move(by, focus = false) {
    if (!this.found.length) return;
    const now = this.found.findIndex((row) => row.iteration === this.chosen);
    const next = now < 0 ? 0 : Math.min(this.found.length - 1, Math.max(0, now + by));
    this.chosen = this.found[next].iteration;
    const { high } = this;
    const top = next * high;
    const tall = this.box.clientHeight - 34; // below the head
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top > this.box.scrollTop + tall - high) this.box.scrollTop = top - tall + high;
    if (focus) this.focus();
    this.painted = "";
    this.paint();
  }

  columns() {
    const change = (name, on) => {
      if (on) this.shownColumns.add(name);
      else this.shownColumns.delete(name);
      localStorage.setItem(KEPT, JSON.stringify([...this.shownColumns]));
      this.arrange();
    };
    return h("details", { class_: "menu" }, h("summary", { text: "columns" }), h("div", {}, COLUMNS.slice(1).map((column) => h("label", {},
      h("input", { type: "checkbox", checked: this.shownColumns.has(column.name), onchange: (event) => change(column.name, event.target.checked) }),
      column.title))));
  }
}

/** Return what a row must be: all words within it, their initials as a name in it (`learning rate`: `MATRIX_LR`), or a bound of the metric. */
export function matcher(wanted) {
  const bound = wanted.match(/^([<>])\s*([\d.eE+-]+)$/);
  if (bound) {
    const value = Number(bound[2]);
    return (row) => row.metric !== null && (bound[1] === "<" ? row.metric < value : row.metric > value);
  }
  const words = wanted.split(/\s+/).filter(Boolean);
  if (!words.length) return () => true;
  const one = (word) => (word.length > 4 ? word.replace(/s$/, "") : word); // of rates, a rate
  const initials = words.length > 1 && words.every((word) => /^[a-z]/.test(word)) ? new RegExp(`(?<![a-z])${words.map((word) => word[0]).join("")}(?![a-z])`) : null;
  return (row) => {
    const settings = JSON.stringify(row.settings ?? {});
    const text = `#${row.iteration} ${statusOf(row)} ${STATUS[statusOf(row)] ?? ""} ${proposer(row)} ${row.source ?? ""} ${row.description} ${row.reason} ${settings}`.toLowerCase();
    return words.every((word) => text.includes(one(word))) || Boolean(initials?.test(text));
  };
}

function compare(one, other, sign) {
  const none = (value) => value === null || value === undefined;
  if (none(one) || none(other)) return none(one) - none(other); // what has none is last, either way
  return sign * (one < other ? -1 : one > other ? 1 : 0);
}
