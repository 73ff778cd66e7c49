"""A page in a browser: what it asked for, what went wrong in it, and how long one waits for it."""

import time
from pathlib import Path
from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from tests import given as g
from tests.cli_helpers import make_run
from tests.waiting import PATIENCE_S
from tests.web.site import Site, append, tried


SLIDE = """async (seq) => {
  const range = document.querySelector(".slider input[type=range]");
  const begin = performance.now();
  range.value = seq;
  range.dispatchEvent(new Event("input"));
  while (document.body.dataset.drawn !== String(seq)) await new Promise(requestAnimationFrame);
  return performance.now() - begin;
}"""


class Seen:
    """A page, what it asked for, and what went wrong in it."""

    def __init__(
        self, browser: Any, site: Site, path: str, *, file: Path | None = None, **options: Any
    ) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE_S)  # ms; a loaded machine draws slowly
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.goto(file.as_uri() if file is not None else site.address + path)

    def drawn(self, seq: int) -> None:
        """Wait until every panel shows this event."""
        self.page.wait_for_selector(f'body[data-drawn="{seq}"]')


def iterations(seen: Seen) -> list[str]:
    """Return the iterations in the table, as they stand there."""
    return seen.page.eval_on_selector_all(
        "tr[data-iteration]", "rows => rows.map((row) => row.dataset.iteration)"
    )


def patient(limit_ms: float) -> float:
    """Return a limit as much longer as this machine is busier than an idle one, by a piece of work."""
    begin = time.perf_counter()
    sum(index * index for index in range(2_000_000))
    return limit_ms * max(1.0, (time.perf_counter() - begin) / 0.15)


def long_run(repo: Path, *, iterations: int) -> RunPaths:
    """Write a run of so many iterations, every hundredth kept."""
    paths = make_run(repo, g.asked(iterations), g.runner_started(), *g.BASELINE)
    for begin in range(1, iterations, 500):
        numbers = range(begin, min(begin + 500, iterations))
        events = [
            event
            for number in numbers
            for event in tried(number, 1 + (number * 37 % 101) / 1000, keep=number % 100 == 0)
            if not isinstance(event, ev.TrainingStarted | ev.ResultRecorded)
        ]
        append(paths, *events)
    return paths
