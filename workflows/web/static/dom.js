// Elements and words. Text from outside becomes text alone: no markup is ever parsed here.

const SVG = "http://www.w3.org/2000/svg";
// Marks that turn the direction of what follows, and controls: shown as what they are.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]/g;

export function h(tag, properties = {}, ...children) {
  const element = tag === "svg" || tag.startsWith("svg:")
    ? document.createElementNS(SVG, tag.replace("svg:", ""))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (name === "width_percent") element.style.width = `${value}%`;
    else element.setAttribute(name === "class_" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
}

/** Return text from outside as it may be shown: no hidden marks, no more than so many characters. */
export function clean(text, limit = 300) {
  const whole = String(text ?? "");
  const cut = whole.length > limit ? `${whole.slice(0, limit)}…` : whole;
  return cut.replace(HIDDEN, "\ufffd");
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  const said = Math.abs(value) >= 1000 ? value.toPrecision(7) : value.toFixed(6);
  return Number(said) === 0 ? said.replace("-", "") : said.replace("-", "−");
}

export function signed(value) {
  return value === null || value === undefined ? "–" : withSign(value, number(Math.abs(value)));
}

/** Return what is said of a number with its sign; zero, or what is said as zero, has none. */
function withSign(value, said) {
  return Number.parseFloat(said) === 0 ? said : `${value < 0 ? "−" : "+"}${said}`;
}

/** Return by how much a value differs from the first one, in percent. */
export function share(now, first) {
  const part = (100 * (now - first)) / Math.abs(first);
  return withSign(part, `${Math.abs(part).toFixed(2)}\u00a0%`);
}

export function interval(gain, half) {
  return half === null || half === undefined ? signed(gain) : `${signed(gain)} ± ${number(half)}`;
}

export function percent(value) {
  return value === null || value === undefined ? "–" : `${Math.round(value * 100)}\u00a0%`;
}

/** Say how sure something is: never that it is certain, or that it cannot be. */
export function sure(value) {
  if (value === null || value === undefined) return "–";
  return value > 0.99 ? "> 99\u00a0%" : value < 0.01 ? "< 1\u00a0%" : percent(value);
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.9995) return seconds < 0.0005 ? "0 s" : `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 72) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Return a time of the history, UTC, as every page of autoresearch prints one. */
export function clock(at, seconds = true) {
  return at ? `${at.slice(11, seconds ? 19 : 16)}Z` : "–";
}

export function day(at) {
  return at ? `${at.slice(0, 10)} ${clock(at, false)}` : "–";
}

export function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

export const STATUS = {
  baseline: "baseline", keep: "kept", discard: "discarded", crash: "crashed", not_applied: "not applied", open: "running",
  stopped_early: "stopped early", retracted: "retracted", accident: "accident", remeasured: "measured again",
  dropped: "dropped", recorded: "measured", rebased: "rebased", vetoed: "vetoed",
};

/** Name who proposed, by the way a proposal came: whatever a person sent is a human's; nobody proposed to measure again. */
export function who(source, iteration = 0) {
  if (source === "baseline" && iteration) return "again";
  return ["cli", "file", "drop"].includes(source) ? "human" : source ?? "–";
}

/** Name who proposed what a row tried: an agent by its program and model. */
export function proposer({ agent, model, source, iteration }) {
  return agent ? [agent, model].filter(Boolean).join(", ") : who(source, iteration);
}

export function money(usd) {
  return usd === null || usd === undefined ? "–" : `$${usd.toFixed(usd && usd < 0.1 ? 3 : 2)}`;
}

/** Return the name of an event's type in words. */
export function typeWords(type) {
  return type.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** What an agent is asked to do at a step; other steps are said as they are. */
export const STEPS = { propose: "propose", edit: "make a change", apply: "apply the change", triage: "look at the crash", review: "review a candidate" };

/** Return hours of devices; a short run's as what they are. */
export function deviceTime(hours) {
  return hours < 0.1 ? duration(hours * 3600) : `${hours.toFixed(2)} h`;
}

/** Say of a run that was interrupted how it goes on; of a damaged one, the damage says it. */
export function halted({ phase }, damage) {
  return phase === "interrupted" && !damage ? "no runner is alive; `autoresearch resume` goes on" : "";
}

export function chip(status) {
  return h("span", { class_: `chip s-${status}`, text: STATUS[status] ?? status.replaceAll("_", " ") });
}

export function later(wait, call) {
  let timer = 0;
  return (...words) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...words), wait);
  };
}
