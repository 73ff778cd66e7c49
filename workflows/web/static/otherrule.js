// What another rule had kept of this run: both lines, and each verdict that would be another one.

import { get } from "./api.js";
import { chip, clean, fill, h, number, plural } from "./dom.js";
import { overlay } from "./overlay.js";

export class OtherRule {
  constructor({ base, open }) {
    Object.assign(this, { base, open });
    this.rule = h("select", { "aria-label": "Rule", onchange: () => this.choose() });
    this.value = h("input", { type: "text", inputmode: "decimal", size: 11, placeholder: "by more than", "aria-label": "The rule's number" });
    this.body = h("div");
    this.element = h("details", { class_: "card other-rule", ontoggle: () => this.begin() }, h("summary", { text: "Under another rule" }),
      h("p", { class_: "quiet", text: "Of the whole run: the results stay, only the verdicts are taken again, as `replay --policy` does." }),
      h("form", { class_: "tools", onsubmit: (event) => { event.preventDefault(); this.judge(); } },
        this.rule, this.value, h("button", { type: "submit", text: "judge again" })), this.body);
  }

  async begin() {
    if (!this.element.open || this.rule.options.length) return;
    const { rules, settings } = await get(`${this.base}/settings`);
    const own = settings.keep_rule.split(":")[0];
    fill(this.rule, rules.map((one) => h("option", { value: one.form, text: one.form.split(/[:[]/)[0], title: one.meaning })));
    this.rule.value = (rules.find((one) => !one.form.startsWith(own)) ?? rules[0]).form;
    this.choose();
    this.judge();
  }

  /** Open it, and bring it into sight. */
  show() {
    this.sought = true;
    this.element.open = true;
    this.element.scrollIntoView({ block: "start" });
    this.element.querySelector("summary").focus({ preventScroll: true });
  }

  choose() {
    this.value.hidden = !this.rule.value.includes("NUMBER");
    this.value.required = this.rule.value.includes(":NUMBER") && !this.rule.value.includes("[:");
    if (this.value.required && !this.value.value) this.value.value = this.rule.value.startsWith("min-percent") ? "0.1" : "0.001";
    if (!this.value.required) this.value.value = "";
  }

  async judge() {
    const name = this.rule.value.split(/[:[]/)[0];
    const given = this.value.hidden ? "" : this.value.value.trim();
    fill(this.body, h("p", { class_: "quiet", role: "status", text: "judging all results again…" }));
    try {
      const found = await get(`${this.base}/what_if?rule=${encodeURIComponent(given ? `${name}:${given}` : name)}`);
      this.draw(found);
      if (this.sought) this.element.scrollIntoView({ block: "start" }); // there was no room below it before
      this.sought = false;
    } catch (error) {
      fill(this.body, h("p", { class_: "banner warn", role: "alert", text: error.message }));
    }
  }

  draw(found) {
    const changed = new Set(found.changed);
    const line = (name, word) => ({ name, points: found.iterations.filter((one) => one[word] === "keep" && one.metric !== null)
      .map((one) => [one.iteration, one.metric, changed.has(one.iteration)]) });
    const others = found.iterations.filter((one) => changed.has(one.iteration));
    const of = (best) => (best === null ? "none" : `${number(best.metric)} (${best.iteration ? `#${best.iteration}` : "baseline"})`);
    fill(this.body,
      h("p", { class_: "said", text: others.length === 0 ? `no verdict changes: ${clean(found.policy, 40)} had judged all ${found.iterations.length} the same`
        : `${others.length} of ${plural(found.iterations.length, "verdict")} would change; the best would be ${of(found.best)}, it is ${of(found.own_best)}` }),
      overlay([line(`kept by ${found.own_policy}, as it was`, "was"), line(`kept by ${found.policy}`, "would_be")], { steps: true, until: found.iterations.at(-1)?.iteration ?? 0 }),
      others.length > 0 && found.other_code_from !== null && h("p", { class_: "small", text: `From #${found.other_code_from} on, that run had trained other code: what is marked was measured on this one's.` }),
      others.length > 0 && h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class_: "pairs changes" },
        h("thead", {}, h("tr", {}, ["#", "result", "was", "would be", "why"].map((title) => h("th", { scope: "col", text: title })))),
        h("tbody", {}, others.slice(0, 200).map((one) => h("tr", {},
          h("td", {}, h("button", { type: "button", class_: "link", text: `#${one.iteration}`, onclick: () => this.open(one.iteration) })),
          h("td", { class_: "n", text: number(one.metric) }), h("td", {}, chip(one.was)), h("td", {}, chip(one.would_be)),
          h("td", { class_: "wrap", text: `${clean(one.reason, 200)}${one.other_code ? " (on other code)" : ""}` })))))),
      others.length > 200 && h("p", { class_: "quiet", text: `and ${plural(others.length - 200, "verdict")} more` }));
  }
}
