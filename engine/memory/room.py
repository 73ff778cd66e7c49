"""Fits lines into a stated size: what is left out is counted, never cut off silently. Pure."""

from collections.abc import Sequence


LEFT_OUT = 60  # characters that the line about what is left out takes, at most


def fitting(lines: Sequence[str], limit: int, *, of: str = "more") -> str:
    """Return the first lines that fit into `limit` characters together, and how many do not."""
    if sum(len(line) + 1 for line in lines) <= limit:
        return "\n".join(lines)
    taken, size = [], LEFT_OUT + 1
    for line in lines:
        size += len(line) + 1
        if size > limit:
            break
        taken.append(line)
    return "\n".join([*taken, f"({len(lines) - len(taken)} {of} left out)"])
