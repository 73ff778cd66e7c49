// What runs now, what waits, what was noted, and what happened last.

import { get } from "./api.js";
import { STEPS, clean, clock, day, duration, fill, h, percent, proposer, typeWords } from "./dom.js";
import { OVER, failing } from "./headline.js";
import { LiveLog } from "./livelog.js";

const EVENTS = 120;
const SHOWN = 150;

export class Side {
  constructor({ base, open, goTo, steer, acts }) {
    Object.assign(this, { base, open, goTo, steer, acts });
    this.devices = h("section", { class_: "card", "aria-label": "Devices" });
    this.agent = h("section", { class_: "card", "aria-label": "Agent", hidden: true });
    this.queue = h("section", { class_: "card", "aria-label": "Queue" });
    this.notes = h("section", { class_: "card", "aria-label": "Notes", hidden: true });
    this.ideas = h("section", { class_: "card", "aria-label": "Ideas for later", hidden: true });
    this.agentSaid = h("div");
    this.agentLog = new LiveLog({ base, opened: false });
    fill(this.agent, h("h2", { text: "Agent" }), this.agentSaid, this.agentLog.element);
    this.type = h("select", { "aria-label": "Type of event", onchange: () => this.list() });
    this.log = h("ol", { class_: "events" });
    this.element = h("aside", { class_: "side" }, steer.element, this.devices, this.agent, this.queue, this.ideas, this.notes,
      h("section", { class_: "card", "aria-label": "Events" }, h("div", { class_: "tools" }, h("h2", { text: "Events" }), this.type), this.log));
    this.records = [];
  }

  draw(found, at, rows) {
    this.drawDevices(found, at, rows);
    this.drawAgent(found, at);
    this.drawQueue(found.queue);
    this.drawIdeas(found.ideas ?? []); // a page that is a file may be of before
    this.notes.hidden = found.notes.length === 0;
    const told = this.acts().filter(([seq, , type]) => type === "NoteAdded" && seq <= found.seq).slice(-found.notes.length);
    fill(this.notes, h("h2", { text: "Notes" }), h("ul", {}, found.notes.map((note, index) => h("li", {}, h("span", { dir: "auto", text: clean(note, 600) }),
      told.length === found.notes.length && noted(told[index], this.goTo)))));
  }

  /** Draw the queue where it is another one: what somebody opened in it stays open. */
  drawQueue(waiting) {
    const made = JSON.stringify(waiting);
    if (made === this.queueMade) return;
    this.queueMade = made;
    fill(this.queue, h("h2", { text: "Queue" }),
      waiting.length === 0 && h("p", { class_: "quiet", text: "No proposal waits; the agent or the search proposes." }),
      h("ol", { class_: "queue" }, waiting.map((one) => proposal(one, this.steer))));
  }

