// Several lines over one pair of axes, as SVG: the best so far of runs or under rules, or losses.

import { ticks } from "./chart.js";
import { clean, h, number } from "./dom.js";

const [WIDTH, HEIGHT] = [860, 280];
const ROOM = { left: 70, right: 14, top: 12, bottom: 30 };
const COLOURS = 6; // in the stylesheet

/** Draw series of {name, points: [[x, y, mark]]}; `steps` for what holds until the next one. A mark is a ring. */
export function overlay(series, { steps = false, across = "iteration", until = 0 } = {}) {
  const all = series.flatMap((one) => one.points);
  if (!all.length) return h("p", { class_: "quiet", text: "nothing measured yet" });
  const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  let [low, high] = extent(all.map(([, value]) => value));
  const [first, reached] = extent(all.map(([place]) => place));
  const last = Math.max(reached, until);
  const room = (high - low) * 0.07 || Math.abs(high) * 0.01 || 1;
  [low, high] = [low - room, high + room];
  const x = (place) => ROOM.left + ((WIDTH - ROOM.left - ROOM.right) * (place - first)) / Math.max(1e-9, last - first);
  const y = (value) => HEIGHT - ROOM.bottom - ((HEIGHT - ROOM.top - ROOM.bottom) * (value - low)) / (high - low);
  return h("figure", { class_: "overlay" },
    h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${series.map((one) => one.name).join(", ")} over ${across}` },
      ticks(low, high).map((value) => [
        h("svg:line", { class_: "grid-line", x1: ROOM.left, x2: WIDTH - ROOM.right, y1: y(value), y2: y(value) }),
        h("svg:text", { x: ROOM.left - 8, y: y(value) + 4, "text-anchor": "end", text: String(Number(value.toPrecision(7))) })]),
      ticks(first, Math.max(last, first + 1e-9)).filter((place) => Number.isInteger(place) && place <= last).map((place) =>
        h("svg:text", { x: x(place), y: HEIGHT - 10, "text-anchor": "middle", text: String(place) })),
      series.map((one, index) => drawn(one, `series-${index % COLOURS}`, { x, y, steps, last }))),
    h("figcaption", {}, series.map((one, index) => h("span", {}, h("i", { class_: `key series-${index % COLOURS}` }), clean(one.name, 80))), h("span", { text: across })));
}

function drawn({ name, points }, colour, { x, y, steps, last }) {
  if (!points.length) return null;
  let path = `M${x(points[0][0]).toFixed(1)} ${y(points[0][1]).toFixed(1)}`;
  for (const [place, value] of points.slice(1)) path += steps ? `H${x(place).toFixed(1)}V${y(value).toFixed(1)}` : `L${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
  if (steps) path += `H${x(last).toFixed(1)}`;
  return h("svg:g", { class_: colour }, h("svg:path", { d: path }),
    points.filter(([, , mark]) => mark !== undefined).map(([place, value, mark]) =>
      h("svg:circle", { cx: x(place), cy: y(value), r: mark ? 6 : 3.4, class_: mark ? "ring" : "" },
        h("svg:title", { text: `${clean(name, 60)}, ${place}: ${number(value)}` }))));
}
