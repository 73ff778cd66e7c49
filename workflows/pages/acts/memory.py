"""Other runs of which agents are told, in lines. Light."""

from collections.abc import Iterator, Sequence

from autoresearch.events import catalog as ev


def memory_lines(memory: Sequence[ev.MemoryNamed]) -> Iterator[str]:
    """Yield a line for each other run of which agents are told."""
    for one in memory:
        yield f"agents are told what {one.run_id} found, as of its event {one.seq}"
