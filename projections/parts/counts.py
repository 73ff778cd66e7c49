"""How many iterations ended in which way. Pure."""

from attrs import frozen


@frozen(kw_only=True)
class Counts:
    """How the closed iterations ended, the baseline not counted."""

    kept: int = 0
    discarded: int = 0
    vetoed: int = 0  # by a review, or a human
    crashed: int = 0  # crashed, timed_out, diverged, no_metric
    stopped_early: int = 0  # trainings that were ended, since they lay far behind their base
    not_applied: int = 0
    retracted: int = 0  # that were kept before
