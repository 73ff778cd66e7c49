// The timeline: what ran when. Compact, with a lane for each device and for agents; or full, an iteration a row.

import { get } from "./api.js";
import { STATUS, clean, clock, duration, fill, h, later, percent, typeWords } from "./dom.js";
import { colours } from "./chart.js";
import { idleAt, idleUntil, idleWords, idles } from "./idle.js";

const LANE = 24;
const ROW = 18; // of the full form
const ROWS = 30; // iterations in the full form
const SPANS = [["all", 0], ["last hour", 3600], ["last 10 min", 600]];
const LEFT = 78;
const TICK_WIDTH = 84; // pixels that a time of the axis takes, with the room beside it
const TOP = 22;
const DAY_S = 86400;
const KEYS = [["agent", "agent"], ["train", "train"], ["evaluate", "evaluate"], ["keep", "kept"], ["failed", "failed"], ["other", "not kept"], ["human", "a human's act"]];

export class Lanes {
  constructor({ base, open, goTo, came, told }) {
    Object.assign(this, { base, open, goTo, took: came, told, spans: [], idles: [], asOf: null, window: 0, full: false, places: [], marked: null });
    this.canvas = h("canvas", { role: "img", "aria-label": "What ran when", onpointermove: (event) => this.point(event),
      onpointerleave: () => { this.tip.hidden = true; }, onclick: () => this.near && (this.near[0] === "point" ? this.goTo(this.near[4]) : this.open(this.near[3])) });
    this.tip = h("div", { class_: "tip", hidden: true });
    this.times = h("p", { class_: "small" });
    this.longest = h("p", { class_: "idles", "aria-label": "Longest idle times" });
    this.windows = h("select", { "aria-label": "How much of the time", hidden: true, onchange: () => { this.window = Number(this.windows.value); this.paint(); } });
    this.keys = h("span", { class_: "legend" });
    this.forms = h("button", { type: "button", "aria-pressed": "false", text: "by iteration", onclick: () => {
      this.full = !this.full;
      this.forms.setAttribute("aria-pressed", String(this.full));
      this.paint();
    } });
    this.element = h("section", { class_: "card lanes", "aria-label": "Timeline" },
      h("div", { class_: "tools" }, h("h2", { text: "Timeline" }), this.forms, this.windows, this.keys),
      this.times, this.longest, h("div", { class_: "plot" }, this.canvas, this.tip));
    this.watch = new ResizeObserver(() => this.paint());
    this.watch.observe(this.element);
    this.turned = () => this.paint();
    addEventListener("themechange", this.turned);
    this.again = later(700, () => this.load());
  }

  end() {
    this.over = true;
    this.watch.disconnect();
    removeEventListener("themechange", this.turned);
  }

  async load() {
    const found = await get(`${this.base}/spans`).catch(() => null);
    if (!found || this.over) return;
    this.spans = found.spans.map(([kind, begin, end, iteration, count, device]) => [kind, Date.parse(begin) / 1000, end && Date.parse(end) / 1000, iteration, count, device]);
    this.last = Date.parse(found.last_at) / 1000;
    const among = (wanted) => this.spans.filter(([kind]) => wanted(kind)).map(([, begin, end]) => [begin, end ?? Infinity]);
    const rests = (found.rests ?? []).map(([begin, end]) => [Date.parse(begin) / 1000, end === null ? Infinity : Date.parse(end) / 1000]);
    this.time = found.time;
    this.began = Date.parse(found.began_at) / 1000;
    this.idles = idles({ work: among(isWork), agents: among((kind) => laneOf(kind) === "agent"), runners: among((kind) => kind === "runner"), rests, began: this.began, last: this.last });
    this.took(found);
    fill(this.windows, SPANS.filter(([, value]) => value < this.last - this.began).map(([words, value]) => h("option", { value, selected: value === this.window, text: words })));
    this.windows.hidden = this.windows.length < 2;
    fill(this.keys, legend(this.spans, this.run));
    this.tell();
    this.paint();
  }

