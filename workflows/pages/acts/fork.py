"""What a new run begins with, in lines."""

from autoresearch.engine.control.fork import Forked
from autoresearch.projections.words.times import counted
from autoresearch.projections.words.wording import name_of, short
from autoresearch.workflows.pages.acts.memory import memory_lines
from autoresearch.workflows.pages.acts.signals import KNOWN
from autoresearch.workflows.pages.ways_out import typed


def forked_lines(made: Forked) -> list[str]:
    """Say what the new run begins with, and how it goes on."""
    best = made.best
    code = "the code it began with" if best is None else name_of(best.iteration)
    score = "" if best is None else f", {best.metric:.6f}, commit {short(best.commit)}"
    known = KNOWN if made.again else ""
    lines = [
        f"{known}{made.paths.run_id} on {made.branch}: {made.source} as of event {made.seq}",
        f"it begins with {code}{score}, and {counted(made.results, 'result')}",
    ]
    if made.left_open:
        lines.append(f"open there, and left out: {', '.join(map(str, made.left_open))}")
    lines += memory_lines(made.memory)
    return [
        *lines,
        f"go on: {typed(f'resume --run-id {made.paths.run_id} --loops 5')}",
    ]
