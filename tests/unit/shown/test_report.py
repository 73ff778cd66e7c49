"""The report of a run: its object, its page, and the three forms of that."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from autoresearch.engine.runs.load import Loaded, nothing
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.log.read import read
from autoresearch.events.values import OutputDigest, Process, Usage, why
from autoresearch.projections.evidence import evidence_of
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.report import covered, report_object, time_spent
from autoresearch.workflows.api.status import elapsed_s
from autoresearch.workflows.report.as_html import body_of
from autoresearch.workflows.report.as_markdown import markdown_of
from autoresearch.workflows.report.as_text import bars, text_of
from autoresearch.workflows.report.chart import best_so_far, scale_of, svg, ticks
from autoresearch.workflows.report.document import (
    Chart,
    Cite,
    CitedEvent,
    Document,
    Heading,
    Listing,
    Paragraph,
    Point,
    Table,
    cited,
)
from autoresearch.workflows.report.page import document_of
from tests import given as g


RUNS = sorted((Path(__file__).parents[2] / "golden" / "runs").glob("*.jsonl"))
HOSTILE = "<script>alert(1)</script> [x](javascript:y) | `a` & \"q\" '*b*' @you"


def reported(records: list[Recorded]) -> tuple[dict[str, Any], Document]:
    """Return the object and the page of a history."""
    loaded: Loaded = nothing()
    for one in records:
        loaded = loaded.after(one)
    found = report_object(loaded, evidence_of(records))
    return found, document_of(found)


def recorded(seq: int, at: str, event: ev.Event) -> Recorded:
    """Return an event as it stands in a history."""
    return Recorded(
        seq=seq, at=f"2026-03-08T{at}.000Z", by="runner", key=None, tx=None, event=event, hash="", end=0
    )


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.stem)
def test_each_figure_names_the_event_that_it_stands_in(run: Path) -> None:
    """In every golden run, the metric of a kept row is that of the event that its figure cites."""
    records = list(read(run))
    by_seq = {one.seq: one.event for one in records}
    found, document = reported(records)
    assert cited(document) <= set(by_seq)
    for row in found["kept"]:
        stands, verdict = by_seq[row["result_seq"]], by_seq[row["seq"]]
        assert getattr(stands, "metric", None) in (row["metric"], verdict.inputs.get("metric"))  # type: ignore[union-attr]
        assert isinstance(verdict, ev.CandidateKept | ev.ResultInherited)
        assert verdict.iteration == row["iteration"]
    if found["gain"] is not None:
        stated = by_seq[found["gain"]["seq"]]
        assert isinstance(stated, ev.GainStated)
        assert (stated.gain, stated.half_width) == (found["gain"]["value"], found["gain"]["half_width"])


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.stem)
def test_each_golden_run_is_written_in_all_forms(run: Path) -> None:
    """Every golden run has a page in text, Markdown and HTML, and each names its run."""
    found, document = reported(list(read(run)))
    for write in (text_of, markdown_of, body_of):
        assert found["run_id"].split("-")[0] in write(document).splitlines()[0] + write(document)
    assert found["counts"].get("keep", 0) == len(found["kept"])


class Links(HTMLParser):
    """The places of a page, what points to them, and every tag."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.tags: set[str] = set()
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            if name in ("href", "src", "xlink:href"):
                (self.targets.add if str(value).startswith("#") else self.asked.append)(
                    str(value).lstrip("#")
                )


def with_events(document: Document) -> Document:
    """Return it with words for each event that it cites."""
    return evolve(
        document, events=tuple(CitedEvent(seq=seq, text=HOSTILE) for seq in sorted(cited(document)))
    )


def test_every_link_of_the_file_has_its_place_and_none_leads_outside() -> None:
    """The HTML of a report asks for nothing, runs nothing, and each figure's link ends at its event."""
    run = next(run for run in RUNS if run.stem == "consolidate")
    page = body_of(with_events(reported(list(read(run)))[1]))
    links = Links()
    links.feed(page)
    assert links.targets
    assert links.targets <= links.ids
    assert ([], False) == (links.asked, "script" in links.tags)


def test_what_others_wrote_is_text() -> None:
    """A proposal's words are no form, no link and no tag, in any of the three."""
    point = Point(iteration=0, value=1.0, kept=True, within_noise=False, title=HOSTILE, seq=1)
    chart = Chart(
        metric=HOSTILE, lower_is_better=True, points=(point, evolve(point, iteration=1)), of_seeds=None
    )
    table = Table(head=("a", HOSTILE), rows=((HOSTILE, Cite(HOSTILE, 1)),))
    blocks = (Heading(text=HOSTILE), Paragraph(line=(HOSTILE,)), Listing(lines=((HOSTILE,),)), table, chart)
    document = with_events(Document(title=HOSTILE, blocks=blocks))
    page, text = body_of(document), markdown_of(document)
    links = Links()
    links.feed(page)
    assert "script" not in links.tags
    assert "<script>" not in page
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "](javascript" not in text
    wide = [len(re.split(r"(?<!\\)\|", row)) for row in text.splitlines() if row.startswith("|")]
    assert {4} == set(wide)


