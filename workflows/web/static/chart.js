// All results over the iterations: keeps, the best so far, and the band that seeds alone make.

import { STATUS, clean, fill, h, interval, number, proposer, sure } from "./dom.js";
import { FORM } from "./form.js";
import { HEIGHT, ROOM, labels } from "./labels.js";
import { withinNoise } from "./model.js";

const SHOWN = new Set(FORM.shown);
const FAILED = new Set(["crash", "not_applied", "accident"]);
const NEAR = 22; // pixels
const INSET = 10; // so that the baseline's dot does not lie on the axis
const LANE = 20; // below the axis: what has no result
const THIN = 3; // pixels; a band that is thinner is not seen

export class Chart {
  constructor({ open }) {
    this.open = open;
    this.canvas = h("canvas", { tabindex: 0, role: "img", "aria-label": "Results", "data-arrows": true,
      onpointermove: (event) => this.point(event), onpointerleave: () => this.hide(),
      onclick: () => this.near && this.open(this.near.row.iteration),
      onkeydown: (event) => this.key(event), onblur: () => this.hide() });
    this.tip = h("div", { class_: "tip", role: "status", hidden: true });
    this.element = h("figure", { class_: "card chart" }, h("div", { class_: "plot" }, this.canvas, this.tip),
      this.none = h("p", { class_: "none quiet" }), this.legend = h("figcaption"));
    this.watch = new ResizeObserver(() => this.paint());
    this.watch.observe(this.element);
    this.turned = () => this.paint();
    addEventListener("themechange", this.turned);
    this.rows = [];
    this.all = [];
  }

  end() {
    this.watch.disconnect();
    removeEventListener("themechange", this.turned);
  }

  draw(rows, all, shown) {
    this.rows = rows;
    this.all = all;
    this.shown = shown;
    this.paint();
  }

  /** Return how iterations and values become places; the same at each event, so that nothing jumps. */
  scale(width) {
    const lower = this.shown?.lower_is_better ?? true;
    if (this.scaled?.all === this.all && this.scaled.width === width && this.scaled.lower === lower) return this.scaled;
    const values = this.all.filter(measured).map((row) => row.metric).sort((one, other) => (lower ? one - other : other - one));
    const usual = values.slice(0, Math.max(1, Math.ceil(FORM.ofAll * values.length)));
    let [low, high] = [Infinity, -Infinity];
    const take = (value) => { low = Math.min(low, value); high = Math.max(high, value); };
    usual.forEach(take);
    for (const row of this.all) if (row.status === "keep") take(row.metric);
    if (low > high) [low, high] = [0, 1];
    const room = (high - low) * FORM.room || Math.abs(high) * 0.01 || 1;
    [low, high] = [low - room, high + room];
    const last = Math.max(1, this.all.at(-1)?.iteration ?? 1);
    const wide = width - ROOM.left - ROOM.right - INSET;
    const floor = HEIGHT - ROOM.bottom - (this.all.some((row) => FAILED.has(row.status) || isUntrained(row)) ? LANE : 0);
    const tall = floor - ROOM.top;
    this.scaled = {
      floor,
      all: this.all, width, lower, low, high, last, beyond: values.length > 0 && (lower ? values.at(-1) > high : values.at(-1) < low),
      lane: floor < HEIGHT - ROOM.bottom ? floor + LANE / 2 : null,
      x: (iteration) => ROOM.left + INSET + (wide * iteration) / last,
      y: (value) => ROOM.top + tall - (tall * (Math.min(high, Math.max(low, value)) - low)) / (high - low),
    };
    return this.scaled;
  }

