// One experiment in a drawer: why it was judged so, pair by pair; what it changed; who said what; what happened.

import { get } from "./api.js";
import { STATUS, STEPS, chip, clean, duration, fill, h, interval, later, money, number, proposer, signed, sure } from "./dom.js";
import { LiveLog } from "./livelog.js";
import { ruleOf } from "./model.js";
import { records } from "./side.js";

const PART = 20000; // characters of a text that are shown at first
const DIFF_LINES = 1200;
const OUTCOMES = { ok: "answered", cancelled: "called back" };

export class Drawer {
  constructor({ base, closed, goTo, open, steer }) {
    Object.assign(this, { base, closed, goTo, open, steer });
    this.against = "base";
    this.live = new LiveLog({ base });
    this.body = h("div", { class_: "body" });
    this.title = h("h2", { text: "" });
    this.element = h("section", { class_: "drawer", role: "dialog", "aria-label": "Experiment", hidden: true, tabindex: -1 },
      h("div", { class_: "top" },
        h("button", { type: "button", "aria-label": "The one before", onclick: () => this.number > 0 && this.open(this.number - 1), text: "‹" }),
        this.title,
        h("button", { type: "button", "aria-label": "The next one", onclick: () => this.open(this.number + 1), text: "›" }),
        h("button", { type: "button", class_: "control", onclick: () => this.retract(), text: "retract" }),
        h("button", { type: "button", class_: "close", "aria-label": "Close (Esc)", onclick: () => this.close(), text: "✕ close" })),
      this.body);
    this.again = later(300, () => this.show(this.number, this.at, true));
  }

  async show(number, at, quiet = false) {
    const fresh = this.element.hidden || this.number !== number;
    if (this.number !== number) this.against = "base";
    this.number = number;
    this.at = at;
    this.element.hidden = false;
    document.body.classList.add("drawn");
    this.title.textContent = `Iteration ${number}`;
    if (fresh && !quiet) this.element.focus({ preventScroll: true });
    const asked = (this.asked = (this.asked ?? 0) + 1);
    let found;
    try {
      const [experiment, best] = await Promise.all([this.fetch(number, at), this.bestCurve(at)]);
      found = experiment;
      found.bestCurve = best;
    } catch (error) {
      if (asked === this.asked) fill(this.body, h("p", { class_: "banner warn", text: error.message }));
      return;
    }
    if (asked !== this.asked || this.element.hidden) return;
    const opened = [...this.body.querySelectorAll("details")].map((one) => one.open);
    this.draw(found);
    const now = this.body.querySelectorAll("details");
    if (!fresh && now.length === opened.length) now.forEach((one, index) => { one.open = opened[index]; });
    if (fresh) this.body.scrollTop = 0;
  }

  fetch(number, at) {
    const query = new URLSearchParams({ against: this.against, ...(at === null ? {} : { at }) });
    return get(`${this.base}/experiments/${number}?${query}`);
  }

  async bestCurve(at) {
    try {
      const overview = await get(`${this.base}/overview${at === null ? "" : `?at=${at}`}`);
      this.metric = overview.status.metric;
      const best = overview.best_iteration;
      if (best === null || best === this.number) return [];
      return (await get(`${this.base}/experiments/${best}${at === null ? "" : `?at=${at}`}`)).curve;
    } catch {
      return [];
    }
  }

  came(recordOf, at) {
    if (!this.element.hidden && at === null && recordOf.iteration === this.number) this.again();
  }

  close(tell = true) {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.number = null;
    this.live.follow(null);
    document.body.classList.remove("drawn");
    if (tell) this.closed();
  }

  draw(found) {
    const proposal = found.proposal ?? {};
    const running = this.at === null ? found.running.at(-1) : null;
    this.live.follow(running ? [found.iteration, ...running] : null);
    fill(this.body,
      h("p", { class_: "said", dir: "auto", text: clean(found.description || "no description yet", 600) }),
      h("div", { class_: "figures" },
        small("status", chip(found.status)), small(clean(this.metric ?? "metric", 40), number(found.metric), measured(found)), small("gain", interval(found.gain, found.half_width)),
        small("sure", h("span", { title: "How probable it is that the change is better, by its gain, by what seeds differ, and by what changes of this run brought so far: also a gain of 0 leaves room for a better one.", text: sure(found.probability) })), small("trained", duration(found.seconds)), small("memory", found.memory_gb ? `${found.memory_gb.toFixed(1)} GB` : "–"),
        small("who", clean(proposer(found), 80)), small("cost", money(found.cost_usd))),
      found.left_out && h("p", { class_: "quiet", text: found.left_out }), verdict(found), this.live.element, pairs(found), this.curves(found), this.diff(found), proposed(proposal, found), calls(found), log(found),
      h("details", { class_: "part" }, h("summary", { text: "Conditions" }), list({ ...found.conditions, ...found.metrics, commit: found.commit, base: found.base_commit, artifacts: found.artifacts })),
      h("details", { class_: "part", open: true }, h("summary", { text: `Events (${found.events.length})` }),
        records(h("ol", { class_: "events" }), found.events.map((one) => ({ ...one, iteration: null })), this)));
  }

