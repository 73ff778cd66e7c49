"""The backlog at a human's word: an idea more, one less, or one before all others."""

from collections.abc import Sequence

from attrs import frozen

from autoresearch.engine.control.append import Judge, append_judged
from autoresearch.engine.control.keys import Key
from autoresearch.engine.memory.backlog import idea_text
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound, WayOut
from autoresearch.projections.parts.backlog import Backlog
from autoresearch.projections.run_state import RunState


@frozen(kw_only=True)
class BacklogChanged:
    """The backlog after a human's word."""

    number: int  # of the idea
    backlog: Backlog
    most_open: int
    again: bool = False  # it was said before, under the same key


def add_idea(paths: RunPaths, git: Commits, text: str, *, key: Key | None = None) -> BacklogChanged:
    """Note an idea for later, behind those that are open.

    Raises:
        InvalidInput: it is empty.
        NotFound: as many are open as may be, or it is open already.
    """
    said = idea_text(text)
    if not said:
        raise InvalidInput("an idea needs a text", remedy=WayOut("idea_example"))

    def judge(run: RunState) -> Sequence[ev.Event]:
        open_ones = run.backlog.open
        if len(open_ones) >= run.config.backlog:
            raise NotFound(
                f"{len(open_ones)} ideas are open, as many as the setting `backlog` lets",
                remedy=WayOut("drop_idea"),
            )
        same = next((one.number for one in open_ones if one.text == said), None)
        if same is not None:
            raise NotFound(f"that is idea {same} already", remedy=WayOut("put_idea_first", number=str(same)))
        return [ev.IdeaNoted(idea=run.backlog.noted + 1, text=said, agent="", iteration=None)]

    return _changed(paths, git, judge, key)


def drop_idea(paths: RunPaths, git: Commits, number: int, *, key: Key | None = None) -> BacklogChanged:
    """Take an open idea off the list.

    Raises: NotFound: it is not open.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_closed(run, number)
        return [ev.IdeaDropped(idea=number)]

    return _changed(paths, git, judge, key)


def put_first(paths: RunPaths, git: Commits, number: int, *, key: Key | None = None) -> BacklogChanged:
    """Put an open idea before all others.

    Raises: NotFound: it is not open.
    """

    def judge(run: RunState) -> Sequence[ev.Event]:
        _refuse_closed(run, number)
        return [ev.IdeaPutFirst(idea=number)]

    return _changed(paths, git, judge, key)


def _changed(paths: RunPaths, git: Commits, judge: Judge, key: Key | None) -> BacklogChanged:
    done = append_judged(paths, git, judge, key=key)
    (said,) = done.events
    assert isinstance(said, ev.IdeaNoted | ev.IdeaDropped | ev.IdeaPutFirst)  # by this command
    most = done.run.config.backlog
    return BacklogChanged(number=said.idea, backlog=done.run.backlog, most_open=most, again=done.again)


def _refuse_closed(run: RunState, number: int) -> None:
    known = ", ".join(str(one.number) for one in run.backlog.open) or "none"
    if run.backlog.idea(number) is None:
        raise NotFound(f"no idea {number} is open", remedy=f"those that are: {known}")