  paint() {
    const isEmpty = !this.all.some(measured);
    this.element.classList.toggle("nothing", isEmpty);
    this.none.textContent = this.all.length ? "No result yet" : "Nothing was tried yet";
    this.places = [];
    if (isEmpty) return;
    const width = this.canvas.parentElement.clientWidth;
    if (!width) return;
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== HEIGHT * ratio) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = HEIGHT * ratio;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, HEIGHT);
    const colour = colours(this.canvas);
    const scale = this.scale(width);
    axes(pen, scale, colour, width);
    const best = bestSoFar(this.rows, this.shown?.lower_is_better ?? true);
    this.paintBest(pen, scale, colour, best);
    const dense = this.all.length > 600;
    const behind = this.rows.at(-1)?.iteration ?? -1;
    pen.globalAlpha = 0.13;
    const coming = this.all.filter((row) => row.iteration > behind && measured(row));
    const every = Math.ceil(coming.length / 400); // where they lie over one another they would be no fainter
    coming.forEach((row, index) => index % every || dot(pen, scale, colour, row, dense));
    pen.globalAlpha = 1;
    const kept = [];
    for (const row of this.rows) {
      if (row.status === "keep" && measured(row)) kept.push(row);
      else this.place(row, dot(pen, scale, colour, row, dense));
    }
    for (const row of kept) this.place(row, dot(pen, scale, colour, row, dense));
    labels(pen, scale, colour, kept.filter((row) => row.iteration > 0), { width, dots: this.places, best });
    this.tellLegend(scale, kept);
    this.canvas.setAttribute("aria-label", `${this.rows.length} iterations, ${kept.length} kept; the table below has each`);
    if (this.near) this.mark(this.near);
  }

  /** Explain each mark that stands there, and no other. */
  tellLegend(scale, kept) {
    const count = (status) => this.rows.reduce((sum, row) => sum + (row.status === status), 0);
    const failed = [...FAILED].map((status) => [count(status), STATUS[status]]).filter(([many]) => many);
    const untrained = this.rows.reduce((sum, row) => sum + isUntrained(row), 0);
    const seeds = this.shown?.of_seeds;
    const band = seeds ? scale.y(scale.low) - scale.y(scale.low + 2 * seeds) : 0;
    const lower = this.shown?.lower_is_better ?? true;
    const said = [kept.length, failed, untrained, seeds, band < THIN, lower, scale.beyond];
    if (JSON.stringify(said) === this.said) return;
    this.said = JSON.stringify(said);
    fill(this.legend, key("kept", "kept"), kept.some(withinNoise) && key("hollow", "kept, within noise"), key("result", "not kept"),
      failed.length > 0 && key("failed", `failed: ${failed.map((one) => one.join(" ")).join(", ")}`),
      untrained > 0 && key("dash", `not trained, since the same code was measured: ${untrained}`),
      scale.beyond && h("span", { text: `${lower ? "▲" : "▼"} worse than this picture shows` }), h("span", { text: "line: best so far" }),
      seeds && h("span", { text: band < THIN ? `seeds alone differ by ± ${number(seeds)}, less than the line is thick` : `shaded: ± ${number(seeds)}, one standard deviation over seeds` }));
  }

  place(row, at) {
    if (at) this.places.push({ row, x: at[0], y: at[1] });
  }

  paintBest(pen, scale, colour, best) {
    if (!best.length) return;
    const ends = [...best, [Math.max(best.at(-1)[0], this.rows.at(-1).iteration), best.at(-1)[1]]];
    const seeds = this.shown?.of_seeds;
    pen.fillStyle = colour.band;
    for (let index = 0; seeds && index + 1 < ends.length; index += 1) {
      const [begin, value] = ends[index];
      const [top, floor] = [scale.y(value + seeds), scale.y(value - seeds)];
      pen.fillRect(scale.x(begin), top, scale.x(ends[index + 1][0]) - scale.x(begin), floor - top);
    }
    pen.strokeStyle = colour.mark;
    pen.lineWidth = 1.8;
    pen.beginPath();
    pen.moveTo(scale.x(ends[0][0]), scale.y(ends[0][1]));
    for (let index = 1; index < ends.length; index += 1) {
      pen.lineTo(scale.x(ends[index][0]), scale.y(ends[index - 1][1]));
      pen.lineTo(scale.x(ends[index][0]), scale.y(ends[index][1]));
    }
    pen.stroke();
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let found = null;
    let nearest = NEAR ** 2;
    for (const one of this.places ?? []) {
      const distance = (one.x - x) ** 2 + (one.y - y) ** 2 - (one.row.status === "keep" ? 20 : 0);
      if (distance < nearest) [found, nearest] = [one, distance];
    }
    if (found?.row !== this.near?.row) this.choose(found);
  }

  key(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const inOrder = [...(this.places ?? [])].sort((one, other) => one.row.iteration - other.row.iteration);
    if (direction && inOrder.length) {
      const now = inOrder.findIndex((one) => one.row === this.near?.row);
      const next = now < 0 ? inOrder.length - 1 : Math.min(inOrder.length - 1, Math.max(0, now + direction));
      this.choose(inOrder[next]);
      event.preventDefault();
    } else if (event.key === "Enter" && this.near) this.open(this.near.row.iteration);
  }

  choose(found) {
    this.near = found;
    this.paint();
    if (!found) this.tip.hidden = true;
  }

  mark({ row }) {
    const at = this.places.find((one) => one.row.iteration === row.iteration);
    if (!at) return this.hide();
    const pen = this.canvas.getContext("2d");
    pen.strokeStyle = colours(this.canvas).text;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(at.x, at.y, 8, 0, 2 * Math.PI);
    pen.stroke();
    const surely = row.probability === null || row.probability === undefined ? "" : `, ${sure(row.probability)} sure`;
    fill(this.tip, h("b", { text: `#${row.iteration} ${STATUS[row.status] ?? row.status}` }),
      h("span", { text: row.metric === null ? "" : number(row.metric) }),
      row.gain === null ? null : h("span", { text: `gain ${interval(row.gain, row.half_width)}${surely}` }),
      h("p", { dir: "auto", text: clean(row.description, 160) }),
      h("p", { class_: "quiet", text: [row.source === "baseline" ? "" : `by ${clean(proposer(row), 60)}`, row.status === "keep" ? "" : clean(row.reason, 120)].filter(Boolean).join(" · ") }));
    this.tip.hidden = false;
    const wide = this.canvas.parentElement.clientWidth;
    const left = Math.min(Math.max(4, at.x + 14), wide - this.tip.offsetWidth - 4);
    const covers = left < at.x + 12;
    const top = covers ? at.y + 16 : Math.min(at.y - 10, HEIGHT - this.tip.offsetHeight - 4);
    this.tip.style.transform = `translate(${left}px, ${Math.max(2, top)}px)`;
    return undefined;
  }

  hide() {
    if (!this.near) return;
    this.near = null;
    this.tip.hidden = true;
    this.paint();
  }
}

