"""What the server of `serve` answers, asked over HTTP: data, refusals, headers, and the stream."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import load
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events.log.read import read
from autoresearch.projections.parts.compared import compared
from autoresearch.workflows.api.experiments import experiment
from autoresearch.workflows.api.replay import what_if_object
from autoresearch.workflows.web.followed import Followed
from tests.cli_helpers import make_repo, make_run
from tests.web.site import BEGUN, HOSTILE, ROOT, Site, append, repository, serving, tried


WHOLE = "/api/0/autoresearch-whole-r001"
WHILE_OPEN = ("iteration", "status", "started_at")
STATIC = ROOT / "workflows" / "web" / "static"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of runs of every kind."""
    with serving(repository(tmp_path_factory.mktemp("site") / "repo")) as site:
        yield site


def test_only_its_own_name_is_answered(site: Site):
    """A request that names another host is refused with 400, whatever it asks for."""
    for path in ("/", "/api/runs", "/static/main.js", f"{WHOLE}/stream"):
        assert 400 == site.ask(path, host="evil.example")[0], path
    assert 200 == site.ask("/api/runs", host="localhost")[0]


def test_what_is_not_there_is_404(site: Site):
    """An unknown run, repository, iteration or event is 404, on the page as in the data."""
    for path in (
        *("/api/0/nosuch-r001/overview", "/api/7/autoresearch-whole-r001/rows", "/api/0/..%2f..%2fx/rows"),
        *("/run/0/nosuch-r001", f"{WHOLE}/experiments/99", f"{WHOLE}/overview?at=99999"),
    ):
        assert 404 == site.ask(path)[0], path


def test_a_wrong_number_is_refused(site: Site):
    """An event that is no number is refused with 400, and the answer says so."""
    status, _, said = site.ask(f"{WHOLE}/overview?at=-1")
    assert 400 == status
    assert "number" in said["error"]


def test_nothing_can_be_changed(site: Site):
    """No address takes a POST."""
    for path in ("/", "/api/runs", f"{WHOLE}/overview", f"{WHOLE}/stream"):
        assert 405 == site.ask(path, method="POST")[0], path


def test_every_answer_carries_the_policy(site: Site):
    """Pages, files, data and refusals allow nothing from elsewhere and no script but the server's own."""
    for path in ("/", "/static/main.js", "/api/runs", "/api/0/nosuch-r001/rows"):
        headers = site.ask(path)[1]
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "nosniff" == headers["x-content-type-options"], path


def test_no_file_of_the_page_names_an_address_outside():
    """Script, style and page hold no address of another server but the name of SVG's own words."""
    for file in STATIC.iterdir():
        found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*", file.read_text()))
        assert found <= {"http://www.w3.org/2000/svg"}, file.name


