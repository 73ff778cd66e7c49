"""What an agent is told of a run's history, section by section."""

from attrs import evolve

from autoresearch.engine.memory.ideas import ideas_of
from autoresearch.engine.memory.older import grouped
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.search.knobs import knobs
from autoresearch.events.values import Best, Proposal, Scalar, Score, why
from autoresearch.projections.fold import Rows
from autoresearch.projections.parts.costs import Costs
from autoresearch.projections.parts.limits import Budgets, Limits
from autoresearch.projections.parts.worded import names_in, worded
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row, Timeline


BASE, BEST = "b" * 40, "c" * 40


def tried(iteration: int, gain: float | None = None, **more: object) -> Row:
    """Return the row of a past experiment, discarded where nothing else is said."""
    inputs: dict[str, Scalar] = {} if gain is None else {"gain": gain}
    metric = None if gain is None else 1.5 - gain
    said = {
        "verdict": "discard",
        "metric": metric,
        "outcome": "succeeded",
        "description": f"idea {iteration}",
    }
    words = {"started_at": "", "base_commit": BASE, "inputs": inputs, **said, **more}
    return Row(iteration=iteration, **words)  # type: ignore[arg-type]


def told(
    *rows: Row, run: RunState | None = None, code: Code | None = None, words: tuple = ()
) -> dict[str, str]:
    """Return the sections that tell of these rows, by the first word or two of their titles."""
    timeline = Timeline(closed=Rows([row for row in rows if row.verdict]), worded=words)
    timeline.open = tuple(row for row in rows if not row.verdict)
    sections = recall(run or RunState(), timeline, code or Code())
    return {section.title: section.text for section in sections if section.text}


def section(title: str, *rows: Row, **more: object) -> str:
    """Return one section, by the beginning of its title; "" where it is left out."""
    found = told(*rows, **more)  # type: ignore[arg-type]
    return next((text for name, text in found.items() if name.startswith(title)), "")


def test_past_experiments_are_one_line_each() -> None:
    """Control characters in a description cannot make a second row."""
    reason = why("exit_code_said", "out of\nmemory", exit_code=1)
    row = tried(3, verdict="crash", description="two\nlines\x00\tand \ud800 more", reason=reason)
    assert "3  -  crash  two lines and more (exit code 1: out of memory)" == section("What crashed", row)


def test_a_loser_is_told_with_how_far_behind_it_was() -> None:
    """A row that was stopped early says at which point, and what its loss and its base's were there."""
    reason = why("fell_behind", percent=40.0, loss=3.5, base_loss=3.25, bound=0.2)
    row = tried(3, outcome="stopped_early", reason=reason)
    said = "stopped early at 40 % of its budget: its loss, 3.5000, lay over 0.2 above its base's, 3.2500"
    assert f"3  -  {said}  idea 3" in section("The newest", row)


def test_an_open_experiment_is_told_as_being_tried() -> None:
    """What is being trained while the next is proposed is told too, so that it is not proposed again."""
    rows = [tried(3, 0.1, verdict="keep"), tried(4, verdict=None, outcome=None, description="this one")]
    assert "4  -  not decided yet  this one" == section("Being tried", *rows)
    assert "idea 3" not in section("Being tried", *rows)


def test_the_chain_has_the_gain_of_each_keep() -> None:
    """Each kept change stands with its gain on the one before it, beginning with the baseline."""
    keeps = tuple(
        Best(iteration=number, commit=commit, tree="", scores=(Score(metric=metric),))
        for number, commit, metric in ((0, BASE, 1.5), (2, BEST, 1.4))
    )
    chain = section("The kept", tried(2, verdict="keep", description="deeper"), run=RunState(keeps=keeps))
    assert ["0  -  1.500000  ", "2  +0.100000  1.400000  deeper"] == chain.splitlines()


def test_what_is_left_is_counted_from_the_last_event() -> None:
    """Time left is taken from the history, not from a clock."""
    limits = Limits(until="2026-11-27T02:00:00.000Z", trainings=5, begun=2)
    budgets, costs = Budgets(cost_usd=3.0, no_keep_for=9), Costs(calls=2, usd=0.5, unpriced=1, most_usd=0.5)
    at = "2026-11-27T01:30:00.000Z"
    run = RunState(limits=limits, updated_at=at, budgets=budgets, costs=costs, without_keep=4)
    standing = section("Where the run", run=run)
    assert "3 trainings left" in standing
    assert "30 min 00 s left" in standing
    assert "2.00 USD left for agents" in standing
    assert "the run ends after 5 more without a keep" in standing


