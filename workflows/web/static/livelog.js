// The end of a job's log, going on while it is written.

import { get } from "./api.js";
import { clean, fill, h } from "./dom.js";

const EVERY_MS = 1000;
const MOST = 40000; // characters that are kept

export class LiveLog {
  constructor({ base, opened = true }) {
    this.base = base;
    this.words = h("summary");
    this.text = h("pre", { class_: "live-log", tabindex: 0, role: "log", "aria-live": "off", "aria-label": "What it prints" });
    this.element = h("details", { class_: "part", open: opened, hidden: true, ontoggle: () => this.again() }, this.words, this.text);
  }

  /** Follow a job: [iteration, step, count]; null: none. */
  follow(job) {
    const name = job ? job.join("/") : "";
    if (name === this.name) return;
    [this.name, this.end, this.said] = [name, 0, ""];
    clearTimeout(this.timer);
    this.element.hidden = !job;
    if (!job) return;
    fill(this.words, `Its log, live: ${job[1]}${job[2] > 1 ? ` ${job[2]}` : ""}`);
    fill(this.text);
    this.look(name);
  }

  again() {
    if (this.element.open && this.name) this.look(this.name);
  }

  async look(name) {
    clearTimeout(this.timer);
    if (!this.element.open || name !== this.name || (this.shown && !this.element.isConnected)) return;
    const found = await get(`${this.base}/log/${name}?from=${this.end}`).catch(() => null);
    if (name !== this.name) return;
    if (found?.text) {
      this.said = ((found.end < this.end ? "" : this.said) + found.text).slice(-MOST);
      const stays = this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight > 40 && this.text.scrollTop > 0;
      this.text.textContent = this.said.split("\n").map((line) => clean(line, 2000)).join("\n");
      if (!stays) this.text.scrollTop = this.text.scrollHeight;
    }
    if (found) this.end = found.end;
    this.shown = this.element.isConnected;
    this.timer = setTimeout(() => this.look(name), EVERY_MS);
  }
}