  /** Say in few words how much of the time devices worked, and when they idled longest and why, as of then. */
  tell() {
    const until = this.asOf ?? this.last;
    const { sums, longest } = idleUntil(this.idles, until);
    const whole = until - this.began - sums.rest;
    const busy = Math.max(0, whole - sums.begin - sums.next - sums.agent - sums.away);
    const share = (seconds) => `${duration(seconds)} (${percent(Math.min(1, seconds / whole))})`;
    const parts = [[sums.begin, "idle before the first training"], [sums.next, "idle: waiting for the next change"], [sums.agent, "idle: waiting for an agent"], [sums.away, "idle: no runner"]]
      .filter(([seconds]) => seconds >= 0.0005).map(([seconds, words]) => `, ${share(seconds)} ${words}`);
    const { time } = this;
    fill(this.times, whole > 0 && [`${duration(whole)} ${this.asOf === null ? "in all" : "until then"}: ${share(busy)} training or evaluating`, parts,
      sums.rest >= 0.0005 ? `; beside that ${duration(sums.rest)} at rest, when nothing was asked for` : "",
      this.asOf === null && (time.lost || time.voided) ? ` · ${time.lost} lost by the machine's fault, ${time.voided} void` : ""]);
    fill(this.longest, longest.length > 0 && "Longest idle: ", longest.map((one) => h("button", { type: "button", class_: "link", title: "Mark it below",
      "aria-pressed": String(this.marked?.begin === one.begin), onclick: () => this.markIdle(one), text: idleWords(one) })));
    this.told(whole <= 0 ? "" : `devices worked ${percent(Math.min(1, busy / whole))} of it${longest.length ? `, idle longest ${idleWords(longest[0])}` : ""}`);
  }

  /** Mark an idle time in the lanes, over the whole time; once more, and it is marked no longer. */
  markIdle(one) {
    this.marked = this.marked?.begin === one.begin ? null : one;
    this.window = Number(this.windows.value = "0");
    if (this.full) this.forms.click();
    this.tell();
    this.paint();
  }

  /** Bring the timeline into sight, from the tile that says how long devices idled. */
  sight() {
    this.element.scrollIntoView({ block: "center" });
    this.longest.querySelector("button")?.focus({ preventScroll: true });
  }

  came(record) {
    if (/Started|Finished|Asked|Answered|Lost|Voided|Stopped|Scored/.test(record.type)) this.again();
  }

  draw(asOf, run) {
    this.asOf = asOf ? Date.parse(asOf) / 1000 : null;
    this.run = run;
    fill(this.keys, legend(this.spans, this.run));
    if (this.last) this.tell();
    this.paint();
  }

  paint() {
    this.canvas.hidden = !this.spans.length;
    if (!this.spans.length) this.times.textContent = "Nothing has run yet";
    const width = this.canvas.parentElement.clientWidth;
    if (!width || !this.spans.length) return;
    const until = this.asOf ?? (this.spans.some((one) => !one[2]) ? Math.max(this.last, Date.now() / 1000) : this.last);
    const begin = Math.min(...[this.spans[0][1]], until);
    const from = this.window ? Math.max(begin, until - this.window) : begin;
    const seen = this.spans.filter((one) => one[1] <= until && (one[2] ?? until) >= from);
    this.places = [];
    if (this.full) this.paintFull(seen, until, width);
    else this.paintLanes(seen, from, until, width);
  }

  pen(width, height) {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = height * ratio;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    return pen;
  }

  paintLanes(seen, from, until, width) {
    const devices = [...new Set(this.spans.filter(([kind]) => isWork(kind)).map((one) => one[5] || "cpu"))].sort();
    const agents = this.spans.some(([kind]) => kind !== "runner" && !isWork(kind));
    const names = ["events", ...(agents ? ["agent"] : []), ...devices, "runner"];
    const pen = this.pen(width, TOP + names.length * LANE + 8);
    const colour = colours(this.canvas);
    const wide = width - LEFT - 10;
    const x = (time) => LEFT + (wide * (Math.max(from, time) - from)) / Math.max(0.001, until - from);
    timeAxis(pen, colour, from, until, x, TOP + names.length * LANE);
    names.forEach((name, lane) => {
      pen.fillStyle = colour.faint;
      pen.textAlign = "right";
      pen.fillText(clean(["cpu", "agent", "runner", "events"].includes(name) ? name.replace("cpu", "CPU") : `device ${name}`, 12), LEFT - 8, TOP + lane * LANE + LANE / 2);
    });
    this.drawn = { from, until, wide, floor: TOP + names.length * LANE };
    this.points(pen, colour, from, until, x);
    const drawn = new Map(); // lane and kind -> the place up to which something stands there
    for (const span of seen) {
      const [kind, begin, end, iteration, , device] = span;
      const name = laneOf(kind, device);
      const lane = names.indexOf(name);
      const reached = x(end ?? until);
      if (end !== null && reached < (drawn.get(`${lane}${kind}`) ?? 0) + 0.7) continue;
      drawn.set(`${lane}${kind}`, reached);
      const top = TOP + lane * LANE + (kind === "runner" ? 9 : 3);
      const high = kind === "runner" ? LANE - 18 : LANE - 6;
      this.bar(pen, colour, span, x(begin), x(end === null || end > until ? until : end), top, high, end === null || end > until);
      const room = x(end ?? until) - x(begin);
      if (iteration !== null && room > 22) text(pen, colour, `${iteration}`, x(begin) + 4, top + high / 2);
    }
    if (this.marked && this.marked.begin < until) markTime(pen, colour, x(this.marked.begin), x(Math.min(until, this.marked.end)), TOP + LANE, this.drawn.floor);
  }

