"""A run whose branch the user has his hands on: a keep leaves it alone, and adopt brings it in."""

from pathlib import Path

import pytest

from autoresearch.engine.control.clean import clean, remains
from autoresearch.engine.control.results.adopt import adopt
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound, RunLocked
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import Request, why
from tests.fakes.world import BRANCH, RUN_ID, World
from tests.fault.runner.measured_runs import proposal


def kept_run(folder: Path, *, user_on: str | None = None) -> World:
    """Return a run with one keep, made while the user had this branch checked out."""
    world = World(folder)
    world.start(loops=1, proposals=(proposal("wider", WIDTH=16),))
    world.git.user_on = user_on
    assert 0 == world.runner().run()
    return world


def more(world: World, **settings) -> ev.CandidateKept:
    """Ask for one more loop with this proposal; return its keep."""
    given = ev.ProposalReceived(
        source="file", name="p", sha256="0" * 64, dropped_at="", proposal=proposal("more", **settings)
    )
    with EventLog(world.paths.history) as log:
        log.append([ev.LoopsRequested(request=Request(loops=1)), given], by="cli")
    assert 0 == world.runner().run()
    return keeps(world)[-1]


def keeps(world: World) -> list[ev.CandidateKept]:
    return [one.event for one in read(world.paths.history) if isinstance(one.event, ev.CandidateKept)]


def types(world: World) -> list[str]:
    return [type(one.event).__name__ for one in read(world.paths.history)]


def stands(world: World) -> str | None:
    return world.git.resolve(f"refs/heads/{BRANCH}")


def best(world: World) -> str:
    found = load(world.paths).run.best
    assert found is not None
    return found.commit


def test_a_keep_does_not_move_a_branch_under_the_user(tmp_path: Path):
    """A checked-out branch stays, the log says so, and the next candidates stand on the best all the same."""
    world = kept_run(tmp_path, user_on=BRANCH)
    base, first = load(world.paths).run.base_commit, best(world)
    assert base == stands(world)
    assert why("branch_checked_out", branch=BRANCH) == keeps(world)[-1].branch_note
    second = more(world, LR=0.03)
    assert base == stands(world)
    (made,) = world.git.read_commits([second.commit])
    assert (first,) == made.parents


def test_adopt_moves_the_branch_and_the_files(tmp_path: Path):
    """After adopt the user's files are those of the best commit, and later keeps move the branch again."""
    world = kept_run(tmp_path, user_on=BRANCH)
    assert adopt(world.paths, world.git).moved
    assert best(world) == stands(world)
    assert b"WIDTH = 16" in (world.home / "train.py").read_bytes()
    assert not adopt(world.paths, world.git).moved
    assert 1 == types(world).count("KeepAdopted")
    world.git.user_on = "main"
    assert more(world, LR=0.03).branch_moved
    assert best(world) == stands(world)


def test_adopt_refuses_to_lose_an_edit(tmp_path: Path):
    """An edit in the way refuses, with the way out, and moves nothing."""
    world = kept_run(tmp_path, user_on=BRANCH)
    (world.home / "train.py").write_text("mine\n")
    with pytest.raises(NotFound) as refused:
        adopt(world.paths, world.git)
    assert "commit or stash" in refused.value.remedy
    assert "mine\n" == (world.home / "train.py").read_text()
    assert load(world.paths).run.base_commit == stands(world)
    assert "KeepAdopted" not in types(world)


def test_adopt_refuses_a_branch_with_commits_of_the_user(tmp_path: Path):
    """A branch that went its own way is named with the merge that brings both together."""
    world = kept_run(tmp_path, user_on=BRANCH)
    aside = tmp_path / "aside"
    world.git.ensure_worktree(aside, BRANCH)
    (aside / "mine.py").write_text("")
    world.git.refs[f"refs/heads/{BRANCH}"] = world.git.commit(aside, base=BRANCH, message="mine").hash
    with pytest.raises(NotFound) as refused:
        adopt(world.paths, world.git)
    assert f"git merge {best(world)[:7]}" in refused.value.remedy
    assert why("branch_checked_out", branch=BRANCH) == keeps(world)[-1].branch_note


def test_a_branch_that_the_user_moved_is_left_there(tmp_path: Path):
    """A keep does not move a branch that stands where the run did not leave it."""
    world = kept_run(tmp_path, user_on="main")
    mine = load(world.paths).run.base_commit
    world.git.refs[f"refs/heads/{BRANCH}"] = mine
    kept = more(world, LR=0.03)
    assert why("branch_moved_elsewhere", branch=BRANCH, to=mine) == kept.branch_note
    assert mine == stands(world)


