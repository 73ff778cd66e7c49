// What another rule had kept of this run: both lines, and each verdict that would be another one.

import { get } from "./api.js";
import { chip, clean, fill, h, number, plural } from "./dom.js";
import { overlay } from "./overlay.js";

export class OtherRule {
  constructor({ base, open }) {
    Object.assign(this, { base, open });
    this.rule = h("select", { "aria-label": "Rule", onchange: () => { this.choose(); this.judge(); } });
    this.value = h("input", { type: "text", inputmode: "decimal", size: 8, placeholder: "0", "aria-label": "The rule's number", onchange: () => this.judge() });
    this.unit = h("span", { class_: "quiet" });
    this.number = h("label", { class_: "by" }, h("span", { class_: "quiet", text: "by more than " }), this.value, " ", this.unit);
    this.meaning = h("p", { class_: "quiet" });
    this.body = h("div");
    this.element = h("details", { class_: "card other-rule", ontoggle: () => this.begin() }, h("summary", { text: "Under another rule" }),
      h("p", { class_: "quiet", text: "Of the whole run: the results stay, only the verdicts are taken again, as `replay --policy` does." }),
      h("form", { class_: "tools", onsubmit: (event) => { event.preventDefault(); this.judge(); } },
        this.rule, h("button", { type: "submit", text: "judge again" }), this.number), this.meaning, this.body);
  }

  async begin() {
    if (!this.element.open || this.rule.options.length) return;
    const { rules, settings } = await get(`${this.base}/settings`);
    const own = settings.keep_rule.split(":")[0];
    [this.rules, this.metric] = [rules, settings.metric?.name ?? ""];
    fill(this.rule, rules.map((one) => h("option", { value: one.form, text: one.form.split(/[:[]/)[0], title: one.meaning })));
    const others = rules.filter((one) => !one.form.startsWith(own));
    this.rule.value = (others.find((one) => one.form.startsWith("lower")) ?? others[0] ?? rules[0]).form; // which asks for no more than was measured
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
    const form = this.rule.value;
    this.number.hidden = !form.includes("NUMBER");
    this.unit.textContent = form.startsWith("min-percent") ? "% of the best" : `in ${clean(this.metric, 40) || "the metric"}`;
    const means = this.rules.find((one) => one.form === form).meaning.replace(/^one by/, "an improvement by").replace(/,? and than NUMBER|,? and more than NUMBER/, ", and more than the number, if one is given").replace("NUMBER percent", "so many percent").replace("NUMBER", "the number");
    this.meaning.textContent = `${form.split(/[:[]/)[0]} keeps ${clean(means, 300)}.`;
    this.value.required = this.rule.value.includes(":NUMBER") && !this.rule.value.includes("[:");
    if (this.value.required && !this.value.value) this.value.value = this.rule.value.startsWith("min-percent") ? "0.1" : "0.001";
    if (!this.value.required) this.value.value = "";
  }

  async judge() {
    const name = this.rule.value.split(/[:[]/)[0];
    const given = this.number.hidden ? "" : this.value.value.trim();
    if (this.value.required && !given) return this.value.reportValidity();
    const asked = (this.asked = (this.asked ?? 0) + 1);
    fill(this.body, h("p", { class_: "quiet", role: "status", text: "judging all results again…" }));
    try {
      const found = await get(`${this.base}/what_if?rule=${encodeURIComponent(given ? `${name}:${given}` : name)}`);
      if (asked !== this.asked) return undefined;
      this.draw(found);
      if (this.sought) this.element.scrollIntoView({ block: "start" }); // there was no room below it before
      this.sought = false;
    } catch (error) {
      if (asked === this.asked) fill(this.body, h("p", { class_: "banner warn", role: "alert", text: error.message }));
    }
    return undefined;
  }

  draw(found) {
    const changed = new Set(found.changed);
    const line = (name, word) => ({ name, points: found.iterations.filter((one) => one[word] === "keep" && one.metric !== null)
      .map((one) => [one.iteration, one.metric, changed.has(one.iteration)]) });
    const others = found.iterations.filter((one) => changed.has(one.iteration));
    const named = (best) => (best === null ? "none" : best.iteration ? `#${best.iteration}` : "the baseline");
    const measured = (best) => best && found.iterations.find((one) => one.iteration === best.iteration)?.metric;
    const of = (best) => `${named(best)}${typeof measured(best) === "number" ? ` (${number(measured(best))})` : ""}`;
    const isSame = found.best?.iteration === found.own_best?.iteration;
    const keeps = found.iterations.filter((one) => one.iteration && one.would_be === "keep");
    const link = (one) => h("button", { type: "button", class_: "link", text: `#${one.iteration}`, onclick: () => this.open(one.iteration) });
    fill(this.body,
      h("p", { class_: "said", text: others.length === 0 ? `no verdict changes: ${clean(found.policy, 40)} had judged all ${found.iterations.length} the same`
        : `by ${clean(found.policy, 40)}, ${others.length} of ${plural(found.iterations.length, "verdict")} would change; ${isSame ? `the best stays ${of(found.best)}` : `the best would be ${of(found.best)}, it is ${of(found.own_best)}`}` }),
      others.length > 0 && h("p", { class_: "kept-so" }, `It would keep ${plural(keeps.length, "change")}${keeps.length ? ": " : "."}`, keeps.slice(0, 60).flatMap((one) => [link(one), " "]),
        keeps.length > 60 && `and ${keeps.length - 60} more`),
      others.length > 0 && h("p", { class_: "small", text: "Each number is what the verdict on it was taken from; above, the best may be told as a mean over more seeds. What trained nothing, since its code was known, has no verdict here; the baseline has one." }),
      overlay([line(`kept by ${found.own_policy}, as it was`, "was"), line(`kept by ${found.policy}`, "would_be")], { steps: true, until: found.iterations.at(-1)?.iteration ?? 0 }),
      others.length > 0 && found.other_code_from !== null && h("p", { class_: "small", text: `From #${found.other_code_from} on, that run had trained other code: what is marked was measured on this one's.` }),
      others.length > 0 && h("div", { class_: "over", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class_: "pairs changes" },
        h("thead", {}, h("tr", {}, ["#", "result", "was", "would be", "why"].map((title) => h("th", { scope: "col", text: title })))),
        h("tbody", {}, others.slice(0, 200).map((one) => h("tr", {},
          h("td", {}, link(one)),
          h("td", { class_: "n", text: number(one.metric) }), h("td", {}, chip(one.was)), h("td", {}, chip(one.would_be)),
          h("td", { class_: "wrap", text: `${clean(one.reason, 200)}${one.other_code ? " (on other code)" : ""}` })))))),
      others.length > 200 && h("p", { class_: "quiet", text: `and ${plural(others.length - 200, "verdict")} more` }));
  }
}
