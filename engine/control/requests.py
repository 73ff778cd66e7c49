"""From the words of a command to a request: loops, stages, agent, branch names. Pure, but for PATH.

Refuses what is misspelt or contradicts itself, with the nearest word that is known.
"""

from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import TypeVar

from attrs import frozen

from autoresearch.engine.agents.known import CUSTOM, NONE, Found, find, find_all
from autoresearch.events.errors import UsageRefused, WayOut, Wrong
from autoresearch.events.setting import program_in
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import LOOP_STAGES, OPEN_END, TOP_STAGES, LoopStage, Request, TopStage
from autoresearch.projections.parts.proposers import SEARCH, agents_of


T = TypeVar("T")
MOST_LOOPS = OPEN_END
MOST_PREFETCHED = 16
MOST_SEEDS = 100
MOST_OF_A_BUDGET = 10**12
LONGEST_S = 30 * 86400.0


BUDGETS = ("max_cost_usd", "max_tokens", "max_device_hours", "no_keep_for", "crashes_in_a_row")


@frozen(kw_only=True)
class StartOptions:
    """What the options of `start` and `resume` said; "" and None where they said nothing."""

    loops: int | None = None
    only: str | None = None
    from_stage: str | None = None
    to_stage: str | None = None
    loop_only: str | None = None
    stochastic: bool | None = None
    auto_prepare: bool | None = None
    agent: str | None = None
    timeout_s: float | None = None
    prefetch: int | None = None
    final: int | None = None
    consolidate: int | None = None
    until: str | None = None  # RFC 3339, UTC: engine/control/deadline.py
    max_trainings: int | None = None
    max_cost_usd: float | None = None
    max_tokens: int | None = None
    max_device_hours: float | None = None
    no_keep_for: int | None = None
    crashes_in_a_row: int | None = None

    @property
    def limited(self) -> bool:
        """Say whether any option limits the run beside its loops."""
        named = (self.until, self.max_trainings, *(getattr(self, name) for name in BUDGETS))
        return any(one is not None for one in named)

    @property
    def names_stages(self) -> bool:
        """Say whether any option restricts the stages."""
        return any(one is not None for one in (self.only, self.from_stage, self.to_stage, self.loop_only))

    @property
    def measures_alone(self) -> bool:
        """Say whether all that it asks for is what was kept on fresh seeds."""
        return bool(self.final or self.consolidate) and not self.loops and not self.names_stages

    @property
    def asks_for_loops(self) -> bool:
        """Say whether it asks for something new, rather than to go on with what is left."""
        fresh = self.final is not None or self.consolidate is not None
        return self.loops is not None or fresh or self.names_stages or self.limited


