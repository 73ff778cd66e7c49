// The timeline: what ran when. Compact, with a lane for each device and for agents; or full, an iteration a row.

import { get } from "./api.js";
import { STATUS, clean, clock, duration, fill, h, later, percent, typeWords } from "./dom.js";
import { colours } from "./chart.js";

const LANE = 24;
const ROW = 18; // of the full form
const ROWS = 30; // iterations in the full form
const SPANS = [["all", 0], ["last hour", 3600], ["last 10 min", 600]];
const LEFT = 78;
const TICK_WIDTH = 84; // pixels that a time of the axis takes, with the room beside it
const TOP = 22;
const DAY_S = 86400;
const GAPS = 3; // of the longest, told in words

export class Lanes {
  constructor({ base, open, goTo, came, told }) {
    Object.assign(this, { base, open, goTo, took: came, told, spans: [], asOf: null, window: 0, full: false, places: [] });
    this.canvas = h("canvas", { role: "img", "aria-label": "What ran when", onpointermove: (event) => this.point(event),
      onpointerleave: () => { this.tip.hidden = true; }, onclick: () => this.near && (this.near[0] === "point" ? this.goTo(this.near[4]) : this.open(this.near[3])) });
    this.tip = h("div", { class_: "tip", hidden: true });
    this.times = h("p", { class_: "small" });
    const windows = h("select", { "aria-label": "How much of the time", onchange: () => { this.window = Number(windows.value); this.paint(); } },
      SPANS.map(([words, value]) => h("option", { value, text: words })));
    this.forms = h("button", { type: "button", "aria-pressed": "false", text: "by iteration", onclick: () => {
      this.full = !this.full;
      this.forms.setAttribute("aria-pressed", String(this.full));
      this.paint();
    } });
    this.element = h("section", { class_: "card lanes", "aria-label": "Timeline" },
      h("div", { class_: "tools" }, h("h2", { text: "Timeline" }), this.forms, windows,
        h("span", { class_: "legend" }, [["agent", "agent"], ["train", "train"], ["evaluate", "evaluate"], ["keep", "kept"], ["human", "a human's act"]].map(([kind, words]) => h("span", {}, h("i", { class_: `key k-${kind}` }), words)))),
      this.times, h("div", { class_: "plot" }, this.canvas, this.tip));
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
    const { time } = found;
    const share = (seconds) => `${duration(seconds)} (${percent(seconds / Math.max(1, time.elapsed_s))})`;
    this.work = this.spans.filter(([kind]) => isWork(kind)).map(([, begin, end]) => [begin, end ?? Infinity]).sort(byBegin);
    this.rests = (found.rests ?? []).map(([begin, end]) => [Date.parse(begin) / 1000, end === null ? Infinity : Date.parse(end) / 1000]);
    this.took(found);
    this.whole = [`${duration(time.elapsed_s)} in all: ${share(time.busy_s)} training or evaluating, ${share(time.waiting_s)} waiting beside a runner, ${share(time.away_s)} with no runner`,
      time.rest_s >= 1 ? `; beside that ${duration(time.rest_s)} at rest` : "",
      time.lost || time.voided ? ` · ${time.lost} lost by the machine's fault, ${time.voided} void` : ""];
    this.tell();
    this.paint();
  }

  /** Say in few words how much of the time devices worked, and when they idled longest, as of then. */
  tell() {
    const until = this.asOf ?? this.last;
    const worked = merged(this.work, until);
    const rested = this.rests.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(end, until) - begin), 0);
    const whole = this.spans.length ? until - this.spans.reduce((first, one) => Math.min(first, one[1]), Infinity) - rested : 0;
    const busy = worked.reduce((sum, [begin, end]) => sum + end - begin, 0);
    const idle = gaps(this.work, this.rests, until).slice(0, GAPS).map(gapWords);
    const [longest] = idle;
    const then = whole <= 0 ? "" : `${duration(whole)} until then: ${duration(busy)} (${percent(Math.min(1, busy / whole))}) training or evaluating`;
    fill(this.times, this.asOf === null ? this.whole : then, idle.length ? `. Longest with no device at work: ${idle.join(", ")}` : "");
    this.told(whole <= 0 ? "" : `devices worked ${percent(Math.min(1, busy / whole))} of it${longest ? `, idle longest ${longest}` : ""}`);
  }

  came(record) {
    if (/Started|Finished|Asked|Answered|Lost|Voided|Stopped|Scored/.test(record.type)) this.again();
  }

  draw(asOf, run) {
    this.asOf = asOf ? Date.parse(asOf) / 1000 : null;
    this.run = run;
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
    if (kind !== "runner") this.places.push([span, begin, end, top, high]);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = this.places.findLast(([, begin, end, top, high]) => x >= begin - 2 && x <= end + 2 && y >= top && y <= top + high);
    this.near = found?.[0] ?? null;
    this.tip.hidden = !found;
    this.canvas.classList.toggle("hit", Boolean(found));
    if (!found) return undefined;
    const [kind, begin, end, iteration, count, device] = found[0];
    if (kind === "point") {
      fill(this.tip, h("b", { text: device }), h("p", { text: `event ${count}, ${clock(new Date(begin * 1000).toISOString())}: click shows all as of then` }));
      return this.placeTip(x, y, box);
    }
    fill(this.tip, h("b", { text: `#${iteration} ${kind}${count > 1 ? ` ${count}` : ""}` }), h("span", { text: device ? ` on ${clean(device, 40)}` : "" }),
      h("p", { text: `${end === null ? "runs" : duration(end - begin)}, from ${clock(new Date(begin * 1000).toISOString())}` }));
    return this.placeTip(x, y, box);
  }

  placeTip(x, y, box) {
    this.tip.style.transform = `translate(${Math.min(x + 12, box.width - this.tip.offsetWidth - 4)}px, ${y + 14}px)`;
  }
}

const isWork = (kind) => kind === "train" || kind === "evaluate";
/** Name the lane of a span: whatever is no work of a device and no runner is an agent's, as an edit and a review. */
export const laneOf = (kind, device) => (kind === "runner" ? "runner" : isWork(kind) ? device || "cpu" : "agent");
const gapWords = ([begin, end]) => `${duration(end - begin)} from ${clock(new Date(begin * 1000).toISOString())}`;

const byBegin = ([one], [other]) => one - other;

/** Return intervals that are in order up to a time, those that touch as one. */
function merged(intervals, until) {
  const found = [];
  for (const [begin, end] of intervals) {
    if (begin > until) break;
    const last = found.at(-1);
    if (last && begin <= last[1]) last[1] = Math.max(last[1], Math.min(end, until));
    else found.push([begin, Math.min(end, until)]);
  }
  return found;
}

/** Return the times between trainings and evaluations in which a run was to go on, the longest first. */
export function gaps(work, rests, until) {
  const busy = merged(rests.length ? [...work, ...rests].sort(byBegin) : work, until);
  const found = busy.slice(1).map(([begin], index) => [busy[index][1], begin]);
  return found.filter(([begin, end]) => end - begin >= 1).sort((one, other) => other[1] - other[0] - (one[1] - one[0]));
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
