"""`export otlp`: what a real receiver of OTLP decodes is the jobs of a run, each once by its id."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.exports import post
from tests.cli_helpers import make_repo
from tests.receiver import Got, Receiver, receiving
from tests.waiting import PATIENCE_S


pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `otlp` is not installed")
service = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="the extra `otlp` is not installed"
)

ROOT = Path(__file__).resolve().parents[3]
RUNS = ROOT / "tests" / "golden" / "runs"
JOBS = {  # what ends a job
    *("PrepareFinished", "AgentAnswered", "TrainingFinished", "TrainingVoided", "EvaluationFinished"),
    *("GuardFinished", "HoldoutScored", "JobLost"),
}
VERDICTS = {"CandidateKept", "CandidateDiscarded", "KeepRemeasured", "RemeasureDropped"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run with a training that was lost and keeps measured again; one try waits for the next no time."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.setattr(post, "WAITS_S", (0.0, 0.0))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")  # too short for the exporter's own second try
    paths = RunPaths(home=made, folder=made / ".autoresearch" / "runs" / "mar8-r001")
    paths.folder.mkdir(parents=True)
    write(paths, lines("final"))
    return paths


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def lines(golden: str) -> list[str]:
    return (RUNS / f"{golden}.jsonl").read_text().splitlines(keepends=True)


def write(paths: RunPaths, history: list[str]) -> None:
    paths.history.write_text("".join(history))


def wanted(history: list[str]) -> tuple[int, int]:
    """Return how many jobs ended in a history, and how many iterations."""
    types = Counter(json.loads(line)["type"] for line in history)
    return sum(types[one] for one in JOBS), sum(types[one] for one in VERDICTS)


def spans_of(got: list[Got]) -> list:
    """Decode the spans of requests, as a collector does."""
    requests = [service.ExportTraceServiceRequest.FromString(one.body) for one in got]
    return [
        span
        for request in requests
        for of in request.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


def told(span) -> dict:
    """Return the attributes of a span, without their prefix."""
    return {
        one.key.removeprefix("autoresearch."): getattr(one.value, one.value.WhichOneof("value"))
        for one in span.attributes
    }


def export(receiver: Receiver, *words: str) -> int:
    return main(["export", "otlp", "--to", receiver.url.removesuffix("/hook"), *words])


def test_jobs_are_spans_around_which_their_iteration_lies(run, receiver, capsys):
    """Each job and each iteration that ended is one span, a job within the trace of its iteration."""
    assert 0 == export(receiver, "--json")
    jobs, iterations = wanted(lines("final"))
    assert jobs + iterations == json.loads(capsys.readouterr().out)["sent"]
    assert ["/v1/traces"] == [one.path for one in receiver.got]
    spans = spans_of(receiver.got)
    roots = {one.span_id: one for one in spans if one.name == "iteration"}
    inner = [one for one in spans if one.name != "iteration"]
    assert (jobs, iterations) == (len(inner), len(roots))
    for one in inner:
        around = roots[one.parent_span_id]
        assert around.trace_id == one.trace_id
        assert told(around)["iteration"] == told(one)["iteration"]
        assert around.start_time_unix_nano <= one.start_time_unix_nano <= one.end_time_unix_nano
    assert len(roots) == len({one.trace_id for one in spans})
    (lost,) = [one for one in spans if "lost" in told(one)["said"]]
    assert 2 == lost.status.code  # ERROR
    first = next(one for one in spans if told(one)["iteration"] == 0 and one.name == "train")
    finished = next(json.loads(one) for one in lines("final") if '"TrainingFinished"' in one)
    assert finished["data"]["metric"] == told(first)["metric"]
    assert 0 == export(receiver)
    assert 1 == len(receiver.got)  # nothing was new


def test_agents_evaluations_and_guards_are_spans(run, receiver):
    """Calls of an agent, evaluations and guards are spans by their names, with what a call took."""
    for golden, name in (
        ("agent-mends", "triage"),
        ("evaluated", "evaluate"),
        ("guarded-by-commands", "guard"),
    ):
        write(run, lines(golden))
        receiver.got.clear()
        assert 0 == export(receiver, "--from", "1")
        spans = spans_of(receiver.got)
        assert name in {one.name for one in spans}
        assert sum(wanted(lines(golden))) == len({(one.trace_id, one.span_id) for one in spans})


def test_killed_while_it_sends_no_span_is_lost_or_another(run, receiver):
    """Killed at each answer, each span is sent again under its id: none is lost, no id is two spans."""
    whole = lines("final")
    cuts = (len(whole) // 2, len(whole), len(whole))
    killed = []

    def kill(got: Got) -> int:
        if cut not in killed:
            killed.append(cut)
            process.kill()
            process.wait()
        return 200

    receiver.answer = kill
    for cut in cuts:
        write(run, whole[:cut])
        words = (sys.executable, str(ROOT / "workflows" / "run_experiment.py"), "export", "otlp")
        to = receiver.url.removesuffix("/hook")
        process = subprocess.Popen([*words, "--to", to], cwd=run.home, stdout=subprocess.DEVNULL)
        code = process.wait(PATIENCE_S)
    assert (0, list(cuts[:2])) == (code, killed)
    by_id: dict = {}
    for span in spans_of(receiver.got):
        assert by_id.setdefault((span.trace_id, span.span_id), span) == span
    assert sum(wanted(whole)) == len(by_id)


def test_begun_before_the_cursor_ended_behind_it(run, receiver):
    """A job that began before the last call ended is a whole span in the next one, wherever that begins."""
    whole = lines("final")
    for cut in range(len(whole) // 2, len(whole) // 2 + 6):
        write(run, whole[:cut])
        assert 0 == export(receiver)
    write(run, whole)
    assert 0 == export(receiver)
    spans = spans_of(receiver.got)
    assert sum(wanted(whole)) == len(spans)
    receiver.got.clear()
    assert 0 == export(receiver, "--from", str(len(whole) // 2))
    behind = sum(wanted(whole[len(whole) // 2 - 1 :]))
    assert [one.span_id for one in spans[-behind:]] == [one.span_id for one in spans_of(receiver.got)]


def test_what_is_not_taken_is_said_and_sent_later(run, receiver, capsys):
    """A 503 is tried again; a 400, a redirect and a 500 end the export, and nothing is passed over."""
    answers = iter((503, 200))
    receiver.answer = lambda _: next(answers, 200)
    assert 0 == export(receiver)
    assert 2 == len(receiver.got)
    sent = spans_of(receiver.got[1:])
    for status, said in ((400, "refused"), (302, "refused"), (500, "did not take")):
        receiver.answer = lambda _, status=status: status
        assert 3 == export(receiver, "--from", "1")
        err = capsys.readouterr().err
        assert f"{said} {len(sent)} spans" in err
        assert str(status) in err
    receiver.got.clear()
    receiver.answer = lambda _: 200
    assert 0 == export(receiver, "--from", "1")
    assert sent == spans_of(receiver.got)


def test_without_its_packages_the_extra_is_named(run, receiver, capsys, monkeypatch):
    """Without OpenTelemetry it says what has to be installed, and sends nothing."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    assert 3 == export(receiver)
    assert "autoresearch[otlp]" in capsys.readouterr().err
    assert [] == receiver.got
