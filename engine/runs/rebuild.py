"""Regenerate a run's caches from its history, and say what was wrong with them."""

from pathlib import Path

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import NOTHING, known_snapshot
from autoresearch.engine.runs.views import Render
from autoresearch.engine.system.process import hold_lock
from autoresearch.events.codec import require_known
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read
from autoresearch.projections.results import results_tsv
from autoresearch.projections.snapshot import state_json


@frozen(kw_only=True)
class Rebuilt:
    """One cache, and how it differed from what the history says; "" where it did not."""

    name: str
    differed: str


def rebuild(paths: RunPaths, *, render: Render) -> tuple[Rebuilt, ...]:
    """Write state.json, results.tsv and runner.log anew where they are not what the history gives.

    Raises:
        RunLocked: a runner holds the run, and sees to them itself.
        CorruptHistory, UnknownEvent: the history cannot be trusted, or not all of it is understood.
    """
    with hold_lock(paths.lock):
        known_snapshot(paths)  # what it has seen and the history has lost is not covered up
        loaded = NOTHING
        lines: list[str] = []
        for recorded in read(paths.history):
            loaded = loaded.after(require_known(recorded))
            lines.append(f"{render(recorded)}\n")
        return (
            _replace(paths.state, state_json(loaded.snapshot)),
            _replace(paths.results, results_tsv(loaded.timeline).encode()),
            _replace(paths.runner_log, "".join(lines).encode()),
        )


def _replace(path: Path, wanted: bytes) -> Rebuilt:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        differed = "was missing"
    else:
        differed = _difference(found, wanted)
    if differed:
        write_atomic(path, wanted, sync=False)
    return Rebuilt(name=path.name, differed=differed)


def _difference(found: bytes, wanted: bytes) -> str:
    """Say where two files part; "" where they are the same."""
    if found == wanted:
        return ""
    ours, theirs = wanted.split(b"\n"), found.split(b"\n")
    same = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        same += 1
    return f"differed from line {same + 1} on ({len(found)} bytes instead of {len(wanted)})"
