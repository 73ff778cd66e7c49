// Answers what a page asks from the data that lie within its own file: the same questions, no server.

export class Refused extends Error {
  constructor(status, said) {
    super(said);
    this.status = status;
    this.wayOut = "";
  }
}

const refused = (said) => new Refused(404, `${said} is not in this file: autoresearch serve shows it`);
let held = null;

/** Unpack the data of this file, once. */
export async function unpack() {
  const packed = document.getElementById("packed").textContent;
  const bytes = Uint8Array.from(atob(packed.trim()), (one) => one.charCodeAt(0));
  held = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  let before = { status: {} };
  held.states = held.states.map(([seq, fields]) => {
    before = { ...before, ...fields, status: { ...before.status, ...fields.status } };
    return [seq, before];
  });
  held.asRows = new Map();
  for (const [seq, iteration, fields] of held.rows.changes) held.asRows.set(iteration, [...(held.asRows.get(iteration) ?? []), [seq, fields]]);
  return held.rows.run_id;
}

export async function get(path) {
  const { pathname, searchParams } = new URL(path, "http://file");
  const [, , , , what, number] = pathname.split("/");
  const at = Number(searchParams.get("at")) || held.rows.seq;
  switch (what) {
    case "rows": return structuredClone(held.rows);
    case "spans": return held.spans;
    case "overview": return state(at);
    case "settings": return held.settings;
    case "events": return events(Number(searchParams.get("upto")) || held.rows.seq, Number(searchParams.get("count")) || 400);
    case "experiments": return experiment(Number(number), at, searchParams.get("against") ?? "base");
    case "what_if": {
      const found = held.rules[searchParams.get("rule")];
      if (found) return found;
      throw refused("this rule");
    }
    default: throw refused("that");
  }
}

/** Nothing comes after what lies in a file. */
export function follow() {
  return () => {};
}

/** Return how the run stood: as of the event, or as of the last one before it whose state lies here. */
function state(seq) {
  const after = held.states.findIndex(([one]) => one > seq);
  const found = after < 0 ? held.states.at(-1) : held.states[Math.max(0, after - 1)];
  return { ...found[1], seq, last: held.rows.seq, generation: 0, damage: held.damage, torn_bytes: 0 };
}

function events(upto, count) {
  return held.events.slice(Math.max(0, upto - count), upto).map(whole);
}

function whole([seq, at, by, type, iteration, said, cause]) {
  return { seq, at, by, type, iteration, said, cause };
}

function experiment(number, at, against) {
  const row = Object.assign({}, ...(held.asRows.get(number) ?? []).filter(([seq]) => seq <= at).map(([, fields]) => fields));
  if (row.iteration === undefined) throw new Refused(404, `there is no iteration ${number} as of event ${at}`);
  const more = held.experiments[number];
  if (against !== "base") throw refused("the difference against another iteration");
  const own = held.events.filter(([seq, , , , iteration]) => iteration === number && seq <= at).map(whole);
  return { diff: "", log_tail: "", proposal: null, conditions: {}, base_commit: "", artifacts: "", inputs: {}, rule: "", curve: [], ...more, ...row,
    seq: at, against, running: [], events: own, calls: (more?.calls ?? []).filter((one) => one.seq <= at),
    pairs: row.closed_at ? more?.pairs ?? [] : [],
    left_out: more ? "" : `Its diff, calls and log are not in this file: autoresearch show ${number} --run-id ${held.rows.run_id} has them.` };
}
