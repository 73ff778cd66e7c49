"""What `--json` prints: for every command one object, of a form that is published and fits it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from attrs import evolve

from autoresearch.engine.control.launch import Launched
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.report import report_of
from autoresearch.workflows.api.status import LiveFacts, status_object
from autoresearch.workflows.cli import options
from autoresearch.workflows.cli.main import COMMANDS, build, main
from tests import given as g
from tests.cli_helpers import git, make_repo, make_run
from tests.core.test_agent_asks import asks
from tests.golden.play import FOLDER


SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"
WITHOUT = {
    "watch": "a view for people; `history -f --jsonl` and `wait --json` are for programs",
    "serve": "a web server, whose pages are read while it runs",
    "mcp": "speaks its own protocol on standard output",
}
ELSEWHERE = {  # printed by tests of their own: a run at rest answers with an error, or an extra is needed
    "approve": "tests/e2e/agents/test_approval.py",
    "veto": "tests/e2e/agents/test_approval.py",
    "export": "tests/e2e/exports/test_export_webhook.py",
    "sql": "tests/e2e/looking/test_sql.py",
}
# Each form, and the words that print it, in an order in which they can follow each other on one run.
WORDS = {
    "status": "status",
    "runs": "runs",
    "experiments": "experiments",
    "show": "show 1",
    "report": "report",
    "plot": "plot -o plot.json",
    "notebook": "notebook -o run.ipynb",
    "history": "history --last 3",
    "logs": "logs 1",
    "replay": "replay",
    "replay-at": "replay --at iteration:1",
    "replay-under": "replay --keep-rule min-delta:0.2",
    "rerun": "rerun --recorded",
    "wait": "wait --timeout 0",
    "doctor": "doctor",
    "init": "init",
    "note": "note x",
    "ideas": "ideas add later",
    "answer": "answer yes",
    "propose": "propose --set LR=0.3",
    "proposals": "proposals",
    "withdraw": "withdraw {number}",
    "final": "final",
    "consolidate": "consolidate",
    "ablate": "ablate",
    "resume": "resume",
    "pause": "pause",
    "unpause": "unpause",
    "stop": "stop",
    "adopt": "adopt",
    "publish": "publish --name published",
    "rebuild": "rebuild {run}",
    "repair": "repair {run}",
    "fork": "fork {run} --branch autoresearch/again",
    "import": "import results.tsv --branch autoresearch/old",
    "start": "start --only setup,baseline --another",
    "retract": "retract 1 --why untrue --run-id {run}",
    "clean": "clean {run}",
}
OPEN = {  # objects whose fields depend on what they tell of
    "doctor.findings.fields",
    "history.events",
    "history.events.data",
    "init.settings",
    "proposals.proposals",
    "replay.checks",
    "replay.state",
    "replay-at.state",
    "replay-under.iterations.inputs",
    "sql.rows",
}
TOLD = {  # golden runs, and what of `status` only such a run fills
    "agent-questions-with-a-wait": "questions",
    "agent-rests": "agents",
    "approved-and-vetoed": "approvals",
    "consolidate": "keeps",
    "final": "gain",
    "holdout": "holdout",
    "three-devices": "trainings",
}
EACH = 3  # events from one status to the next
CODES = {"doctor": {0, 1}, "init": {2}, "replay": {6, 9}, "rerun": {1}}  # of a history that is made up


@pytest.fixture
def run(tmp_path, monkeypatch) -> RunPaths:
    """A run that has kept two changes, with a question and a log, in the current repository; none is run."""
    repo = make_repo(tmp_path / "repo")
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    monkeypatch.setattr(options, "ensure_runner", lambda _: Launched(runner=None, already=False))
    (repo / "results.tsv").write_text(
        "commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc\t1.0\t1\tkeep\tx\n"
    )
    text = "LR = 0.1\n\n\n\n\nDEPTH = 1\n"
    (repo / "train.py").write_text(text)
    git(repo, "commit", "-qam", "two constants")
    base = git(repo, "rev-parse", "HEAD")
    commits = []
    for changed in (text.replace("0.1", "0.2"), text.replace("0.1", "0.2").replace("= 1", "= 2")):
        (repo / "train.py").write_text(changed)
        git(repo, "commit", "-qam", "candidate")
        commits.append(git(repo, "rev-parse", "HEAD"))
    git(repo, "reset", "-q", "--hard", base)
    baseline = [
        evolve(one, base_commit=base) if isinstance(one, ev.IterationStarted) else one for one in g.BASELINE
    ]
    made = make_run(
        repo,
        g.asked(2),
        g.runner_started(),
        *baseline,
        *kept(1, commits[0], base=base, metric=1.4),
        *kept(2, commits[1], base=commits[0], metric=1.3),
        ev.RunStopped(how="done", reason=why("done", completed=2, metric="val_bpb", best=1.3)),
    )
    folder = made.job(1, "train", 1)
    folder.folder.mkdir(parents=True)
    folder.output.write_text("step 1\nval_bpb: 1.4\n")
    return made


def kept(number: int, commit: str, *, base: str, metric: float) -> list[ev.Event]:
    """Return an iteration that was kept, of a commit that git has."""
    return [
        g.opened(number, base=base),
        *(asks("Rate or depth?", iteration=number) if number == 2 else ()),
        g.chosen(number),
        g.applied(number),
        g.committed(number, commit),
        g.training(number, commit=commit),
        g.trained(number, metric),
        evolve(g.row(number, metric), commit=commit),
        g.kept(number, commit),
    ]


def test_every_command_has_json_and_a_form():
    """A command without `--json` is one that goes on until it is ended, and each form is one of a command."""
    group = typer.main.get_command(build())
    with_json = {
        name
        for name in COMMANDS
        if "--json" in {word for it in group.commands[name].params for word in it.opts}
    }
    assert set(COMMANDS) - set(WITHOUT) == with_json
    published = {path.name.removesuffix("-1.schema.json") for path in SCHEMAS.iterdir()}
    assert published == set(WORDS) | set(ELSEWHERE)
    assert with_json == {words.split()[0] for words in WORDS.values()} | set(ELSEWHERE)


def test_each_form_is_what_is_printed(run, capsys):
    """Each command of a run's life prints one object that its schema accepts, and not a byte more."""
    told: dict[str, dict] = {}
    for form, words in WORDS.items():
        number = told["proposals"]["proposals"][0]["number"] if "proposals" in told else 0
        with hold_as_runner(run) if form == "stop" else nullcontext():
            code = main([*words.format(run=run.run_id, number=number).split(), "--json"])
        said = capsys.readouterr()
        assert code in CODES.get(form, {0}), (form, said.err)
        told[form] = json.loads(said.out)
        assert f"autoresearch.{form}/1" == told[form]["schema"]
        jsonschema.validate(told[form], form_of(form))


