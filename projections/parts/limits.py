"""What ends a run beside its loops: limits of one request, and budgets of the whole run. Pure."""

from typing import Literal

from attrs import frozen

from autoresearch.events.values import Request


@frozen(kw_only=True)
class Limits:
    """What ends a run beside its loops, as it was asked for last."""

    until: str = ""  # "": no limit
    trainings: int = 0  # 0: no limit
    asked_at: str = ""
    begun: int = 0  # trainings since then
    time_up: Literal["too_little", "none"] | None = None  # how little time is left, as the runner noticed it

    @property
    def trainings_left(self) -> int | None:
        """Return how many trainings may still be begun; None: any number."""
        return max(0, self.trainings - self.begun) if self.trainings else None


@frozen(kw_only=True)
class Ends:
    """What ends the loops that wait while a request is served alone, and what is measured behind them."""

    limits: Limits = Limits()
    final: int = 0
    consolidate: int = 0


@frozen(kw_only=True)
class Budgets:
    """What the whole run may cost, and after how much in vain it ends; 0: no limit."""

    cost_usd: float = 0.0  # of agents
    tokens: int = 0  # of agents
    device_hours: float = 0.0  # of trainings and evaluations
    no_keep_for: int = 0  # ideas in a row
    crashes_in_a_row: int = 0

    def raised(self, request: Request) -> "Budgets":
        """Return them as a request says; what it does not name stays."""
        return Budgets(
            cost_usd=request.max_cost_usd or self.cost_usd,
            tokens=request.max_tokens or self.tokens,
            device_hours=request.max_device_hours or self.device_hours,
            no_keep_for=request.no_keep_for or self.no_keep_for,
            crashes_in_a_row=request.crashes_in_a_row or self.crashes_in_a_row,
        )
