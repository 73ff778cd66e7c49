// What the server is asked, and the stream of what comes.

export class Refused extends Error {
  constructor(status, said) {
    super(said.error ?? `the server answered ${status}`);
    this.status = status;
    this.wayOut = said.way_out ?? "";
  }
}

export async function get(path, signal) {
  const answer = await fetch(path, { signal, headers: { accept: "application/json" } });
  if (answer.ok) return answer.json();
  throw new Refused(answer.status, await answer.json().catch(() => ({})));
}

/** Follow a run from a position on. The browser reconnects by itself, and hands back the last event's id. */
export function follow(base, from, { onrecord, onstatus, onreset, onopen, onlost }) {
  const source = new EventSource(`${base}/stream?from=${encodeURIComponent(from)}`);
  source.addEventListener("record", (message) => onrecord(JSON.parse(message.data), message.lastEventId));
  source.addEventListener("status", (message) => onstatus(JSON.parse(message.data)));
  source.addEventListener("reset", () => {
    source.close();
    onreset();
  });
  source.addEventListener("open", onopen);
  source.addEventListener("error", () => {
    onlost();
    // A server that is gone for good refuses the connection; the browser tries on only where it broke.
    if (source.readyState === EventSource.CLOSED) setTimeout(onreset, 2000);
  });
  return () => source.close();
}
