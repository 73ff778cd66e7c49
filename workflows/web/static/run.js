// One run: its panels, all of them as of one event, or live.

import { follow, get } from "./api.js";
import { Agents } from "./agents.js";
import { Asks } from "./asks.js";
import { Chart } from "./chart.js";
import { compareAddress } from "./compare.js";
import { h, fill, later } from "./dom.js";
import { Drawer } from "./experiment.js";
import { Headline, OVER } from "./headline.js";
import { Lanes } from "./lanes.js";
import { load } from "./model.js";
import { OtherRule } from "./otherrule.js";
import { Side } from "./side.js";
import { Slider } from "./slider.js";
import { Steer } from "./steer.js";
import { Table } from "./table.js";
import { words } from "./words.js";

export function showRun(place) {
  const page = new RunPage(place);
  page.begin();
  return () => page.end();
}

class RunPage {
  constructor({ main, foot, home, runId, open, at, go, tell }) {
    Object.assign(this, { main, foot, go, tell, at, home, runId });
    this.base = `/api/${home}/${runId}`;
    this.open = open;
    this.over = false;
    this.wish = null; // aborts what was asked for another event
    this.newAddress = later(200, () => this.address());
    this.newEvents = later(120, () => this.side.events(this.at));
    this.keys = (event) => this.key(event);
  }

  async begin() {
    try {
      this.model = await load(this.base);
    } catch (error) {
      if (!this.over) this.refuse(error);
      return;
    }
    if (this.over) return;
    this.lay();
    document.addEventListener("keydown", this.keys);
    this.listen();
    this.draw();
    if (this.open !== null) this.drawer.show(this.open, this.at);
    this.lanes.load();
  }

  end() {
    this.over = true;
    this.wish?.abort();
    this.stop?.();
    this.drawer?.close(false);
    document.body.classList.remove("steers");
    document.removeEventListener("keydown", this.keys);
    this.chart?.end();
    this.table?.end();
    this.lanes?.end();
  }

  refuse(error) {
    fill(this.main, h("section", { class_: "banner bad", role: "alert" },
      h("b", { text: error.status === 404 ? "There is no such run." : "This run cannot be shown." }),
      h("p", { text: error.message }), h("p", { class_: "quiet", text: error.wayOut ?? "" }),
      h("p", {}, h("a", { href: "/", "data-in": true, text: "All runs" }))));
  }

  lay() {
    const { home, runId } = this;
    const open = (iteration) => this.show(iteration);
    this.headline = new Headline({ open, judge: () => this.otherRule.show(), list: (status) => this.table.list(status), timeline: () => this.lanes.sight() });
    this.agents = new Agents();
    this.chart = new Chart({ open });
    this.table = new Table({ open, compare: (picked) => this.go(compareAddress(picked.map((one) => `${home}/${runId}/${one}`))) });
    this.otherRule = new OtherRule({ base: this.base, open });
    this.steer = new Steer({ base: this.base });
    this.side = new Side({ steer: this.steer, base: this.base, open, goTo: (seq) => this.goTo(seq),
      acts: () => this.model.run.human });
    this.asks = new Asks({ steer: this.steer });
    this.lanes = new Lanes({ base: this.base, open, goTo: (seq) => this.goTo(seq),
      came: (found) => this.loaded(found), told: (words) => this.headline.worked(words) });
    this.slider = new Slider({ goTo: (seq) => this.goTo(seq) });
    this.slider.keys.prepend(this.slider.keys.querySelector("form")); // what has the focus is in sight, and so is the top
    this.slider.keys.append(...words());
    this.drawer = new Drawer({ steer: this.steer, base: this.base, closed: () => this.closed(), open,
      goTo: (seq) => this.goTo(seq) });
    fill(this.main, this.asks.element, this.headline.element,
      h("div", { class_: "grid" },
        h("div", { class_: "wide" }, this.chart.element, this.table.element, this.lanes.element, this.agents.element, this.otherRule.element),
        this.side.element));
    fill(this.foot, this.slider.element, this.drawer.element);
  }

  listen() {
    const link = document.getElementById("link");
    this.stop = follow(this.base, this.model.run.id, {
      onrecord: (record, id) => {
        if (!this.model.run.add(record, id)) return;
        if (this.at === null) {
          this.asOf = this.lastAt = record.at;
          this.soon();
        }
        this.slider.draw(this.model.run, this.at, this.asOf);
        this.drawer.came(record, this.at);
        this.lanes.came(record);
      },
      onstatus: (overview) => {
        if (overview.generation !== this.model.run.generation) return this.again();
        this.live = overview;
        this.slider.rests = OVER.has(overview.status.phase);
        this.slider.draw(this.model.run, this.at, this.asOf);
        if (this.at === null) this.overview(overview);
        return undefined;
      },
      onreset: () => this.again(),
      onopen: () => fill(link),
      onlost: () => fill(link, h("span", { class_: "lost", text: "no connection; trying again" })),
    });
  }

