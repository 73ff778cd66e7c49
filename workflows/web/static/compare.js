// Experiments or runs side by side: what differs, their lines in one picture, and the change between two.

import { get } from "./api.js";
import { ofExperiment, ofRun } from "./compared.js";
import { clean, fill, h, number, signed } from "./dom.js";
import { diffLines } from "./experiment.js";
import { overlay } from "./overlay.js";

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
      return { home, run, name: run, href: `/run/${home}/${run}`, values: ofRun(listed, settings), line: listed.spark ?? [] };
    }
    const found = await get(`${base}/experiments/${iteration}`);
    return { home, run, iteration, base, found, name: isOneRun ? `#${iteration}` : `#${iteration} of ${run}`, href: `/run/${home}/${run}/${iteration}`, values: ofExperiment(found), line: found.curve };
  }));
}

function draw(main, found) {
  const ofRuns = found.every((one) => one.iteration === undefined);
  const lines = found.filter((one) => one.line.length > 1).map((one) => ({ name: one.name, points: ofRuns ? one.line : one.line.filter(([share]) => share >= 8) }));
  const runs = [...new Map(found.map((one) => [`${one.home}/${one.run}`, one])).values()];
  fill(main, h("h1", { text: found.length < 2 ? "Compare" : `Compare ${found.length} ${ofRuns ? "runs" : "iterations"}` }),
    !ofRuns && h("p", { class_: "back" }, runs.map((one) => h("a", { href: `/run/${one.home}/${one.run}`, "data-in": true, text: clean(one.run, 100) }))),
    found.length < 2 && h("p", { class_: "quiet", text: "Choose two or more: runs in their list, iterations in a run's table." }),
    lines.length > 0 && h("section", { class_: "card", "aria-label": "Lines" }, h("h2", { text: ofRuns ? "The best so far" : "Loss" }), overlay(lines, ofRuns ? { steps: true } : { across: "percent of the training" })),
    found.length > 0 && sideBySide(found));
  if (!ofRuns && found.length === 2) between(main, found);
}

/** Return the table of values; on a phone each value stands below its name. */
function sideBySide(found) {
  const only = h("input", { type: "checkbox", checked: true, onchange: () => list() });
  const search = h("input", { type: "search", placeholder: "search by name", "aria-label": "Search by name", oninput: () => list() });
  const body = h("tbody");
  const count = h("span", { class_: "quiet", role: "status" });
  const paths = inOrder(found.map((one) => [...one.values.keys()]));
  const list = () => {
    const wanted = search.value.trim().toLowerCase();
    const rows = paths.map((path) => [path, found.map((one) => one.values.get(path) ?? "–")])
      .filter(([path, values]) => path.toLowerCase().includes(wanted) && (found.length < 2 || !only.checked || differ(values)));
    count.textContent = `${rows.length} of ${paths.length}`;
    fill(body, rows.map(([path, values]) => h("tr", { class_: differ(values) ? "differs" : "" }, h("th", { scope: "row", text: clean(path, 80) }),
      values.map((value, index) => h("td", { dir: "auto", "data-of": clean(found[index].name, 80), text: value })))),
    rows.length === 0 && h("tr", {}, h("td", { colspan: found.length + 1, class_: "quiet", text: wanted ? "no value has such a name" : "no difference" })));
  };
  list();
  return h("section", { class_: "card", "aria-label": "Values" }, h("div", { class_: "tools" }, h("h2", { text: "Values" }), h("label", {}, only, " differences only"), search, count),
    h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Values side by side" }, h("table", { class_: `side-by-side${found.length > 2 ? " many" : ""}` },
      h("thead", {}, h("tr", {}, h("td"), found.map((one) => h("th", { scope: "col" }, h("a", { href: one.href, "data-in": true, text: clean(one.name, 80) }))))), body)));
}

/** Add how two iterations differ: seed by seed, and in their code. */
async function between(main, [one, other]) {
  const theirs = new Map(other.found.pairs.map((pair) => [pair.seed ?? pair.repeat, pair.candidate]));
  const rows = one.found.pairs.map((pair) => [pair.seed ?? pair.repeat, pair.candidate, theirs.get(pair.seed ?? pair.repeat)]).filter(([, , value]) => value !== undefined);
  const mean = rows.reduce((sum, [, mine, their]) => sum + their - mine, 0) / rows.length;
  if (rows.length) {
    main.append(h("section", { class_: "card", "aria-label": "By seed" }, h("h2", { text: "Seed by seed" }), h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class_: "pairs narrow" },
      h("thead", {}, h("tr", {}, ["seed", one.name, other.name, "difference"].map((name) => h("th", { scope: "col", class_: "n", text: name })))),
      h("tbody", {}, rows.map(([seed, mine, their]) => h("tr", {}, [String(seed), number(mine), number(their), signed(their - mine)].map((said) => h("td", { class_: "n", text: said }))))),
      rows.length > 1 && h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 3, text: "mean" }), h("td", { class_: "n", text: signed(mean) })))))));
  }
  if (one.run !== other.run || one.home !== other.home) return;
  const { diff, refused } = await get(`${other.base}/experiments/${other.iteration}?against=${one.iteration}`).catch((error) => ({ refused: error.message }));
  main.append(h("section", { class_: "card", "aria-label": "Change" }, h("h2", { text: `From ${one.name.split(" ")[0]} to ${other.name.split(" ")[0]}` }), refused ? h("p", { class_: "quiet", text: refused }) : diffLines(diff)));
}

/** Return all names once: what only one of the lists has stands where it stands there. */
function inOrder(lists) {
  const all = [];
  for (const names of lists) {
    names.forEach((name, index) => {
      if (!all.includes(name)) all.splice(index ? all.indexOf(names[index - 1]) + 1 : 0, 0, name);
    });
  }
  return all;
}

function differ(values) {
  return new Set(values).size > 1;
}
