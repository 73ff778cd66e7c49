"""Other runs named as memory: what they found is told as facts, and stays with the run that is told it."""

import shutil

from attrs import evolve

from autoresearch.engine.memory.named import title_of
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load, load_run
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.parts.backlog import MEMORY_LIMIT, NamedMemory
from autoresearch.workflows.cli.main import main
from tests.e2e.looking.test_json_forms import run  # noqa: F401 - a fixture


def told(capsys, *words: str, code: int = 0) -> str:
    assert code == main([*words]), capsys.readouterr().err
    said = capsys.readouterr()
    return said.out + said.err


def test_what_another_run_found_is_told(run: RunPaths, capsys):  # noqa: F811 - the fixture
    """Its kept chain and ideas are in the prompt as another run's, also once that run is gone."""
    words = (
        "start",
        "--only",
        "setup,baseline",
        "--another",
        "--memory",
        run.run_id,
        "--run-id",
        "told-r001",
    )
    told(capsys, *words)
    there = run.folder.with_name("told-r001")
    paths = RunPaths(home=run.home, folder=there)
    (named,) = [one.event for one in read(paths.history) if isinstance(one.event, ev.MemoryNamed)]
    assert (run.run_id, load_run(run).state.seq) == (named.run_id, named.seq)
    assert len(named.text) <= MEMORY_LIMIT
    assert "1  " in named.text
    assert "1.400000" in named.text
    before = sections(paths)
    assert f"From another run, {run.run_id}, which is no result of this one" in before
    assert "(val_bpb, lower is better: the same metric" in before
    shutil.rmtree(run.folder)
    assert before == sections(paths)
    told(capsys, "resume", "--run-id", "told-r001", "--loops", "1", "--memory", "told-r001", code=2)
    told(capsys, "resume", "--run-id", "told-r001", "--loops", "1", "--memory", run.run_id, code=3)


def sections(paths: RunPaths) -> str:
    """Return the memory of a run's prompt."""
    loaded = load(paths)
    return "\n".join(f"{one.title}\n{one.text}" for one in recall(loaded.run, loaded.timeline, Code()))


def test_another_metric_is_said():
    """What was measured by another metric, or in the other direction, is said to be no measure here."""
    one = NamedMemory(run_id="other-r001", metric="val_bpb", lower_is_better=True, text="")
    assert "the same metric" in title_of(one, MetricSpec())
    assert "say nothing here" in title_of(evolve(one, lower_is_better=False), MetricSpec())
    assert "say nothing here" in title_of(evolve(one, metric="acc"), MetricSpec())
