"""What somebody away from the desk wants to know, by whatever apprise can send to: chat, mail, a phone.

A receiver each: of two, one that is down holds up nothing of the other, and is told nothing twice.
"""

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.one_iteration import one_iteration
from autoresearch.engine.system.version import adds
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import RawEvent, Recorded
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.projections.summary import standing
from autoresearch.projections.words.event_text import describe
from autoresearch.projections.words.times import one_line
from autoresearch.workflows.api.status import glance
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.feed import feed, place
from autoresearch.workflows.exports.post import until_taken
from autoresearch.workflows.live.follow import Pulse
from autoresearch.workflows.pages.status import status_page
from autoresearch.workflows.pages.ways_out import typed


if TYPE_CHECKING:
    from apprise import Apprise

Occasion = Literal["kept", "question", "stuck", "budget", "finished", "digest"]

TAKES = {"--to", "--follow", "--from", "--on", "--digest"}
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
BUDGETS = (  # how the reasons of a stop begin that a limit of the request has brought
    *("time_is_up", "trainings_used_up", "cost_", "tokens_", "device_hours_used_up", "no_keep_for"),
    "crashes_in_a_row",
)
IDEA_CHARACTERS = 200


def export(asked: Asked) -> Exported:
    """Send a message for each occasion that is wanted, from now on where none was sent before.

    Raises:
        UsageRefused: the address is none of apprise's, or there is no such occasion.
        NotFound: apprise is not installed, or the receiver took nothing.
    """
    unknown = sorted(asked.on.difference(OCCASIONS))
    if unknown:
        raise UsageRefused(f"--on: there is no {unknown[0]!r}", remedy=f"one of {', '.join(OCCASIONS)}")
    cursor = Cursor(paths=asked.paths, sink="notify", to=asked.to)
    sender = Sender(asked)
    due = Due(Cursor(paths=asked.paths, sink="digest", to=asked.to), asked.digest)
    with cursor.held():
        if cursor.stored() is None:
            cursor.store(load_run(asked.paths).position)
        seq, pulse, gone = 0, Pulse(asked.paths), False
        for recorded in feed(cursor, first=asked.first, follow=asked.follow):
            if recorded is None:
                before, gone = gone, pulse.gone()
                if gone and not before:
                    sender.send("stuck", _gone(asked.paths))
            else:
                occasion = occasion_of(recorded.event)
                if occasion is not None:
                    sender.send(occasion, message(asked.paths, recorded))
                cursor.store(place(recorded))
                seq = recorded.seq
            if due.now():
                sender.send("digest", due.told())
                due.was_sent()
        if due.at_once:
            sender.send("digest", due.told())
            due.was_sent()
    return Exported(sent=sender.sent, what="message", to=sender.name, seq=seq)


def occasion_of(event: ev.Event | RawEvent) -> Occasion | None:
    """Return what an event is to somebody away, None where it can wait. Pure."""
    match event:
        case ev.CandidateKept(iteration=number) if number > 0:
            return "kept"
        case ev.QuestionAsked() | ev.InputNeeded():
            return "question"
        case ev.RunPaused(reason=reason) if reason.code != "human":
            return "stuck"
        case ev.RunStopped(how=how, reason=reason):
            if how in ("setup_incomplete", "baseline_failed", "blocked"):
                return "stuck"
            return "budget" if reason.code.startswith(BUDGETS) else "finished"
        case _:
            return None


def message(paths: RunPaths, recorded: Recorded) -> str:
    """Return what is said of an event: its sentence, the idea that was kept, and the command that helps."""
    said = [describe(recorded.event)]
    match recorded.event:
        case ev.CandidateKept(iteration=number):
            found = one_iteration(paths, number)
            said += [one_line(found.row.description, IDEA_CHARACTERS)] if found is not None else []
        case ev.QuestionAsked():
            said.append(f"{typed(f'answer TEXT --run-id {paths.run_id}')} answers it")
        case ev.RunStopped():
            said.append(f"{typed(f'report {paths.run_id}')} says what came of it")
        case _:
            pass
    return "\n".join(said)


