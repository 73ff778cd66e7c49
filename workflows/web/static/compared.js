// Experiments and runs as values in words, each under a name, in the order in which they are read.

import { STATUS, clean, clock, day, deviceTime, duration, interval, money, number, plural, proposer, share, signed, sure } from "./dom.js";
import { ruleOf, statusOf } from "./model.js";

const SHORT = 10; // digits of a commit
const RUN_TOLD = new Set(["home", "repository", "schema", "run_id", "state_path", "history_path", "runner_log_path", "version", "seq", "as_of", "spark", "stands", "damage", "progress",
  "gpu", "runner", "in_progress", "trainings", "questions", "approvals", "need_input", "keeps", "agents", "waits_for", "waiting_proposals", "trouble", "not_reviewed", "memory", "ideas",
  "best_val_bpb", "baseline_val_bpb", "best_metric", "baseline_metric", "metric", "gain", "seeds_in_common", "comparisons", "phase", "iterations_completed", "counts", "elapsed_s",
  "device_hours", "cost", "cost_usd", "proposer", "proposers", "branch", "started_at", "kept_commit", "setup_done", "baseline_done", "ends_at", "seconds_left", "not_applied_in_a_row"]);
const PROPOSAL = { plan: "change_plan", hypothesis: "hypothesis", expected: "expected" };
const BOUND = { budgets: "at most" };

/** Return the values of an experiment by their names. */
export function ofExperiment(found) {
  const [proposal, metrics, conditions] = [found.proposal ?? {}, found.metrics ?? {}, found.conditions ?? {}];
  return values({
    status: STATUS[statusOf(found)] ?? found.status,
    result: number(found.metric),
    gain: interval(found.gain, found.half_width),
    sure: found.sureness ?? sure(found.probability),
    "gain on fresh seeds": found.fresh_gain === null || found.fresh_gain === undefined ? "" : interval(found.fresh_gain, found.fresh_half_width),
    change: found.description,
    ...named(found.settings ?? {}, (name) => `set ${name}`),
    who: proposer(found),
    why: found.reason,
    rule: ruleOf(found),
    ...named(metrics, (name) => `also ${name}`),
    trained: duration(found.seconds),
    memory: found.memory_gb ? `${found.memory_gb.toFixed(1)} GB` : "",
    cost: money(found.cost_usd),
    ...Object.fromEntries(Object.entries(PROPOSAL).map(([name, field]) => [name, proposal[field]])),
    ...named(conditions, (name) => `trained on: ${name}`),
    "CPU time": duration(found.cpu_seconds),
    began: when(found.started_at),
    ended: when(found.closed_at),
    base: (found.base_commit ?? "").slice(0, SHORT),
    commit: (found.commit ?? "").slice(0, SHORT),
  });
}

/** Return the values of a run, and of what it goes by, by their names. */
export function ofRun(run, settings) {
  const { counts = {}, cost = {}, gain } = run;
  const known = run.best_metric !== null && run.baseline_metric && run.seeds_in_common !== null;
  const rest = Object.fromEntries(Object.entries(run).filter(([name]) => !RUN_TOLD.has(name)));
  return values({
    stands: run.phase,
    metric: run.metric,
    best: number(run.best_metric),
    "against its baseline": known ? share(run.best_metric, run.baseline_metric) : "",
    "gain on fresh seeds": gain ? `${interval(gain.value, gain.half_width)}${gain.shown ? "" : ", not shown"}` : "",
    baseline: number(run.baseline_metric),
    tried: run.iterations_completed === undefined ? "" : plural(run.iterations_completed, "change"),
    ...named(counts, words),
    "who proposed": (run.proposers ?? []).map(proposed).join("\n"),
    took: duration(run.elapsed_s),
    "on devices": run.device_hours === undefined ? "" : deviceTime(run.device_hours),
    money: money(run.cost_usd),
    "money for a keep": run.cost_usd === null ? "" : money(cost.usd_per_keep),
    calls: cost.calls ? plural(cost.calls, "call") : "",
    tokens: cost.tokens ? cost.tokens.toLocaleString("en") : "",
    ...flat(settings),
    ...flat(rest),
    branch: run.branch,
    began: run.started_at ? day(run.started_at) : "",
    "best commit": (run.kept_commit ?? "").slice(0, SHORT),
  });
}

function values(object) {
  return new Map(Object.entries(object).map(([name, said]) => [name, said === null || said === undefined || said === "" ? "–" : clean(String(said), 600)]));
}

function named(object, name) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [name(key), told(key, value)]));
}

/** Return the values of an object by their paths, as words. */
function flat(object, before = "") {
  return Object.assign({}, ...Object.entries(object).filter(([name]) => name !== "v").map(([name, value]) => {
    const path = before ? `${before}: ${words(unit(name))}` : BOUND[name] ?? words(unit(name));
    return value && typeof value === "object" && !Array.isArray(value) ? flat(value, path) : { [path]: told(name, value) };
  }));
}

/** Return the name of a number without its unit, which stands at the number. */
function unit(name) {
  return name.replace(/_(s|usd|mb|gb)$/, "");
}

function words(name) {
  return name.replaceAll("_", " ");
}

function told(name, value) {
  if (value === null || value === undefined || value === "") return "";
  if (value === true || value === false) return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((one) => (one && typeof one === "object" ? JSON.stringify(one) : String(one))).join(/command|train|python|evaluate|prepare/.test(name) ? " " : ", ");
  if (typeof value !== "number") return String(value);
  if (name.endsWith("_s") && !name.startsWith("per_")) return duration(value);
  if (name.endsWith("_usd")) return money(value);
  if (name.endsWith("_mb")) return `${value.toLocaleString("en")} MB`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function proposed({ name, proposals, keeps, gain }) {
  return `${name}: ${plural(proposals, "idea")}, ${keeps} kept${gain ? `, ${signed(gain)}` : ""}`;
}

function when(at) {
  return at ? `${at.slice(0, 10)} ${clock(at)}` : "";
}
