// What a run is worth, how sure that is, where it stands, and why it waits.

import { clean, clock, day, deviceTime, duration, fill, h, halted, interval, money, number, plural, proposer, share, signed, sure } from "./dom.js";
import { largestStep, withinNoise } from "./model.js";

const WAITS = new Set(["waiting", "paused", "failed", "interrupted", "unreadable"]);

export const OVER = new Set(["done", "stopped"]);

export class Headline {
  constructor({ open, judge, list, timeline }) {
    Object.assign(this, { open, judge, list, timeline });
    this.idle = h("p", { class_: "small" });
    this.element = h("section", { class_: "headline", "aria-label": "Where the run stands" });
  }

  draw(found, at, rows) {
    const run = found.status;
    fill(
      this.element,
      found.damage && h("div", { class_: "banner bad", role: "alert" },
        h("b", { text: "This history is damaged. " }),
        "What is shown is all that lies before. ", h("p", { text: clean(found.damage.what, 600) }),
        h("p", { class_: "quiet", text: clean(found.damage.way_out, 600) })),
      found.torn_bytes > 0 && h("p", { class_: "banner warn", role: "status", text:
        `The last write is not whole (${plural(found.torn_bytes, "byte")}): it was never acknowledged, and the next writer closes it off.` }),
      h("div", { class_: `stand p-${run.phase}` },
        h("span", { class_: `phase p-${run.phase}`, text: run.phase }),
        h("span", { class_: "why", dir: "auto", text: clean(stands(found), 500) }),
        at !== null && h("span", { class_: "then-mark", text: `as of event ${found.seq}, ${clock(run.as_of)}` }),
        whole(found, at)),
      OVER.has(run.phase) ? null : run.agents.filter((one) => !one.well).map((one) => h("p", { class_: "banner warn", text: failing(one) })),
      run.trouble && h("p", { class_: "banner bad", role: "alert", text: clean(run.trouble, 400) }),
      h("div", { class_: "figures" }, this.best(found, rows), gain(found), this.helped(rows), this.tried(run, rows), this.time(run, at), cost(found)));
  }

  /** Say how much of the time devices worked, and when they idled longest. */
  worked(words) {
    fill(this.idle, words && h("button", { type: "button", class_: "link", title: "Show when, in the timeline", onclick: () => this.timeline(), text: words }));
  }

  time(run, at) {
    const told = run.ends_at && !WAITS.has(run.phase) && !OVER.has(run.phase);
    const end = told && `${at === null ? "ends about" : "as of then: ends about"} ${clock(run.ends_at, run.seconds_left < 120)}, in ${duration(run.seconds_left)}`;
    return figure("time", duration(run.elapsed_s), small(`since ${day(run.started_at)}`), told && small(end), this.idle);
  }

  link(row) {
    const kind = row.agent ? " (agent)" : row.source === "search" ? " (no agent)" : "";
    return [h("button", { type: "button", class_: "link", onclick: () => this.open(row.iteration), text: `#${row.iteration}` }),
      h("span", { dir: "auto", text: ` ${clean(row.description, 60)}, by ${clean(proposer(row), 60)}${kind}` })];
  }

  best(found, rows) {
    const { best_metric: now, baseline_metric: first, metric } = found.status;
    if (now === null) return figure(`best ${clean(metric, 40)}`, "–", small("no result yet"));
    const seeds = found.status.seeds_in_common;
    const known = first && seeds !== null;
    const better = known && (found.lower_is_better ? now < first : now > first);
    const row = found.best_iteration ? rows.find((one) => one.iteration === found.best_iteration) : null;
    return figure(
      `best ${clean(metric, 40)}`, number(now),
      small(found.best_iteration === 0
        ? "the baseline itself"
        : ["baseline ", number(first), known && h("b", { class_: better ? "good" : "", text: ` ${share(now, first)}` }),
          seeds === null ? ", no seed in common" : seeds > 1 ? `, both the mean of ${seeds} seeds` : ", both on 1 seed"]),
      row && small(this.link(row)),
      row && small(ownNumber(row, now)),
      small(`${found.lower_is_better ? "lower" : "higher"} is better · rule `,
        h("button", { type: "button", class_: "link", title: "What another rule had kept", onclick: () => this.judge(), text: clean(found.keep_rule, 30) })));
  }

