"""Run ids, and the names in a run's folder."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from autoresearch.engine.runs import catalogue
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.claim import claim_run, default_branch
from autoresearch.engine.runs.places import runs_of
from autoresearch.events.errors import InvalidInput
from tests.waiting import PATIENCE_S


def begin(home: Path, run_id: str, at: str, branch: str) -> None:
    """Write the first line of a run's history."""
    line = f'{{"seq":1,"type":"RunStarted","v":1,"at":"{at}","data":{{"branch":"{branch}"}}}}\n'
    run_named(home, run_id).history.write_text(line + "more\n")


def started(home: Path) -> list[str]:
    return [one.run_id for one in catalogue.started_runs(home)]


def latest(home: Path, branch: str | None) -> tuple[str, bool]:
    found = catalogue.latest_run(home, branch)
    assert found is not None
    return found[0].run_id, found[1]


def test_every_name_lies_in_the_runs_folder(tmp_path: Path) -> None:
    """All paths of a run are the ones that people and agents know."""
    paths = run_named(tmp_path, "mar10-r001")
    folder = tmp_path / ".autoresearch" / "runs" / "mar10-r001"
    names = {
        paths.folder: ".",
        paths.history: "history.jsonl",
        paths.state: "state.json",
        paths.results: "results.tsv",
        paths.runner_log: "runner.log",
        paths.runner_out: "runner.out",
        paths.lock: "runner.lock",
        paths.next_proposal: "next_proposal.json",
        paths.proposals: "proposals",
        paths.consumed_proposal(3): "consumed_proposals/iter_0003.json",
        paths.refused: "refused_proposals",
        paths.train_checkout: "worktree",
        paths.iteration(12): "iterations/0012",
        paths.job(12345, "train", 2).folder: "iterations/12345/train.2",
        paths.job(0, "prepare", 1).folder: "iterations/0000/prepare.1",
    }
    assert {path: folder / name for path, name in names.items()} == {path: path for path in names}


@pytest.mark.parametrize(
    "run_id", ["", "..", "../x-r001", "a/b-r001", "x", "x-r1/..", "X-r001", "x-r001\n", "-r001"]
)
def test_a_run_id_leads_nowhere_else(tmp_path: Path, run_id: str) -> None:
    """What is no run id is refused before it becomes a path."""
    with pytest.raises(InvalidInput, match="is no run id"):
        run_named(tmp_path, run_id)


@pytest.mark.parametrize(
    ("branch", "slug"),
    [
        ("autoresearch/nov3", "autoresearch-nov3"),
        ("Feature/ÜBER_x", "feature-ber-x"),
        ("../../etc", "etc"),
        ("-", "run"),
        ("日本", "run"),
        ("a b\n$(x)", "a-b-x"),
        ("x" * 300, "x" * 60),
        ("x" * 59 + "/y", "x" * 59),
    ],
)
def test_a_branch_becomes_a_safe_slug(tmp_path: Path, branch: str, slug: str) -> None:
    """Any branch name makes a run id, and the run id makes a path."""
    assert slug == catalogue.branch_slug(branch)
    run_id = claim_run(tmp_path, branch).run_id
    assert run_id == f"{slug}-r001"
    assert run_named(tmp_path, run_id).folder.is_dir()


def test_claims_are_numbered(tmp_path: Path) -> None:
    """The next run of a branch has the next number, whatever other branches and files there are."""
    assert claim_run(tmp_path, "a").run_id == "a-r001"
    assert claim_run(tmp_path, "a").run_id == "a-r002"
    assert claim_run(tmp_path, "a-r001").run_id == "a-r001-r001"
    assert claim_run(tmp_path, "b").run_id == "b-r001"
    (runs_of(tmp_path).folder / "a-r0999").mkdir()
    assert claim_run(tmp_path, "a").run_id == "a-r1000"


def test_two_claims_at_once_get_two_ids(tmp_path: Path) -> None:
    """However many claim at the same time, each gets an id of its own."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claim_run(tmp_path, "a").run_id, range(40)))
    assert len(set(found)) == 40


def test_runs_are_ordered_by_their_first_event(tmp_path: Path) -> None:
    """The newest run is last, by its first event; one without a first event is a claim, and not listed."""
    for branch in ("b", "a", "c", "a"):
        claim_run(tmp_path, branch)
    begin(tmp_path, "a-r002", "2026-03-08T21:00:03.000Z", "a")
    begin(tmp_path, "b-r001", "2026-03-08T21:00:02.000Z", "b")
    begin(tmp_path, "a-r001", "2026-03-08T21:00:01.000Z", "a")
    (runs_of(tmp_path).folder / "strange").mkdir()
    (runs_of(tmp_path).folder / "file-r001").write_text("")
    run_named(tmp_path, "c-r001").history.write_text('{"seq":1,')
    assert started(tmp_path) == ["a-r001", "b-r001", "a-r002"]


def test_the_latest_run_of_a_branch(tmp_path: Path) -> None:
    """The latest run is that of the branch its history names, else the latest of any; never a mere claim."""
    assert catalogue.latest_run(tmp_path, None) is None
    assert catalogue.latest_run(tmp_path, "c") is None
    for branch in ("a/b", "a-b", "c", "c"):
        claim_run(tmp_path, branch)
    begin(tmp_path, "a-b-r001", "2026-03-08T21:00:01.000Z", "a/b")
    begin(tmp_path, "c-r001", "2026-03-08T21:00:02.000Z", "c")
    begin(tmp_path, "a-b-r002", "2026-03-08T21:00:03.000Z", "a-b")
    assert latest(tmp_path, "a/b") == ("a-b-r001", True)
    assert latest(tmp_path, "a-b") == ("a-b-r002", True)
    assert latest(tmp_path, "c") == ("c-r001", True)
    assert latest(tmp_path, "d") == ("a-b-r002", False)
    assert latest(tmp_path, None) == ("a-b-r002", False)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"at":1}', b"\xff", b'{"at":"x","data":[]}', b"null"]
)
def test_a_damaged_history_is_still_a_run(tmp_path: Path, content: bytes) -> None:
    """A run whose history cannot be read is listed all the same, under the branch of its id."""
    run_id = claim_run(tmp_path, "a").run_id
    run_named(tmp_path, run_id).history.write_bytes(content + b"\n")
    assert started(tmp_path) == [run_id]
    assert latest(tmp_path, "a") == (run_id, True)


def test_the_default_branch_is_the_day(tmp_path: Path) -> None:
    """The branch is named after the day, and numbered where it is taken."""
    assert default_branch(date(2026, 11, 3), lambda _: False) == "autoresearch/nov3"
    assert default_branch(date(2026, 3, 10), lambda _: False) == "autoresearch/mar10"
    taken = {"autoresearch/nov23", "autoresearch/nov23-2"}
    assert default_branch(date(2026, 11, 23), taken.__contains__) == "autoresearch/nov23-3"


def test_claims_of_two_processes(tmp_path: Path) -> None:
    """Two programs that claim at once get two ids."""
    code = "import sys; from pathlib import Path; from autoresearch.engine.runs.claim import claim_run; "
    code += "print([claim_run(Path(sys.argv[1]), 'a').run_id for _ in range(50)])"
    command = [sys.executable, "-c", code, str(tmp_path)]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=PATIENCE_S)[0] for one in started]
    assert len({name for text in said for name in text.strip("[]\n").split(", ")}) == 100