def test_a_best_that_the_user_merged_by_hand_counts_as_brought_in(tmp_path: Path):
    """Where the user moved the branch to the best commit without adopt, the next keep goes on from there."""
    world = kept_run(tmp_path, user_on=BRANCH)
    world.git.refs[f"refs/heads/{BRANCH}"] = best(world)
    world.git.user_on = "main"
    assert more(world, LR=0.03).branch_moved


def test_a_deleted_branch_comes_back_by_adopt(tmp_path: Path):
    """A keep does not make a branch that the user deleted; adopt does."""
    world = kept_run(tmp_path, user_on="main")
    del world.git.refs[f"refs/heads/{BRANCH}"]
    assert why("branch_gone", branch=BRANCH) == more(world, LR=0.03).branch_note
    assert stands(world) is None
    adopt(world.paths, world.git)
    assert best(world) == stands(world)


def test_nothing_kept_is_nothing_to_adopt(tmp_path: Path):
    """A run without a baseline has nothing to bring in."""
    world = World(tmp_path)
    world.start(loops=1)
    with pytest.raises(NotFound, match="has kept nothing"):
        adopt(world.paths, world.git)


def test_clean_says_what_goes_and_removes_just_that(tmp_path: Path):
    """Worktrees and refs go, the branch and the history stay, and the run can go on afterwards."""
    world = kept_run(tmp_path, user_on="main")
    refs = tuple(world.git.refs_below(f"refs/autoresearch/{RUN_ID}/"))
    said = remains(world.paths, world.git, with_folder=False)
    assert {world.paths.train_checkout, world.paths.edit_checkout} == set(said.worktrees)
    assert list(refs) == [ref for ref, _ in said.refs]
    assert world.paths.train_checkout.exists()
    assert said == clean(world.paths, world.git, world.jobs, with_folder=False)
    assert not world.paths.train_checkout.exists()
    assert {} == world.git.refs_below(f"refs/autoresearch/{RUN_ID}/")
    assert best(world) == stands(world)
    assert "RunCleaned" == types(world)[-1]
    clean(world.paths, world.git, world.jobs, with_folder=False)
    assert 1 == types(world).count("RunCleaned")
    assert more(world, LR=0.03).branch_moved


def test_clean_leaves_the_only_name_of_the_best(tmp_path: Path):
    """A best commit that no branch contains keeps its ref."""
    world = kept_run(tmp_path, user_on=BRANCH)
    gone = clean(world.paths, world.git, world.jobs, with_folder=False)
    assert [gone.kept_ref] == list(world.git.refs_below(f"refs/autoresearch/{RUN_ID}/"))
    assert best(world) == world.git.resolve(gone.kept_ref)


def test_clean_does_not_follow_a_link(tmp_path: Path):
    """A link that lies beside the worktree is no worktree: neither it nor what it leads to is touched."""
    world = kept_run(tmp_path, user_on="main")
    link = world.paths.train_checkout.with_name("worktree.aside-1")
    link.symlink_to(world.home)
    gone = clean(world.paths, world.git, world.jobs, with_folder=False)
    assert link not in gone.worktrees
    assert link.is_symlink()
    assert (world.home / "train.py").exists()


def test_clean_removes_the_folder_only_when_asked(tmp_path: Path):
    """With the folder, nothing of the run is left but its branch."""
    world = kept_run(tmp_path, user_on="main")
    clean(world.paths, world.git, world.jobs, with_folder=True)
    assert not world.paths.folder.exists()
    assert stands(world) is not None


def test_clean_refuses_while_a_job_runs(tmp_path: Path):
    """A training that runs without a runner is not cleaned away under itself."""
    world = World(tmp_path)

    class GoneError(BaseException):
        pass

    def stay(jobs, folder: Path, spec: JobSpec) -> None:
        raise GoneError

    world.jobs.on_start = stay
    world.start(loops=1)
    with pytest.raises(GoneError):
        world.runner().run()
    with EventLog(world.paths.history) as log:
        log.append(
            [
                ev.TrainingStarted(
                    iteration=0,
                    training=1,
                    repeat=1,
                    seed=None,
                    slot=1,
                    device="cpu",
                    commit="c",
                    command=("train",),
                    deadline_s=9.0,
                    seal="",
                    surroundings={},
                )
            ],
            by="runner",
        )
    with pytest.raises(RunLocked, match="train of iteration 0"):
        clean(world.paths, world.git, world.jobs, with_folder=True)
    assert world.paths.train_checkout.exists()
