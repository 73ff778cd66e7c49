"""`status`, page or object, is answered quickly or wholly: a quick answer is the whole one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.views import rebuild
from autoresearch.engine.system.locks import try_lock
from autoresearch.events import catalog as ev
from autoresearch.events.clock import now
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.workflows import quick_status
from autoresearch.workflows.api import status
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import BRANCH, bytes_of, git, make_repo, make_run
from tests.waiting import PATIENCE_S


BEGUN = (g.asked(3), g.runner_started(), *g.BASELINE)
STEP = b"step 00912 (95.7%) | loss: 3.04 | dt: 9ms | tok/sec: 15,370 | epoch: 1 | remaining: 13s\n"
IMPORTED = (
    ev.RunImported(
        source="results.tsv",
        name="results.tsv",
        sha256="0" * 64,
        rows=1,
        began_at=None,
        left_out={},
        columns={},
        skipped={},
    ),
    ev.ResultImported(
        iteration=0,
        commit=None,
        metric=1.5,
        memory_gb=None,
        status="keep",
        description="baseline",
        proposal=None,
        proposed_by=None,
        reason="",
        training_s=None,
        started_at=None,
        ended_at=None,
        log_tail="",
        as_given="",
    ),
    ev.RunStopped(how="done", reason=why("imported")),
)
STATES = {
    "fresh": (g.asked(2),),
    "setup": (g.asked(2), g.runner_started()),
    "preparing": (g.asked(2), g.runner_started(), ev.PrepareStarted(preparation=1, command=("x",))),
    "baseline": BEGUN[:4],
    "proposing": (*BEGUN, g.opened(1), g.agent_asked(1, "propose")),
    "training": (*BEGUN, *g.candidate(1), g.training(1)),
    "ready to train": (*BEGUN, *g.candidate(1)),
    "waiting": (
        *BEGUN,
        g.opened(1),
        ev.InputNeeded(iteration=1, question=why("agent_asks", "which wäy?\n\x1b[1m")),
    ),
    "answered": (
        *BEGUN,
        g.opened(1),
        ev.InputNeeded(iteration=1, question=why("agent_asks", "?")),
        g.received(),
    ),
    "paused": (*BEGUN, ev.RunPaused(reason=why("human", "look"))),
    "closed": (*BEGUN, *g.candidate(1), g.training(1), g.trained(1, 1.4), g.row(1, 1.4), g.kept(1)),
    "imported": IMPORTED,
    **{
        how: (*BEGUN, ev.RunStopped(how=how, reason=why("as_requested")))
        for how in ("done", "stopped", "setup_incomplete", "baseline_failed", "blocked")
    },
}


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both answers are of the same moment, and of no device that others use."""
    moment = now()
    monkeypatch.setattr(status, "now", lambda: moment)
    monkeypatch.setenv("AUTORESEARCH_DEVICES", str(tmp_path / "devices"))


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed repository on the runs' branch, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    git(made, "checkout", "-q", "-b", BRANCH)
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def held() -> Iterator[Callable[[Path], None]]:
    """Hold locks until the test ends, as a living runner does."""
    handles: list[int] = []

    def hold(path: Path) -> None:
        handle = try_lock(path)
        assert handle is not None
        handles.append(handle)

    yield hold
    for handle in handles:
        os.close(handle)


def cached(paths: RunPaths) -> RunPaths:
    """Write the run's caches, as its runner does."""
    rebuild(paths)
    return paths


def whole(capsys: pytest.CaptureFixture[str], *words: str) -> str | None:
    """Return what the whole command prints; None where it refuses."""
    code = main(["status", "--json", *words])
    said = capsys.readouterr()
    return said.out if code == 0 else None


def told(*words: str) -> str | None:
    """Return the quick answer."""
    return quick_status.answer(["status", "--json", *words])


def page(capsys: pytest.CaptureFixture[str]) -> str | None:
    """Return the page that the whole command prints; None where it refuses."""
    code = main(["status"])
    said = capsys.readouterr()
    return said.out if code == 0 else None


def told_page() -> str | None:
    """Return the quick page."""
    return quick_status.answer(["status"])