def request_of(
    options: StartOptions,
    *,
    config: RunConfig,
    before: Request | None = None,
    left: int = 0,
    at_rest: bool = False,
) -> Request:
    """Return the request; without a number of loops, one, or none where only something else is asked for.

    With a limit and no number, it goes on with the loops that are `left`, else with as many as fit.

    Of `before`, the request before it, it takes over what its options do not say: who proposes, whether data
    may be prepared, a training's deadline and how much is prefetched. Loops and stages it says anew.
    What asks for a measurement alone is served alone where the run is `at_rest`.

    Raises:
        UsageRefused: a misspelt stage, a number below 0, an unknown agent or none, or words that contradict.
    """
    stages, loop_stages = _stages(options)
    only_final = before is not None and options.final is not None and not options.names_stages
    loops = _loops(options, left) if "loop" in stages and not only_final else 0
    if options.loops is not None:
        loops = options.loops
    if not 0 <= loops <= MOST_LOOPS:
        raise UsageRefused(
            Wrong("loops_out_of_range", loops=str(loops), most=str(MOST_LOOPS)), remedy=WayOut("say_loops")
        )
    if loops and "loop" not in stages:
        raise UsageRefused(
            Wrong("loops_without_loop", loops=str(loops)), remedy=WayOut("drop_one_or_add_loop")
        )
    if options.max_trainings is not None and not 0 < options.max_trainings <= MOST_LOOPS:
        raise UsageRefused(
            Wrong("max_trainings_out_of_range", trainings=str(options.max_trainings), most=str(MOST_LOOPS)),
            remedy="the baseline is one of them; leave it out for as many as the loops take",
        )
    for name in BUDGETS:
        value = getattr(options, name)
        if value is not None and not 0 < value <= MOST_OF_A_BUDGET:
            raise UsageRefused(
                Wrong("budget_out_of_range", budget=name, value=f"{value:g}"),
                remedy="leave it out for none, or for the one that was asked for before",
            )
    if options.agent and options.stochastic is False:
        raise UsageRefused(Wrong("agent_not_stochastic"), remedy="give one of them")
    if options.timeout_s is not None and not 0 < options.timeout_s <= LONGEST_S:
        raise UsageRefused(
            Wrong("timeout_out_of_range", timeout=f"{options.timeout_s:g}", most=f"{LONGEST_S:g}"),
            remedy="leave it out for the settings' own: twice the budget plus the time to start up",
        )
    if options.prefetch is not None and not 0 <= options.prefetch <= MOST_PREFETCHED:
        raise UsageRefused(
            Wrong("prefetch_out_of_range", prefetch=str(options.prefetch), most=str(MOST_PREFETCHED)),
            remedy="1 keeps the device busy; 0 prepares nothing while a training runs",
        )
    if options.final is not None and not 0 <= options.final <= MOST_SEEDS:
        raise UsageRefused(
            Wrong("final_out_of_range", final=str(options.final), most=str(MOST_SEEDS)),
            remedy="3 is enough for most; 0 compares nothing at the end",
        )
    found, *others = _agents(options, config, before)
    if loops:
        refuse_unreviewed(config, {one.agent for one in (found, *others)})
    return Request(
        loops=loops,
        stages=stages,
        loop_stages=loop_stages,
        stochastic=_stochastic(options, before),
        auto_prepare=_said(options.auto_prepare, before.auto_prepare if before else True),
        agent=found.agent,
        agent_found=found.why,
        others=tuple(one.agent for one in others),
        timeout_s=_said(options.timeout_s, before.timeout_s if before else 0.0),
        prefetch=_said(options.prefetch, before.prefetch if before else config.prefetch),
        final=_said(options.final, before.final if before else config.final),
        consolidate=_said(options.consolidate, config.consolidate),
        until=options.until or "",
        max_trainings=options.max_trainings or 0,
        max_cost_usd=options.max_cost_usd or 0.0,
        max_tokens=options.max_tokens or 0,
        max_device_hours=options.max_device_hours or 0.0,
        no_keep_for=options.no_keep_for or 0,
        crashes_in_a_row=options.crashes_in_a_row or 0,
        alone=at_rest and options.measures_alone and not options.limited,
        anew=not loops and options.measures_alone and not options.limited,
    )


def refuse_gone(before: Request, config: RunConfig) -> None:
    """Refuse to go on where the program that a run asks is gone from the settings: nobody chose another.

    Raises: UsageRefused: with the way out.
    """
    if CUSTOM.name in map(program_in, agents_of(before)) and not config.agent_command:
        raise UsageRefused(Wrong("agent_command_gone"), remedy=WayOut("agent_again"))


def refuse_unreviewed(config: RunConfig, agents: AbstractSet[str]) -> None:
    """Refuse loops that are to be reviewed where nobody can: no agent is asked, and none is named for it.

    Raises: UsageRefused: with the way out.
    """
    if config.review != "off" and config.review_agent:
        find(config.review_agent, config)
    elif config.review != "off" and agents <= {NONE, SEARCH}:
        raise UsageRefused(Wrong("nobody_reviews", review=config.review), remedy=WayOut("name_reviewer"))


