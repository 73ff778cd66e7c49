"""Of which candidate a training's job is: told by its folder, since its name says only which number it is.

A runner that dies between the start and the event leaves a job that nobody knows of. Meanwhile the base may
move, and the same number is then given to another commit: what the job did is nobody's result.
"""

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import JobPaths
from autoresearch.events.files import write_atomic


def remember(job: JobPaths, *, commit: str, slot: int, device: str) -> None:
    """Write into the folder of a job that is about to be started what it trains, and where."""
    job.folder.mkdir(parents=True, exist_ok=True)
    write_atomic(job.began_on, _line(commit, slot, device), sync=False)


def is_of(job: JobPaths, *, commit: str, slot: int, device: str) -> bool:
    """Say whether the job was begun for this commit and this place; so is one whose folder was tidied up."""
    said = pack.read(job.began_on)
    return said is None or said == _line(commit, slot, device)


def _line(commit: str, slot: int, device: str) -> bytes:
    return f"{commit} {slot} {device}\n".encode()
