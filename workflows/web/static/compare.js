// Experiments or runs side by side: what differs, their lines in one picture, and the change between two.

import { get } from "./api.js";
import { clean, clock, fill, h, number, signed, sure } from "./dom.js";
import { diffLines } from "./experiment.js";
import { overlay } from "./overlay.js";

const LEFT_OUT = new Set(["diff", "events", "calls", "inputs", "pairs", "curve", "log_tail", "artifacts", "spark", "home", "running", "against", "seq",
  "state_path", "history_path", "runner_log_path", "progress", "gpu", "version", "questions", "schema", "runner", "in_progress",
  "keeps", "agents", "as_of", "shrunk", "stands", "run_id", "best_val_bpb", "baseline_val_bpb", "approvals", "open"]);
const TOLD = new Set(["status", "description", "set", "commit_description"]); // of a proposal, beside it
const NAMES = { half_width: "gain ±", probability: "sure", unpriced: "calls without a price", cpu_seconds: "CPU seconds" };
const IN_METRIC = /^(metric|gain|best metric|baseline metric|also)/;
const ORDER = ["status", "metric", "gain", "half_width", "probability", "best_metric", "baseline_metric", "settings", "description", "proposal", "conditions"];

export const compareAddress = (places) => `/compare?${places.map((place) => `with=${encodeURIComponent(place)}`).join("&")}`;

export function showCompare({ main, places }) {
  let over = false;
  document.title = "compare · autoresearch";
  load(places).then((found) => { if (!over) draw(main, found); })
    .catch((error) => { if (!over) fill(main, h("p", { class_: "banner bad", role: "alert", text: error.message })); });
  return () => { over = true; };
}

async function load(places) {
  const parsed = places.map((place) => place.split("/")).filter(([home, run]) => /^\d+$/.test(home) && run);
  const isOneRun = new Set(parsed.map(([home, run]) => `${home}/${run}`)).size === 1;
  const runs = parsed.some(([, , one]) => one === undefined) ? await get("/api/runs") : [];
  return Promise.all(parsed.map(async ([home, run, iteration]) => {
    const base = `/api/${home}/${encodeURIComponent(run)}`;
    if (iteration === undefined) {
      const { settings } = await get(`${base}/settings`);
      const listed = runs.find((one) => String(one.home) === home && one.run_id === run) ?? {};
      return { home, run, name: run, href: `/run/${home}/${run}`, values: flat({ ...listed, settings }), line: listed.spark ?? [] };
    }
    const found = await get(`${base}/experiments/${iteration}`);
    return { home, run, iteration, base, found, name: isOneRun ? `#${iteration}` : `#${iteration} of ${run}`, href: `/run/${home}/${run}/${iteration}`, values: flat(found), line: found.curve };
  }));
}

/** Return the values of an object by their path, without what is shown in another form. */
function flat(object, before = "", found = new Map()) {
  for (const [name, value] of Object.entries(object)) {
    if (!before && LEFT_OUT.has(name)) continue;
    if (before === "proposal" && TOLD.has(name)) continue;
    const said = before ? name.replaceAll("_", " ") : NAMES[name] ?? name.replaceAll("_", " ");
    const path = before ? `${before} · ${said}` : said;
    if (value && typeof value === "object" && !Array.isArray(value)) flat(value, path, found);
    else found.set(path, value);
  }
  return found;
}

