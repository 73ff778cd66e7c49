"""What comes after an event, as server-sent events: each with the log's position as its id.

A page whose connection broke hands the last id back and gets what follows it: nothing twice, nothing left
out. Where that position holds no longer, it is told to begin anew.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import takewhile
from typing import Any

from starlette.concurrency import run_in_threadpool

from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.log.read import holds, read
from autoresearch.workflows.web.experiment import event_object
from autoresearch.workflows.web.followed import Followed
from autoresearch.workflows.web.objects import event_id, overview, position_of
from autoresearch.workflows.web.row_changes import HUMAN


POLL_S = 0.2  # a stat of one file for each page that looks on
STATUS_S = 2.0  # between two looks at the world where no event comes
MANY = 5_000  # events; a page that is further behind loads the whole again


class Stream:
    """The messages of one page, from a position on."""

    def __init__(self, followed: Followed, since: str) -> None:
        self._followed = followed
        self._position = position_of(since)
        self._generation = followed.generation

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield messages until the page goes away, or has to begin anew."""
        waited = STATUS_S
        while True:
            try:
                found = await run_in_threadpool(self._news)
            except AutoresearchError:
                found = None
            if found is None:
                yield {"event": "reset", "data": "{}"}
                return
            for message in found:
                yield message
            if found or waited >= STATUS_S:
                waited = 0.0
                now = await run_in_threadpool(self._status)
                yield {"event": "status", "data": json.dumps(now)}
            await asyncio.sleep(POLL_S)
            waited += POLL_S

    def _status(self) -> dict[str, Any]:
        return self._followed.shown("overview", lambda: overview(self._followed, None))

    def _news(self) -> list[dict[str, Any]] | None:
        """Return a message for each event that came; None where the page has to begin anew."""
        followed = self._followed
        followed.catch_up()
        last = followed.loaded.position
        if self._position is None or followed.generation != self._generation:
            return None
        if last == self._position:
            return []
        behind = last.seq - self._position.seq
        if not 0 <= behind <= MANY or not holds(followed.paths.history, self._position):
            return None
        fresh = read(followed.paths.history, after=self._position.seq, upto=last.seq, since=self._position)
        found = [self._message(recorded) for recorded in fresh]
        self._position = last
        return found

    def _message(self, recorded: Recorded) -> dict[str, Any]:
        said = event_object(recorded) | {
            "changes": self._changes(recorded.seq),
            "human": isinstance(recorded.event, HUMAN),
        }
        place = Position(seq=recorded.seq, offset=recorded.end, hash=recorded.hash)
        return {"id": event_id(place), "event": "record", "data": json.dumps(said)}

    def _changes(self, seq: int) -> list[list[Any]]:
        """Return how rows changed with one event, which is among the newest."""
        newest_first = reversed(self._followed.told())
        found = [one for one in takewhile(lambda one: one[0] >= seq, newest_first) if one[0] == seq]
        return found[::-1]
