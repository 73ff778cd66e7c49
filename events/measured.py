"""What was measured: under which conditions, with which number, and what a kept candidate has of it.

The state of a run is made of these, and an event holds them where a run begins with another one's results.
"""

from attrs import frozen


@frozen(kw_only=True)
class Conditions:
    """Under which a result was measured: two are compared only where they agree."""

    deciding: str = ""  # digest of the deciding settings, as the training was started
    data_id: str | None = None
    device_class: str = ""  # as the machine has it; "" is not known, and agrees with any
    device: str | None = None  # as the training names it; None is not said, and agrees with any
    inputs: str = ""  # digest of the files outside the checkout
    filters: str = ""  # digest of git's filters that stand in no commit
    packages: str = ""  # digest of what is installed; "" is not known, and agrees with any

    def agree(self, other: "Conditions") -> bool:
        """Say whether results under the one and the other are compared."""
        return not differing(self, other)


@frozen(kw_only=True)
class Spent:
    """What a training took."""

    seconds: float = 0.0  # of wall time
    cpu_seconds: float | None = None

    def times(self, other: "Spent") -> float:
        """Return how many times what another one took this is, by the wall or the CPU, whichever is more."""
        pairs = [(self.seconds, other.seconds), (self.cpu_seconds or 0.0, other.cpu_seconds or 0.0)]
        return max((ours / theirs for ours, theirs in pairs if theirs > 0), default=0.0)


@frozen(kw_only=True)
class Measurement:
    """What the best measured under some conditions."""

    metric: float
    conditions: Conditions


@frozen(kw_only=True)
class Best:
    """A kept candidate; the last one is what the next has to beat."""

    iteration: int
    commit: str
    tree: str
    base_commit: str = ""  # that it was made on; "": not known
    metric: float  # as it was measured last
    conditions: Conditions = Conditions()  # under which it was
    spent: Spent = Spent()
    elsewhere: tuple[Measurement, ...] = ()  # what it measured under others
    unmet: tuple[Conditions, ...] = ()  # under which it could not be measured, though that was tried

    def was_measured_with(self, deciding: str) -> bool:
        """Say whether it has a number under these deciding settings."""
        measured = (self.conditions, *(one.conditions for one in self.elsewhere))
        return any(one.deciding == deciding for one in measured)

    def under(self, conditions: Conditions) -> float | None:
        """Return what it measured under these conditions; None where it never was."""
        known = (Measurement(metric=self.metric, conditions=self.conditions), *self.elsewhere)
        return next((one.metric for one in known if one.conditions.agree(conditions)), None)


@frozen(kw_only=True)
class Retracted:
    """An iteration whose result is no longer believed."""

    iteration: int
    commit: str = ""  # that was kept; "": it was not
    base_commit: str = ""  # that this was made on


def differing(ours: Conditions, theirs: Conditions) -> tuple[str, ...]:
    """Return in what two conditions do not agree, by the names of the fields."""
    known = [
        name
        for name in ("device_class", "device", "packages")
        if getattr(ours, name) and getattr(theirs, name)
    ]
    names = ("deciding", "data_id", "inputs", "filters", *known)  # of these, what only one says agrees
    return tuple(name for name in names if getattr(ours, name) != getattr(theirs, name))