  /** Load everything anew: the history was withdrawn, or the server is another one. */
  async again() {
    this.stop?.();
    try {
      const model = await load(this.base);
      if (this.over) return;
      this.model = model;
    } catch {
      if (!this.over) setTimeout(() => this.again(), 2000);
      return;
    }
    this.listen();
    this.draw();
    this.lanes.load();
  }

  /** Take in what the timeline's data tell of the whole run: who was asked, and when the last event was. */
  loaded(found) {
    this.agents.take(found);
    this.lastAt = found.last_at;
    if (this.at !== null) return;
    this.asOf = found.last_at;
    this.slider.draw(this.model.run, null, this.asOf);
  }

  /** Draw in the next frame, once for all that came until then. */
  soon() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      this.rows();
      this.newEvents();
    });
  }

  goTo(seq) {
    const last = this.model.run.last;
    this.at = seq === null || seq >= last ? null : Math.max(1, seq);
    this.draw();
    this.newAddress();
  }

  /** Draw all as of the event; what must be asked for comes a moment later. */
  async draw() {
    this.rows();
    this.newEvents();
    this.wish?.abort();
    this.wish = new AbortController();
    const { at } = this;
    try {
      const query = at === null ? "" : `?at=${at}`;
      const found = await get(`${this.base}/overview${query}`, this.wish.signal);
      if (at === this.at && !this.over) this.overview(found);
    } catch (error) {
      if (error.name === "AbortError" || this.over) return;
      if (error.status === 404 && at !== null) this.goTo(null);
    }
  }

  rows() {
    const { run } = this.model;
    const all = run.all();
    const rows = this.at === null ? all : run.rows(this.at);
    this.seen = rows;
    this.chart.draw(rows, all, this.shown);
    this.table.draw(rows, this.shown);
    this.slider.draw(run, this.at, this.asOf);
    document.body.classList.toggle("then", this.at !== null);
  }

  overview(found) {
    const scale = JSON.stringify([found.of_seeds, found.lower_is_better, found.status.metric]);
    this.shown = found;
    if (this.at === null) this.slider.rests = OVER.has(found.status.phase);
    this.asOf = (this.at === null && this.lastAt) || found.status.as_of; // of the last event, not of now
    this.headline.draw(found, this.at, this.seen);
    this.asks.draw(found.status, this.at);
    this.agents.draw(found, this.at);
    this.side.draw(found, this.at, this.seen);
    this.steer.draw(found, this.at);
    this.lanes.draw(this.at === null ? null : found.status.as_of, this.model.run);
    this.slider.draw(this.model.run, this.at, this.asOf);
    if (scale !== this.scale) {
      this.scale = scale;
      this.rows();
    } else this.table.mark(found.best_iteration);
    document.body.dataset.drawn = String(found.seq);
  }

  show(iteration) {
    this.open = iteration;
    this.drawer.show(iteration, this.at);
    this.address(true);
  }

  closed() {
    this.open = null;
    this.address(true);
    this.table.focus();
  }

  address(push = false) {
    if (this.over || !this.tell({ open: this.open, at: this.at }, push)) return;
    if (this.open !== null && this.drawer.at !== this.at) this.drawer.show(this.open, this.at);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input:not([type=range]), textarea, select") || (this.slider.keys.open && event.key !== "?")) return; // an open list of keys closes by itself
    const { run } = this.model;
    const now = this.at ?? run.last;
    const onSlider = event.target === this.slider.range;
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction && !event.target.closest?.("[data-arrows]")) {
      if (onSlider && !event.shiftKey) return;
      this.goTo(run.step(event.shiftKey ? "verdict" : this.slider.kind, now, direction));
    } else if (event.key === "End" || event.key === "l") this.goTo(null);
    else if (event.key === "Home") this.goTo(1);
    else if (event.key === "h") this.goTo(run.step("human", now, -1));
    else if (event.key === "g") this.slider.when.focus();
    else if (event.key === "/") this.table.filter.focus();
    else if (event.key === "j" || event.key === "k") this.table.move(event.key === "j" ? 1 : -1, true);
    else if (event.key === "x") this.table.pick();
    else if (event.key === "?") this.slider.help();
    else if (event.key === "Escape") this.drawer.close();
    else return;
    event.preventDefault();
  }
}
