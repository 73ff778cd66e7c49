"""The page of `serve`, played in a browser: Debian's chromium, where it and playwright are installed."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import evolve

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.values import ProgressDigest
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.waiting import until
from tests.web.site import BEGUN, Site, append, repository, serving, tried


playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)

WHOLE = "/run/0/autoresearch-whole-r001"
ROWS = """async () => {
  const { load } = await import("/static/model.js");
  return (await load("/api/0/confirm-r001")).run.all();
}"""
STEP_MS = 100.0  # in which every panel shows the state as of another event


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A chromium without a window."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of runs of every kind."""
    with serving(repository(tmp_path_factory.mktemp("site") / "repo")) as site:
        yield site


class Seen:
    """A page, what it asked for, and what went wrong in it."""

    def __init__(
        self, browser: Any, site: Site, path: str, *, file: Path | None = None, **options: Any
    ) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.goto(file.as_uri() if file is not None else site.address + path)

    def drawn(self, seq: int) -> None:
        """Wait until every panel shows this event."""
        self.page.wait_for_selector(f'body[data-drawn="{seq}"]')


@pytest.fixture
def open_page(browser: Any, site: Site) -> Iterator[Any]:
    """Open pages, and look at the end that none had an error or asked anybody but the server."""
    opened: list[Seen] = []

    def open_(path: str, *, of: Site = site, **options: Any) -> Seen:
        opened.append(Seen(browser, of, path, **options))
        return opened[-1]

    yield open_
    for seen in opened:
        seen.context.close()
        assert [] == seen.wrong
        assert [] == [url for url in seen.asked if not url.startswith("http://127.0.0.1:")]


def test_what_is_appended_shows_up(open_page: Any, browser: Any, tmp_path: Path):
    """An iteration that is recorded while the page is open is on it soon, also after a new server."""
    paths = make_run(make_repo(tmp_path / "repo"), *BEGUN)
    with serving(paths.home) as site:
        seen = open_page(f"/run/0/{paths.run_id}", of=site)
        seen.page.wait_for_selector('tr[data-iteration="0"]')
        append(paths, *tried(1, 0.9, keep=True, description="a wider window"))
        seen.page.wait_for_selector('tr[data-iteration="1"] .s-keep')
        port = site.port
    append(paths, *tried(2, 1.5))
    with serving(paths.home, port=port):
        seen.page.wait_for_selector('tr[data-iteration="2"] .s-discard')
        append(paths, *tried(3, 0.8, keep=True))
        seen.page.wait_for_selector('tr[data-iteration="3"] .s-keep')
        assert ["3", "2", "1", "0"] == iterations(seen)
        seen.context.close()
    seen.wrong.clear()  # the browser says that the server was away


def test_the_slider_shows_every_panel_as_of_an_event(open_page: Any, site: Site):
    """Taken back before a verdict, table, headline and address are as of then; its right end is live."""
    changes = site.get("/api/0/autoresearch-whole-r001/rows")["changes"]
    begun = next(seq for seq, number, _ in changes if number == 1)
    seen = open_page(f"{WHOLE}?at={begun}")
    seen.drawn(begun)
    assert f"as of event {begun}" in seen.page.inner_text(".stand")
    assert ["1", "0"] == iterations(seen)
    assert "running" in seen.page.inner_text('tr[data-iteration="1"]')
    seen.page.focus(".slider input[type=range]")
    seen.page.keyboard.press("End")
    seen.page.wait_for_selector('tr[data-iteration="2"]')
    seen.page.wait_for_url("**/autoresearch-whole-r001")
    assert "true" == seen.page.get_attribute(".slider .live", "aria-pressed")
    seen.page.keyboard.press("Shift+ArrowLeft")
    seen.page.wait_for_url("**?at=*")
    assert "as of event" in until(lambda: seen.page.inner_text(".stand"))


def test_the_first_screen_answers(open_page: Any):
    """It names the best, who proposed it, what helped most, and whether the log holds; a time is typed."""
    seen = open_page("/run/0/confirm-r001")
    seen.page.wait_for_selector(".figures")
    assert re.search(r"log whole: \d+ events", seen.page.inner_text(".stand"))
    kept = [row for row in seen.page.evaluate(ROWS) if row["status"] == "keep" and row["iteration"]]
    most = max(kept, key=lambda row: row["gain"])
    said = seen.page.inner_text(".figure:has-text('helped most')")
    assert f"+{most['gain']:.6f}" in said
    assert f"#{most['iteration']} {most['description'][:60]}, by {most['source']}" in said
    assert f"by {kept[-1]['source']}" in seen.page.inner_text(".figure:has-text('best ')")
    first = kept[0]["closed_at"]
    seen.page.fill(".when", first[11:19])
    seen.page.press(".when", "Enter")
    seen.page.wait_for_selector(".then-mark")
    assert first[11:19] == until(lambda: seen.page.input_value(".when"))[:8]
    seen.page.click(".figure:has-text('helped most') .link")
    seen.page.wait_for_selector(f".drawer h2:has-text('Iteration {most['iteration']}')")
    assert "log damaged after event" in open_page("/run/0/corrupt-r001").page.inner_text(".stand")


