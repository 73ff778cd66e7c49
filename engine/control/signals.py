"""What a human says to a run beside start and resume: stop, pause, unpause, note, answer, approve.

One event each, appended only where it makes sense; each returns what follows from it.
"""

from collections.abc import Sequence

from attrs import frozen

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.control.keys import Key
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.runner_lock import living_runner, runner_at_limit
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound, UsageRefused, WayOut
from autoresearch.events.values import why
from autoresearch.projections.agent_health import Question, still_open
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped
from autoresearch.projections.summary import job_names, standing
from autoresearch.projections.words.wording import say, words


@frozen(kw_only=True)
class StopAsked:
    """The runner will end: at once, or after what runs now."""

    now: bool
    jobs: tuple[str, ...]  # that run now
    needs_runner: bool  # nobody is alive to do it
    again: bool = False  # it was said before, under the same key


@frozen(kw_only=True)
class PauseSet:
    """Nothing new starts; what runs now goes on."""

    jobs: tuple[str, ...]
    again: bool = False  # it was said before, under the same key


@frozen(kw_only=True)
class PauseLifted:
    """New things start again, where a runner is alive."""

    runner_alive: bool
    again: bool = False  # it was said before, under the same key


@frozen(kw_only=True)
class AnswerGiven:
    """A question of an agent that was answered."""

    number: int  # of the question
    question: str
    answer: str
    at_rest: bool  # nobody proposes before somebody asks for more
    runner_alive: bool
    again: bool = False  # it was said before, under the same key


@frozen(kw_only=True)
class KeepDecided:
    """What would be kept, about which a human has spoken."""

    iteration: int
    veto: str | None  # the reason; None: it was approved
    runner_alive: bool
    again: bool = False  # it was said before, under the same key


def stop(paths: RunPaths, git: Commits, *, now: bool, key: Key | None = None) -> StopAsked:
    """Ask the runner to end.

    Raises:
        NotFound: nothing is at work, so there is nothing to stop.
    """
    alive = living_runner(paths) is not None
    mute = bool(runner_at_limit(paths))  # it ends by what is asked, and records nothing of it

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_at_rest(run, paths)
        if not alive and not (now and run.jobs):
            raise _no_runner(run, paths)
        return [ev.StopRequested(now=now)]

    done = append_judged(paths, git, judge, key=key)
    over = done.again and load_run(paths).state.stopped is not None
    return StopAsked(
        now=now,
        jobs=job_names(done.run),
        needs_runner=(mute or (now and not alive)) and not over,
        again=done.again,
    )


def pause(paths: RunPaths, git: Commits, *, reason: str, key: Key | None = None) -> PauseSet:
    """Let nothing new start until somebody unpauses.

    Raises:
        NotFound: the run is idle, or paused already.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_at_rest(run, paths)
        if run.paused is not None:
            raise NotFound(f"{paths.run_id} is paused already: {say(run.paused)}", remedy=WayOut("unpause"))
        return [ev.RunPaused(reason=why("human", reason))]

    done = append_judged(paths, git, judge, key=key)
    return PauseSet(jobs=job_names(done.run), again=done.again)


def unpause(paths: RunPaths, git: Commits, *, key: Key | None = None) -> PauseLifted:
    """Lift a pause.

    Raises:
        NotFound: the run is not paused.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        if run.paused is None:
            raise NotFound(f"{paths.run_id} is not paused", remedy=WayOut("status"))
        return [ev.RunUnpaused()]

    done = append_judged(paths, git, judge, key=key)
    return PauseLifted(runner_alive=living_runner(paths) is not None, again=done.again)


def note(paths: RunPaths, git: Commits, text: str, *, key: Key | None = None) -> bool:
    """Write something down, which agents that propose read; say whether it was said under this key before.

    Raises:
        InvalidInput: the text is empty.
    """
    if not text.strip():
        raise InvalidInput("a note needs a text", remedy=WayOut("note_example"))
    return append_judged(paths, git, lambda _run: [ev.NoteAdded(text=text)], key=key).again


def answer(
    paths: RunPaths, git: Commits, text: str, *, number: int | None, key: Key | None = None
) -> AnswerGiven:
    """Answer a question of an agent: the one of this number, else the only one that is open.

    Raises:
        InvalidInput: the text is empty.
        NotFound: no question is open, or not this one.
        UsageRefused: several are, and no number says which.
    """
    if not text.strip():
        raise InvalidInput("an answer needs a text", remedy=WayOut("answer_example"))

    def judge(run: RunState) -> Sequence[ev.Event]:
        return [ev.QuestionAnswered(question=_question(run, number).number, answer=text)]

    done = append_judged(paths, git, judge, key=key)
    (said,) = done.events
    assert isinstance(said, ev.QuestionAnswered)  # by this command, be it the first time
    return AnswerGiven(
        number=said.question,
        question=_question(done.before, said.question).text,
        answer=text,
        at_rest=done.run.stopped is not None,
        runner_alive=living_runner(paths) is not None,
        again=done.again,
    )


def _question(run: RunState, number: int | None) -> Question:
    waiting = still_open(run.questions)
    if not waiting:
        raise NotFound("no agent waits for an answer", remedy=WayOut("note_example"))
    if number is None and len(waiting) > 1:
        listed = "; ".join(f"{one.number}: {one.text}" for one in waiting)
        raise UsageRefused(f"{len(waiting)} questions are open: {listed}", remedy=WayOut("answer_number"))
    found = next((one for one in waiting if number in (None, one.number)), None)
    if found is None:
        numbers = ", ".join(str(one.number) for one in waiting)
        raise NotFound(f"no question {number} is open", remedy=f"those that are: {numbers}")
    return found


def decide_keep(
    paths: RunPaths, git: Commits, number: int, *, veto: str | None = None, key: Key | None = None
) -> KeepDecided:
    """Approve, or with a reason veto, what would be kept and waits for a human's word.

    Raises:
        InvalidInput: the reason is empty.
        NotFound: this iteration does not wait.
    """
    if veto is not None and not veto.strip():
        raise InvalidInput("a veto needs a reason", remedy=WayOut("veto_example", number=str(number)))

    def judge(run: RunState) -> Sequence[ev.Event]:
        waiting = [one.number for one in run.open if one.approval.waits]
        if number not in waiting:
            listed = ", ".join(map(str, waiting)) or "none"
            raise NotFound(f"iteration {number} waits for no word", remedy=f"those that do: {listed}")
        if veto is None:
            return [ev.CandidateApproved(iteration=number)]
        return [ev.CandidateVetoed(iteration=number, why=veto)]

    done = append_judged(paths, git, judge, key=key)
    alive = living_runner(paths) is not None
    return KeepDecided(iteration=number, veto=veto, runner_alive=alive, again=done.again)


def _refuse_at_rest(run: RunState, paths: RunPaths) -> None:
    if run.stopped is not None:
        raise NotFound(
            f"{paths.run_id} is idle already: {words(run.stopped)}, {say_stopped(standing(run))}",
            remedy=WayOut("ask_for_more"),
        )


def _no_runner(run: RunState, paths: RunPaths) -> NotFound:
    what = f"no runner of {paths.run_id} is alive"
    if not run.jobs:
        return NotFound(what, remedy=WayOut("resume", run_id=paths.run_id))
    going_on = " and ".join(job_names(run))
    return NotFound(f"{what}; {going_on} goes on to its end", remedy=WayOut("stop_now", run_id=paths.run_id))