def imprecise(form: dict[str, Any], name: str) -> Iterator[str]:
    """Yield the objects of a form whose fields it does not tell, and the lists whose items it does not."""
    kinds = form.get("type", ())
    if "object" in kinds:
        closed = form.get("additionalProperties") is False and "properties" in form and "required" in form
        if not closed and not isinstance(form.get("additionalProperties"), dict):
            yield name
    if "array" in kinds and "items" not in form:
        yield name
    inner = {**form.get("properties", {}), **form.get("$defs", {})}
    for key, one in inner.items():
        yield from imprecise(one, f"{name}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(form.get(key), dict):
            yield from imprecise(form[key], name)


def form_of(name: str) -> dict[str, Any]:
    """Return the published form of a command."""
    return json.loads((SCHEMAS / f"{name}-1.schema.json").read_text())


def test_a_form_tells_the_fields_of_each_object():
    """Nothing nested is left open but what is listed, so that a program can be written from the form."""
    names = (path.name.removesuffix("-1.schema.json") for path in SCHEMAS.iterdir())
    assert {place for name in names for place in imprecise(form_of(name), name)} == OPEN


def test_the_status_and_report_of_runs_of_every_kind_fit(tmp_path):
    """At each third event of runs that ask, wait, rest and look, `status` fits its form; so does `report`."""
    status, report = (jsonschema.Draft202012Validator(form_of(name)) for name in ("status", "report"))
    facts = LiveFacts(runner_alive=True, progress=None, gpu=None, dropped=0, as_of="2027-01-01T00:00:00.000Z")
    for name, field in TOLD.items():
        paths = RunPaths(home=tmp_path, folder=tmp_path / name)
        paths.folder.mkdir()
        shutil.copy(FOLDER / f"{name}.jsonl", paths.history)
        told, state, recorded = False, None, list(read(paths.history))
        for first in range(0, len(recorded), EACH):
            state = fold(RUN, recorded[first : first + EACH], since=state)
            one = json.loads(json.dumps(status_object(paths, standing(state), facts)))
            status.validate(one)
            told = told or bool(one[field])
        assert told, (name, field)
        report.validate(json.loads(json.dumps(report_of(paths))))
