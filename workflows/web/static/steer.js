// Say something to a run, where this start of the server allows it: each is a command, and shows as an event.

import { get } from "./api.js";
import { clean, fill, h } from "./dom.js";
import { proposalForm } from "./proposal.js";

const KEPT = "token";

/** Keep the token of the address that the server printed for this tab alone, and take it out of the address. */
export function keepToken() {
  const found = location.hash.match(/^#token=([\w-]+)$/);
  if (!found) return;
  sessionStorage.setItem(KEPT, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
}

export class Steer {
  constructor({ base }) {
    this.base = base;
    this.said = h("p", { class_: "small", role: "status" });
    this.element = h("section", { class_: "card steer", "aria-label": "Steer", hidden: true });
    this.allow();
  }

  async allow() {
    this.token = sessionStorage.getItem(KEPT);
    if (!this.token) return;
    const { allowed } = await get("/api/control").catch(() => ({ allowed: false }));
    if (!allowed) return;
    fill(this.element, h("h2", { text: "Steer" }), this.buttons(), this.loops(), this.note(),
      proposalForm((asked) => this.say(asked)), this.said);
    if (this.shown) this.draw(...this.shown);
    this.element.hidden = false;
    document.body.classList.add("steers");
  }

  draw(found, at) {
    this.shown = [found, at];
    const { phase } = found.status;
    this.element.classList.toggle("past", at !== null);
    const over = phase === "done" || phase === "stopped";
    for (const button of this.element.querySelectorAll("button[data-command]")) {
      const { command } = button.dataset;
      button.hidden = command === "unpause" ? phase !== "paused" : over || (command === "pause" && phase === "paused");
    }
  }

  buttons() {
    const button = (command, words, ask = "") => h("button", { type: "button", "data-command": command, text: words,
      onclick: () => (!ask || confirm(ask)) && this.say({ command }) });
    return h("div", { class_: "chips" }, button("pause", "pause"), button("unpause", "go on"), button("stop", "stop after this"),
      button("stop_now", "stop now", "End the training that runs, too?"));
  }

  loops() {
    const count = h("input", { type: "number", min: 1, max: 100000, value: 5, "aria-label": "How many loops" });
    return form("more loops", count, () => this.say({ command: "resume", loops: count.value }));
  }

  note() {
    const text = h("input", { type: "text", placeholder: "a note; agents read it", "aria-label": "Note", required: true });
    return form("note", text, () => this.say({ command: "note", text: text.value }).then((ok) => { if (ok) text.value = ""; }));
  }

  async say(asked) {
    this.said.textContent = "…";
    try {
      const answer = await fetch(`${this.base}/steer`, { method: "POST", body: JSON.stringify(asked),
        headers: { "content-type": "application/json", "x-autoresearch-token": this.token } });
      const found = await answer.json();
      this.said.textContent = clean(found.said ?? found.error, 800);
      this.said.className = answer.ok ? "small good" : "small bad";
      return answer.ok;
    } catch (error) {
      this.said.textContent = error.message;
      this.said.className = "small bad";
      return false;
    }
  }
}

function form(words, field, send) {
  return h("form", { class_: "line", onsubmit: (event) => { event.preventDefault(); send(); } }, field, h("button", { type: "submit", text: words }));
}
