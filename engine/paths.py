"""Every name in a run's folder and in a job's folder: the one place that knows them.

Knows nothing of what the files say. The supervisor of each job imports it, so it imports nothing that takes
time, not even pathlib.
"""

from __future__ import annotations

import os

from autoresearch.events.errors import InvalidInput, WayOut


TYPE_CHECKING = False  # as in typing, which takes 2 ms to import
if TYPE_CHECKING:
    from pathlib import Path

_SLUG = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_DIGITS = range(3, 10)  # so many

# Where runs lie: beside the door of a single-file runner, or out of the way of other tools.
DOOR = "workflows/run_experiment.py"
OPEN_RUNS, HIDDEN_RUNS = "workflows/runs", ".autoresearch/runs"

RUNNER = "runner"  # the role that the runner of a run holds its lock in
# Under these names it says there what it waits for, and cannot record: itself, and its jobs.
TROUBLE, TROUBLE_OF_JOB = "trouble", "trouble_of_job"
RUNNER_COMES_S = 10.0  # so long may one that was asked for take to begin, on a busy machine

# In a run's folder. Who watches or names a file without its folder takes its name from here.
HISTORY, STATE, RESULTS, RUNNER_LOG = "history.jsonl", "state.json", "results.tsv", "runner.log"
NEXT_PROPOSAL, PROPOSALS = "next_proposal.json", "proposals"
TRAIN_CHECKOUT, EDIT_CHECKOUT = "worktree", "workbench"
REVIEW_CHECKOUT = f"{EDIT_CHECKOUT}-review"
ITERATIONS, CANDIDATE = "iterations", "candidate.diff"
PACK = "jobs.tar.gz"  # what an iteration's jobs left, once it is closed

# In a job's folder.
SPEC, CLAIM, OUTPUT, EXIT, STOP = "spec.json", "claim", "output.log", "exit.json", "stop"
RESULT, PROGRESS, METRIC = "result.json", "progress.jsonl", "metric"
ANSWER = "answer.json"


def is_run_id(name: str) -> bool:
    """Say whether a name is a run's id: a slug in small letters, and a number, as in `mar10-r001`."""
    slug, _, number = name.rpartition("-r")
    plain = slug.lstrip("-") == slug != "" and _SLUG.issuperset(slug)
    return plain and len(number) in _DIGITS and number.isascii() and number.isdigit()


