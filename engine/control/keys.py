"""The keys of commands: the same key twice is once, whoever says it again, and however much later.

A key is recorded with what was appended under it, beside the command and a digest of its words: so it is
known as long as the history is. A command that found nothing to record is looked at again.
"""

import hashlib
import json
import secrets
from pathlib import Path

from attrs import field, frozen
from attrs.validators import instance_of

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events.encoding.codec import Recorded, text_field
from autoresearch.events.errors import UsageRefused, WayOut, Wrong
from autoresearch.events.log.read import read


LONGEST = 100  # characters
_OURS = "cli"  # how the keys of commands begin in a history; those of dropped files begin otherwise


@frozen(kw_only=True)
class Key:
    """What somebody names an intent by, and which command is said under it."""

    text: str = field(validator=instance_of(str))
    command: str
    digest: str  # of the words of the command

    def stored(self) -> str:
        """Return what is recorded.

        Its token is of this call: of two at once the log would give the second one the events of the first,
        and nobody could tell them apart.
        """
        return ":".join((_OURS, self.command, self.digest, secrets.token_hex(4), self.text))


def key_of(text: str | None, command: str, /, **words: object) -> Key | None:
    """Return the key that a command was given with its words; None without one.

    Raises:
        UsageRefused: it is empty, long, or holds what cannot be printed.
    """
    if text is None:
        return None
    if not text or len(text) > LONGEST or not text.isprintable():
        raise UsageRefused(Wrong("key_misspelt", most=str(LONGEST)), remedy=WayOut("key_example"))
    said = json.dumps(words, sort_keys=True, default=str)
    return Key(text=text, command=command, digest=hashlib.sha256(said.encode()).hexdigest()[:16])


def holder(home: Path, key: Key | None) -> RunPaths | None:
    """Return the run in whose history a key stands; None where it was not used in this repository."""
    if key is None:
        return None
    return next((paths for paths in reversed(started_runs(home)) if _records(paths, key.text)), None)


def appended(paths: RunPaths, key: Key | None) -> tuple[Recorded, ...]:
    """Return what was appended to a run under a key by this very command; nothing where it is new.

    Raises:
        UsageRefused: it was used for another command, or with other words.
    """
    found = _records(paths, key.text) if key is not None else ()
    if key is None or not found:
        return ()
    _, command, digest, _, _ = str(found[0].key).split(":", 4)
    if (command, digest) != (key.command, key.digest):
        raise _used(key, paths, found[0])
    return found


def refuse_elsewhere(paths: RunPaths, key: Key, there: RunPaths) -> None:
    """Refuse a key that was used in another run than the one that is meant.

    Raises:
        UsageRefused: it was.
    """
    if there.run_id != paths.run_id:
        raise _used(key, there, _records(there, key.text)[0])


def _used(key: Key, paths: RunPaths, first: Recorded) -> UsageRefused:
    """Return the error that says what a key was used for."""
    command = str(first.key).split(":", 4)[1]
    said = Wrong("key_used", key=key.text, command=command, seq=str(first.seq), run_id=paths.run_id)
    return UsageRefused(said, remedy="every intent needs a key of its own, and its words as they were")


def _records(paths: RunPaths, text: str) -> tuple[Recorded, ...]:
    """Return what was appended under a key, of whatever command."""
    if not _mentions(paths.history, text_field("key", text)[1:]):  # most histories are not read for it
        return ()
    stored = ""
    found = []
    for one in read(paths.history):
        if not stored and one.key is not None and one.key.startswith(f"{_OURS}:"):
            stored = one.key if one.key.split(":", 4)[-1] == text else ""
        if stored and one.key == stored:
            found.append(one)
    return tuple(found)


def _mentions(history: Path, text: bytes) -> bool:
    """Say whether some line holds a text at the end of a string, as a key has it."""
    if not history.is_file():
        return False
    with history.open("rb") as lines:
        return any(b":" + text in line for line in lines)
