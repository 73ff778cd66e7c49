// A run within one file: the panels of its page, over the data that lie beside them.

import { unpack } from "./api.js";
import { showCompare } from "./compare.js";
import { fill, h } from "./dom.js";
import { showRun } from "./run.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");
const foot = document.getElementById("foot");
let leave = () => {};

function tell({ open, at }, push) {
  const said = new URLSearchParams({ ...(open === null ? {} : { open }), ...(at === null ? {} : { at }) }).toString();
  if (said === location.hash.slice(1)) return false;
  history[push ? "pushState" : "replaceState"](null, "", `#${said}`);
  return true;
}

function go(path) {
  const { pathname, searchParams } = new URL(path, "http://file");
  const open = pathname.match(/^\/run\/0\/[^/]+\/(\d+)$/);
  if (pathname === "/compare") show({ places: searchParams.getAll("with") });
  else show({ open: open ? Number(open[1]) : null });
  scrollTo(0, 0);
}

function show({ places = null, open = null, at = null }) {
  leave();
  fill(foot);
  leave = places ? showCompare({ main, places }) : showRun({ main, foot, home: "0", runId, open, at, go, tell });
}

function turnTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const root = document.documentElement;
  root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  dispatchEvent(new Event("themechange"));
}

let runId = "";
unpack().then((found) => {
  runId = found;
  document.body.classList.add("walks");
  fill(bar, h("nav", { "aria-label": "Place" }, h("b", { class_: "brand", text: "autoresearch" }), h("span", { class_: "slash", text: "/", "aria-hidden": "true" }),
    h("h1", { class_: "here" }, h("a", { href: `/run/0/${runId}`, "data-in": true, text: runId })), h("a", { href: "#report", text: "report" })), h("span", { id: "link" }),
  h("button", { type: "button", class_: "plain", title: "Light or dark (t)", onclick: turnTheme, "aria-label": "Light or dark" }, "◐"));
  const told = new URLSearchParams(location.hash.slice(1));
  show({ open: told.has("open") ? Number(told.get("open")) : null, at: Number(told.get("at")) || null });
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-in]");
  if (!link) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input:not([type=range]), textarea, select");
  if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey) turnTheme();
});
