// The form of a proposal, made of its schema: what the schema gains, the form gains.

import { get } from "./api.js";
import { fill, h } from "./dom.js";

const BY_ITSELF = new Set(["status"]); // a page proposes; it asks nothing
const FIRST = ["description", "set", "change_plan"]; // what most proposals are made of; the others lie beneath
const LEVELS = 4;

/** Return the form; it fills itself once it is opened. */
export function proposalForm(say) {
  const form = h("form");
  const send = async (command) => {
    const proposal = read(form);
    const first = form.querySelector("[name=first]").checked;
    const done = await say({ command, proposal: JSON.stringify(proposal), ...(first ? { first: "on" } : {}) });
    if (done && command === "propose") form.reset();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send("propose"); });
  const element = h("details", {}, h("summary", { text: "propose a change" }), form);
  element.addEventListener("toggle", async () => {
    if (!element.open || form.children.length) return;
    const schema = await get("/api/proposal.schema.json");
    const others = Object.keys(schema.properties).filter((name) => !BY_ITSELF.has(name) && !FIRST.includes(name));
    const fields = (names) => names.map((name) => field(name, schema.properties[name]));
    fill(form, fields(FIRST), h("details", {}, h("summary", { text: "more that it may say" }), h("div", { class_: "more" }, fields(others))),
      h("label", { class_: "beside" }, h("input", { type: "checkbox", name: "first" }), " before those that wait"),
      h("div", { class_: "chips" }, h("button", { type: "button", text: "check", onclick: () => send("check") }), h("button", { type: "submit", class_: "primary", text: "propose" })));
  });
  return element;
}

function field(name, schema) {
  const title = name.replaceAll("_", " ");
  const kind = schema.type;
  if (kind === "array") return several(name, title, schema);
  const hint = schema.description ?? "";
  const isShort = kind !== "object" && (schema.maxLength ?? Infinity) < 2 ** 16;
  const rows = name === "patch" ? LEVELS : kind === "object" ? 2 : 3;
  const box = isShort ? h("input", { name, "data-kind": "text" }) : h("textarea", { name, rows, "data-kind": kind === "object" ? "object" : "text" });
  if (kind === "object") box.placeholder = "NAME=VALUE, one a line";
  box.required = name === "description";
  return h("label", {}, h("span", { class_: "small" }, h("b", { text: title }), ` ${hint}`), box);
}

/** Return a group of fields for each of several, and a button for one more. */
function several(name, title, schema) {
  const group = () => h("fieldset", { "data-item": name }, Object.entries(schema.items.properties).map(([part, of]) => h("label", { title: of.description ?? "" },
    h("span", { class_: "small", text: part }), part === "file" ? h("input", { "data-part": part }) : h("textarea", { rows: 2, "data-part": part }))));
  const all = h("div");
  return h("details", {}, h("summary", { text: title, title: schema.description ?? "" }), all,
    h("button", { type: "button", text: "one more", onclick: () => all.append(group()) }));
}

/** Return the proposal that was typed; what stands nowhere is the description again, as in the command. */
function read(form) {
  const found = { status: "ok" };
  for (const box of form.querySelectorAll("[data-kind]")) {
    const said = box.value.trim();
    if (said) found[box.name] = box.dataset.kind === "object" ? settings(said) : box.value;
  }
  for (const item of form.querySelectorAll("[data-item]")) {
    const parts = Object.fromEntries([...item.querySelectorAll("[data-part]")].map((box) => [box.dataset.part, box.value]));
    if (!parts.file) delete parts.file;
    if (parts.search) found[item.dataset.item] = [...(found[item.dataset.item] ?? []), parts];
  }
  for (const name of ["change_plan", "commit_description"]) found[name] ??= found.description ?? "";
  return found;
}

function settings(said) {
  return Object.fromEntries(said.split("\n").filter((line) => line.trim()).map((line) => {
    const [name, ...rest] = line.split("=");
    const value = rest.join("=").trim();
    try {
      const parsed = JSON.parse(value);
      return [name.trim(), typeof parsed === "object" && parsed !== null ? value : parsed];
    } catch {
      return [name.trim(), value];
    }
  }));
}