@pytest.mark.parametrize("state", STATES)
def test_the_answers_are_equal_in_every_state(repo, held, capsys, state: str):
    """Byte for byte, however the run stands: with a training's log, with a runner, with dropped files."""
    paths = cached(make_run(repo, *STATES[state]))
    for number in (0, 1):
        paths.job(number, "train", 1).folder.mkdir(parents=True)
        paths.job(number, "train", 1).output.write_bytes(STEP)
    assert whole(capsys) == told() is not None
    assert page(capsys) == told_page() is not None
    held(paths.lock)
    assert whole(capsys) == told() is not None
    assert page(capsys) == told_page() is not None
    paths.proposals.mkdir()
    for name in ("one.json", ".hidden", "half.tmp", "two"):
        (paths.proposals / name).write_text("{}")
    paths.next_proposal.symlink_to("nowhere")
    assert whole(capsys) == told() is not None


def test_a_device_that_another_training_holds_is_in_both(repo, held, capsys, tmp_path):
    """Both name who holds the device that the next training needs."""
    cached(make_run(repo, *STATES["ready to train"]))
    for file in map(status.devices.lock_of, status.devices.places("auto", "cpu", 1)):
        held(file)
    assert whole(capsys) == told()
    assert '"waits_for": "the training that locked ' in (told() or "")


def test_the_card_is_in_both(repo, capsys, tmp_path, monkeypatch):
    """Where nvidia-smi answers, both tell of the first card."""
    cached(make_run(repo, *STATES["training"]))
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 97, 40536, 81559, NVIDIA H100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("autoresearch.engine.system.gpu.TIMEOUT_S", PATIENCE_S)
    assert whole(capsys) == told()
    assert '"name": "NVIDIA H100"' in (told() or "")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.unlink(),
        lambda state: state.write_bytes(b""),
        lambda state: state.write_bytes(b"[]"),
        lambda state: state.write_bytes(b"null"),
        lambda state: state.write_bytes(state.read_bytes()[:-200]),
        lambda state: state.write_bytes(state.read_bytes().replace(b'"run": ', b'"run": 9')),
        lambda state: state.write_bytes(state.read_bytes().replace(b"state/", b"state/9")),
        lambda state: state.write_bytes(state.read_bytes().replace(b'"standing"', b'"other"')),
        lambda state: state.write_bytes(state.read_bytes().replace(b'"need_input"', b'"other"')),
        lambda state: state.write_bytes(state.read_bytes().replace(b'"completed": 1', b'"completed": 9')),
        lambda state: state.write_bytes(b"[" * 100_000),
    ],
)
def test_a_damaged_state_is_left_to_the_whole_command(repo, capsys, spoil):
    """Where state.json is not what this program wrote, there is no quick answer, and the whole one holds."""
    paths = cached(make_run(repo, *STATES["closed"]))
    good = whole(capsys)
    spoil(paths.state)
    assert told() is None
    assert good == whole(capsys)


def test_a_state_that_is_not_of_the_very_end_is_left_to_the_whole_command(repo, capsys):
    """Behind the history, beside a torn end, ahead of the history, or of another one: no quick answer."""
    paths = cached(make_run(repo, *STATES["closed"]))
    whole_history = paths.history.read_bytes()
    with paths.history.open("ab") as file:
        file.write(b'{"seq":')
    assert told() is None
    assert whole(capsys) is not None
    paths.history.write_bytes(whole_history[: whole_history.rindex(b"\n", 0, -1) + 1])
    assert told() is None
    assert whole(capsys) is None
    other = cached(make_run(repo, *STATES["closed"][:-1], branch="other"))
    paths.history.write_bytes(whole_history[:-10] + b'abcdefg"}\n')
    assert told("--run-id", paths.run_id) is None
    paths.history.write_bytes(whole_history)
    paths.state.write_bytes(other.state.read_bytes())
    assert told("--run-id", paths.run_id) is None
    cached(paths)
    with EventLog(paths.history, durability="off") as log:
        log.append([ev.RunPaused(reason=why("human", "look"))], by="test")
    assert told("--run-id", paths.run_id) is None
    assert '"paused"' in (whole(capsys, "--run-id", paths.run_id) or "")


