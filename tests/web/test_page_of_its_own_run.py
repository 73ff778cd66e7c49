"""The page of `serve`, and of a report, in a browser: each over a run of its own, that goes on or is long."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from attrs import evolve

from autoresearch.events import catalog as ev
from autoresearch.events.values import ProgressDigest
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import make_repo, make_run
from tests.web.seen import SLIDE, iterations, long_run, patient
from tests.web.site import BEGUN, append, serving, tried


MOST_ROUNDS = 12  # of steps, on a machine that others keep busy
STEP_MS = 100.0  # in which every panel shows the state as of another event


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
        assert "val_bpb" in seen.page.inner_text(".drawer .figures")
        said = seen.page.inner_text(".part:has(.curve)")
        assert "ends at 3.0000; the best (thin) at 2.0000" in said
        seen.page.goto(f"{site.address}/run/0/{paths.run_id}/1")
        seen.page.wait_for_selector(".curve path")
        assert 1 == seen.page.locator(".curve path").count()  # the best itself
        seen.context.close()
    seen.wrong.clear()  # the browser says that the server is away


def test_a_page_with_the_token_steers(open_page: Any, tmp_path: Path):
    """By the printed address a page proposes, withdraws, answers and edits ideas; the token stays with it."""
    asks = ev.QuestionAsked(iteration=0, agent="codex", question="the rate, or the depth?", until="")
    paths = make_run(make_repo(tmp_path / "repo"), *BEGUN, asks)
    with serving(paths.home, "--allow-control") as site:
        seen = open_page(f"/run/0/{paths.run_id}#token={site.token}", of=site)
        seen.page.click(".steer summary")
        seen.page.fill(".steer [name=description]", "twice the rate")
        seen.page.fill(".steer [name=set]", "LR=0.2")
        seen.page.click(".steer button[type=submit] >> text=propose")
        seen.page.click(".queue summary >> text=twice the rate")
        seen.page.click(".queue button >> text=withdraw")
        seen.page.wait_for_selector("text=No proposal waits")
        seen.page.fill(".ask input", "the depth")
        seen.page.click(".ask button >> text=answer")
        seen.page.wait_for_selector(".ask", state="detached")
        for number, idea in ((1, "warm up"), (2, "cool down")):
            seen.page.fill("[aria-label=Idea]", idea)
            seen.page.click("[aria-label='Ideas for later'] button >> text=add")
            seen.page.wait_for_selector(f".ideas li:has-text('{idea}')")
            assert number == seen.page.locator(".ideas li").count()
        seen.page.click("[aria-label='first: idea 2']")
        seen.page.wait_for_selector(".ideas li:first-child:has-text('cool down')")
        seen.page.click("[aria-label='drop: idea 1']")
        seen.page.wait_for_selector(".ideas li:has-text('warm up')", state="detached")
        assert "#" not in seen.page.url
        seen.context.close()


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


def test_ten_thousand_iterations_are_slid_over(open_page: Any, tmp_path: Path):
    """Over 10,000 iterations, each of five steps redraws every panel within 100 ms, at its quickest."""
    paths = long_run(make_repo(tmp_path / "repo"), iterations=10_000)
    with serving(paths.home) as site:
        seen = open_page(f"/run/0/{paths.run_id}", of=site, viewport={"width": 1440, "height": 900})
        last = int(seen.page.wait_for_selector("body[data-drawn]").get_attribute("data-drawn"))
        places = [int(last * share) for share in (0.2, 0.9, 0.5, 0.51, 0.7)]
        rounds, slowest, limit = list[list[float]](), float("inf"), 0.0
        while len(rounds) < MOST_ROUNDS and slowest >= limit:
            rounds.append([seen.page.evaluate(SLIDE, seq) for seq in places])
            slowest = max(min(took) for took in zip(*rounds, strict=True))  # what others do at once only adds
            limit = patient(STEP_MS)
        seen.context.close()
    assert slowest < limit, rounds