  /** Name the change that gained most on what was the best before it, and how sure that is. */
  helped(rows) {
    const row = largestStep(rows);
    if (!row) return figure("helped most", "–", small("nothing was kept yet"));
    const said = row.sureness ? `${row.sureness} on fresh seeds` : row.probability === null || row.probability === undefined ? "" : `${sure(row.probability)} sure`;
    const half = row.half_width === null || row.half_width === undefined ? "" : h("span", { class_: "half", text: `± ${number(row.half_width)}` });
    return figure("helped most", [signed(row.gain), " ", half], small(this.link(row)), small(said || "by one measurement each"));
  }

  /** Say how many came to what; each of these lists them in the table. */
  tried(run, rows) {
    const { counts } = run;
    const again = rows.filter((row) => row.status === "remeasured").length;
    const words = [
      ["kept", counts.kept, "keep"], ["discarded", counts.discarded, "discard"], ["vetoed", counts.vetoed, "vetoed"], ["crashed", counts.crashed, "crash"],
      ["stopped early", counts.stopped_early, "stopped_early"], ["not applied", counts.not_applied, "not_applied"], ["retracted", counts.retracted, "retracted"],
    ].filter(([name, count]) => count || name === "kept");
    const left = run.loops_left >= 900000 ? "goes on until it is stopped" : run.loops_left || !OVER.has(run.phase) ? `${plural(run.loops_left, "loop")} left` : "";
    return figure("tried", String(run.iterations_completed),
      small(words.map(([name, count, status], index) => [index ? " · " : "",
        count ? h("button", { type: "button", class_: "link", title: `List them, and why each was ${name}`, onclick: () => this.list(status), text: `${count} ${name}` }) : `${count} ${name}`])),
      again > 0 && small(h("span", { title: "What was measured again is no change that was tried; the table lists it, and the baseline, too.", text: `beside them ${again} measured again` })),
      small([left, run.comparisons ? h("span", { title: "Of a candidate with its base, one for each seed that both had: what was not trained has none. The more of them, the more may look better by chance.",
        text: plural(run.comparisons, "comparison") }) : ""].filter(Boolean).flatMap((one, index) => (index ? [" · ", one] : [one]))));
  }
}

/** Say whether the log holds: every line that is shown was checked by its hash. */
function whole(found, at) {
  const words = found.damage ? `log damaged after event ${found.last}`
    : found.torn_bytes > 0 ? "the log's last write is torn" : at === null ? `log whole: ${plural(found.last, "event")}` : `log whole, up to its end: event ${found.last.toLocaleString("en")}`;
  return h("span", { class_: found.damage ? "bad" : found.torn_bytes > 0 ? "warn" : "quiet", text: words,
    title: "Each line holds the hash of the one before it; `autoresearch replay` also checks every decision and git." });
}

function stands(found) {
  const words = found.status.seq === 1 ? "nothing has happened yet" : found.stands || found.next;
  const more = found.status.phase !== "done" && found.prefetch ? ` · prepared meanwhile: ${found.prefetch}` : "";
  const isNew = found.next && found.next !== "nothing" && !found.next.includes(words) && !words.includes(found.next);
  const all = WAITS.has(found.status.phase) && isNew && found.status.seq > 1 ? `${words}${more} · next: ${found.next}` : words + more;
  return [halted(found.status, found.damage), all].filter(Boolean).join(" · ");
}

/** Say of the best what its own verdict found: the number of its seeds then, and whether its own gain may be chance. */
function ownNumber(row, now) {
  const own = row.metric !== null && number(row.metric) !== number(now) ? `kept at ${number(row.metric)}${onSeeds(row)}` : "";
  if (!withinNoise(row) || row.sureness === "confirmed") return own;
  const sureness = row.probability === null || row.probability === undefined ? "" : `, ${sure(row.probability)} sure`;
  return [own && `${own}; `, h("span", { class_: "warn", title: `${interval(row.gain, row.half_width)} on the best before it; what the whole run gained is told beside this.`,
    text: `its own step ${signed(row.gain)} is within noise${sureness}` })];
}

function onSeeds({ pairs }) {
  return pairs > 1 ? `, the mean of ${pairs} seeds` : pairs === 1 ? " on 1 seed" : "";
}

