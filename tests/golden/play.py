"""Whole runs made by the decider itself, in a world that is a script: no disk, no clock, no chance.

The histories under tests/golden/runs were written by `python -m tests.golden.play`, which never changes one
that is there: they are what a run of format 1 looks like, and every later decider must decide them again.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from autoresearch.events.encoding.codec import Position, chain, envelope, payload, text_field
from autoresearch.events.log.read import read
from autoresearch.projections.words.event_text import line, wording
from tests.golden.player import STARTED, Player
from tests.golden.script import Script
from tests.golden.scripts import agents, approvals, conditions, gains, humans, limits, trainings


FOLDER = Path(__file__).parent / "runs"
LINES = Path(__file__).parent / "lines.txt"
ROOMS = (agents, approvals, conditions, gains, humans, limits, trainings)


def scripts() -> dict[str, Script]:
    """Return every golden run's script by its name."""
    return {name: script for room in ROOMS for name, script in room.scripts().items()}


def history(script: Script) -> bytes:
    """Return the bytes of a script's history: the same for the same script."""
    position, lines = Position.start(), []
    for by, batch in Player(script).play():
        made = chain(
            [payload(one) for one in batch], envelope(at=STARTED, by=text_field("by", by)), after=position
        )
        seq, _, end, digest = made[-1]
        position = Position(seq=seq, offset=end, hash=digest)
        lines += [raw for _, raw, _, _ in made]
    return b"".join(lines)


def files() -> Iterator[tuple[str, Path]]:
    """Return the name and the file of every golden run, by their names."""
    return ((name, FOLDER / f"{name}.jsonl") for name in sorted(scripts()))


def lines() -> str:
    """Return the name of today's wording, and a digest of every line it gives for the golden runs."""
    said = "".join(f"{line(one)}\n" for _, file in files() for one in read(file))
    return f"{wording()} {sha256(said.encode()).hexdigest()}\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    made = scripts()
    for name, file in files():
        if not file.exists():
            file.write_bytes(history(made[name]))
    LINES.write_text(lines())
