// A run's rows as of any event. The server says after which event which fields of a row changed; nothing is
// computed here but which of these versions holds.

import { get } from "./api.js";

const DAY = 86400000; // milliseconds

export class Run {
  constructor(loaded) {
    this.id = loaded.id;
    this.generation = loaded.generation;
    this.last = loaded.seq;
    this.human = loaded.human;
    this.versions = new Map(); // iteration -> [{seq, row}], the oldest first
    this.verdicts = [];
    this.closed = []; // {seq, row} of each verdict
    this.keeps = [];
    for (const change of loaded.changes) this.take(change);
  }

  take([seq, iteration, fields]) {
    const versions = this.versions.get(iteration) ?? [];
    const before = versions.at(-1)?.row;
    const row = before ? { ...before, ...fields } : { ...fields };
    if (row.closed_at && !before?.closed_at) {
      this.verdicts.push(seq);
      this.closed.push({ seq, row });
      if (row.status === "keep") this.keeps.push(seq);
    }
    versions.push({ seq, row });
    this.versions.set(iteration, versions);
  }

  /** Take in an event that came; one that is known already changes nothing. */
  add(record, id) {
    if (record.seq <= this.last) return false;
    for (const change of record.changes) this.take(change);
    if (record.human) this.human.push([record.seq, record.at, record.type]);
    this.last = record.seq;
    this.id = id;
    return true;
  }

  /** Return all rows as of the last event; the same array while nothing came. */
  all() {
    if (this.allAt !== this.last) [this.allAt, this.allRows] = [this.last, this.rows(this.last)];
    return this.allRows;
  }

  /** Return the rows as of an event, by iteration. */
  rows(seq) {
    const found = [];
    for (const versions of this.versions.values()) {
      const row = latest(versions, seq);
      if (row) found.push(row);
    }
    const sorted = found.every((row, index) => !index || found[index - 1].iteration < row.iteration);
    return sorted ? found : found.sort((one, other) => one.iteration - other.iteration);
  }

  /** Return the last start, verdict or human act at a time of day (UTC, in ms), on the last day that had it; null before the first. */
  atTime(time) {
    const began = [...this.versions.values()].map(([{ seq, row }]) => [seq, row.started_at]);
    const times = [...began, ...this.closed.map(({ seq, row }) => [seq, row.closed_at]), ...this.human]
      .filter(([, at]) => at).map(([seq, at]) => [seq, Date.parse(at)]).sort((one, other) => one[0] - other[0]);
    if (!times.length) return null;
    const last = times.at(-1)[1];
    const wanted = last - ((((last - time) % DAY) + DAY) % DAY);
    return times.findLast(([, at]) => at <= wanted)?.[0] ?? null;
  }

  /** Return the nearest event before or behind one: any, a verdict, or a human's act. */
  step(kind, seq, direction) {
    if (kind === "event") return Math.min(this.last, Math.max(1, seq + direction));
    const seqs = kind === "verdict" ? this.verdicts : this.human.map(([one]) => one);
    const found = direction > 0
      ? seqs.find((one) => one > seq)
      : seqs.findLast((one) => one < seq);
    return found ?? (direction > 0 ? this.last : 1);
  }
}

function latest(versions, seq) {
  for (let index = versions.length - 1; index >= 0; index -= 1) {
    if (versions[index].seq <= seq) return versions[index].row;
  }
  return null;
}

/** Return the status that a row is listed under: the baseline was not kept for being better. */
export function statusOf(row) {
  return row.iteration === 0 && row.status === "keep" ? "baseline" : row.status;
}

/** Return the keep rule that judged a row; "" where it was judged by what is none. */
export function ruleOf({ rule }) {
  return /_|^(baseline|remeasured|vetoed|guard|overspent|ablate)$/.test(rule) ? "" : rule;
}

/** Return the keep that gained most on what was the best before it; null where none has. */
export function largestStep(rows) {
  const gained = rows.filter((row) => row.iteration && row.status === "keep" && row.gain > 0 && !row.taken_out);
  return gained.reduce((most, row) => (most && most.gain >= row.gain ? most : row), null);
}

/** Say whether a kept row's gain is no more than chance may give. */
export function withinNoise(row) {
  return row.half_width !== null && row.half_width !== undefined && Math.abs(row.gain ?? 0) < row.half_width;
}

export async function load(base) {
  return { run: new Run(await get(`${base}/rows`)) };
}
