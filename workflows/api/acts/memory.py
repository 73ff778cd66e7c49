"""Other runs of which agents are told, as `start`, `resume` and `fork` print them. Light."""

from collections.abc import Sequence
from typing import Any

from autoresearch.events import catalog as ev


def memory_object(memory: Sequence[ev.MemoryNamed]) -> list[dict[str, Any]]:  # Any: it is JSON
    """Return the other runs of which agents are told, and as of which of their events."""
    return [{"run_id": one.run_id, "seq": one.seq} for one in memory]
