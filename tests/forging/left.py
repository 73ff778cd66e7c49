"""Forgeries beside the history of tests/forging/story.py: files of the run and commits; and what is gone."""

import shutil
from collections.abc import Callable
from pathlib import Path

from attrs import evolve, frozen

from autoresearch.engine.audit.report import Unseen
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import ANSWER, JobPaths
from autoresearch.engine.ports.jobs import Finished, Lost
from autoresearch.events.values import why
from tests.fakes.jobs import FakeJob
from tests.fakes.world import BRANCH, RUN_ID, World


Spoil = Callable[[World], object]


@frozen
class Spoilt:
    """One forgery of what lies beside a history, and which check finds what."""

    spoil: Spoil
    check: str
    field: str


@frozen
class Gone:
    """One thing that is taken away, and what the audit says of it."""

    take: Spoil
    check: str
    what: Unseen


def job(world: World, iteration: int, step: str, number: int = 1) -> Path:
    """Return the folder of a job."""
    return world.paths.job(iteration, step, number).folder


def other_job(iteration: int, step: str, change: Callable[[FakeJob], FakeJob], number: int = 1) -> Spoil:
    """Change what a job left."""

    def spoil(world: World) -> None:
        folder = job(world, iteration, step, number)
        world.jobs.jobs = world.jobs.jobs | {folder: change(world.jobs.jobs[folder])}

    return spoil


def ended(**fields: object) -> Callable[[FakeJob], FakeJob]:
    """Let a job have ended otherwise."""

    def change(one: FakeJob) -> FakeJob:
        assert isinstance(one.state, Finished)
        return evolve(one, state=Finished(exit=evolve(one.state.exit, **fields)))

    return change


def write(path: Callable[[World], Path], content: bytes) -> Spoil:
    """Write a file of the run."""

    def spoil(world: World) -> None:
        path(world).parent.mkdir(parents=True, exist_ok=True)
        path(world).write_bytes(content)

    return spoil


def line(name: str) -> Spoil:
    """Add a word to the second line of a view."""

    def spoil(world: World) -> None:
        path = world.paths.folder / name
        first, second, *rest = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join([first, second + b" better", *rest]))

    return spoil


def candidate(change: Callable[[World, str], object], number: int = 3) -> Spoil:
    """Change the commit of an iteration's candidate."""
    return lambda world: change(world, world.git.refs[RunRefs(RUN_ID).candidate(number, 1)])


def commit(**fields: object) -> Callable[[World, str], None]:
    """Let a commit have been made otherwise."""

    def change(world: World, name: str) -> None:
        world.git.commits[name] = evolve(world.git.commits[name], **fields)

    return change


def ref(name: str, to: str = "HEAD") -> Spoil:
    """Let a ref stand elsewhere."""
    return lambda world: world.git.refs.update({name: world.git.resolve(to) or ""})


def other_spec(**fields: object) -> Callable[[FakeJob], FakeJob]:
    """Let a job have been asked for otherwise."""
    return lambda one: evolve(one, spec=evolve(one.spec, **fields))


def other_env(one: FakeJob) -> FakeJob:
    """Let a training have had more time."""
    return evolve(one, spec=evolve(one.spec, env=one.spec.env | {"AUTORESEARCH_BUDGET": "600"}))


def other_anchor(world: World) -> None:
    """Let the anchor name another head of the log."""
    commit(message=f"up to record 9\n\nAutoresearch-Run: {RUN_ID}\nAutoresearch-Log: 9 {'0' * 64}\n")(
        world, world.git.refs[RunRefs(RUN_ID).log]
    )


def nobodys_job(world: World) -> None:
    """Put a training there that no event tells of."""
    folder = JobPaths(job(world, 3, "train", 2))
    folder.folder.mkdir(parents=True)
    folder.exit.write_text("{}")


def state_of_more(world: World) -> None:
    """Let the snapshot tell of more iterations."""
    path = world.paths.state
    path.write_bytes(path.read_bytes().replace(b'"completed": 6', b'"completed": 7'))