def refuse_options_without_loops(options: StartOptions) -> None:
    """Refuse options that say how loops are done, where none are asked for.

    Raises: UsageRefused: with the way out.
    """
    given = [
        name
        for name, said in (
            ("no_stochastic", options.stochastic is not None),
            ("no_auto_prepare", options.auto_prepare is not None),
            ("agent", options.agent is not None),
            ("timeout", options.timeout_s is not None),
            ("prefetch", options.prefetch is not None),
        )
        if said
    ]
    if given:
        raise UsageRefused(
            Wrong("option_without_loops", option=given[0]), remedy=WayOut("say_loops_or_as_before")
        )


def _loops(options: StartOptions, left: int) -> int:
    if not options.limited:
        return 1
    return 0 if left else OPEN_END


def _said(option: T | None, otherwise: T) -> T:
    return otherwise if option is None else option


def _stochastic(options: StartOptions, before: Request | None) -> bool:
    if options.stochastic is not None:
        return options.stochastic
    return options.agent is not None or before is None or before.stochastic


def _agents(options: StartOptions, config: RunConfig, before: Request | None) -> tuple[Found, ...]:
    """Return who take turns in proposing: those named, else those from before, else the settings'."""
    if not _stochastic(options, before):
        return (Found(agent=NONE, why=""),)
    if options.agent is None and before is not None and before.stochastic:
        refuse_gone(before, config)
        others = (Found(agent=name, why="before") for name in before.others)
        return (Found(agent=before.agent, why=before.agent_found or "before"), *others)
    return find_all(options.agent or config.agent, config)


def _stages(options: StartOptions) -> tuple[tuple[TopStage, ...], tuple[LoopStage, ...]]:
    if options.only is not None and (options.from_stage or options.to_stage):
        raise UsageRefused(Wrong("only_with_range"), remedy=WayOut("list_stages"))
    stages = TOP_STAGES if options.only is not None else _range(options.from_stage, options.to_stage)
    loop_stages = LOOP_STAGES
    if options.loop_only is not None:
        loop_stages = _loop_stages(_names("loop_only", options.loop_only, LOOP_STAGES))
    if options.only is not None:
        names = _names("only", options.only, (*TOP_STAGES, *LOOP_STAGES))
        inner = _loop_stages(names)
        if inner and options.loop_only is not None:
            raise UsageRefused(
                Wrong("stages_named_twice", stages=", ".join(inner)), remedy="name them in one of the two"
            )
        loop_stages = inner or loop_stages
        stages = tuple(stage for stage in TOP_STAGES if stage in names or (stage == "loop" and inner))
    if options.loop_only is not None and "loop" not in stages:
        raise UsageRefused(Wrong("loop_only_without_loop"), remedy=WayOut("add_loop"))
    return stages, loop_stages


def _loop_stages(names: frozenset[str]) -> tuple[LoopStage, ...]:
    return tuple(stage for stage in LOOP_STAGES if stage in names)


def _range(first: str | None, last: str | None) -> tuple[TopStage, ...]:
    begin = _index("from_stage", first) if first is not None else 0
    end = _index("to_stage", last) if last is not None else len(TOP_STAGES) - 1
    if begin > end:
        raise UsageRefused(
            Wrong("range_backwards", first=str(first), last=str(last)),
            remedy=f"the order is {', '.join(TOP_STAGES)}",
        )
    return TOP_STAGES[begin : end + 1]


def _index(option: str, name: str) -> int:
    for index, stage in enumerate(TOP_STAGES):
        if stage == name.strip():
            return index
    raise _unknown(option, name, TOP_STAGES)


def _names(option: str, text: str, known: tuple[str, ...]) -> frozenset[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        stages = f"the stages are {', '.join(known)}"
        raise UsageRefused(Wrong("no_stage_named", option=option), remedy=stages)
    for name in names:
        if name not in known:
            raise _unknown(option, name, known)
    return frozenset(names)


def _unknown(option: str, name: str, known: tuple[str, ...]) -> UsageRefused:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    stages = f"{hint}the stages are {', '.join(known)}"
    return UsageRefused(Wrong("unknown_stage", option=option, stage=repr(name)), remedy=stages)
