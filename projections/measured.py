"""What a run learned of how far numbers lie apart by chance, and what it is worth."""

from attrs import frozen


@frozen(kw_only=True)
class Gain:
    """What a kept candidate gained on the baseline, on fresh seeds."""

    iteration: int
    pairs: int
    gain: float
    half_width: float  # of its 95 % interval

    @property
    def is_shown(self) -> bool:
        """Say whether the whole interval lies above 0."""
        return self.gain > self.half_width


@frozen(kw_only=True)
class Pool:
    """How far the pairs of several candidates lay from the mean of their own, summed up."""

    squares: float = 0.0  # over candidates, of (difference - its mean)²
    freedom: int = 0  # over candidates, of (pairs - 1)

    def plus(self, squares: float, pairs: int) -> "Pool":
        """Return it with the pairs of one more candidate."""
        return Pool(squares=self.squares + squares, freedom=self.freedom + max(0, pairs - 1))


@frozen(kw_only=True)
class Spread:
    """What was seen so far of how pairs differ, by kind of change."""

    constants: Pool = Pool()
    structure: Pool = Pool()
