"""Of which candidate a training's job is: told by its folder, since its name says only which number it is.

A runner that dies between the start and the event leaves a job that nobody knows of. Meanwhile the base may
move, or the settings change, and the same number is then given to another commit, or under other settings:
what the job did is nobody's result.
"""

from attrs import frozen

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import JobPaths
from autoresearch.events.files import write_atomic


@frozen(kw_only=True)
class Begun:
    """What a training's job trains, where, and under which settings."""

    commit: str
    slot: int
    device: str
    deciding: str  # digest of the deciding settings


def remember(job: JobPaths, one: Begun) -> None:
    """Write into the folder of a job that is about to be started what it is begun for."""
    job.folder.mkdir(parents=True, exist_ok=True)
    write_atomic(job.began_on, _line(one), sync=False)


def is_of(job: JobPaths, one: Begun) -> bool:
    """Say whether the job was begun for this; so is one whose folder was tidied up."""
    said = pack.read(job.began_on)
    return said is None or said == _line(one)


def _line(one: Begun) -> bytes:
    return f"{one.commit} {one.slot} {one.device} {one.deciding}\n".encode()