def test_the_same_run_is_meant(repo, capsys, monkeypatch):
    """By id, by branch, else the latest: both take the same run, from anywhere in the repository."""
    first = cached(make_run(repo, *STATES["closed"]))
    second = cached(make_run(repo, *STATES["paused"], branch="other"))
    third = cached(make_run(repo, *STATES["waiting"]))
    make_run(repo, branch=BRANCH).history.write_bytes(b'{"seq":1')  # killed in the middle of its start
    assert f'"run_id": "{third.run_id}"' in (told() or "")
    for words in ((), ("--run-id", first.run_id), (f"--run-id={second.run_id}",), ("--repo", str(repo))):
        assert whole(capsys, *words) == told(*words) is not None
    git(repo, "checkout", "-q", "-b", "other")
    assert f'"run_id": "{second.run_id}"' in (told() or "")
    for branch in ("elsewhere", "--detach"):
        git(repo, "checkout", "-q", *(["-b", branch] if branch == "elsewhere" else [branch]))
        assert whole(capsys) == told() is not None
    (repo / "a b" / "ü").mkdir(parents=True)
    (repo.parent / "link").symlink_to(repo / "a b")
    for folder in (repo / "a b" / "ü", repo.parent / "link" / "ü", third.folder, repo / ".git", repo.parent):
        monkeypatch.chdir(folder)
        for words in ((), ("--repo", "."), ("--repo", ".."), ("--repo=../..",)):
            quickly = told(*words)
            assert quickly is None or quickly == whole(capsys, *words)
    monkeypatch.chdir(repo / "a b" / "ü")
    assert told() is not None


def _packed(repo: Path) -> None:
    git(repo, "pack-refs", "--all")


def _elsewhere(repo: Path) -> None:
    git(repo, "config", "core.worktree", str(repo / "sub"))
    (repo / "sub").mkdir()


LAYOUTS: dict[str, Callable[[Path], object]] = {
    "plain": lambda _: None,
    "packed refs": _packed,
    "garbage collected": lambda repo: git(repo, "gc", "-q"),
    "remote": lambda repo: git(repo, "remote", "add", "origin", "../x"),
    "worktrees": lambda repo: git(repo, "worktree", "add", "-q", "../more", "HEAD", "--detach"),
    "files elsewhere": _elsewhere,
    "bare": lambda repo: git(repo, "config", "core.bare", "true"),
    "shouted": lambda repo: git(repo, "config", "CORE.BARE", "TRUE"),
    "bare on one line": lambda repo: (repo / ".git" / "config").write_text("[core] bare = true\n"),
    "of a later git": lambda repo: git(repo, "config", "core.repositoryFormatVersion", "1"),
    "no HEAD": lambda repo: (repo / ".git" / "HEAD").unlink(),
    "odd HEAD": lambda repo: (repo / ".git" / "HEAD").write_text("ref: refs/x/y\n"),
    "unborn branch": lambda repo: git(repo, "symbolic-ref", "HEAD", "refs/heads/unborn"),
    "no objects": lambda repo: (repo / ".git" / "objects").rename(repo / "objects"),
    "store elsewhere": lambda repo: git(repo, "init", "-q", "--separate-git-dir", str(repo.parent / "store")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_repository_of_any_layout(repo, capsys, layout: str):
    """However git keeps a repository, both say the same, or there is no answer."""
    cached(make_run(repo, *STATES["closed"]))
    LAYOUTS[layout](repo)
    assert whole(capsys) == told()


def test_worktrees_of_the_user_and_of_a_run_are_left_to_git(repo, capsys, monkeypatch):
    """In a linked worktree the whole command answers, also from inside a run's own."""
    paths = cached(make_run(repo, *STATES["closed"]))
    git(repo, "worktree", "add", "-q", "--detach", str(paths.train_checkout))
    git(repo, "worktree", "add", "-q", "-b", "linked", str(repo.parent / "linked"))
    outside = whole(capsys)
    monkeypatch.chdir(paths.train_checkout)
    assert (None, outside) == (told(), whole(capsys))
    monkeypatch.chdir(repo.parent / "linked")
    assert (None, None) == (told(), whole(capsys))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--json",
        "status --at 3",
        "status --help",
        "status --json --help",
        "status --json extra",
        "status --json --json",
        "status --json --run-id",
        "status --json --run-id --repo",
        "status --json --run-id=",
        "status --json --run-id nosuch-r001",
        "status --json --run-id ../x",
        "status --json --repo /nowhere",
        "status --json --repo /",
        "status --jso",
        "runs --json",
        "-- status --json",
    ],
)
def test_other_words_have_no_quick_answer(repo, words: str):
    """Whatever is not just `status` and its options, or finds nothing, is the whole command's."""
    cached(make_run(repo, *STATES["closed"]))
    assert quick_status.answer(words.split()) is None


def test_a_quick_answer_writes_nothing(repo):
    """Looking leaves no trace."""
    cached(make_run(repo, *STATES["ready to train"]))
    before = bytes_of(repo)
    assert told() is not None
    assert before == bytes_of(repo)