  /** Draw single events: each verdict, and each act of a human. Where they would lie on one another, one of a kind. */
  points(pen, colour, from, until, x) {
    const middle = TOP + LANE / 2;
    const last = new Map();
    const point = (kind, time, seq, iteration, words) => {
      const place = x(time);
      if (time < from || time > until || place < (last.get(kind) ?? -9) + 2) return;
      last.set(kind, place);
      mark(pen, colour, kind, place, middle);
      this.places.push([["point", time, time, iteration, seq, words], place - 4, place + 4, middle - 8, 16]);
    };
    const closed = [...(this.run?.closed ?? [])].sort((one, other) => (one.row.status === "keep") - (other.row.status === "keep"));
    for (const { seq, row } of closed) point(kindOf(row.status), Date.parse(row.closed_at) / 1000, seq, row.iteration, `#${row.iteration} ${STATUS[row.status] ?? row.status}`);
    for (const [seq, at, type] of this.run?.human ?? []) point("human", Date.parse(at) / 1000, seq, null, typeWords(type));
  }

  paintFull(seen, until, width) {
    const statuses = new Map((this.run?.closed ?? []).filter(({ row }) => Date.parse(row.closed_at) / 1000 <= until).map(({ row }) => [row.iteration, row.status]));
    const groups = new Map();
    for (const span of seen) if (span[3] !== null) groups.set(span[3], [...(groups.get(span[3]) ?? []), span]);
    const shown = [...groups].sort(([one], [other]) => other - one).slice(0, ROWS);
    const longest = Math.max(0.001, ...shown.map(([, spans]) => Math.max(...spans.map((one) => Math.min(until, one[2] ?? until))) - spans[0][1]));
    const pen = this.pen(width, TOP + shown.length * ROW + 8);
    const colour = colours(this.canvas);
    const wide = width - LEFT - 10;
    const x = (seconds) => LEFT + (wide * seconds) / longest;
    pen.fillStyle = colour.faint;
    pen.textAlign = "left";
    const parts = longest < 0.05 ? 0 : Math.max(1, Math.min(4, Math.floor(wide / TICK_WIDTH)));
    for (let index = 0; index <= parts; index += 1) {
      pen.textAlign = index === 0 ? "left" : index === parts ? "right" : "center";
      pen.fillText(duration((longest * index) / Math.max(1, parts)), x((longest * index) / Math.max(1, parts)), 9);
    }
    shown.forEach(([iteration, spans], lane) => {
      const begin = spans[0][1];
      const top = TOP + lane * ROW;
      pen.fillStyle = colour.faint;
      pen.textAlign = "right";
      pen.fillText(`#${iteration}`, LEFT - 8, top + ROW / 2);
      const end = Math.max(...spans.map((one) => Math.min(until, one[2] ?? until)));
      pen.fillStyle = colour.line;
      pen.fillRect(x(0), top + ROW / 2 - 0.5, x(end - begin) - x(0), 1); // waiting is a line, work is a bar
      if (statuses.has(iteration)) mark(pen, colour, kindOf(statuses.get(iteration)), Math.min(width - 6, x(end - begin) + 7), top + ROW / 2);
      for (const span of spans) {
        const over = Math.min(until, span[2] ?? until);
        this.bar(pen, colour, span, x(span[1] - begin), x(over - begin), top + 3, ROW - 6, span[2] === null || span[2] > until);
        if (span[4] > 1 && x(over - begin) - x(span[1] - begin) > 20) text(pen, colour, `${span[4]}`, x(span[1] - begin) + 4, top + ROW / 2);
      }
    });
  }

