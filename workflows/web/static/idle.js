// When no device was at work, and why not: an agent was waited for, no runner was there, or nothing was asked for.

import { duration } from "./dom.js";

const WHY = { begin: "before the first training", next: "waiting for the next change", agent: "waiting for an agent", away: "no runner", rest: "at rest" };
const FEW = 3; // of the longest, told in words

/** Return the idle times in order, each with its reason; the last one goes on for as long as nothing comes. */
export function idles({ work, agents, runners, rests, began, last }) {
  const busy = merged(work);
  const empty = [[began, Math.min(last, busy[0]?.[0] ?? last)], ...busy.map(([, end], index) => [end, busy[index + 1]?.[0] ?? last])];
  const [asked, there, rest] = [agents, runners, rests].map(merged);
  const cuts = [...there, ...rest].flat().filter(Number.isFinite).sort((one, other) => one - other);
  const found = [];
  let next = 0;
  for (const [begin, end] of empty) {
    const first = found.length; // what lies on the two sides of a work is not one
    while (next < cuts.length && cuts[next] <= begin) next += 1;
    let from = begin;
    for (; next < cuts.length && cuts[next] < end; next += 1) from = add(found, from, cuts[next], { there, rest, first });
    add(found, from, end, { there, rest, first });
  }
  for (const one of found) if (one.why === "next" && inside(asked, one) >= (one.end - one.begin) / 2) one.why = "agent";
  for (const one of found) if (one.why === "next" && busy.length && one.end <= busy[0][0]) one.why = "begin"; // it is set up
  const tail = found.at(-1);
  if (tail && tail.end >= last) tail.end = Infinity;
  return found;
}

function add(found, begin, end, { there, rest, first }) {
  if (!(end > begin)) return begin;
  const middle = (begin + end) / 2;
  const why = holds(rest, middle) ? "rest" : holds(there, middle) ? "next" : "away";
  const last = found.length > first ? found.at(-1) : null;
  if (last?.why === why) last.end = end;
  else found.push({ begin, end, why });
  return end;
}

/** Return what was idle until then: the longest times, and the seconds for each reason. */
export function idleUntil(found, until) {
  const sums = { begin: 0, next: 0, agent: 0, away: 0, rest: 0 };
  const cut = [];
  for (const one of found) {
    if (one.begin >= until) break;
    const end = Math.min(one.end, until);
    sums[one.why] += end - one.begin;
    cut.push(one.end > until ? { ...one, end } : one);
  }
  return { sums, longest: cut.sort((one, other) => other.end - other.begin - (one.end - one.begin)).slice(0, FEW) };
}

/** Return the idle time in which a moment lies. */
export const idleAt = (found, time, until) => {
  const one = found[place(found.map(({ begin }) => [begin]), time)];
  return one && time <= Math.min(one.end, until) ? { ...one, end: Math.min(one.end, until) } : null;
};

/** Say how long, why, and from when to when. */
export function idleWords({ begin, end, why }) {
  const at = (time) => new Date(time * 1000).toISOString().slice(11, end - begin < 10 ? 21 : 19);
  return `${duration(end - begin)} ${WHY[why]}, ${at(begin)} to ${at(end)}Z`;
}

/** Return intervals in order, those that touch as one. */
export function merged(intervals) {
  const found = [];
  for (const [begin, end] of intervals.toSorted(([one], [other]) => one - other)) {
    const last = found.at(-1);
    if (last && begin <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([begin, end]);
  }
  return found;
}

/** Return the index of the last interval that began by then, or -1. */
function place(intervals, time) {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle][0] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const holds = (intervals, time) => (intervals[place(intervals, time)]?.[1] ?? -Infinity) >= time;

/** Return how many seconds of an idle time lie in intervals. */
function inside(intervals, { begin, end }) {
  let sum = 0;
  for (let index = Math.max(0, place(intervals, begin)); index < intervals.length && intervals[index][0] < end; index += 1) {
    sum += Math.max(0, Math.min(end, intervals[index][1]) - Math.max(begin, intervals[index][0]));
  }
  return sum;
}
