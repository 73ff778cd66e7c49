// What was kept, in words beside the dots of the chart, and the room that the chart has.

import { clean } from "./dom.js";

export const HEIGHT = 340;
export const ROOM = { left: 74, right: 18, top: 16, bottom: 34 };
const LABELLED = 3000; // with more dots, none is labelled
const CLEAR = 6; // pixels between a label and what another one might be meant by
const NAMED = 24; // keeps; of more, those that gained most

/** Write what was kept beside its dot, and tie it to it; none where it might be meant for another one. */
export function labels(pen, scale, colour, kept, { width, dots, best }) {
  if (width < 620 || dots.length > LABELLED) return;
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = pen.strokeStyle = colour.mark;
  pen.textAlign = "left";
  const boxes = dots.map(({ row, x, y }) => (row.status === "open" ? [x - 2, 0, x + 2, HEIGHT] : [x - 5, y - 5, x + 5, y + 5]));
  const taken = [...boxes, ...lineBoxes(scale, best, width)];
  const near = kept.map((row) => [row.iteration, scale.x(row.iteration), scale.y(row.metric)]);
  const drops = best.slice(1).map(([iteration, value], index) => [iteration, scale.x(iteration), scale.y(best[index][1]), scale.y(value)]);
  const most = kept.toSorted((one, other) => (other.gain ?? 0) - (one.gain ?? 0)).slice(0, NAMED);
  for (const row of most) {
    const [x, y] = [scale.x(row.iteration), scale.y(row.metric)];
    const text = clean(row.description, 34);
    const wide = pen.measureText(text).width;
    const places = [[x + 8, y - 9], [x - 8 - wide, y + 10], [x + 8, y + 10], [x - 8 - wide, y - 9],
      [x + 16, y - 24], [x - 16 - wide, y + 24], [x + 24, y - 40], [x + 30, y - 58]];
    const others = [...near.filter(([one]) => one !== row.iteration).map(([, left, top]) => [left - CLEAR, top - CLEAR, left + CLEAR, top + CLEAR]),
      ...drops.filter(([one]) => one !== row.iteration).map(([, left, one, other]) => [left - CLEAR, Math.min(one, other), left + CLEAR, Math.max(one, other)])];
    const found = places.map(([left, middle]) => [left, middle - 7, left + wide, middle + 7])
      .find((box) => box[0] > ROOM.left && box[2] < width - 4 && box[1] > 0 && box[3] < scale.floor
        && ![...taken, ...others].some((one) => one[0] < box[2] && box[0] < one[2] && one[1] < box[3] && box[1] < one[3]));
    if (!found) continue;
    taken.push(found);
    const middle = (found[1] + found[3]) / 2;
    pen.fillText(text, found[0], middle);
    pen.lineWidth = 0.8;
    pen.beginPath(); // from the dot to its label
    pen.moveTo(x, y);
    pen.lineTo(found[0] > x ? found[0] - 1 : found[2] + 1, middle);
    pen.stroke();
  }
}

/** Return the boxes of the line of the best so far, a step's two parts each. */
function lineBoxes(scale, best, width) {
  return best.flatMap(([iteration, value], index) => {
    const [x, y] = [scale.x(iteration), scale.y(value)];
    const next = best[index + 1];
    const until = next ? scale.x(next[0]) : width - ROOM.right;
    return [[x, y - 1, until, y + 1], ...(next ? [[until - 1, Math.min(y, scale.y(next[1])), until + 1, Math.max(y, scale.y(next[1]))]] : [])];
  });
}
