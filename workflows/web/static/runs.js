// The list of all runs.

import { get } from "./api.js";
import { compareAddress } from "./compare.js";
import { clean, day, deviceTime, duration, fill, h, halted, interval, money, number, plural, share } from "./dom.js";

const AGAIN_MS = 3000;

export function showRuns({ main, go }) {
  const picked = new Set();
  let over = false;
  let timer = 0;
  async function look() {
    let runs;
    try {
      runs = await get("/api/runs");
    } catch (error) {
      if (!over) fill(main, h("p", { class_: "banner bad", role: "alert", text: error.message }));
      timer = setTimeout(look, AGAIN_MS);
      return;
    }
    if (over) return;
    const focused = document.activeElement?.getAttribute?.("href");
    draw(main, runs, picked, go);
    if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    timer = setTimeout(look, AGAIN_MS);
  }
  look();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

function draw(main, runs, picked, go) {
  const comparing = h("button", { type: "button", class_: "primary", onclick: () => go(compareAddress([...picked])) });
  const count = () => {
    comparing.hidden = picked.size < 2;
    comparing.textContent = `compare ${picked.size}`;
  };
  count();
  const newest = [...runs].reverse();
  const places = new Set(runs.map((run) => run.home)).size;
  fill(
    main,
    h("div", { class_: "tools" }, h("h1", { text: "Runs" }), comparing),
    runs.length === 0 && h("p", { class_: "quiet" }, "There is no run yet. ",
      h("code", { text: "autoresearch start --loops 5" }), " begins one, and it shows up here."),
    h("ol", { class_: "runs" }, newest.map((run) => card(run, places > 1, picked, count))),
  );
}

function card(run, named, picked, count) {
  const place = `${run.home}/${run.run_id}`;
  const pick = h("input", { type: "checkbox", checked: picked.has(place), "aria-label": `compare ${run.run_id}`, onchange: () => {
    if (!picked.delete(place)) picked.add(place);
    count();
  } });
  const href = `/run/${run.home}/${run.run_id}`;
  const bad = run.phase === "unreadable" || run.phase === "reading";
  return h("li", { class_: `card run${!bad && waits(run) ? " waits" : ""}` },
    h("span", { class_: "name" }, !bad && h("label", { class_: "pick small", title: "Tick two or more to compare them" }, pick, " compare"), h("a", { href, "data-in": true, text: run.run_id })),
    h("span", { class_: `phase p-${run.phase}`, text: run.phase }),
    !bad && h("p", { class_: "stands", dir: "auto", title: clean(stands(run), 400), text: clean(waits(run) || (stands(run) === tried(run) ? "" : stands(run)), 200) }),
    h("span", { class_: "quiet where", text: clean([named && run.repository, run.branch].filter(Boolean).join(" · ")) }),
    run.damage && h("p", { class_: "bad", text: `damaged: ${clean(run.damage)}` }),
    !bad && spark(run),
    !bad && h("dl", { class_: "facts" },
      fact("best", number(run.best_metric)),
      run.gain ? fact("gain on fresh seeds", interval(run.gain.value, run.gain.half_width)) : fact("against baseline", change(run)),
      fact("tried", plural(run.iterations_completed, "change")),
      fact("device time", deviceTime(run.device_hours)),
      fact("money", money(run.cost_usd)),
      fact("took", duration(run.elapsed_s)),
      fact("began", day(run.started_at))));
}

/** Say what waits for a human, which goes before all else. */
function waits(run) {
  if (run.phase === "done") return "";
  const [asked] = run.questions ?? [];
  if (asked) return `${asked.agent} asks: ${asked.question}`;
  const [keep] = run.approvals ?? [];
  return keep ? `#${keep.iteration} would be kept and waits for your word: ${keep.description}` : "";
}

function tried(run) {
  return `${plural(run.iterations_completed, "change")} tried`; // which stands among the facts
}

function stands(run) {
  return [halted(run, run.damage), run.stands].filter(Boolean).join(" · ");
}

function fact(name, said) {
  return h("div", {}, h("dt", { text: name }), h("dd", { text: said }));
}

function change(run) {
  if (run.best_metric === null || !run.baseline_metric || run.seeds_in_common === null) return "–";
  return share(run.best_metric, run.baseline_metric);
}

function spark(run) {
  const points = run.spark ?? [];
  if (points.length < 2) return h("svg", { class_: "spark", viewBox: "0 0 160 36", "aria-hidden": "true" });
  const last = points.at(-1)[0] || 1;
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (iteration) => (3 + (154 * (iteration - points[0][0])) / Math.max(1, last - points[0][0])).toFixed(1);
  const y = (value) => (32 - (28 * (value - low)) / (high - low || 1)).toFixed(1);
  let path = `M${x(points[0][0])} ${y(points[0][1])}`;
  for (const [iteration, value] of points.slice(1)) path += `H${x(iteration)}V${y(value)}`;
  return h("svg", { class_: "spark", viewBox: "0 0 160 36", role: "img",
    "aria-label": `best ${run.metric} so far: from ${number(values[0])} to ${number(values.at(-1))}` },
  h("svg:path", { d: path }), h("svg:circle", { cx: x(last), cy: y(values.at(-1)), r: 3 }));
}
