"""The page of `serve`, played in a browser: Debian's chromium, where it and playwright are installed."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.waiting import until
from tests.web.seen import iterations
from tests.web.site import Site, golden_run


WHOLE = "/run/0/autoresearch-whole-r001"
IDLE = """async () => {
  const { idles, idleAt, idleUntil, idleWords } = await import("/static/idle.js");
  const found = idles({ work: [[1, 10], [15, 20], [30, 40], [44, 50]], agents: [[11, 15]],
    runners: [[0, 40], [41, 60]], rests: [[20, 30]], began: 0, last: 60 });
  const of = (until) => idleUntil(found, until).longest.map((one) => [one.begin, one.end, one.why]);
  return [[60, 25].map(of),
    idleAt(found, 12, 60).why, idleAt(found, 16, 60), idleWords({ begin: 0.25, end: 0.5, why: "away" })];
}"""  # nothing was asked for from 20 to 30
LANES = """async () => {
  const { laneOf } = await import("/static/lanes.js");
  const spans = [["review", "claude"], ["edit", "codex"], ["evaluate", null], ["train", "1"], ["runner"]];
  return spans.map((one) => laneOf(...one));
}"""
FITS = """async ([wanted, said]) => {
  const { matcher } = await import("/static/table.js");
  return matcher(wanted)({ iteration: 1, status: "keep", description: said, reason: "", settings: {} });
}"""
ROWS = """async () => {
  const { load } = await import("/static/model.js");
  return (await load("/api/0/confirm-r001")).run.all();
}"""
WORDS = """async () => {
  const { number, proposer, share, signed, typeWords } = await import("/static/dom.js");
  return [number(-1e-9), signed(-1e-9), signed(-0.25), share(2, 2), share(1, 2),
    proposer({ agent: "codex", model: "gpt-5", source: "agent" }), proposer({ agent: null, source: "cli" }),
    proposer({ agent: null, source: "search" }), typeWords("NoteAdded")];
}"""
EDGES = """() => {
  const box = (one) => document.querySelector(one).getBoundingClientRect();
  return [box("main").right, box(".drawer").left];
}"""
WIDER = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel)"
CELLS = "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"


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


def before(at: str) -> str:
    """Return the time of day an hour earlier."""
    return (datetime.fromisoformat(at) - timedelta(hours=1)).strftime("%H:%M")


def test_the_first_screen_answers(open_page: Any, site: Site):
    """It names the best, who proposed it, what helped most, whether the log holds, and idle times."""
    seen = open_page("/run/0/confirm-r001")
    seen.page.wait_for_selector(".figures")
    assert re.search(r"log whole: \d+ events", seen.page.inner_text(".stand"))
    kept = [row for row in seen.page.evaluate(ROWS) if row["status"] == "keep" and row["iteration"]]
    most = max(kept, key=lambda row: row["gain"])
    said = seen.page.inner_text(".figure:has-text('helped most')")
    assert f"+{most['gain']:.6f}" in said
    assert f"#{most['iteration']} {most['description'][:60]}, by {most['source']}" in said
    assert f"by {kept[-1]['source']}" in seen.page.inner_text(".figure:has-text('best ')")
    last = site.get("/api/0/confirm-r001/spans")["last_at"][11:19]  # not the present time
    until(lambda: seen.page.input_value(".when")[:8] == last)
    first = kept[0]["closed_at"]
    seen.page.fill(".when", first[11:19])
    seen.page.press(".when", "Enter")
    seen.page.wait_for_selector(".then-mark")
    assert first[11:19] == seen.page.input_value(".when")  # as it was typed; beside it, which event that is
    assert re.search(r"as of event \d+ of \d+, ", seen.page.inner_text(".slider .label"))
    seen.page.wait_for_url("**?at=*")
    place = seen.page.url
    for typed, said in (("soon", "A time of day, such as"), (before(first), "The run had not begun at")):
        seen.page.fill(".when", typed)
        seen.page.press(".when", "Enter")
        assert seen.page.eval_on_selector(".when", "box => box.validationMessage").startswith(said)
    assert place == seen.page.url
    longest, why, at_work, words = seen.page.evaluate(IDLE)
    assert [
        [[20, 30, "rest"], [50, 60, "next"], [10, 15, "agent"]],
        [[10, 15, "agent"], [20, 25, "rest"], [0, 1, "begin"]],
    ] == longest
    assert ("agent", None) == (why, at_work)
    assert "250 ms no runner, 00:00:00.2 to 00:00:00.5Z" == words
    assert ["agent", "agent", "cpu", "1", "runner"] == seen.page.evaluate(LANES)
    seen.page.click(".figure:has-text('helped most') .link")
    seen.page.wait_for_selector(f".drawer h2:has-text('Iteration {most['iteration']}')")
    assert "log damaged after event" in open_page("/run/0/corrupt-r001").page.inner_text(".stand")


def test_when_nothing_trained_is_told_and_marked(open_page: Any, site: Site):
    """The figure of the time leads to the longest idle times, each with why; a click marks one of them."""
    found = site.get("/api/0/confirm-r001/spans")
    day = "2026-03-08T21:0"
    found |= {"began_at": f"{day}0:00Z", "last_at": f"{day}9:00Z", "rests": [[f"{day}4:00Z", f"{day}6:00Z"]]}
    found["spans"] = [["train", f"{day}{at}:00Z", f"{day}{at + 1}:00Z", at, 1, "cpu"] for at in (0, 3, 7)]
    seen = open_page("/")
    seen.page.route("**/spans", lambda route: route.fulfill(json=found))
    seen.page.goto(f"{site.address}/run/0/confirm-r001")
    seen.page.click(".figure:has-text('time') .link:has-text('idle longest 2 min 00 s no runner')")
    assert [
        "2 min 00 s no runner, 21:01:00 to 21:03:00Z",
        "2 min 00 s at rest, 21:04:00 to 21:06:00Z",
        "1 min 00 s no runner, 21:06:00 to 21:07:00Z",
    ] == seen.page.locator(".idles .link").all_inner_texts()
    seen.page.click(".idles .link:has-text('at rest')")
    assert ["false", "true", "false"] == seen.page.eval_on_selector_all(
        ".idles .link", "all => all.map((one) => one.ariaPressed)"
    )


def test_what_failed_says_why(open_page: Any, site: Site):
    """A click on how many crashed lists these alone, each with its reason where results would stand."""
    golden_run(site.repo, "crash-without-triage", "crashed-r001")
    seen = open_page("/run/0/crashed-r001")
    rows = seen.page.evaluate(ROWS.replace("confirm", "crashed"))
    crashed = [row for row in reversed(rows) if row["status"] == "crash"]
    seen.page.click(".figure:has-text('tried') .link:has-text('crashed')")
    until(lambda: [str(row["iteration"]) for row in crashed] == iterations(seen))
    assert [row["reason"] for row in crashed] == seen.page.locator("td.c-reason").all_inner_texts()
    assert not seen.page.locator("td.c-metric").count()
    assert f"failed: {len(crashed)} crashed" in seen.page.inner_text(".chart figcaption")
    seen.page.fill(".table input[type=search]", "nowhere")
    seen.page.wait_for_selector("td:has-text('nothing fits “nowhere”; only what is crashed is listed')")
    assert "crashed 0" in seen.page.inner_text(".table .chips")
    seen.page.click("td .link:has-text('clear filters')")
    until(lambda: len(rows) == seen.page.locator("tr[data-iteration]").count())


def test_the_filter_knows_names_by_their_initials(open_page: Any):
    """Words find what has them all, or a name of their initials, and no part of another word."""
    page = open_page("/").page
    for wanted, said, fits in (
        ("learning rate", "MATRIX_LR 0.1 -> 0.2", True),
        ("learning rates", "a learning rate for each", True),
        ("weight decay", "a lower LR", False),
        ("learning rate", "an ALREADY tried one", False),
        ("wider one", "one that is wider", True),
    ):
        assert fits == page.evaluate(FITS, [wanted, said]), (wanted, said)


def test_it_is_read_with_the_keyboard_alone(open_page: Any):
    """Keys choose an iteration, open it, close it, and go to its events; the focus comes back."""
    seen = open_page(WHOLE)
    seen.page.wait_for_selector('tr[data-iteration="2"]')
    for key in ("j", "j", "Enter"):
        seen.page.keyboard.press(key)
    seen.page.wait_for_selector(".drawer .pairs")
    assert "on 1 seed" in seen.page.inner_text(".drawer .figures")
    assert "Iteration 1" == seen.page.inner_text(".drawer h2")
    seen.page.wait_for_url("**/autoresearch-whole-r001/1")
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_url("**/autoresearch-whole-r001")
    assert "scroll" == seen.page.evaluate("document.activeElement.className")
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("number 2")
    until(lambda: ["2"] == iterations(seen))
    seen.page.keyboard.press("Escape")
    seen.page.locator(".scroll").focus()
    seen.page.keyboard.press("?")
    assert "chance alone may have made it" in seen.page.inner_text(".keys .words")
    assert 0 == seen.page.evaluate("document.querySelector('.keys').scrollTop")
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_selector(".keys", state="hidden")


def test_experiments_stand_side_by_side(open_page: Any):
    """Two that were chosen with keys are compared: what differs, and with a click what does not."""
    seen = open_page(WHOLE)
    seen.page.wait_for_selector('tr[data-iteration="2"]')
    for key in ("j", "x", "j", "x"):
        seen.page.keyboard.press(key)
    seen.page.click("text=compare 2")
    seen.page.wait_for_url("**/compare?with=*r001%2F1&with=*r001%2F2")
    said = seen.page.wait_for_selector(".side-by-side tbody").inner_text()
    assert re.search(r"status\s+kept\s+discarded", said)
    assert not re.search(r"keep\b|[{\[]", said)
    differing = seen.page.locator(".side-by-side tbody tr").count()
    seen.page.click("text=differences only")
    assert differing < seen.page.locator(".side-by-side tbody tr").count()


def test_another_rule_is_a_picture(open_page: Any):
    """The page draws both lines, says what would change, and judges by whichever rule is chosen."""
    seen = open_page(WHOLE)
    seen.page.click(".other-rule summary")
    seen.page.wait_for_selector(".other-rule .overlay .series-1 path")
    assert re.search("verdicts? (would )?change", seen.page.inner_text(".other-rule"))
    seen.page.select_option(".other-rule select", "min-percent:NUMBER")
    seen.page.wait_for_selector(".other-rule .said:has-text('min-percent:0.1')")
    assert "by more than so many percent" in seen.page.inner_text(".other-rule")
    assert "% of the best" == seen.page.inner_text(".other-rule .by .quiet:last-child")


def test_who_proposed_stands_in_a_table(open_page: Any, site: Site):
    """Each agent has its calls, ideas and keeps, as they are now and as they were then."""
    run = "agents-by-gain-r001"
    for query, at in (("", None), ("?at=60", 60)):
        found = site.get(f"/api/0/{run}/overview{query}")
        seen = open_page(f"/run/0/{run}{query}")
        seen.drawn(at or found["seq"])
        told = {one["name"]: one for one in found["status"]["proposers"]}
        shown = until(lambda page=seen.page: page.eval_on_selector_all(".agents tbody tr", CELLS))
        assert sorted(told) == sorted(row[0].removesuffix(" agent") for row in shown)
        running = 0
        for name, asked, answered, ideas, kept, *_ in shown:
            one = told[name.removesuffix(" agent")]
            assert [one["calls"], one["proposals"], one["keeps"]] == [int(answered), int(ideas), int(kept)]
            running += int(asked) - int(answered)
        assert sum(step == "propose" for _, step, *_ in found["jobs"]) == running
    assert "by opencode" in open_page(f"/run/0/{run}").page.inner_text(".figure:has-text('best ')")


def test_what_is_shown_is_in_words(open_page: Any):
    """Zero has no sign, who proposed is named by agent and model or as a human, a type of event is words."""
    seen = open_page("/")
    numbers = ["0.000000", "0.000000", "\u22120.250000", "0.00\u00a0%", "\u221250.00\u00a0%"]
    words = ["codex, gpt-5", "human", "search", "Note added"]
    assert numbers + words == seen.page.evaluate(WORDS)


COMPARED = "/compare?with=0/autoresearch-whole-r001/1&with=0/autoresearch-whole-r001/2"


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/", ".facts"),
        (WHOLE, ".figures"),
        (f"{WHOLE}/1", ".pairs"),
        (COMPARED, ".side-by-side tbody td"),
        (f"{COMPARED}&with=0/confirm-r001/1", ".side-by-side tbody td"),
    ],
)
def test_it_fits_a_phone(open_page: Any, path: str, there: str):
    """At 390 pixels nothing is wider than the screen, no table either, and what stands first is readable."""
    seen = open_page(path, viewport={"width": 390, "height": 844})
    seen.page.wait_for_selector(there)
    assert 390 == seen.page.evaluate("document.documentElement.scrollWidth")
    assert [] == seen.page.eval_on_selector_all(".over", WIDER)


def test_an_experiment_stands_beside_its_run(open_page: Any):
    """From 760 pixels on an experiment covers nothing of its run; below it is a page that is closed."""
    seen = open_page(f"{WHOLE}/1", viewport={"width": 800, "height": 900})
    seen.page.wait_for_selector(".drawer .pairs")
    right, left = seen.page.evaluate(EDGES)
    assert right <= left
    seen.page.set_viewport_size({"width": 390, "height": 844})
    seen.page.click(".drawer .close")
    seen.page.wait_for_selector(".drawer", state="hidden")


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
    assert "resume" not in corrupt.page.inner_text(".stand")
    corrupt.page.wait_for_selector('tr[data-iteration="1"]')
    torn = open_page("/run/0/torn-r001")
    assert "resume" in torn.page.wait_for_selector(".stand").inner_text()
    assert "77 bytes" in torn.page.wait_for_selector(".banner.warn").inner_text()