class JobPaths:
    """The folder of one job, by its names, in the order of its life."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # what the runner leaves for an agent's job
        self.prompt = folder / "prompt.txt"
        self.began_on = folder / "began_on"  # the commit that the agent found, or that is trained
        self.branches = folder / "branches.json"  # where the user's branches stood then
        self.harm = folder / "harm.txt"  # what it did to them
        self.put_back = folder / "put_back.json"  # what it left beside its change
        self.kept = folder / "kept.json"  # its change, while all else is put back
        self.void = folder / "void.json"  # why its change counts for nothing
        self.temporary = folder / "tmp"  # the agent's own, gone at its end
        self.answer_draft = self.temporary / ANSWER  # AUTORESEARCH_ANSWER, for it to write
        self.answer = folder / ANSWER  # what it had written there at its end
        self.bytecode = folder / "pycache"  # a baseline's own, which shows what it imported
        # any job's
        self.spec = folder / SPEC  # what to run
        self.claim = folder / CLAIM  # a kernel lock, and who holds it
        self.output = folder / OUTPUT  # all that it printed
        self.stop = folder / STOP  # it shall end
        self.exit = folder / EXIT  # how it ended
        # what a training may leave, where it likes to
        self.progress = folder / PROGRESS
        self.result = folder / RESULT
        self.metric = folder / METRIC  # a copy of the file that its number is in

    def own(self) -> tuple[Path, ...]:
        """Return the files to pack once the job has ended; exit.json, which says so, is the last."""
        left = (
            self.prompt,
            self.began_on,
            self.branches,
            self.harm,
            self.put_back,
            self.void,
            self.answer,
            self.spec,
            self.claim,
            self.stop,
        )
        return (*left, self.output, self.result, self.metric, self.exit)


class RunPaths:
    """The folder of one run, by its names. `home` is the top of the user's repository."""

    def __init__(self, *, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.run_id = folder.name
        self.runs = RunsFolder(home=home, folder=folder.parent)
        self.history = folder / HISTORY  # the truth
        # views of it
        self.state = folder / STATE  # the snapshot of the run projection
        self.results = folder / RESULTS  # the table of results
        self.runner_log = folder / RUNNER_LOG  # the readable log: one line per event
        # the run's one runner
        self.lock = folder / "runner.lock"  # the kernel lock that it holds, in the role RUNNER
        self.runner_out = folder / "runner.out"  # what it printed in the background: nothing, but for a bug
        # what humans drop
        self.next_proposal = folder / NEXT_PROPOSAL
        self.proposals = folder / PROPOSALS  # any number of them, used in name order
        self.consumed = folder / "consumed_proposals"
        self.refused = folder / "refused_proposals"  # what is none, with the reasons beside them
        # the run's own checkouts, and what agents' git calls in them
        self.hooks = folder / "git-hooks"
        self.ref_hook = self.hooks / "reference-transaction"
        self.train_checkout = folder / TRAIN_CHECKOUT  # trains
        self.edit_checkout = folder / EDIT_CHECKOUT  # is edited, while another one trains
        self.review_checkout = folder / REVIEW_CHECKOUT  # is only read
        self.prepared = folder / "prepared"  # what preparing made, linked into the checkouts that train
        # before the first event
        self.beginning = folder / ".beginning"  # the branch that is about to be made, and its commit
        self.seals = folder / "seals"
        self.inputs = self.seals / "inputs.json"  # what the files outside checkouts hold
        self.all_artifacts = folder / "artifacts"
        self.pull_request = folder / "pull_request.md"  # of what was published last
        self.draft = folder / ".importing"  # a history that is not whole yet
        self.imported = folder / "imported"  # a copy of what it was read from
        self.exports = folder / "exports"  # how far each export has come, and its lock
        # what repairs set aside, each into a folder that looks like a run's
        self.set_aside = folder / "set_aside"
        self.before = folder / "before.jsonl"  # in such a folder: the history as it was

    def slot(self, number: int) -> Path:
        """Return the checkout in which a slot's trainings run; that of the first is the run's own."""
        return self.train_checkout if number == 1 else self.folder / f"{TRAIN_CHECKOUT}-{number}"

    def artifacts(self, iteration: int) -> Path:
        """Return where the files lie that the settings keep of an iteration's training."""
        return self.all_artifacts / f"{iteration:04d}"

    def seal(self, slot: int) -> Path:
        """Return where it is written down how a slot's checkout stood when its training began."""
        return self.seals / f"slot-{slot}.json"

    def received_proposal(self, seq: int) -> Path:
        """Return where a dropped proposal waits once event `seq` has recorded it."""
        return self.consumed / f"received_{seq:06d}.json"

    def consumed_proposal(self, iteration: int) -> Path:
        """Return where the proposal goes that an iteration used up."""
        return self.consumed / f"iter_{iteration:04d}.json"

    def iteration(self, number: int) -> Path:
        """Return an iteration's folder; 0 is the baseline, and preparing belongs to it."""
        return self.folder / ITERATIONS / f"{number:04d}"

    def candidate_diff(self, iteration: int) -> Path:
        """Return where the diff lies that was applied last."""
        return self.iteration(iteration) / CANDIDATE

    def job(self, iteration: int, step: str, number: int) -> JobPaths:
        """Return the folder of one job: `step` is prepare, propose, apply, triage or train."""
        return JobPaths(self.iteration(iteration) / f"{step}.{number}")

    def dropped(self) -> list[Path]:
        """Return the files that lie in the inbox, in the order in which they are used."""
        first = [self.next_proposal] if os.path.lexists(self.next_proposal) else []
        try:
            others = sorted(self.proposals.iterdir(), key=lambda path: os.fsencode(path.name))
        except (FileNotFoundError, NotADirectoryError):
            others = []
        # A leading dot or a .tmp ending is how writers hide a file that is not whole yet.
        return first + [path for path in others if not path.name.startswith(".") and path.suffix != ".tmp"]


class RunsFolder:
    """The folder in which the runs of a repository lie, and what runs share there."""

    def __init__(self, *, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.start_lock = folder / ".start.lock"  # one `start` at a time claims a run
        # in a clone of the single-file runner: results.tsv at its top, copied from the run that wrote last
        self.door = home / DOOR
        self.top_results = home / RESULTS
        self.top_lock = folder / ".results.lock"
        self.top_draft = folder / ".results.tsv"
        self.top_seal = folder / ".results.sha256"  # of what stands at the top

    def run(self, run_id: str) -> RunPaths:
        """Return the run of this id, whether it is there or not.

        Raises:
            InvalidInput: the run id is none; so no id leads out of the runs' folder.
        """
        if not is_run_id(run_id):
            raise InvalidInput(
                f"{run_id!r} is no run id",
                remedy=WayOut("runs_look_like", example="mar10-r001"),
            )
        return RunPaths(home=self.home, folder=self.folder / run_id)