  /** Draw what was left for later where it is another list, the next one first. */
  drawIdeas(ideas) {
    const made = JSON.stringify(ideas);
    if (made === this.ideasMade) return;
    this.ideasMade = made;
    this.ideas.classList.toggle("none", ideas.length === 0);
    this.ideas.hidden = false;
    const button = (command, { number }, words) => h("button", { type: "button", class_: "link control", text: words, "aria-label": `${words}: idea ${number}`,
      onclick: () => this.steer.say({ command, number: String(number) }) });
    const text = h("input", { type: "text", required: true, placeholder: "an idea for later", "aria-label": "Idea" });
    fill(this.ideas, h("h2", { text: "Ideas for later" }),
      h("ol", { class_: "ideas" }, ideas.map((one, index) => h("li", {}, h("span", { class_: "quiet", text: `${one.number}` }),
        h("span", {}, h("span", { dir: "auto", text: clean(one.text, 400) }), h("span", { class_: "small", text: ` ${clean(one.agent ?? "a human", 40)}${one.iteration === null ? "" : `, #${one.iteration}`}` })),
        h("span", { class_: "acts" }, index > 0 && button("idea_first", one, "first"), button("idea_drop", one, "drop"))))),
      h("form", { class_: "line control", onsubmit: async (event) => {
        event.preventDefault();
        if (await this.steer.say({ command: "idea", text: text.value })) text.value = "";
      } }, text, h("button", { type: "submit", text: "add" })));
  }

  drawDevices(found, at, rows) {
    const now = Date.parse(found.status.as_of);
    const gpu = at === null ? found.status.gpu : null;
    fill(this.devices, h("h2", { text: "Devices" }),
      h("ul", { class_: "devices" }, found.devices.map((one) => this.device(one, now, rows.find((row) => row.iteration === one.iteration)))),
      gpu && h("p", { class_: "small", text: `${clean(gpu.name, 60)}: ${gpu.utilisation_percent}\u00a0% busy, ${Math.round(gpu.memory_used_mb / 1024)} of ${Math.round(gpu.memory_total_mb / 1024)} GB` }),
      found.status.waits_for && h("p", { class_: "warn", text: `waits for the device: ${clean(found.status.waits_for)} holds it` }));
  }

  device(one, now, row) {
    const name = one.device === "cpu" ? "CPU" : `device ${clean(one.device, 40)}`;
    if (one.iteration === null) return h("li", {}, h("b", { text: name }), h("span", { class_: "quiet", text: "idle" }));
    const passed = Math.max(0, (now - Date.parse(one.since)) / 1000);
    const told = one.progress?.percent;
    const share = told ?? Math.min(99, (100 * passed) / Math.max(1, one.expected_s));
    const left = one.progress?.seconds_left ?? null;
    return h("li", {}, h("b", { text: name }),
      h("button", { type: "button", class_: "link", onclick: () => this.open(one.iteration), text: `#${one.iteration}` }),
      h("span", { text: `trains${told === null || told === undefined ? "" : `, ${percent(told / 100)}`}` }),
      h("progress", { max: 100, value: share, "aria-label": `training of iteration ${one.iteration}` }),
      row?.description && h("p", { class_: "small", dir: "auto", text: clean(row.description, 160) }),
      h("p", { class_: "small", text: [
        one.progress?.loss === null || one.progress?.loss === undefined ? "" : `loss ${one.progress.loss.toFixed(4)}`,
        one.progress?.tok_per_s ? `${Math.round(one.progress.tok_per_s).toLocaleString("en")} tok/s` : "",
        left === null ? `for ${duration(passed)}` : `${duration(Math.max(0, left))} left`].filter(Boolean).join(" · ") }));
  }

  drawAgent(found, at) {
    const { agents, phase } = found.status;
    const over = OVER.has(phase);
    const now = Date.parse(found.status.as_of);
    const asked = found.jobs.filter(([, step]) => step in STEPS);
    const said = [...asked.map(([number, step, , since]) => `#${number}: asked to ${STEPS[step]}, for ${duration(Math.max(0, (now - Date.parse(since)) / 1000))}`),
      found.prefetch && `prepared meanwhile: ${found.prefetch}`].filter(Boolean);
    const ill = over ? [] : agents.filter((one) => !one.well);
    this.agent.hidden = !said.length && !ill.length;
    this.agentLog.follow(at === null && asked.length ? asked[0].slice(0, 3) : null);
    fill(this.agentSaid, said.map((one) => h("p", { text: clean(one, 300) })),
      ill.map((one) => h("p", { class_: "warn", text: failing(one) })));
  }

  /** Show the last events up to one. */
  async events(at) {
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const found = await get(`${this.base}/events?count=${EVENTS}${at === null ? "" : `&upto=${at}`}`).catch(() => null);
    if (!found || asked !== this.asked) return;
    this.records = found.reverse();
    this.list();
  }

  list() {
    const types = [...new Set(this.records.map((one) => one.type))].sort();
    const chosen = this.type.value;
    fill(this.type, h("option", { value: "", text: "all types" }), types.map((type) => h("option", { value: type, text: typeWords(type), selected: type === chosen })));
    const shown = this.records.filter((one) => !this.type.value || one.type === this.type.value).slice(0, SHOWN);
    records(this.log, shown, this);
  }
}

/** Fill a list with events, each with the one that it follows from and those that follow from it. */
export function records(list, shown, place) {
  const effects = new Map();
  for (const one of shown) if (one.cause) effects.set(one.cause, [...(effects.get(one.cause) ?? []), one.seq]);
  const jump = (seq) => {
    const there = list.querySelector(`[data-seq="${seq}"]`);
    if (!there) return place.goTo(seq);
    for (const one of list.querySelectorAll(".jumped")) one.classList.remove("jumped");
    there.classList.add("jumped");
    there.scrollIntoView({ block: "nearest" });
    return there.querySelector("button").focus({ preventScroll: true });
  };
  fill(list, shown.map((one) => record(one, place, effects.get(one.seq) ?? [], jump)));
  return list;
}

/** Say who noted something, and when: notes are a human's. */
function noted([seq, at], goTo) {
  return h("p", { class_: "small" }, `a human, ${day(at)}, `, h("button", { type: "button", class_: "link", title: `All as of event ${seq}`, onclick: () => goTo(seq), text: `event ${seq}` }));
}

function record(one, { goTo, open }, effects, jump) {
  const link = (mark, words, seq) => h("button", { type: "button", class_: "link chain", title: `${words} event ${seq}`, "aria-label": `${words} event ${seq}`,
    onclick: () => jump(seq), text: `${mark}${seq}` });
  return h("li", { "data-seq": one.seq },
    h("button", { type: "button", class_: "link seq", title: `All as of event ${one.seq}`, onclick: () => goTo(one.seq), text: `${one.seq}` }),
    h("time", { datetime: one.at, text: clock(one.at) }),
    h("span", { dir: "auto" }, clean(one.said, 240), one.cause && link("←", "follows from", one.cause), effects.slice(0, 6).map((seq) => link("→", "led to", seq))),
    one.iteration !== null && open && h("button", { type: "button", class_: "link", onclick: () => open(one.iteration), text: `#${one.iteration}` }));
}

function proposal(one, steer) {
  const settings = Object.entries(one.set ?? {}).map(([name, value]) => `${name} = ${value}`).join(", ");
  return h("li", {}, h("details", {}, h("summary", {}, h("b", { text: `${one.number}` }), h("span", { dir: "auto", text: clean(one.description, 160) }),
    h("span", { class_: "quiet", text: clean(proposer(one), 60) })),
  h("p", { dir: "auto", text: clean(one.change_plan, 2000) }), settings && h("code", { text: clean(settings, 600) }),
  h("button", { type: "button", class_: "control", text: "withdraw", onclick: () => steer.say({ command: "withdraw", number: String(one.number) }) }),
  one.hypothesis && h("p", { class_: "quiet", dir: "auto", text: clean(one.hypothesis, 600) })));
}