def test_no_file_of_the_page_parses_markup():
    """No script makes elements or code of text: what came from outside cannot become either."""
    parsing = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\("
    assert [] == [file.name for file in STATIC.glob("*.js") if re.search(parsing, file.read_text())]


@pytest.mark.parametrize("run_id", ["autoresearch-whole-r001", "confirm-r001"])
def test_the_rows_are_those_that_experiments_prints(site: Site, run_id: str):
    """Put together up to any event, the changes give the verdicts of `experiments --json --at` that event."""
    found = site.get(f"/api/0/{run_id}/rows")
    paths = run_named(site.repo, run_id)
    for seq in range(1, found["seq"] + 1):
        rows: dict[int, dict[str, object]] = {}
        for then, number, fields in found["changes"]:
            if then <= seq:
                rows[number] = rows.get(number, {}) | fields
        shown = [json.loads(json.dumps(experiment(row))) for row in load(paths, upto=seq).timeline.rows]
        assert [row["iteration"] for row in shown] == sorted(rows)
        for row in shown:
            same = row if row["closed_at"] else {name: row[name] for name in WHILE_OPEN}
            assert same == {name: rows[row["iteration"]][name] for name in same}, seq


def test_the_overview_as_of_an_event_is_that_of_status(site: Site):
    """As of each event, the status shown is what folding the history up to it gives."""
    paths = run_named(site.repo, "confirm-r001")
    for seq in range(1, 61, 7):
        shown = site.get(f"/api/0/confirm-r001/overview?at={seq}")
        run = load(paths, upto=seq).run
        assert (seq, run.completed, run.loops_left) == (
            *(shown["seq"], shown["status"]["iterations_completed"]),
            shown["status"]["loops_left"],
        )
        assert shown["status"]["best_metric"] == compared(run.keeps, run.baseline).best
        assert shown["status"]["as_of"] == run.updated_at


def test_a_corrupt_history_is_shown_as_such(site: Site):
    """Of a damaged history what lies before the damage is shown, with what is wrong and the way out."""
    shown = site.get("/api/0/corrupt-r001/overview")
    assert "hash does not fit" in shown["damage"]["what"]
    assert "repair corrupt-r001" in shown["damage"]["way_out"]
    assert 0 < shown["seq"] == len(site.get("/api/0/corrupt-r001/events"))
    listed = {run["run_id"]: run for run in site.get("/api/runs")}
    assert listed["corrupt-r001"]["damage"]
    assert None is listed["confirm-r001"]["damage"]


def test_a_torn_history_is_shown_as_such(site: Site):
    """A last write that is not whole is told in bytes, and no event of it is shown."""
    shown = site.get("/api/0/torn-r001/overview")
    assert (60, 77, None) == (shown["seq"], shown["torn_bytes"], shown["damage"])


def test_hostile_text_is_data_alone(site: Site):
    """Whatever a proposal says comes as a JSON string in ASCII, never in a page."""
    status, headers, shown = site.ask("/api/0/autoresearch-hostile-r001/experiments/1")
    assert (200, "application/json") == (status, headers["content-type"])
    assert HOSTILE == shown["proposal"]["change_plan"]
    assert "pwned" not in site.get("/run/0/autoresearch-hostile-r001")


def test_an_experiment_has_its_pairs(site: Site):
    """What candidate and base had under each seed is shown, and gives the gain that the verdict states."""
    shown = site.get("/api/0/confirm-r001/experiments/2")
    gains = [pair["gain"] for pair in shown["pairs"]]
    assert shown["gain"] == pytest.approx(sum(gains) / len(gains))
    assert all(pair["gain"] == pair["base"] - pair["candidate"] for pair in shown["pairs"])
    assert [one["seq"] for one in shown["events"]] == sorted(one["seq"] for one in shown["events"])


def test_another_rule_judges_as_replay_does(site: Site):
    """What another rule had kept is what `replay --policy --json` prints, and the words for it."""
    shown = site.get("/api/0/confirm-r001/what_if?rule=lower")
    history = run_named(site.repo, "confirm-r001").history
    printed = json.loads(json.dumps(what_if_object(what_if(read(history), "lower"), "confirm-r001")))
    assert printed == {name: shown[name] for name in printed}
    assert shown["said"]
    assert 400 == site.ask("/api/0/confirm-r001/what_if?rule=nosuch")[0]


def test_an_event_names_what_it_follows_from(site: Site):
    """A verdict follows from a result, that from its training, and a cause lies before its effect."""
    events = {one["seq"]: one for one in site.get("/api/0/confirm-r001/experiments/2")["events"]}
    verdict = next(one for one in events.values() if one["type"] in ("CandidateKept", "CandidateDiscarded"))
    chain = [verdict["type"]]
    while (cause := events[verdict["seq"]]["cause"]) in events:
        assert cause < verdict["seq"]
        verdict = events[cause]
        chain.append(verdict["type"])
    assert {"TrainingFinished", "TrainingStarted", "CandidateCommitted"} <= set(chain)


def test_a_change_is_shown_against_any_other(site: Site):
    """An experiment's difference may be asked for against each iteration there is, and no other."""
    address = "/api/0/confirm-r001/experiments/2?against="
    assert "1" == site.get(f"{address}1")["against"]
    assert 404 == site.ask(f"{address}999")[0]
    assert 400 == site.ask(f"{address}-1")[0]


def test_a_broken_stream_goes_on_without_a_hole(tmp_path: Path):
    """What came while a page was away comes once it hands its last id back: none twice, none missing."""
    repo = make_repo(tmp_path / "repo")
    paths = make_run(repo, *BEGUN)
    stream = f"/api/0/{paths.run_id}/stream"
    with serving(repo) as site:
        begin = site.get(f"/api/0/{paths.run_id}/rows")
        with site.stream(f"{stream}?from={begin['id']}") as messages:
            append(paths, *tried(1, 0.9, keep=True))
            first = records(messages, 3)
    append(paths, *tried(2, 1.5))
    with serving(repo) as again, again.stream(stream, last_id=first[-1][0]) as messages:
        rest = records(messages, 9)
    seqs = [data["seq"] for _, data in (*first, *rest)]
    assert [*range(begin["seq"] + 1, begin["seq"] + 13)] == seqs
    rows: dict[int, dict[str, object]] = {}
    for _, data in (*first, *rest):
        for _, number, fields in data["changes"]:
            rows[number] = rows.get(number, {}) | fields
    assert ("keep", 0.9, "discard", 1.5) == (
        *(rows[1]["status"], rows[1]["metric"]),
        *(rows[2]["status"], rows[2]["metric"]),
    )


def test_a_position_that_is_none_begins_anew(site: Site):
    """A page that comes with a position of another history is told to load the whole again."""
    for last_id in ("", "nonsense", f"3-120-{'0' * 64}"):
        with site.stream(f"{WHOLE}/stream", last_id=last_id) as messages:
            assert ("", "reset", {}) == next(messages)


def records(messages: Iterator[tuple[str, str, Any]], count: int) -> list[tuple[str, Any]]:
    """Return the next messages that are events of the history."""
    return list(islice(((id_, data) for id_, event, data in messages if event == "record"), count))


def test_ten_pages_cost_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What several pages ask for after the same event is made once, and anew after the next ones."""
    monkeypatch.setattr("autoresearch.workflows.web.followed.FRESH_S", float("inf"))
    paths = make_run(make_repo(tmp_path / "repo"), *BEGUN)
    followed, made = Followed(paths), list[int]()

    def ten_pages() -> None:
        for _ in range(10):
            followed.catch_up()
            followed.shown("spans", lambda: made.append(followed.loaded.position.seq))

    ten_pages()
    append(paths, *(more := tried(1, 0.9)))
    ten_pages()
    assert [made[0], made[0] + len(more)] == made