  retract() {
    const why = prompt(`Why is the result of iteration ${this.number} not to be believed? Agents read it.`);
    if (why) this.steer.say({ command: "retract", number: String(this.number), why }).then(() => this.close());
  }

  diff(found) {
    const turn = (against) => { this.against = against; this.show(this.number, this.at, true); };
    const named = Object.fromEntries([["base", "its base"], ["best", "the best"], ["baseline", "the baseline"]]);
    const isOther = !(this.against in named);
    const other = h("input", { type: "number", min: 0, value: isOther ? this.against : "", hidden: !isOther, "aria-label": "Against which iteration",
      onchange: () => other.value !== "" && turn(other.value) });
    const choose = h("select", { "aria-label": "Against", onchange: () => {
      if (choose.value !== "other") return turn(choose.value);
      other.hidden = false;
      return other.focus();
    } },
    [...Object.entries(named), ["other", "iteration …"]].map(([value, words]) => h("option", { value, text: words, selected: value === (isOther ? "other" : this.against) })));
    return h("details", { class_: "part", open: true }, h("summary", { text: "Change" }),
      h("p", { class_: "small" }, "against ", choose, " ", other), diffLines(found.diff, `autoresearch show ${found.iteration} --diff`));
  }

  curves(found) {
    const [own, best] = [found.curve, found.bestCurve];
    if (own.length < 2) return null;
    // The first tenth falls so far that nothing else could be seen.
    const late = (points) => points.filter(([share]) => share >= 8);
    const all = [...late(own), ...late(best)].map(([, loss]) => loss);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const path = (points) => late(points).map(([share, loss], index) => `${index ? "L" : "M"}${(4 + share * 5.9).toFixed(1)} ${(150 - (142 * (loss - low)) / (high - low || 1)).toFixed(1)}`).join("");
    return h("details", { class_: "part", open: true }, h("summary", { text: "Loss" }),
      h("div", { class_: "loss" }, h("span", { text: high.toFixed(4) }), h("span", { text: low.toFixed(4) }),
        h("svg", { class_: "curve", viewBox: "0 0 600 156", preserveAspectRatio: "none", role: "img", "aria-label": `loss from ${high.toFixed(4)} to ${own.at(-1)[1].toFixed(4)}` },
          best.length > 1 && h("svg:path", { class_: "of-best", d: path(best) }), h("svg:path", { d: path(own) }))),
      h("p", { class_: "small" }, `ends at ${own.at(-1)[1].toFixed(4)}`, best.length > 1 ? `; the best (thin) at ${best.at(-1)[1].toFixed(4)}` : ""));
  }
}

function small(name, ...said) {
  return h("div", { class_: "figure" }, h("h3", { text: name }), h("p", {}, said));
}

/** Say of how many seeds a number is the mean, and what it is with those that were measured since. */
function measured({ metric, seeds, kept }) {
  if (metric === null || !seeds) return null;
  const of = (count) => (count > 1 ? `mean of ${count} seeds` : "on 1 seed");
  return h("span", { class_: "small" }, ` ${of(seeds)}`, kept && number(kept.metric) !== number(metric) && `; with those measured since ${number(kept.metric)}, ${of(kept.seeds)}`);
}

function verdict(found) {
  const given = Object.entries(found.inputs ?? {}).filter(([, value]) => value !== null && value !== "");
  const status = STATUS[found.status] ?? found.status;
  const reason = clean(found.reason || "no verdict yet", 1000);
  return h("section", { class_: "verdict" },
    h("p", { dir: "auto" }, !reason.startsWith(status) && h("b", { text: `${status}: ` }), reason),
    given.length > 0 && h("details", {}, h("summary", { text: `the arithmetic${ruleOf(found) && ` of the rule ${clean(ruleOf(found), 40)}`}` }), list(Object.fromEntries(given))));
}