def test_time_is_told_apart_by_what_ran() -> None:
    """A runner that was killed lived to its last event; what trained beside it is counted once."""
    process = Process(pid=1, started=1, boot_id="b")
    runner = ev.RunnerStarted(
        process=process, mode="background", program_version="1", devices=("0", "1"),
        device_classes=("", ""), driver="", landlock=0, decides=1,
    )  # fmt: skip
    started = ev.TrainingStarted(
        iteration=0, training=1, repeat=1, seed=None, slot=1, device="0", commit="c", command=(),
        deadline_s=1.0, seal="", surroundings={},
    )  # fmt: skip
    lost = ev.JobLost(iteration=0, step="train", number=1, reason=why("machine_restarted"))
    records = [
        recorded(1, "21:00:00", ev.NoteAdded(text="")),
        recorded(2, "21:00:10", runner),
        recorded(3, "21:00:20", started),
        recorded(4, "21:00:30", evolve(started, iteration=1, slot=2)),
        recorded(5, "21:00:40", lost),  # the last word of this runner
        recorded(6, "21:02:00", runner),
        recorded(
            7, "21:02:10", ev.JobLost(iteration=1, step="train", number=1, reason=why("machine_restarted"))
        ),
        # whose end was asked for is no machine's fault
        recorded(8, "21:02:20", ev.JobLost(iteration=2, step="train", number=1, reason=why("stop_now"))),
        recorded(9, "21:02:30", ev.RunStopped(how="done", reason=why("all_done"))),
    ]
    evidence = evolve(evidence_of(records), began_at=records[0].at)
    spent = time_spent(evidence, RunState())
    assert 150.0 == spent["elapsed_s"]
    assert 110.0 == spent["busy_s"]  # from 20 to 130, where the two lay upon each other once
    assert 10.0 + 20.0 == spent["waiting_s"]
    assert 10.0 == spent["away_s"]
    assert 120.0 == spent["device_s"]
    assert 2 == spent["lost"]


def test_time_at_rest_is_none_of_the_run() -> None:
    """From a stop to what is asked for next nothing is waited for: no page counts it in what a run took."""
    process = Process(pid=1, started=1, boot_id="b")
    runner = evolve(g.runner_started(), process=process)
    stop = ev.RunStopped(how="stopped", reason=why("as_requested"))
    first = [
        recorded(1, "21:00:00", g.started()),
        recorded(2, "21:00:00", g.asked(3)),
        recorded(3, "21:00:10", runner),
        recorded(4, "21:01:00", stop),
    ]
    again = [recorded(5, "22:00:00", ev.RunResumed()), recorded(6, "22:00:05", runner)]
    last = [recorded(7, "22:00:30", stop), recorded(8, "23:00:30", ev.NoteAdded(text="seen"))]
    for records, elapsed, away, rest in (
        (first, 60.0, 10.0, 0.0),
        ([*first, *again], 65.0, 15.0, 3540.0),
        ([*first, *again, *last], 90.0, 15.0, 7140.0),
    ):
        time = reported(records)[0]["time"]
        assert (elapsed, away, rest) == (time["elapsed_s"], time["away_s"], time["rest_s"])
        run = fold(RUN, records)
        assert elapsed == elapsed_s(standing(run), records[-1].at)
    page = text_of(reported([*first, *again, *last])[1])
    assert (
        "1 min 30 s in all, of these 1 min 15 s (83%) waiting beside a runner, 15 s (17%) with no runner"
        in page
    )
    assert "; beside that 1 h 59 min at rest" in page


def test_a_run_that_tried_nothing_yet_is_not_said_to_have_gained_nothing() -> None:
    """Stopped behind its baseline it has no gain yet, and what is left goes on without a number of loops."""
    stop = ev.RunStopped(how="stopped", reason=why("as_requested"))
    page = text_of(reported(g.recorded(g.started(), g.asked(3), *g.BASELINE, stop))[1])
    assert "No gain yet: no change was tried to its end." in page
    assert "resume --run-id autoresearch-mar8-r001  " in page


def test_intervals_that_overlap_are_covered_once() -> None:
    """The covered time is that of the union."""
    assert 6.0 == covered([(4.0, 6.0), (0.0, 3.0), (1.0, 2.0), (2.0, 5.0)])
    assert 0.0 == covered([])