function figure(name, large, ...small) {
  return h("div", { class_: "figure" }, h("h2", { text: name }), h("p", { class_: "large" }, large), small);
}

function small(...said) {
  return h("p", { class_: "small" }, said);
}

function gain(found) {
  const gained = found.status.gain;
  const { best_metric: now, baseline_metric: first, seeds_in_common: seeds } = found.status;
  if (gained) {
    return figure("gain on fresh seeds", [signed(gained.value), " ", h("span", { class_: "half", text: `± ${number(gained.half_width)}` })], whisker(gained),
      small(`${gained.shown ? "more than chance: the 95\u00a0% interval lies above 0" : "may be chance: the 95\u00a0% interval holds 0"} (${plural(gained.seeds, "seed")})`));
  }
  if (now === null) return figure("gain", "–", small("no result yet"));
  if (found.best_iteration === 0) return figure("gain", "–", small("nothing was kept yet"), spread(found));
  const own = first === null || seeds === null ? null : (found.lower_is_better ? first - now : now - first);
  return figure("gain", own === null ? "–" : signed(own),
    small(`${own === null ? "no seed in common with the baseline" : "by the seeds it was chosen on"}; not measured on fresh ones yet`), spread(found));
}

function spread(found) {
  return found.of_seeds ? small(`one seed differs from another by ${number(found.of_seeds)}`) : null;
}

function whisker({ value, half_width: half }) {
  const reach = Math.max(Math.abs(value) + half, 1e-12) * 1.08;
  const x = (one) => 80 + (72 * one) / reach;
  const place = Math.abs(value) / reach < 0.3 ? null : Math.min(142, Math.max(18, x(value)));
  return h("svg", { class_: "whisker", viewBox: "0 0 160 34", "aria-hidden": "true" },
    h("svg:title", { text: "dotted: no gain; dot: the gain, and its 95\u00a0% interval" }),
    h("svg:text", { x: 80, y: 31, "text-anchor": "middle", text: "0" }), place && h("svg:text", { x: place, y: 31, "text-anchor": "middle", text: "gain" }),
    h("svg:line", { class_: "zero", x1: 80, x2: 80, y1: 1, y2: 19 }),
    h("svg:line", { x1: x(value - half), x2: x(value + half), y1: 10, y2: 10 }),
    h("svg:line", { x1: x(value - half), x2: x(value - half), y1: 6, y2: 14 }),
    h("svg:line", { x1: x(value + half), x2: x(value + half), y1: 6, y2: 14 }),
    h("svg:circle", { cx: x(value), cy: 10, r: 4 }));
}

/** Name an agent as it was asked; a page that is a file may be of before. */
function asWhat(one) {
  const named = one.model && !one.agent.includes(":");
  return clean(one.agent, 60) + (named ? ` with ${clean(one.model, 60)}` : "") + (one.reviews ? " as reviewer" : "");
}

/** Say that an agent fails, since when, why, and when it is asked again. */
export function failing(one, over = false) {
  const times = one.failures_in_a_row > 1 ? `, ${one.failures_in_a_row} times in a row` : "";
  const again = !one.rests ? "" : over ? "; it rested when the run ended" : one.next_try ? `; asked again at ${clock(one.next_try, false)}` : "; asked again after `resume`";
  return `${asWhat(one)} ${over ? "failed" : "fails"} since ${clock(one.failing_since, false)}${times}: ${clean(one.reason || "no reason told", 300)}${again}`;
}

function cost(found) {
  const usd = found.cost_usd;
  const { calls, tokens } = found.status.cost;
  const asked = calls ? `${plural(calls, "call")} of agents${tokens ? `, ${tokens.toLocaleString("en")} tokens` : ""}` : "";
  return figure("cost", [deviceTime(found.status.device_hours), " ", h("span", { class_: "half", text: "of devices" })],
    small(h("span", { title: "As trainings and evaluations measured themselves. The timeline counts from a start to an end as the runner saw them, which is a little more.", text: "all trainings, the baseline's too" })),
    small(usd === null ? (calls ? "agents said no price" : "no agent was asked") : `${money(usd)} for agents`),
    asked && small(asked),
    usd && found.status.counts.kept ? small(`${money(usd / found.status.counts.kept)} for each that was kept`) : null);
}