def test_the_loss_is_drawn_beside_the_bests(open_page: Any, tmp_path: Path):
    """Both curves lie on one scale, from the lowest loss to the highest of the two, and end in words."""
    losses = {1: ((10.0, 3.0), (50.0, 2.5), (100.0, 2.0)), 2: ((2.0, 9.0), (10.0, 4.0), (100.0, 3.0))}
    events = [
        evolve(event, progress=ProgressDigest(sha256="0" * 64, lines=3, points=losses[event.iteration]))
        if isinstance(event, ev.TrainingFinished)
        else event
        for event in (*tried(1, 0.9, keep=True), *tried(2, 1.2))
    ]
    paths = make_run(make_repo(tmp_path / "repo"), *BEGUN, *events)
    with serving(paths.home) as site:
        seen = open_page(f"/run/0/{paths.run_id}/2", of=site)
        seen.page.wait_for_selector(".curve .of-best")
        drawn = [one.get_attribute("d") for one in seen.page.query_selector_all(".curve path")]
        assert ["M63.0 79.0L299.0 114.5L594.0 150.0", "M63.0 8.0L594.0 79.0"] == drawn
        said = seen.page.inner_text(".part:has(.curve)")
        assert "ends at 3.0000; the best (thin) at 2.0000" in said
        seen.page.goto(f"{site.address}/run/0/{paths.run_id}/1")
        seen.page.wait_for_selector(".curve path")
        assert 1 == seen.page.locator(".curve path").count()  # the best itself
        seen.context.close()
    seen.wrong.clear()  # the browser says that the server is away


def test_it_is_read_with_the_keyboard_alone(open_page: Any):
    """Keys choose an iteration, open it, close it, and go to its events; the focus comes back."""
    seen = open_page(WHOLE)
    seen.page.wait_for_selector('tr[data-iteration="2"]')
    for key in ("j", "j", "Enter"):
        seen.page.keyboard.press(key)
    seen.page.wait_for_selector(".drawer .pairs")
    assert "Iteration 1" == seen.page.inner_text(".drawer h2")
    seen.page.wait_for_url("**/autoresearch-whole-r001/1")
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_url("**/autoresearch-whole-r001")
    assert "scroll" == seen.page.evaluate("document.activeElement.className")
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("number 2")
    until(lambda: ["2"] == iterations(seen))


def test_experiments_stand_side_by_side(open_page: Any):
    """Two that were chosen with keys are compared: what differs, and with a click what does not."""
    seen = open_page(WHOLE)
    seen.page.wait_for_selector('tr[data-iteration="2"]')
    for key in ("j", "x", "j", "x"):
        seen.page.keyboard.press(key)
    seen.page.click("text=compare 2")
    seen.page.wait_for_url("**/compare?with=*r001%2F1&with=*r001%2F2")
    said = seen.page.wait_for_selector(".side-by-side tbody").inner_text()
    assert re.search(r"status\s+keep\s+discard", said)
    differing = seen.page.locator(".side-by-side tbody tr").count()
    seen.page.click("text=differences only")
    assert differing < seen.page.locator(".side-by-side tbody tr").count()


def test_another_rule_is_a_picture(open_page: Any):
    """Judged by another rule, the page draws both lines and says what would change."""
    seen = open_page(WHOLE)
    seen.page.click(".other-rule summary")
    seen.page.wait_for_selector(".other-rule .overlay .series-1 path")
    assert re.search("verdicts? (would )?change", seen.page.inner_text(".other-rule"))


def test_a_page_with_the_token_proposes(open_page: Any, tmp_path: Path):
    """Opened by the printed address, a page proposes, takes it back, and keeps the token to itself."""
    paths = make_run(make_repo(tmp_path / "repo"), *BEGUN)
    with serving(paths.home, "--allow-control") as site:
        seen = open_page(f"/run/0/{paths.run_id}#token={site.token}", of=site)
        seen.page.click(".steer summary")
        seen.page.fill(".steer [name=description]", "twice the rate")
        seen.page.fill(".steer [name=set]", "LR=0.2")
        seen.page.click(".steer button[type=submit] >> text=propose")
        seen.page.click(".queue summary >> text=twice the rate")
        seen.page.click(".queue button >> text=withdraw")
        seen.page.wait_for_selector("text=No proposal waits")
        assert "#" not in seen.page.url
        seen.context.close()


