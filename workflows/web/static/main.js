// Which view an address shows, the bar at the top, and the theme.

import { showCompare } from "./compare.js";
import { h, fill } from "./dom.js";
import { showRuns } from "./runs.js";
import { showRun } from "./run.js";
import { keepToken } from "./steer.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");
const foot = document.getElementById("foot");
let leave = () => {};

export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  show();
  scrollTo(0, 0);
}

/** Put what is open, and as of which event, into the address; say whether that is another one. */
function tell(path, { open, at }, push) {
  const where = (open === null ? path : `${path}/${open}`) + (at === null ? "" : `?at=${at}`);
  if (where === location.pathname + location.search) return false;
  history[push ? "pushState" : "replaceState"](null, "", where);
  return true;
}

function theme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

function turnTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  theme(next);
  dispatchEvent(new Event("themechange"));
}

function head(run) {
  const link = (text, href) => h("a", { href, text, "data-in": true });
  fill(
    bar,
    h("nav", { "aria-label": "Place" },
      h("a", { href: "/", class_: "brand", "data-in": true },
        h("img", { src: "/static/icon.svg", alt: "", width: 22, height: 22 }), "autoresearch"),
      run && h("span", { class_: "slash", text: "/", "aria-hidden": "true" }),
      run && link("runs", "/"),
      run && h("span", { class_: "slash", text: "/", "aria-hidden": "true" }),
      run && h("h1", { class_: "here", text: run })),
    h("span", { id: "link", role: "status" }),
    h("button", { type: "button", class_: "plain", title: "Light or dark (t)", onclick: turnTheme,
      "aria-label": "Light or dark" }, "◐"),
  );
}

function show() {
  leave();
  fill(foot);
  const found = location.pathname.match(/^\/run\/(\d+)\/([^/]+)(?:\/(\d+))?\/?$/);
  head(found ? found[2] : location.pathname === "/compare" ? "compare" : "");
  if (location.pathname === "/compare") {
    leave = showCompare({ main, places: new URLSearchParams(location.search).getAll("with") });
    return;
  }
  document.title = found ? `${found[2]} · autoresearch` : "autoresearch";
  const at = Number(new URLSearchParams(location.search).get("at")) || null;
  leave = found
    ? showRun({ main, foot, home: found[1], runId: found[2], open: found[3] ? Number(found[3]) : null, at, go,
      tell: (place, push) => tell(`/run/${found[1]}/${found[2]}`, place, push) })
    : showRuns({ main, go });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-in]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input:not([type=range]), textarea, select");
  if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey) turnTheme();
});
addEventListener("popstate", show);
theme(localStorage.getItem("theme"));
keepToken();
show();
