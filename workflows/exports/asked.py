"""What an export is asked to do, and what it has done: the same for every sink."""

from collections.abc import Callable

from attrs import frozen

from autoresearch.engine.paths import RunPaths


@frozen(kw_only=True)
class Asked:
    """The options of an export; a sink takes some of them, which its module names in TAKES."""

    paths: RunPaths
    say: Callable[[str], None]  # a line for people
    to: str = ""
    port: int | None = None
    follow: bool = False
    first: int | None = None  # event
    on: frozenset[str] = frozenset()  # occasions; none: all
    digest: str = ""  # a time of day, or now
    types: frozenset[str] = frozenset()  # of events; none: all


@frozen(kw_only=True)
class Exported:
    """What an export has done."""

    sent: int
    what: str  # is counted, one of them
    to: str  # as it may be printed
    seq: int  # of the last event that it went past; 0: none was new