class Sender:
    """Sends messages to one receiver by apprise, until each is taken."""

    def __init__(self, asked: Asked) -> None:
        """Load apprise, and refuse an address that it does not know."""
        self._asked, self._apprise, self.sent = asked, _apprise(asked.to), 0
        self.name = next(iter(self._apprise)).service_name or "the receiver"

    def send(self, occasion: Occasion, text: str) -> None:
        """Send a message, if its occasion is wanted.

        Raises:
            NotFound: it was not taken.
        """
        wanted: Collection[str] = self._asked.on or OCCASIONS
        if occasion not in wanted:
            return

        def tried() -> tuple[str, bool] | None:
            title = f"{self._asked.paths.run_id}: {occasion}"
            taken = self._apprise.notify(body=text, title=title, body_format="text")
            return None if taken else ("apprise says that it failed", True)

        until_taken(tried, who=str(self.name), what=f"the message {occasion!r}", patient=self._asked.follow)
        self.sent += 1


class Due:
    """When the next digest is due. Its cursor says from where on it tells, and its age when one was sent."""

    def __init__(self, cursor: Cursor, when: str) -> None:
        """Take `now`, a time of day as in 07:00, or "" for none.

        Raises:
            UsageRefused: it is no time of day.
        """
        self._cursor, self.at_once = cursor, when == "now"
        self._next: float | None = None
        if when and not self.at_once:
            last = cursor.file.stat().st_mtime if cursor.file.exists() else time.time()
            self._when = when
            self._next = next_time(when, after=last)

    def now(self) -> bool:
        """Say whether it is due."""
        return self._next is not None and time.time() >= self._next

    def told(self) -> str:
        """Return how the run stands, and what was tried since the last digest."""
        paths = self._cursor.paths
        told_before = self._cursor.stored() is not None
        verdicts = [
            describe(one.event)
            for one in feed(self._cursor, first=None, follow=False)
            if one is not None and isinstance(one.event, ev.CandidateKept | ev.CandidateDiscarded)
        ]
        kept = [said for said in verdicts if " kept" in said]
        head = (
            [f"{len(verdicts)} tried since the last digest, {len(kept)} kept", *kept] if told_before else []
        )
        page = status_page(glance(paths, standing(load_run(paths).state)))
        return "\n".join([*head, page])

    def was_sent(self) -> None:
        """Begin the next one here."""
        self._cursor.store(load_run(self._cursor.paths).position)
        if self._next is not None:
            self._next = next_time(self._when, after=time.time())


def next_time(when: str, *, after: float) -> float:
    """Return the next time that clocks here show `when`, as in 07:00, in seconds since the epoch.

    Raises:
        UsageRefused: it is no time of day.
    """
    try:
        of_day = datetime.strptime(when, "%H:%M").time()  # noqa: DTZ007 - of the place where it runs
    except ValueError as error:
        raise UsageRefused(f"--digest: {when!r} is no time of day", remedy="as in 07:00, or now") from error
    begin = datetime.fromtimestamp(after).astimezone()
    first = begin.replace(hour=of_day.hour, minute=of_day.minute, second=0, microsecond=0)
    return (first if first > begin else first + timedelta(days=1)).timestamp()


def _gone(paths: RunPaths) -> str:
    return f"no runner is alive; {typed(f'resume --run-id {paths.run_id}')} goes on"


def _apprise(to: str) -> "Apprise":
    try:
        from apprise import Apprise  # noqa: PLC0415 - a second, for this alone
    except ImportError as error:
        raise NotFound("notify needs apprise", remedy=f"`{adds('notify')}` brings it") from error
    logging.getLogger("apprise").addHandler(logging.NullHandler())  # what fails is told by us
    sender = Apprise()
    if not to or not sender.add(to) or len(sender) != 1:
        raise UsageRefused(
            "--to: expected one address as apprise has them",
            remedy="as in ntfy://TOPIC; https://appriseit.com lists them",
        )
    return sender
