// The slider over the whole log: every panel shows the state as of its place; the right end is live, or at rest the newest.

import { clock, fill, h } from "./dom.js";
import { colours } from "./chart.js";

const KINDS = [["event", "event"], ["verdict", "verdict"], ["human", "human act"]];
const KEYS = [
  ["← →", "one step back or forward"], ["⇧ ← →", "to the verdict before or behind"], ["h", "to the human act before"], ["g", "go to a time of day"],
  ["Home, End, l", "first event, live (at rest the newest)"], ["j k ↑ ↓", "choose an iteration"], ["Enter", "open it"], ["x", "choose it to compare"], ["Esc", "close it"],
  ["/", "filter the table"], ["t", "light or dark"], ["?", "these keys"],
];

export class Slider {
  constructor({ goTo }) {
    this.goTo = goTo;
    this.kind = "event";
    this.range = h("input", { type: "range", min: 1, max: 1, value: 1, step: 1, "aria-label": "As of event",
      oninput: () => goTo(Number(this.range.value)) });
    this.marks = h("canvas", { class_: "marks", "aria-hidden": "true" });
    this.label = h("output", { class_: "label" });
    this.typed = null; // a time, and the event that it led to
    this.rests = false;
    this.when = h("input", { type: "text", class_: "when", "aria-label": "Time of day, UTC", title: "Type a time, such as 3:00 (UTC), and Enter: all as of then",
      onfocus: () => this.when.select(), oninput: () => this.when.setCustomValidity("") });
    const whenForm = h("form", { class_: "at", onsubmit: (event) => { event.preventDefault(); this.atTime(); } }, this.when);
    this.live = h("button", { type: "button", class_: "live", onclick: () => goTo(null), title: "To the last event (l)" }, h("i"), this.liveWord = h("span", { text: "live" }));
    const kinds = h("select", { "aria-label": "Step by", onchange: () => { this.kind = kinds.value; } },
      KINDS.map(([value, words]) => h("option", { value, text: words })));
    const step = (direction) => goTo(this.run.step(this.kind, this.at ?? this.run.last, direction));
    this.keys = h("dialog", { class_: "keys", "aria-label": "Keys", onclick: (event) => event.target === this.keys && this.keys.close() }, h("h2", { text: "Keys" }),
      h("dl", {}, KEYS.map(([keys, words]) => h("div", {}, h("dt", {}, h("kbd", { text: keys })), h("dd", { text: words })))),
      h("form", { method: "dialog" }, h("button", { type: "submit", text: "close" })));
    this.element = h("div", { class_: "slider", role: "group", "aria-label": "Time" },
      h("button", { type: "button", "aria-label": "Back", title: "Back (←)", onclick: () => step(-1), text: "◀" }), kinds,
      h("button", { type: "button", "aria-label": "Forward", title: "Forward (→)", onclick: () => step(1), text: "▶" }),
      h("div", { class_: "track" }, this.marks, this.range), this.label, whenForm, this.live,
      h("button", { type: "button", class_: "plain", "aria-label": "Keys", onclick: () => this.help(), text: "?" }), this.keys);
  }

  help() {
    if (this.keys.open) this.keys.close();
    else this.keys.showModal();
  }

  draw(run, at, asOf) {
    this.run = run;
    this.at = at;
    const now = at ?? run.last;
    this.range.max = String(run.last);
    this.range.value = String(now);
    this.range.setAttribute("aria-valuetext", at === null ? `${this.rests ? "newest" : "live"}, event ${now}` : `event ${now} of ${run.last}`);
    if (this.typed && this.typed.at !== at) this.typed = null;
    fill(this.label, at !== null && "as of event ", h("b", { text: now.toLocaleString("en") }), h("span", { class_: "quiet", text: ` of ${run.last.toLocaleString("en")}` }),
      at !== null && asOf && `, ${clock(asOf)}`);
    if (document.activeElement !== this.when) this.when.value = this.typed?.words ?? (asOf ? clock(asOf) : "");
    this.liveWord.textContent = this.rests ? "newest" : "live";
    this.live.classList.toggle("rests", this.rests);
    this.live.setAttribute("aria-pressed", String(at === null));
    const drawn = `${run.last} ${this.marks.clientWidth} ${document.documentElement.dataset.theme}`;
    if (drawn !== this.drawn) this.paint(drawn);
  }

  /** Go to the time that was typed; say what is none, or is before the run. */
  atTime() {
    const found = this.when.value.trim().match(/^(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*z?$/i);
    const [hours, minutes, seconds] = (found ?? []).slice(1).map((one) => Number(one ?? 0));
    const seq = found && this.run.atTime(1000 * (3600 * hours + 60 * minutes + seconds));
    if (seq === null) {
      this.when.setCustomValidity(found ? `The run had not begun at ${found[0]} (UTC).` : "A time of day, such as 3:00 or 21:38:36 (UTC)");
      this.when.reportValidity();
      return;
    }
    this.when.blur();
    this.typed = { words: found[0], at: seq >= this.run.last ? null : seq };
    this.goTo(seq);
    scrollTo({ top: 0 }); // where the answer is
  }

  /** Draw a mark for each keep, and one for each act of a human. */
  paint(drawn) {
    this.drawn = drawn;
    const [wide, tall] = [this.marks.clientWidth, 10];
    if (!wide) return;
    const ratio = devicePixelRatio || 1;
    this.marks.width = Math.round(wide * ratio);
    this.marks.height = tall * ratio;
    const pen = this.marks.getContext("2d");
    pen.scale(ratio, ratio);
    const colour = colours(this.marks);
    const place = (seq) => 8 + ((wide - 16) * (seq - 1)) / Math.max(1, this.run.last - 1);
    const seen = new Set();
    const mark = (seq, fillStyle, top, high) => {
      const x = Math.round(place(seq));
      if (seen.has(`${x}${fillStyle}`)) return;
      seen.add(`${x}${fillStyle}`);
      pen.fillStyle = fillStyle;
      pen.fillRect(x - 0.5, top, 1.5, high);
    };
    for (const seq of this.run.keeps) mark(seq, colour.mark, 0, 6);
    for (const [seq] of this.run.human) mark(seq, colour.warn, 6, 4);
  }
}
