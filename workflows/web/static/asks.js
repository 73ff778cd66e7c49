// What waits for a human: keeps to approve, and questions of agents. Each with its way out.

import { clean, day, fill, h, number } from "./dom.js";

export class Asks {
  constructor({ steer }) {
    this.steer = steer;
    this.element = h("div", { class_: "asks" });
  }

  /** Draw where it is another one: what somebody types meanwhile stays. */
  draw({ approvals, questions, phase }, at) {
    const open = phase === "done" ? [] : questions ?? [];
    this.element.classList.toggle("past", at !== null);
    const made = JSON.stringify([approvals, open]);
    if (made === this.made) return;
    this.made = made;
    fill(this.element, approvals.map((one) => this.approval(one)), open.map((one) => this.question(one)));
  }

  approval({ iteration, description, metric, until }) {
    const of = String(iteration);
    const veto = () => {
      const why = prompt(`Why is iteration ${of} not to be kept? Agents read it.`);
      if (why) this.steer.say({ command: "veto", number: of, why });
    };
    return ask(`Keep #${of}?`, `${clean(description, 300)}${metric === null || metric === undefined ? "" : `, ${number(metric)}`}${until ? `; it waits until ${day(until)}` : ""}`,
      h("span", { class_: "control chips" }, h("button", { type: "button", class_: "primary", text: "approve", onclick: () => this.steer.say({ command: "approve", number: of }) }),
        h("button", { type: "button", text: "veto", onclick: veto })),
      `autoresearch approve ${of}`);
  }

  question({ number, question, agent, iteration }) {
    const text = h("input", { type: "text", required: true, placeholder: "your answer", "aria-label": `Answer to question ${number}` });
    return ask(`${clean(agent, 40)} asks`, `${clean(question, 1000)} (iteration ${iteration})`,
      h("form", { class_: "line control", onsubmit: (event) => {
        event.preventDefault();
        this.steer.say({ command: "answer", number: String(number), text: text.value });
      } }, text, h("button", { type: "submit", class_: "primary", text: "answer" })),
      `autoresearch answer --question ${number} TEXT`);
  }
}

function ask(title, words, acts, command) {
  return h("div", { class_: "banner ask" }, h("p", { dir: "auto" }, h("b", { text: `${title} ` }), words), acts, h("code", { class_: "reads", text: command }));
}
