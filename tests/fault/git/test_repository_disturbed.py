"""A run goes on though somebody disturbed its repository between two requests. One line a case."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresearch.engine.git.repository import RealGit
from tests.e2e.conftest import Program
from tests.torture import sample


Disturb = Callable[[Program], None]
START = ("--loops", "1", "--no-stochastic", "--no-background-train")


def worktree(program: Program) -> Path:
    return program.run_folder() / "worktree"


def delete_the_worktree(program: Program) -> None:
    shutil.rmtree(worktree(program))


def put_a_file_in_its_place(program: Program) -> None:
    shutil.rmtree(worktree(program))
    worktree(program).write_text("what is this?")


def put_a_link_in_its_place(program: Program) -> None:
    shutil.rmtree(worktree(program))
    worktree(program).symlink_to(program.repo)


def put_another_repository_in_its_place(program: Program) -> None:
    shutil.rmtree(worktree(program))
    worktree(program).mkdir()
    subprocess.run(["git", "init", "-q"], cwd=worktree(program), check=True)
    (worktree(program) / "train.py").write_text("raise SystemExit('the wrong code')\n")


def edit_and_leave_files(program: Program) -> None:
    (worktree(program) / "train.py").write_text("raise SystemExit('the wrong code')\n")
    (worktree(program) / "math.py").write_text("raise SystemExit('the wrong module')\n")


def prune_its_record(program: Program) -> None:
    shutil.rmtree(program.repo / ".git" / "worktrees")


def leave_a_lock_on_the_users_index(program: Program) -> None:
    (program.repo / ".git" / "index.lock").write_text("")


def leave_locks_in_the_worktree(program: Program) -> None:
    record = program.repo / ".git" / "worktrees" / "worktree"
    for name in ("index.lock", "HEAD.lock", "autoresearch-index.lock"):
        (record / name).write_text("")
        os.utime(record / name, (time.time() - 3600,) * 2)


def delete_the_refs_of_candidates(program: Program) -> None:
    for ref in program.git("for-each-ref", "--format=%(refname)", "refs/autoresearch").splitlines():
        program.git("update-ref", "-d", ref)


def delete_the_branch(program: Program) -> None:
    program.git("branch", "-D", program.status()["branch"])


def move_the_branch(program: Program) -> None:
    program.git("branch", "-f", program.status()["branch"], "main")


def check_the_branch_out_elsewhere(program: Program) -> None:
    program.git("worktree", "add", "-q", str(program.repo.parent / "mine"), program.status()["branch"])


def check_another_branch_out(program: Program) -> None:
    program.git("switch", "-qc", "elsewhere")


def modify_train_py(program: Program) -> None:
    (program.repo / "train.py").write_text("raise SystemExit('not committed')\n")


def pack_and_collect(program: Program) -> None:
    program.git("gc", "-q", "--prune=now")


def move_the_repository(program: Program) -> None:
    program.repo = program.repo.rename(program.repo.with_name("moved"))


CASES: dict[Disturb, bool] = {  # whether keeps still move the run's branch
    delete_the_worktree: True,
    put_a_file_in_its_place: True,
    put_a_link_in_its_place: True,
    put_another_repository_in_its_place: True,
    edit_and_leave_files: True,
    prune_its_record: True,
    leave_a_lock_on_the_users_index: True,
    leave_locks_in_the_worktree: True,
    delete_the_refs_of_candidates: True,
    delete_the_branch: False,
    move_the_branch: False,
    check_the_branch_out_elsewhere: False,
    check_another_branch_out: True,
    modify_train_py: True,
    pack_and_collect: True,
    move_the_repository: True,
}


SHORT = (  # one of a kind; the others take their minute in `make torture`
    put_a_link_in_its_place,
    leave_locks_in_the_worktree,
    delete_the_refs_of_candidates,
    check_the_branch_out_elsewhere,
    move_the_repository,
)


LONG = [one for one in CASES if one not in SHORT]


@pytest.mark.parametrize(
    "disturb",
    [*SHORT, *(pytest.param(one, marks=pytest.mark.long) for one in sample(LONG, len(LONG), "disturbed"))],
    ids=lambda one: one.__name__,
)
def test_the_run_goes_on(program: Program, disturb: Disturb):
    """Noticed, mended where that is safe, else named; and nothing is trained under a wrong commit."""
    program("start", *START)
    best = program.status()["kept_commit"]
    disturb(program)
    lock = program.repo / ".git" / "index.lock"
    locked = lock.exists()
    program("propose", "--set", "LR=0.0316", "--set", "WIDTH=16", "--description", "the best there is")
    program("resume", *START)
    status = program.status()
    assert 2 == status["iterations_completed"]
    trained = [one["data"]["commit"] for one in program.events() if one["type"] == "TrainingStarted"]
    assert trained[-1] == status["kept_commit"] != best
    git = RealGit(program.repo)
    source = git.show(trained[-1], "train.py")
    assert source is not None
    assert b"LR = 0.0316" in source
    kept = [one["data"] for one in program.events() if one["type"] == "CandidateKept"][-1]
    assert CASES[disturb] == kept["branch_moved"], kept["branch_note"]
    assert (kept["branch_note"] is None) == kept["branch_moved"]
    assert locked == lock.exists()
    all_there = disturb not in (delete_the_refs_of_candidates, delete_the_branch, move_the_branch)
    program("replay", code=0 if all_there else 9)  # the audit names what is gone
