// Who proposes: what each was asked, what came of it, what it cost, and whether it is well.

import { clean, clock, deviceTime, fill, h, money, signed } from "./dom.js";
import { OVER, failing } from "./headline.js";

const KINDS = { search: "no agent", human: "you" };
const STEPS = new Set(["propose", "edit", "apply", "triage", "review"]);

export class Agents {
  constructor() {
    this.body = h("tbody");
    this.others = h("p", { class_: "small" });
    this.element = h("section", { class_: "card", "aria-label": "Who proposed", hidden: true }, h("h2", { text: "Who proposed" }),
      h("div", { class_: "over", tabindex: 0, role: "group", "aria-label": "Each who proposes" }, h("table", { class_: "agents" },
        h("thead", {}, h("tr", {}, [["who"], ["asked", 1], ["answered", 1], ["ideas", 1], ["kept", 1], ["gain", 1], ["cost", 1], ["a keep", 1], ["on devices", 1], ["health"]]
          .map(([name, right]) => h("th", { scope: "col", class_: right ? "n" : "", text: name })))), this.body)),
      this.others);
    this.callers = new Map(); // iteration, step and number of a call -> the agent
    this.models = [];
  }

  /** Take in what `spans` has: the calls with their times, and the models that answered. */
  take({ spans, models }) {
    this.callers = new Map(spans.filter(([kind]) => STEPS.has(kind)).map(([kind, , , iteration, number, agent]) => [`${iteration} ${kind} ${number}`, agent]));
    this.models = models ?? []; // a page that is a file may be of before
    if (this.found) this.draw(this.found, this.at);
  }

  draw(found, at) {
    [this.found, this.at] = [found, at];
    const { proposers, agents } = found.status;
    const health = new Map(agents.map((one) => [one.agent, one]));
    const names = [...new Set([...proposers.map((one) => one.name), ...health.keys()])];
    this.element.hidden = names.length === 0;
    const asked = found.jobs.map(([iteration, step, number]) => this.callers.get(`${iteration} ${step} ${number}`));
    this.over = OVER.has(found.status.phase);
    const lines = names.map((name) => this.line(name, proposers.find((one) => one.name === name), health.get(name), asked.filter((one) => one === name).length));
    const whole = 3600 * found.status.device_hours;
    const told = proposers.reduce((sum, one) => sum + (one.device_s ?? 0), 0);
    this.others.textContent = whole > told ? `On devices: trainings of what each proposed, ${inAll(told)} together. With the baseline's, and what was measured again, ${inAll(whole)}.` : "";
    const made = JSON.stringify(lines);
    if (made === this.made) return;
    this.made = made;
    fill(this.body, lines.map(({ name, kind, models, figures, said, ill }) => [h("tr", {},
      h("th", { scope: "row" }, h("b", { text: clean(name, 60) }), kind && h("span", { class_: "quiet", title: kind === KINDS.search ? "It changes constants of the code by itself" : null, text: ` ${kind}` }), models && h("span", { class_: "quiet", text: ` ${clean(models, 120)}` })),
      figures.map((one) => h("td", { class_: "n", text: one })), h("td", { class_: ill ? "warn" : "quiet", text: said })),
    ill && h("tr", { class_: "ill" }, h("td", { class_: "warn", colspan: figures.length + 2, text: ill }))]));
  }

  line(name, done, well, running) {
    const calls = done?.calls ?? 0;
    const models = this.at === null ? this.models.filter(([agent, model]) => agent === name && model).map(([, model]) => model).join(", ") : "";
    const usd = done?.usd ?? null;
    const least = usd !== null && done.calls_of_unknown_cost ? "≥ " : "";
    const isAgent = calls + running > 0;
    const figures = [isAgent ? calls + running : "–", isAgent ? calls : "–", done?.proposals ?? 0, done?.keeps ?? 0,
      done?.gain ? signed(done.gain) : "–",
      !isAgent ? "–" : usd === null ? "not told" : `${least}${money(usd)}`, usd && done.keeps ? `${least}${money(usd / done.keeps)}` : "–",
      done?.device_s ? inAll(done.device_s) : "–"].map(String);
    const good = well?.last_good ? `well at ${clock(well.last_good, false)}` : "";
    return { name, models, figures, kind: isAgent ? "agent" : KINDS[name] ?? "", said: !well ? "" : well.well ? good : this.over ? "failed" : "fails", ill: well && !well.well ? failing(well, this.over) : "" };
  }
}

function inAll(seconds) {
  return deviceTime(seconds / 3600);
}