function key(kind, words) {
  return h("span", {}, h("i", { class_: `key ${kind}`, "aria-hidden": "true" }), words);
}

function measured(row) {
  return row.metric !== null && row.metric !== undefined && SHOWN.has(row.status);
}

/** Say whether a row is closed without a training, since its code was known. */
function isUntrained(row) {
  return row.metric === null && row.status !== "open" && !FAILED.has(row.status);
}

/** Return each iteration that became the best; what was taken back never was. */
export function bestSoFar(rows, lower) {
  const found = [];
  for (const row of rows) {
    if (row.status !== "keep" || row.metric === null) continue;
    const last = found.at(-1);
    if (!last || row.iteration === 0 || row.gain !== null || (lower ? row.metric < last[1] : row.metric > last[1])) {
      found.push([row.iteration, row.metric]);
    }
  }
  return found;
}

function dot(pen, scale, colour, row, dense) {
  const x = scale.x(row.iteration);
  if (row.status === "open") return open(pen, x, colour, scale.floor);
  if (FAILED.has(row.status)) return cross(pen, [x, scale.lane], colour, dense);
  if (row.metric === null) return untrained(pen, [x, scale.lane], colour);
  if (!measured(row)) return null;
  const kept = row.status === "keep";
  const y = scale.y(row.metric);
  pen.fillStyle = kept ? (withinNoise(row) ? colour.panel : colour.mark) : colour.result;
  pen.strokeStyle = kept ? colour.mark : colour.result;
  pen.lineWidth = 1.6;
  if (dense && !kept) {
    pen.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
    return [x, y];
  }
  pen.beginPath();
  if (row.metric > scale.high || row.metric < scale.low) {
    const tip = row.metric > scale.high ? -5 : 5;
    pen.moveTo(x, y + tip);
    pen.lineTo(x + 4, y - tip * 0.4);
    pen.lineTo(x - 4, y - tip * 0.4);
    pen.closePath();
  } else pen.arc(x, y, kept ? (dense ? 2.6 : FORM.radiusKept) : FORM.radius, 0, 2 * Math.PI);
  pen.fill();
  if (kept) pen.stroke();
  return [x, y];
}

function open(pen, x, colour, floor) {
  pen.strokeStyle = colour.link;
  pen.setLineDash([3, 4]);
  pen.lineWidth = 1.2;
  pen.beginPath();
  pen.moveTo(x, ROOM.top);
  pen.lineTo(x, floor);
  pen.stroke();
  pen.setLineDash([]);
  return [x, HEIGHT / 2];
}

function cross(pen, [x, y], colour, dense) {
  const size = dense ? 2 : 3;
  pen.strokeStyle = colour.bad;
  pen.lineWidth = 1.4;
  pen.beginPath();
  pen.moveTo(x - size, y - size);
  pen.lineTo(x + size, y + size);
  pen.moveTo(x + size, y - size);
  pen.lineTo(x - size, y + size);
  pen.stroke();
  return [x, y];
}

/** Mark what was not trained, since its code was known. */
function untrained(pen, [x, y], colour) {
  pen.fillStyle = colour.result;
  pen.fillRect(x - 2.5, y - 0.7, 5, 1.4);
  return [x, y];
}

function axes(pen, scale, colour, width) {
  pen.font = "12px system-ui, sans-serif";
  pen.lineWidth = 1;
  pen.strokeStyle = colour.line;
  pen.fillStyle = colour.faint;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of ticks(scale.low, scale.high)) {
    const y = Math.round(scale.y(value)) + 0.5;
    pen.beginPath();
    pen.moveTo(ROOM.left, y);
    pen.lineTo(width - ROOM.right, y);
    pen.stroke();
    pen.fillText(Number(value.toPrecision(7)).toString(), ROOM.left - 8, y);
  }
  if (scale.lane) pen.fillText("no result", ROOM.left - 8, scale.lane);
  if (scale.lane) pen.strokeRect(ROOM.left, Math.round(scale.floor) + 0.5, width - ROOM.left - ROOM.right, 0);
  pen.textAlign = "center";
  for (const value of ticks(0, scale.last)) {
    if (Number.isInteger(value)) pen.fillText(String(value), scale.x(value), HEIGHT - ROOM.bottom + 16);
  }
}

export function ticks(low, high) {
  const rough = (high - low) / FORM.ticks;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => size * times).find((one) => one >= rough * 0.999);
  const found = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + 1e-9 * step; index += 1) found.push(index * step);
  return found;
}

export function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return Object.fromEntries(["text", "faint", "line", "mark", "result", "band", "bad", "link", "panel", "warn", "agent"].map((name) => [name, of(name)]));
}
