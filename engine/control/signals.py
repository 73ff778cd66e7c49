"""What a human says to a run beside start and resume: stop, pause, unpause, note, propose.

One event each, appended only where it makes sense; each returns a sentence on what follows from it.
"""

from collections.abc import Sequence

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.process import holder
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.projections.run_state import RunState


def stop(paths: RunPaths, *, now: bool) -> tuple[str, bool]:
    """Ask the runner to end; return what follows, and whether a runner must be launched to do it.

    Raises:
        NotFound: nothing is at work, so there is nothing to stop.
    """
    alive = holder(paths.lock) is not None

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_at_rest(run, paths)
        if not alive and not (now and run.jobs):
            job = _jobs(run)
            raise NotFound(
                f"no runner of {paths.run_id} is alive" + (f"; {job} goes on to its end" if job else ""),
                remedy="`autoresearch stop --now` ends it"
                if job
                else "`autoresearch resume` goes on with the run",
            )
        return [ev.StopRequested(now=now)]

    _, run = append_judged(paths, judge)
    job = _jobs(run)
    if now:
        return f"the runner ends {job or 'the run'} at once", not alive
    return f"the runner ends after {job or 'the current step'}", False


def pause(paths: RunPaths, *, reason: str) -> str:
    """Let nothing new start until somebody unpauses.

    Raises:
        NotFound: the run is at rest, or paused already.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_at_rest(run, paths)
        if run.paused is not None:
            raise NotFound(
                f"{paths.run_id} is paused already: {run.paused}", remedy="`autoresearch unpause` goes on"
            )
        return [ev.RunPaused(reason=reason)]

    _, run = append_judged(paths, judge)
    job = _jobs(run)
    return f"nothing new is started until `autoresearch unpause`{f'; {job} goes on' if job else ''}"


def unpause(paths: RunPaths) -> str:
    """Lift a pause.

    Raises:
        NotFound: the run is not paused.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        if run.paused is None:
            raise NotFound(f"{paths.run_id} is not paused", remedy="`autoresearch status` says how it stands")
        return [ev.RunUnpaused()]

    append_judged(paths, judge)
    if holder(paths.lock) is None:
        return "the pause is lifted; no runner is alive: `autoresearch resume` goes on"
    return "the pause is lifted; the runner goes on"


def note(paths: RunPaths, text: str) -> str:
    """Write something down; agents that propose read the last notes.

    Raises:
        InvalidInput: the text is empty.
    """
    if not text.strip():
        raise InvalidInput(
            "a note needs a text", remedy='for example `autoresearch note "depth 8 was too slow here"`'
        )
    append_judged(paths, lambda _run: [ev.NoteAdded(text=text)])
    return "noted"


def propose(paths: RunPaths, received: ev.ProposalReceived) -> str:
    """Hand a proposal to the run; the next iteration without one uses it.

    Raises:
        NotFound: the run was imported.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        if run.imported:
            raise NotFound(
                f"{paths.run_id} was imported and tries nothing more", remedy="propose to a run of your own"
            )
        return [received]

    _, run = append_judged(paths, judge)
    place = f"proposal {len(run.waiting)} in line" if len(run.waiting) > 1 else "the next proposal used"
    if run.stopped is not None or run.loops_left == 0:
        return f"{place}; no loops are left: `autoresearch resume --loops 1` tries it"
    if holder(paths.lock) is None:
        return f"{place}; no runner is alive: `autoresearch resume` goes on"
    return place


def _refuse_at_rest(run: RunState, paths: RunPaths) -> None:
    if run.stopped is not None:
        raise NotFound(
            f"{paths.run_id} is at rest already: {run.stopped}, {run.stopped_detail}",
            remedy="`autoresearch resume --loops N` asks for more",
        )


def _jobs(run: RunState) -> str:
    """Name what is running now."""
    names = [
        "prepare.py" if job.step == "prepare" else f"{job.step} of iteration {number}"
        for number, job in run.jobs
    ]
    return " and ".join(names)