def test_the_newest_are_told_in_full_and_older_ones_by_what_they_touched() -> None:
    """The newest eight have their plans; of those before, what set one constant stands together."""
    rows = [tried(n, -0.1, settings={"LR" if n % 2 else "DEPTH": n}) for n in range(1, 13)]
    plan = Proposal(status="ok", description="d", change_plan="the plan", commit_description="c")
    found = told(*rows, words=(worded(12, plan),))
    newest = next(text for title, text in found.items() if title.startswith("The newest"))
    older = next(text for title, text in found.items() if title.startswith("All experiments"))
    assert "plan: the plan" in newest
    assert newest.index("idea 12") < newest.index("idea 5")
    assert [
        "DEPTH: 2 tried, 0 kept, best -0.100000",
        "  2  -0.100000  discard  idea 2",
        "  4  -0.100000  discard  idea 4",
    ] == older.splitlines()[:3]
    assert older.splitlines()[3].startswith("LR: 2 tried")


def test_a_thousand_ideas_are_counted_where_they_have_no_lines() -> None:
    """Of what does not fit the newest have lines, and each group says how many it only counts."""
    rows = [tried(n, -0.1, settings={f"C{n % 3}": n}, description="x" * 300) for n in range(1, 1001)]
    text = grouped(ideas_of(rows, lower_is_better=True), 20_000)
    assert len(text) <= 20_000
    assert "  1000  " in text
    assert (
        sum(int(line.split(": ")[1].split()[0]) for line in text.splitlines() if " tried, " in line) == 1000
    )


def test_near_misses_are_told_the_best_first() -> None:
    """What seemed better and was not kept is a near miss; what lost, or was kept, is none."""
    rows = [tried(1, 0.01), tried(2, 0.03), tried(3, -0.5), tried(4, 0.2, verdict="keep")]
    assert ["2", "1"] == [line.split()[0] for line in section("Near misses", *rows).splitlines()]


def test_a_constant_is_told_with_its_range_and_the_values_tried() -> None:
    """Of each constant: its value now, what the search may give it, and what was tried with which gain."""
    found = knobs({"train.py": "LR = 0.1  # search: 0.05..0.4\nprint(LR)\n"})
    said = section("The constants", tried(7, -0.25, settings={"LR": 0.2}), code=Code(knobs=found))
    assert "LR = 0.1, search 0.05..0.4; tried 0.2 (-0.250000, 7)" == said


def test_after_a_plateau_other_instructions_are_given() -> None:
    """Eight ideas without a keep bring a word on how to go on, with numbers; seven do not."""
    near = [tried(1, 0.01, settings={"A": 1}), tried(2, 0.02, settings={"B": 1})]
    lost = [tried(n, -0.5) for n in range(3, 8)]
    assert "" == section("How to go on", *near, *lost)
    said = section("How to go on", *near, *lost, tried(8, -0.5))
    assert "The last 8 experiments were not kept" in said
    assert "combine near misses that touch different things (2 and 1)" in said


def test_a_keep_ends_the_streak() -> None:
    """What was lost before the last keep counts for no plateau."""
    rows = [tried(n, -0.5) for n in range(1, 10)]
    assert "" == section("How to go on", *rows, tried(10, 0.2, verdict="keep"))


def test_what_crashed_on_another_base_may_be_taken_up_again() -> None:
    """A crash on what is the best no more is named as one to look at again, one on the best is not."""
    rows = [tried(n, -0.5, base_commit=BEST) for n in range(3, 12)]
    old, new = (tried(n, verdict="crash", base_commit=on) for n, on in ((1, BASE), (2, BEST)))
    keeps = (Best(iteration=0, commit=BEST, tree="", scores=(Score(metric=1.5),)),)
    said = section("How to go on", old, new, *rows, run=RunState(keeps=keeps))
    assert "since the best is another one now (1);" in said


def test_what_an_agent_wrote_is_grouped_by_the_constants_that_it_names() -> None:
    """A proposal without settings touches the first constants that it names; files are no constants."""
    plan = Proposal(
        status="ok", description="", change_plan="Raise MATRIX_LR in train.py", commit_description=""
    )
    assert ("MATRIX_LR",) == names_in(plan)
    assert () == names_in(evolve(plan, change_plan="swap the MLP"))
