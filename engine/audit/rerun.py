"""An old run driven through the code of today, by its recorded answers and results. Reads only.

The history is the world: how jobs ended, what agents answered, when humans spoke is taken from it. What
the code of today would record or ask beside that is compared with what stands there, event by event; after
a departure the run goes on as it is recorded, not as it would have gone on.
"""

import hashlib
import re
from difflib import unified_diff

from attrs import define, evolve, field, frozen

from autoresearch.engine.asking.prompting import HEAD, PromptGit, Prompting
from autoresearch.engine.audit.report import Difference, NotSeen, Tally
from autoresearch.engine.audit.rules import IMPOSSIBLE, Rules, SearchAgain
from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.jobs import Jobs
from autoresearch.engine.runs.load import Loaded, nothing
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import RawEvent, Recorded
from autoresearch.events.errors import CorruptHistory, InvalidInput, LaterValue, NotFound
from autoresearch.events.log.read import read


DIFF_LINES = 24
DIFF_WIDTH = 160  # characters of a line
GUIDANCE_FROM = re.compile(r" of the user's commit ([0-9a-f]{7}):$", re.MULTILINE)  # as prompts have it


@frozen(kw_only=True)
class Departure:
    """One place at which the code of today does something else."""

    difference: Difference  # `found`: what the history has; `expected`: what would be done
    type: str  # of the event
    diff: tuple[str, ...] = ()  # of a prompt, where the old one is still there


@frozen(kw_only=True)
class Rerun:
    """What came out, as far as the history could be read."""

    loaded: Loaded
    decisions: int
    prompts: int
    departures: tuple[Departure, ...]  # in the order of the history
    more: int  # departures that are counted only
    not_seen: tuple[NotSeen, ...]
    unknown: str = ""  # the event of a later program at which it ended
    damage: str = ""  # what is wrong with the line at which it ended
    line: int | None = None  # that line
    torn: bool = False  # behind its last record stands a write that is not whole


def rerun(paths: RunPaths, *, git: PromptGit, jobs: Jobs) -> Rerun:
    """Take every decision and make every prompt of a run again.

    Raises:
        NotFound: the run has no history.
    """
    one = _Again(paths, git, jobs)
    loaded, unknown, damage, line = nothing(), "", "", None
    try:
        for recorded in read(paths.history):
            if isinstance(recorded.event, RawEvent):
                unknown = f"{recorded.event.type} v{recorded.event.version}"
                break
            one.see(loaded, recorded.event, recorded)
            loaded = loaded.after(recorded)
        else:
            one.rules.finish()
    except LaterValue as error:
        unknown = str(error)
    except CorruptHistory as error:
        damage, line = error.what, error.line
    whole = not unknown and not damage
    torn = whole and paths.history.stat().st_size > loaded.position.offset
    return evolve(one.result(loaded), unknown=unknown, damage=damage, line=line, torn=torn)