def test_what_a_call_did_not_say_is_not_zero() -> None:
    """A sum with unknowns says at least, and of unknowns alone that it is unknown."""
    answered = ev.AgentAnswered(
        iteration=1, step="propose", call=1, agent="codex", outcome="ok", reason=None, failure=None,
        seconds=1.0,
        usage=Usage(cost_usd=0.5, cost_basis="reported"), session_id=None, model="m",
        model_asked="", agent_version="", prices="",
        output=OutputDigest(bytes=0, sha256="", tail=""),
    )  # fmt: skip
    records = [recorded(1, "21:00:00", answered), recorded(2, "21:00:01", evolve(answered, usage=Usage()))]
    agents = report_object(nothing(), evidence_of(records))["agents"]
    page = text_of(document_of(report_object(nothing(), evidence_of(records))))
    assert [(2, 0.5, 1, 2)] == [
        (one["calls"], one["cost_usd"], one["without_cost"], one["without_tokens"]) for one in agents
    ]
    row = next(row for row in page.splitlines() if row.startswith("codex m"))
    assert row.endswith("at least $0.50")
    assert 2 == row.count("unknown")


def test_what_a_proposal_and_a_keep_cost_is_said() -> None:
    """The report of a run whose agents told their cost has it for the run, a proposal and a keep."""
    run = next(run for run in RUNS if run.stem == "agent-proposes-and-applies")
    found, document = reported(list(read(run)))
    cost, page = found["cost"], text_of(document)
    assert cost["usd_per_proposal"] > 0
    assert f"${cost['usd']:.2f} in all, ${cost['usd_per_proposal']:.2f} a proposal" in page


def chart_of(*values: float, lower: bool = True, kept: frozenset[int] = frozenset({0})) -> Chart:
    """Return a chart of these values."""
    points = tuple(
        Point(
            iteration=number, value=value, kept=number in kept, within_noise=False, title="", seq=number + 1
        )
        for number, value in enumerate(values)
    )
    return Chart(metric="m", lower_is_better=lower, points=points, of_seeds=0.5)


@pytest.mark.parametrize("lower", [True, False])
def test_what_is_far_off_does_not_flatten_the_chart(lower: bool) -> None:  # noqa: FBT001 - a parameter
    """A result that diverged lies at the edge, and all that was kept has its place."""
    sign = 1.0 if lower else -1.0
    values = [sign * value for value in (5.0, 4.0, 4.5, 4.4, 4.6, 4.1, 4.2, 4.3, 4.4, 4.5, 1e9)]
    chart = chart_of(*values, lower=lower, kept=frozenset({0, 1}))
    scale = scale_of(chart)
    assert not scale.holds(values[-1])
    assert all(scale.holds(value) for _, value in best_so_far(chart))
    assert 1 == svg(chart).count(" far")


def test_ticks_are_round_and_within() -> None:
    """Ticks are at like distances, and never outside of what they mark."""
    for low, high in ((0, 60), (1.4711, 1.4958), (-3e-7, 2e-7), (0, 1)):
        found = ticks(low, high)
        assert 2 <= len(found) <= 7
        assert low - 1e-9 <= found[0] < found[-1] <= high + 1e-9
        assert 1 == len({round((after - before) / (high - low), 9) for before, after in pairwise(found)})
    assert [3.0] == ticks(3.0, 3.0)


def test_bars_grow_with_what_is_better() -> None:
    """The row of bars begins low and ends high, whichever direction is better."""
    for lower in (True, False):
        sign = 1.0 if lower else -1.0
        row = bars(
            chart_of(*(sign * v for v in (3.0, 9.0, 2.0, 1.0)), lower=lower, kept=frozenset({0, 2, 3}))
        )
        assert "▁▁▅█" == row.splitlines()[-1] or "▁▁▄█" == row.splitlines()[-1]


def test_a_metric_that_seeds_do_not_move_has_an_exact_gain() -> None:
    """Where trainings of the same code measured the same, the gain is stated, with no interval."""
    found, _ = reported(list(read(next(run for run in RUNS if run.stem == "climb"))))
    found |= {"gain": None, "exact": True, "lower_is_better": True}
    found |= {"best": found["best"] | {"metric": 1.5}, "baseline": found["baseline"] | {"metric": 2.0}}
    page = text_of(document_of(found))
    assert "The best gains +0.500000" in page.splitlines()[2]
    assert not {"final", "consolidate"} & set(page.rpartition("What to do next")[2].split())


def test_a_run_without_a_result_says_so_first() -> None:
    """Before the baseline there is a page, and its first sentence says that nothing is measured."""
    page = text_of(document_of(report_object(nothing(), evidence_of([]))))
    assert page.splitlines()[2].startswith("No result yet")
    assert Position.start() == nothing().position


def test_the_holdout_is_told_with_its_events():
    """What best and baseline have on the holdout is named with the looks that found it; all are counted."""
    (path,) = [one for one in RUNS if one.stem == "holdout"]
    records = list(read(path))
    found, document = reported(records)
    seen = found["holdout"]
    assert {"iteration": 1, "best": 1.5, "baseline": 1.995, "looks": 2} == {
        name: seen[name] for name in ("iteration", "best", "baseline", "looks")
    }
    for name in ("best_seq", "baseline_seq"):
        assert isinstance(records[seen[name] - 1].event, ev.HoldoutScored)
    assert "on the holdout iteration 1 has 1.500000" in text_of(document)
    assert "looked at 2 times in this repository" in text_of(document)