@pytest.mark.parametrize("path", ["/", WHOLE, f"{WHOLE}/1"])
def test_it_fits_a_phone(open_page: Any, path: str):
    """At 390 pixels nothing is wider than the screen, and what stands first is readable."""
    seen = open_page(path, viewport={"width": 390, "height": 844})
    seen.page.wait_for_selector(".pairs" if path.endswith("/1") else ".figures, .facts")
    assert 390 == seen.page.evaluate("document.documentElement.scrollWidth")


def test_a_report_is_the_page_in_one_file(open_page: Any, tmp_path: Path):
    """Opened from disk, the file asks for nothing, and its slider, table, experiments and rules work."""
    paths = long_run(make_repo(tmp_path / "repo"), iterations=200)
    file = tmp_path / "report.html"
    assert 0 == main(["report", "--html", "-o", str(file), "--repo", str(paths.home)])
    assert file.stat().st_size < 200 * 1000 + 200_000
    seen = open_page("", file=file)
    last = int(seen.page.wait_for_selector("body[data-drawn]").get_attribute("data-drawn"))
    seen.page.evaluate(SLIDE, last // 2)
    assert f"as of event {last // 2}" in seen.page.inner_text(".stand")
    for key in ("j", "j", "Enter"):
        seen.page.keyboard.press(key)
    said = seen.page.wait_for_selector(".drawer .said").inner_text()
    opened = parse_qs(seen.page.evaluate("location.hash.slice(1)"))["open"][0]
    assert f"try number {opened}" == said
    seen.page.keyboard.press("Escape")
    seen.page.click(".other-rule summary")
    seen.page.wait_for_selector(".other-rule .overlay path")
    assert "What was kept, in order" in seen.page.inner_text("#report")
    assert [file.as_uri()] == seen.asked
    seen.asked.clear()


def test_it_is_dark_where_that_is_liked(open_page: Any):
    """The system's choice is followed, and a key turns it."""
    seen = open_page(WHOLE, color_scheme="dark")
    seen.page.wait_for_selector(".figures")
    light = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).every((part) => part > 128)"
    assert not seen.page.evaluate(light)
    seen.page.keyboard.press("t")
    assert seen.page.evaluate(light)


def test_hostile_text_is_text(open_page: Any):
    """Markup, marks that turn the direction, and lines without end are shown as text, and run nothing."""
    seen = open_page("/run/0/autoresearch-hostile-r001/1", viewport={"width": 390, "height": 844})
    seen.page.wait_for_selector(".drawer .said")
    said = seen.page.inner_text(".drawer .said")
    assert said.startswith("<script>document.title='pwned'</script><img src=x")
    assert "\u202e" not in seen.page.evaluate("document.body.innerText")
    assert "pwned" not in seen.page.title()
    assert 0 == seen.page.locator("main img, .drawer img, main script").count()
    assert 390 == seen.page.evaluate("document.documentElement.scrollWidth")


def test_damage_is_told_first(open_page: Any):
    """A corrupt and a torn history are shown with a banner that says so, and what lies before."""
    corrupt = open_page("/run/0/corrupt-r001")
    assert "damaged" in corrupt.page.wait_for_selector(".banner.bad").inner_text()
    corrupt.page.wait_for_selector('tr[data-iteration="1"]')
    torn = open_page("/run/0/torn-r001")
    assert "77 bytes" in torn.page.wait_for_selector(".banner.warn").inner_text()


def test_ten_thousand_iterations_are_slid_over(open_page: Any, tmp_path: Path):
    """Over 10,000 iterations, each of five steps redraws every panel within 100 ms, at its quickest."""
    paths = long_run(make_repo(tmp_path / "repo"), iterations=10_000)
    with serving(paths.home) as site:
        seen = open_page(f"/run/0/{paths.run_id}", of=site, viewport={"width": 1440, "height": 900})
        last = int(seen.page.wait_for_selector("body[data-drawn]").get_attribute("data-drawn"))
        places = [int(last * share) for share in (0.2, 0.9, 0.5, 0.51, 0.7)]
        busy = patient(STEP_MS)
        rounds = [[seen.page.evaluate(SLIDE, seq) for seq in places] for _ in range(4)]
        seen.context.close()
    quickest = [min(took) for took in zip(*rounds, strict=True)]  # what others do at once only adds
    assert max(quickest) < max(busy, patient(STEP_MS)), rounds


SLIDE = """async (seq) => {
  const range = document.querySelector(".slider input[type=range]");
  const begin = performance.now();
  range.value = seq;
  range.dispatchEvent(new Event("input"));
  while (document.body.dataset.drawn !== String(seq)) await new Promise(requestAnimationFrame);
  return performance.now() - begin;
}"""


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


def iterations(seen: Seen) -> list[str]:
    """Return the iterations in the table, as they stand there."""
    return seen.page.eval_on_selector_all(
        "tr[data-iteration]", "rows => rows.map((row) => row.dataset.iteration)"
    )