@define
class _Again:
    """Shows each record to the rules, and compares what agents were told."""

    _paths: RunPaths
    _git: PromptGit
    _jobs: Jobs
    rules: Rules = field(factory=Rules)
    _prompts: Tally = field(factory=lambda: Tally("prompts", "prompts made again"))
    _types: dict[int, str] = field(factory=dict)  # of the events that differ
    _diffs: dict[int, tuple[str, ...]] = field(factory=dict)
    _since: list[Loaded] = field(factory=list)  # states since the runner's own last event

    def see(self, before: Loaded, event: ev.Event, recorded: Recorded) -> None:
        """Take one event again."""
        known = self._count()
        search = SearchAgain(self._git, self.rules.decisions).of(before)
        try:
            self.rules.see(before.run, event, recorded, search=search)
        except IMPOSSIBLE as error:
            self.rules.impossible(recorded, error)
        if isinstance(event, ev.AgentAsked):
            self._compare(event, recorded, [*self._since, before])
        # A question is asked in the state of the look: what others append meanwhile is not in it.
        self._since = [] if recorded.by == "runner" else [*self._since, before]
        if self._count() > known:
            self._types[recorded.seq] = type(event).__name__

    def result(self, loaded: Loaded) -> Rerun:
        """Return what came out so far."""
        tallies = (self.rules.transitions, self.rules.decisions, self.rules.held_back, self._prompts)
        kept = sorted((one for tally in tallies for one in tally.kept), key=lambda one: one.seq or 0)
        return Rerun(
            loaded=loaded,
            decisions=self.rules.decisions.count,
            prompts=self._prompts.count,
            departures=tuple(self._departure(one) for one in kept),
            more=sum(tally.differences for tally in tallies) - len(kept),
            not_seen=tuple(missed for tally in tallies for missed in tally.check().not_seen),
        )

    def _departure(self, one: Difference) -> Departure:
        seq = one.seq or 0
        diff = self._diffs.get(seq, ()) if one.check == self._prompts.name else ()
        return Departure(difference=one, type=self._types.get(seq, ""), diff=diff)

    def _count(self) -> int:
        return sum(one.differences for one in (*self.rules.tallies, self._prompts))

    def _compare(self, event: ev.AgentAsked, recorded: Recorded, states: list[Loaded]) -> None:
        """Compare what an agent was told with what it would be told, in one of these states."""
        job = self._paths.job(event.iteration, event.step, event.call)
        old = _recorded_prompt(job)
        if event.step == "triage" and not job.folder.parent.is_dir():
            self._prompts.miss("log_gone", f"{event.step} of {event.iteration}", seq=recorded.seq)
            return
        try:
            places = _checked_out(old) if event.guidance is None else (event.guidance,)
            made = [self._prompt(event, one, at) for one in states[::-1] for at in places]
        except NotFound:
            self._prompts.miss("code_gone", f"{event.step} of {event.iteration}", seq=recorded.seq)
            return
        except IMPOSSIBLE as error:
            self.rules.impossible(recorded, error)
            return
        self._prompts.count += 1
        told = [_digest(one) for one in made]
        if event.prompt_sha256 not in told:
            self._prompts.differ(
                record=recorded, field="prompt_sha256", expected=told[0], found=event.prompt_sha256
            )
            self._diffs[recorded.seq] = _diff(old, made[0]) if old is not None else ()

    def _prompt(self, event: ev.AgentAsked, before: Loaded, checked_out: str) -> str:
        one = before.run.iteration(event.iteration)
        if one is None:
            raise LookupError(event.iteration)
        checked_out = checked_out or one.base_commit
        for commit in {one.base_commit, checked_out} - {HEAD}:
            if self._git.resolve(commit) is None:
                raise NotFound(commit, remedy="")
        prompting = Prompting(paths=self._paths, git=self._git, jobs=self._jobs, checked_out=checked_out)
        return prompting.prompt(event.step, event.agent, before.run, before.timeline, one)


def _recorded_prompt(job: JobPaths) -> str | None:
    """Return what was written for the program then; None where it is gone or cannot be read."""
    try:
        found = pack.read(job.prompt)
    except InvalidInput:
        return None
    return None if found is None else found.decode(errors="replace")


def _checked_out(old: str | None) -> tuple[str, ...]:
    """Return what the user may have had checked out, where the guidance was read; "": the run's own code.

    The event did not say what it was before version 5, but the prompt of then does, where it is still there.
    """
    if old is None:
        return ("", HEAD)
    named = GUIDANCE_FROM.search(old)
    return (named[1],) if named else ("",)


def _diff(old: str, new: str) -> tuple[str, ...]:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), "recorded", "now", lineterm="", n=1))
    more = (f"({len(lines) - DIFF_LINES} more lines)",) if len(lines) > DIFF_LINES else ()
    return (*(line[:DIFF_WIDTH] for line in lines[:DIFF_LINES]), *more)


def _digest(prompt: str) -> str:
    return hashlib.sha256(prompt.encode(errors="replace")).hexdigest()
