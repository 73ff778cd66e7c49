// Several lines over one pair of axes, as SVG: the best so far of runs or under rules, or losses.

import { ticks } from "./chart.js";
import { clean, fill, h, number } from "./dom.js";

const HEIGHT = 280;
const NARROW = 240; // pixels, below which nothing could be read
const ROOM = { left: 70, right: 14, top: 12, bottom: 30 };
const TICK = 56; // pixels that a number of the axis takes
const COLOURS = 6; // in the stylesheet

/** Draw series of {name, points: [[x, y, mark]]}; `steps` for what holds until the next one. A mark is a ring. */
export function overlay(series, { steps = false, across = "iteration", until = 0 } = {}) {
  if (!series.some((one) => one.points.length)) return h("p", { class_: "quiet", text: "nothing measured yet" });
  const room = h("div");
  let drawnAt = 0;
  new ResizeObserver(() => {
    const width = Math.max(NARROW, Math.floor(room.clientWidth));
    if (width !== drawnAt) fill(room, picture(series, { steps, across, until, width }));
    drawnAt = width;
  }).observe(room);
  return h("figure", { class_: "overlay" }, room,
    h("figcaption", {}, series.map((one, index) => h("span", {}, h("i", { class_: `key series-${index % COLOURS}` }), clean(one.name, 80))), h("span", { text: `across: ${across}` })));
}

function picture(series, { steps, across, until, width }) {
  const all = series.flatMap((one) => one.points);
  const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  let [low, high] = extent(all.map(([, value]) => value));
  const [first, reached] = extent(all.map(([place]) => place));
  const last = Math.max(reached, until);
  const room = (high - low) * 0.07 || Math.abs(high) * 0.01 || 1;
  [low, high] = [low - room, high + room];
  const x = (place) => ROOM.left + ((width - ROOM.left - ROOM.right) * (place - first)) / Math.max(1e-9, last - first);
  const y = (value) => HEIGHT - ROOM.bottom - ((HEIGHT - ROOM.top - ROOM.bottom) * (value - low)) / (high - low);
  const [seen, most] = [new Set(), Math.max(1, Math.floor((width - ROOM.left) / TICK))];
  const places = ticks(first, Math.max(last, first + 1e-9)).filter((place) => Number.isInteger(place) && place <= last);
  return h("svg", { width, height: HEIGHT, role: "img", "aria-label": `${series.map((one) => one.name).join(", ")} over ${across}` },
      ticks(low, high).map((value) => [
        h("svg:line", { class_: "grid-line", x1: ROOM.left, x2: width - ROOM.right, y1: y(value), y2: y(value) }),
        h("svg:text", { x: ROOM.left - 8, y: y(value) + 4, "text-anchor": "end", text: String(Number(value.toPrecision(7))) })]),
      places.filter((_, index) => index % Math.ceil(places.length / most) === 0).map((place) =>
        h("svg:text", { x: x(place), y: HEIGHT - 10, "text-anchor": "middle", text: String(place) })),
      series.map((one, index) => {
        const same = JSON.stringify(one.points);
        const hides = seen.has(same); // it would lie over one that is the same
        seen.add(same);
        return drawn(one, `series-${index % COLOURS}${hides ? " hides" : ""}`, { x, y, steps, last });
      }));
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