  bar(pen, colour, span, begin, end, top, high, pending) {
    const kind = span[0];
    const wide = Math.max(1, end - begin);
    pen.fillStyle = kind === "runner" ? colour.line : kind === "train" ? colour.mark : kind === "evaluate" ? colour.link : colour.agent;
    pen.globalAlpha = pending ? 0.35 : kind === "runner" ? 1 : 0.85;
    pen.fillRect(begin, top, wide > 3 ? wide - 1 : wide, high);
    pen.globalAlpha = 1;
    if (pending && kind !== "runner") {
      pen.setLineDash([3, 3]);
      pen.strokeStyle = colour.text;
      pen.strokeRect(begin + 0.5, top + 0.5, wide - 1, high - 1);
      pen.setLineDash([]);
    }
    this.places.push([span, begin, end, top, high]);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = this.places.findLast(([, begin, end, top, high]) => x >= begin - 2 && x <= end + 2 && y >= top && y <= top + high);
    const idle = found && found[0][0] !== "runner" ? null : this.idleAt(x, y);
    const runner = found?.[0][0] === "runner";
    this.near = runner ? null : found?.[0] ?? null;
    this.tip.hidden = !found && !idle;
    this.canvas.classList.toggle("hit", Boolean(this.near));
    if (idle) fill(this.tip, h("b", { text: "No device at work" }), h("p", { text: idleWords(idle) }));
    if (idle || !found) return idle && this.placeTip(x, y, box);
    const [kind, begin, end, iteration, count, device] = found[0];
    if (kind === "point") {
      fill(this.tip, h("b", { text: device }), h("p", { text: `event ${count}, ${clock(new Date(begin * 1000).toISOString())}: click shows all as of then` }));
      return this.placeTip(x, y, box);
    }
    fill(this.tip, h("b", { text: runner ? "runner: asks for changes, trains, decides" : `#${iteration} ${kind}${count > 1 ? ` ${count}` : ""}` }), h("span", { text: device ? ` on ${clean(device, 40)}` : "" }),
      h("p", { text: `${end === null ? "runs" : duration(end - begin)}, from ${clock(new Date(begin * 1000).toISOString())}` }));
    return this.placeTip(x, y, box);
  }

  /** Return the idle time at a place of the lanes. */
  idleAt(x, y) {
    if (this.full || x < LEFT || y < TOP || y > this.drawn.floor) return null;
    const { from, until, wide } = this.drawn;
    return idleAt(this.idles, from + ((x - LEFT) * (until - from)) / wide, until);
  }

  placeTip(x, y, box) {
    this.tip.style.transform = `translate(${Math.min(x + 12, box.width - this.tip.offsetWidth - 4)}px, ${y + 14}px)`;
  }
}

const isWork = (kind) => kind === "train" || kind === "evaluate";
/** Name the lane of a span: whatever is no work of a device and no runner is an agent's, as an edit and a review. */
export const laneOf = (kind, device) => (kind === "runner" ? "runner" : isWork(kind) ? device || "cpu" : "agent");

/** Return the marks that this run has, each with its word. */
function legend(spans, run) {
  const there = new Set(spans.map(([kind]) => (laneOf(kind) === "agent" ? "agent" : kind)));
  for (const { row } of run?.closed ?? []) there.add(kindOf(row.status));
  if (run?.human.length) there.add("human");
  return KEYS.filter(([kind]) => there.has(kind)).map(([kind, words]) => h("span", {}, h("i", { class_: `key k-${kind}` }), words));
}

/** Frame a time in all lanes; one that is too short to be seen by an arrow, too. */
function markTime(pen, colour, begin, end, top, floor) {
  const [left, wide] = [Math.min(begin, (begin + end) / 2 - 3), Math.max(6, end - begin)];
  pen.globalAlpha = 0.22;
  pen.fillStyle = colour.warn;
  pen.fillRect(left, top, wide, floor - top);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour.warn;
  pen.lineWidth = 1.5;
  pen.strokeRect(left, top + 0.75, wide, floor - top - 1.5);
}

function kindOf(status) {
  return status === "keep" ? "keep" : ["crash", "not_applied", "accident"].includes(status) ? "failed" : "other";
}

function mark(pen, colour, kind, x, y) {
  pen.fillStyle = { keep: colour.mark, failed: colour.bad, human: colour.warn, other: colour.result }[kind];
  pen.beginPath();
  if (kind === "human") {
    for (const [right, down] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) pen.lineTo(x + right, y + down);
    pen.closePath();
  } else pen.arc(x, y, kind === "keep" ? 4 : 2.4, 0, 2 * Math.PI);
  pen.fill();
}

function text(pen, colour, said, x, y) {
  pen.fillStyle = colour.panel;
  pen.textAlign = "left";
  pen.fillText(said, x, y + 0.5);
}

function timeAxis(pen, colour, from, until, x, floor) {
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, DAY_S];
  const most = Math.max(1, Math.min(7, Math.floor((x(until) - x(from)) / TICK_WIDTH)));
  const step = steps.find((one) => (until - from) / one <= most) ?? DAY_S * Math.ceil((until - from) / DAY_S / most);
  pen.strokeStyle = colour.line;
  pen.fillStyle = colour.faint;
  pen.textAlign = "center";
  for (let time = Math.ceil(from / step) * step; time <= until; time += step) {
    pen.beginPath();
    pen.moveTo(Math.round(x(time)) + 0.5, TOP - 4);
    pen.lineTo(Math.round(x(time)) + 0.5, floor);
    pen.stroke();
    const at = new Date(time * 1000).toISOString();
    const said = step >= DAY_S ? at.slice(0, 10) : clock(at, step < 60);
    const half = pen.measureText(said).width / 2;
    pen.fillText(said, Math.min(x(time), x(until) + 8 - half), 9);
  }
}
