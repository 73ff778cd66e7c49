"""What `--json` prints: for every command one object, of a form that is published and fits it."""

import json
from contextlib import nullcontext
from pathlib import Path

import jsonschema
import pytest
import typer
from attrs import evolve

from autoresearch.engine.control.launch import Launched
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.values import why
from autoresearch.workflows.cli import options
from autoresearch.workflows.cli.main import COMMANDS, build, main
from tests import given as g
from tests.cli_helpers import git, make_repo, make_run
from tests.core.test_agent_asks import asks


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
CODES = {"doctor": {0, 1}, "replay": {6, 9}, "rerun": {1}}  # of a history that is made up


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
        jsonschema.validate(told[form], json.loads((SCHEMAS / f"{form}-1.schema.json").read_text()))
