"""Other runs named as memory: what they found is told as facts, and stays with the run that is told it."""

import json
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


TABLE = """commit\tval_bpb\tmemory_gb\tstatus\tdescription
aaaaaaa\t1.500000\t1.0\tkeep\tbaseline
bbbbbbb\t1.400000\t1.0\tkeep\ta wider layer
ccccccc\t1.600000\t1.0\tdiscard\ta deeper one
"""


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


def test_an_imported_run_is_told(run: RunPaths, capsys):  # noqa: F811 - the fixture
    """The kept chain of another program's table is told, and `start --json` says of which run, as of when."""
    (run.home / "results.tsv").write_text(TABLE)
    made = json.loads(told(capsys, "import", str(run.home / "results.tsv"), "--json"))
    words = ("start", "--only", "setup,baseline", "--another", "--memory", made["run_id"], "--json")
    started = json.loads(told(capsys, *words))
    assert [made["run_id"]] == [one["run_id"] for one in started["memory"]]
    paths = RunPaths(home=run.home, folder=run.folder.with_name(started["run_id"]))
    assert "1.400000  a wider layer" in sections(paths)
    assert started["memory"] == json.loads(told(capsys, "status", "--json"))["memory"]


def sections(paths: RunPaths) -> str:
    """Return the memory of a run's prompt."""
    loaded = load(paths)
    return "\n".join(f"{one.title}\n{one.text}" for one in recall(loaded.run, loaded.timeline, Code()))


def test_another_metric_is_said():
    """What was measured by another metric, or in the other direction, is said to be no measure here."""
    one = NamedMemory(
        run_id="other-r001",
        seq=1,
        head="",
        metric="val_bpb",
        lower_is_better=True,
        sha256="",
        text="",
    )
    assert "the same metric" in title_of(one, MetricSpec())
    assert "say nothing here" in title_of(evolve(one, lower_is_better=False), MetricSpec())
    assert "say nothing here" in title_of(evolve(one, metric="acc"), MetricSpec())