LEFT = {
    "a log": Spoilt(
        other_job(3, "train", lambda one: evolve(one, printed=b"val_bpb: 0.100000\n")),
        "job files",
        "output.sha256",
    ),
    "one digit of a log": Spoilt(
        other_job(3, "train", lambda one: evolve(one, printed=(one.printed or b"").replace(b"1.0", b"0.0"))),
        "job files",
        "output.sha256",
    ),
    "an exit.json with another code": Spoilt(
        other_job(3, "train", ended(exit_code=1)), "job files", "TrainingFinished.exit_code"
    ),
    "an exit.json with another time": Spoilt(
        other_job(3, "train", ended(seconds=9.0)), "job files", "TrainingFinished.seconds"
    ),
    "an exit.json of an agent": Spoilt(
        other_job(4, "propose", ended(seconds=9.0)), "job files", "AgentAnswered.seconds"
    ),
    "the file that an agent answered in": Spoilt(
        other_job(4, "propose", lambda one: evolve(one, files={ANSWER: b'{"status": "no"}'})),
        "job files",
        "AgentAnswered.answer_sha256",
    ),
    "a file in which no agent answered": Spoilt(
        other_job(4, "apply", lambda one: evolve(one, files={ANSWER: b"{}"}), number=2),
        "job files",
        "AgentAnswered.answer_sha256",
    ),
    "a spec with another command": Spoilt(
        other_job(3, "train", other_spec(command=("python", "b.py"))), "files", "spec.command"
    ),
    "a spec with a larger budget": Spoilt(
        other_job(3, "train", other_env), "files", "spec.env.AUTORESEARCH_BUDGET"
    ),
    "a prompt": Spoilt(
        write(lambda world: job(world, 4, "propose") / "prompt.txt", b"cheat"), "files", "prompt_sha256"
    ),
    "a diff": Spoilt(write(lambda world: world.paths.candidate_diff(3), b"other"), "files", "diff_sha256"),
    "a proposal that was used": Spoilt(
        write(lambda world: world.paths.consumed_proposal(3), b"{}"), "files", "sha256"
    ),
    "a proposal that was refused": Spoilt(
        write(lambda world: world.paths.refused / "000007-nothing.json", b"{}"), "files", "sha256"
    ),
    "a proposal that nobody dropped": Spoilt(
        write(lambda world: world.paths.received_proposal(8), b"{}"), "files", "file"
    ),
    "an iteration that nobody opened": Spoilt(
        write(lambda world: world.paths.candidate_diff(9), b"x"), "files", "folder"
    ),
    "a training that nobody started": Spoilt(nobodys_job, "files", "folder"),
    "a view of the results": Spoilt(line("results.tsv"), "results.tsv", "line 2"),
    "a view of the log": Spoilt(line("runner.log"), "runner.log", "line 2"),
    "a snapshot": Spoilt(state_of_more, "state.json", "line"),
    "a ref that stands elsewhere": Spoilt(
        ref(RunRefs(RUN_ID).candidate(3, 1)), "commits", RunRefs(RUN_ID).candidate(3, 1)
    ),
    "a commit with other files": Spoilt(
        candidate(commit(files={"train.py": b"other"})), "commits", "CandidateCommitted.tree"
    ),
    "a commit with another parent": Spoilt(
        candidate(commit(parent=None)), "commits", "CandidateCommitted.base_commit"
    ),
    "a commit that names no run": Spoilt(candidate(commit(message="better")), "log heads", "trailers"),
    "an anchor that names another head": Spoilt(other_anchor, "log heads", "hash"),
}


def forget(iteration: int, step: str, number: int = 1) -> Spoil:
    """Take a job's folder away."""

    def take(world: World) -> None:
        folder = job(world, iteration, step, number)
        shutil.rmtree(folder, ignore_errors=True)
        world.jobs.jobs = {one: left for one, left in world.jobs.jobs.items() if one != folder}

    return take


def unlink(path: Callable[[World], Path]) -> Spoil:
    """Take a file of the run away."""
    return lambda world: path(world).unlink()


def everything_in_git(world: World) -> None:
    """Take the run to a repository that knows nothing of it."""
    world.git.commits, world.git.refs = {}, {}


def lost(one: FakeJob) -> FakeJob:
    """Let nobody know how a job ended."""
    return evolve(one, state=Lost(reason=why("exit_damaged")))


def without(name: Callable[[World], str]) -> Spoil:
    """Take a commit away, and keep its ref."""
    return lambda world: world.git.commits.pop(name(world))


def no_branch(world: World) -> None:
    """Delete the run's branch."""
    del world.git.refs[f"refs/heads/{BRANCH}"]


def base_of(world: World) -> str:
    """Return the commit that the run began on."""
    return world.git.resolve("HEAD") or ""


GONE = {
    "a job's folder": Gone(forget(3, "train"), "job files", "job_gone"),
    "a log": Gone(other_job(3, "train", lambda one: evolve(one, printed=None)), "job files", "log_gone"),
    "the file of an answer": Gone(
        other_job(4, "propose", lambda one: evolve(one, files={})), "job files", "answer_gone"
    ),
    "an exit.json, or what can be read of it": Gone(other_job(3, "train", lost), "job files", "exit_gone"),
    "a spec": Gone(other_job(3, "train", lambda one: evolve(one, spec_is_there=False)), "files", "spec_gone"),
    "a prompt": Gone(unlink(lambda world: job(world, 4, "propose") / "prompt.txt"), "files", "prompt_gone"),
    "a proposal that was dropped": Gone(
        unlink(lambda world: world.paths.consumed_proposal(3)), "files", "proposal_gone"
    ),
    "a candidate's ref": Gone(
        lambda world: world.git.refs.pop(RunRefs(RUN_ID).candidate(3, 1)), "commits", "ref_gone"
    ),
    "a candidate's commit": Gone(
        lambda world: world.git.commits.pop(world.git.refs.pop(RunRefs(RUN_ID).candidate(6, 1))),
        "commits",
        "commit_gone",
    ),
    "the anchor": Gone(lambda world: world.git.refs.pop(RunRefs(RUN_ID).log), "log heads", "anchor_gone"),
    "the run's branch": Gone(no_branch, "commits", "branch_gone"),
    "what the run's branch held": Gone(ref(f"refs/heads/{BRANCH}"), "commits", "branch_elsewhere"),
    "the commit that the run began on": Gone(without(base_of), "commits", "base_gone"),
    "the whole repository": Gone(everything_in_git, "commits", "nothing_in_git"),
}