function draw(main, found) {
  const only = h("input", { type: "checkbox", checked: true, onchange: () => list() });
  const search = h("input", { type: "search", placeholder: "search by name", "aria-label": "Search by name", oninput: () => list() });
  const body = h("tbody");
  const count = h("span", { class_: "quiet", role: "status" });
  const rank = (path) => { const place = ORDER.findIndex((one) => path.startsWith(NAMES[one] ?? one.replaceAll("_", " "))); return place < 0 ? ORDER.length : place; };
  const paths = [...new Set(found.flatMap((one) => [...one.values.keys()]))].sort((one, other) => rank(one) - rank(other));
  const list = () => {
    const wanted = search.value.trim().toLowerCase();
    const rows = paths.map((path) => [path, found.map((one) => one.values.get(path))])
      .filter(([path, values]) => path.toLowerCase().includes(wanted) && (!only.checked || differ(values)));
    count.textContent = `${rows.length} of ${paths.length}`;
    fill(body, rows.map(([path, values]) => h("tr", { class_: differ(values) ? "differs" : "" }, h("th", { scope: "row", text: clean(path, 80) }), values.map((value) => h("td", { dir: "auto", text: told(path, value) })))),
      rows.length === 0 && h("tr", {}, h("td", { colspan: found.length + 1, class_: "quiet", text: "no difference" })));
  };
  const ofRuns = found.every((one) => one.iteration === undefined);
  const lines = found.filter((one) => one.line.length > 1).map((one) => ({ name: one.name, points: ofRuns ? one.line : one.line.filter(([share]) => share >= 8) }));
  fill(main, h("h1", { text: "Compare" }),
    found.length < 2 && h("p", { class_: "quiet", text: "Choose two or more: runs in their list, iterations in a run's table." }),
    lines.length > 0 && h("section", { class_: "card", "aria-label": "Lines" }, h("h2", { text: ofRuns ? "The best so far" : "Loss" }), overlay(lines, ofRuns ? { steps: true } : { across: "percent of the training" })),
    h("section", { class_: "card", "aria-label": "Values" }, h("div", { class_: "tools" }, h("h2", { text: "Values" }), h("label", {}, only, " differences only"), search, count),
      h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Values side by side" }, h("table", { class_: "side-by-side" },
        h("thead", {}, h("tr", {}, h("td"), found.map((one) => h("th", { scope: "col" }, h("a", { href: one.href, "data-in": true, text: one.name }))))), body))));
  list();
  if (found.length === 2 && found.every((one) => one.found)) two(main, found);
}

/** Show what only two can have: their results seed by seed, and the change from one to the other. */
async function two(main, [one, other]) {
  const theirs = new Map(other.found.pairs.map((pair) => [pair.seed ?? pair.repeat, pair.candidate]));
  const rows = one.found.pairs.map((pair) => [pair.seed ?? pair.repeat, pair.candidate, theirs.get(pair.seed ?? pair.repeat)]).filter(([, , value]) => value !== undefined);
  const mean = rows.reduce((sum, [, mine, their]) => sum + their - mine, 0) / rows.length;
  if (rows.length) {
    main.append(h("section", { class_: "card", "aria-label": "By seed" }, h("h2", { text: "Seed by seed" }), h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class_: "pairs" },
      h("thead", {}, h("tr", {}, ["seed", one.name, other.name, "difference"].map((name) => h("th", { scope: "col", class_: "n", text: name })))),
      h("tbody", {}, rows.map(([seed, mine, their]) => h("tr", {}, [String(seed), number(mine), number(their), signed(their - mine)].map((said) => h("td", { class_: "n", text: said }))))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 3, text: "mean" }), h("td", { class_: "n", text: signed(mean) })))))));
  }
  if (one.run !== other.run || one.home !== other.home) return;
  const { diff } = await get(`${other.base}/experiments/${other.iteration}?against=${one.iteration}`).catch(() => ({ diff: "" }));
  main.append(h("section", { class_: "card", "aria-label": "Change" }, h("h2", { text: `From ${one.name.split(" ")[0]} to ${other.name.split(" ")[0]}` }), diffLines(diff)));
}

function differ(values) {
  return new Set(values.map((value) => JSON.stringify(value ?? null))).size > 1;
}

function told(path, value) {
  if (value === null || value === undefined || value === "") return "–";
  if (path === NAMES.probability) return sure(value);
  if (typeof value === "number" && !Number.isInteger(value)) return IN_METRIC.test(path) ? number(value) : String(+value.toPrecision(6));
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return `${value.slice(0, 10)} ${clock(value)}`;
  return clean(typeof value === "object" ? JSON.stringify(value) : String(value), 400);
}