function pairs(found) {
  if (!found.pairs.length) return null;
  const gains = found.pairs.map((one) => one.gain).filter((one) => one !== null);
  const mean = gains.length ? gains.reduce((sum, one) => sum + one, 0) / gains.length : null;
  return h("details", { class_: "part", open: true }, h("summary", { text: "Pairs, seed by seed" }),
    h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class_: "pairs" },
      h("thead", {}, h("tr", {}, ["seed", `base (#${found.pairs[0].base_iteration})`, "this", "gain"].map((name) => h("th", { scope: "col", class_: "n", text: name })))),
      h("tbody", {}, found.pairs.map((one) => h("tr", {}, [String(one.seed ?? `repeat ${one.repeat}`), number(one.base), number(one.candidate), signed(one.gain)].map((said) => h("td", { class_: "n", text: said }))))),
      mean !== null && h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 3, text: "mean gain" }), h("td", { class_: "n", text: interval(mean, found.half_width) }))))));
}

function proposed(proposal, found) {
  const settings = Object.entries(proposal.set ?? found.settings ?? {}).map(([name, value]) => `${name} = ${value}`);
  const words = [["plan", proposal.change_plan], ["hypothesis", proposal.hypothesis], ["expected", proposal.expected], ["commit", proposal.commit_description]].filter(([, said]) => said);
  if (!words.length && !settings.length) return null;
  return h("details", { class_: "part", open: true }, h("summary", { text: "Proposal" }),
    settings.length > 0 && h("p", {}, settings.map((one) => h("code", { class_: "set", text: clean(one, 200) }))),
    h("dl", { class_: "list" }, words.map(([name, said]) => h("div", {}, h("dt", { text: name }), h("dd", { dir: "auto", text: clean(said, 4000) })))));
}

function calls(found) {
  return found.calls.map((one) => {
    const usage = one.usage ?? {};
    const tokens = [usage.input_uncached, usage.input_cached].filter((count) => count !== null && count !== undefined).reduce((sum, count) => sum + count, 0);
    const said = [OUTCOMES[one.outcome] ?? one.outcome, one.seconds && duration(one.seconds), one.model && clean(one.model, 60), tokens ? `${tokens.toLocaleString("en")} tokens in` : "",
      usage.output ? `${usage.output.toLocaleString("en")} out` : "", usage.cost_usd ? money(usage.cost_usd) : ""].filter(Boolean).join(" · ");
    return h("details", { class_: "part" }, h("summary", {}, `${clean(one.agent, 40)}, asked to ${STEPS[one.step] ?? one.step}`, h("span", { class_: "quiet", text: ` ${said}` })),
      one.session && h("p", { class_: "small", text: `session ${clean(one.session, 80)}` }),
      text("prompt", one.prompt), text("raw answer", one.answer));
  });
}

function text(name, said) {
  if (said === null || said === undefined) return h("p", { class_: "quiet", text: `${name}: not there` });
  return h("details", {}, h("summary", { text: `${name} (${said.length.toLocaleString("en")} characters)` }), h("pre", { text: plain(said) }));
}

function log(found) {
  if (!found.log_tail) return null;
  return h("details", { class_: "part", open: found.status === "crash" }, h("summary", { text: "End of its log" }), h("pre", { text: plain(found.log_tail) }));
}

function plain(said) {
  return said.slice(0, PART).split("\n").map((line) => clean(line, 2000)).join("\n");
}

export function diffLines(diff, whole = "") {
  if (!diff) return h("p", { class_: "quiet", text: "no difference, or its commits are not in this repository" });
  const lines = diff.split("\n").filter((line) => !line.startsWith("index "));
  const shown = lines.slice(0, DIFF_LINES);
  return [h("pre", { class_: "diff", tabindex: 0, role: "region", "aria-label": "Difference" }, shown.map(diffLine)),
    lines.length > shown.length && h("p", { class_: "quiet", text: `and ${lines.length - shown.length} lines more${whole && `: ${whole}`}` })];
}

function diffLine(line) {
  const kind = line.startsWith("@@") ? "at" : /^(\+\+\+|---|diff |index )/.test(line) ? "file" : line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "";
  return h("span", { class_: kind, text: `${clean(line, 2000)}\n` });
}

function list(values) {
  const shown = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class_: "list" }, shown.map(([name, value]) => h("div", {}, h("dt", { text: name.replaceAll("_", " ") }),
    h("dd", { text: typeof value === "number" && !Number.isInteger(value) ? number(value) : clean(String(value), 400) }))));
}

