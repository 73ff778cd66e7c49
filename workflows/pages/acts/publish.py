"""What others read of a run's kept changes: the messages of their commits, and a pull request's text."""

from collections.abc import Iterator

from autoresearch.engine.control.results.publish import Kept, Publication, Published
from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.projections.state_text import say_gain, say_no_gain, say_row
from autoresearch.projections.words.times import mean_of, one_line
from autoresearch.projections.words.wording import name_of, short


def messages(it: Publication) -> list[str]:
    """Return the message of each keep's commit."""
    return [_message(one, it) for one in it.kept]


def title(it: Publication) -> str:
    """Return the subject of all of it; where fresh seeds show no gain, that comes first."""
    count, name = len(it.kept), it.config.metric.name
    changes = f"{count} kept change{'' if count == 1 else 's'}"
    if it.gain is not None and not it.gain.is_shown:
        return f"{name}, {say_no_gain(it.gain.gain, it.gain.half_width)} on fresh seeds: {changes}"
    if it.gain is not None:
        return f"{name}, {say_gain(it.gain.gain, it.gain.half_width, it.gain.pairs)}: {changes}"
    return f"{name} {it.kept[-1].metric:.6f}{mean_of(it.kept[-1].seeds)}: {changes}"


def pull_request(it: Publication) -> str:
    """Return the text of a pull request, as Markdown."""
    metric = it.config.metric
    best = "lower" if metric.lower_is_better else "higher"
    lines = [
        f"# {title(it)}",
        "",
        f"Kept by run `{it.run_id}` of autoresearch; {metric.name}, {best} is better.",
        *(
            [f"Gain of all of it: {say_gain(it.gain.gain, it.gain.half_width, it.gain.pairs)}."]
            if it.gain
            else []
        ),
        "",
        f"| change | {metric.name}, when it was chosen | what it gave | by |",
        "| --- | --- | --- | --- |",
        *map(_row, it.kept),
        "",
        *_left_out(it),
        f"Log: record {it.head}.",
    ]
    return "\n".join(lines) + "\n"


def published_lines(outcome: Published, it: Publication) -> Iterator[str]:
    """Yield what was made, and how to go on."""
    numbers = ", ".join(name_of(one) for one in outcome.commits)
    yield f"the branch {outcome.branch} stands on {short(outcome.commit)}: {numbers}"
    if outcome.there:
        yield f"there already: {', '.join(name_of(one) for one in outcome.there)}"
    if it.doubtful:
        yield f"left out as doubtful: {', '.join(name_of(one) for one in it.doubtful)}"
    yield f"its text is in {outcome.text}; git push origin {outcome.branch} sends the branch"


def _message(one: Kept, it: Publication) -> str:
    trailers = (
        f"Autoresearch-Run: {it.run_id}",
        f"Autoresearch-Iteration: {one.row.iteration}",
        f"Autoresearch-Log: {it.head}",
    )
    body = (
        f"{it.config.metric.name} {_numbers(one)}",
        _gave(one),
        f"by {_by(one)}",
    )
    subject = commit_subject(one.row.description)
    return "\n".join([subject, "", *body, "", *trailers]) + "\n"


def _row(one: Kept) -> str:
    what = f"{_cell(one.row.description)} | {_numbers(one)} | {_cell(_gave(one))}"
    return f"| {what} | {name_of(one.row.iteration)}, {_cell(_by(one))} |"


def _numbers(one: Kept) -> str:
    """Return the numbers before and after, and of how many seeds they are."""
    before, after = one.chosen_by
    pairs = one.row.inputs.get("pairs")
    of = mean_of(pairs) if isinstance(pairs, int) else "" if "gain" in one.row.inputs else " (of all seeds)"
    return f"{before:.6f} -> {after:.6f}{of}"


def _gave(one: Kept) -> str:
    """Say what a keep gave when it was chosen, and then on fresh seeds where that was measured."""
    chosen, sure = say_row(one.row), one.sureness
    return chosen if sure is None else f"{chosen}; then {say_gain(sure.gain, sure.half_width, sure.pairs)}"


def _by(one: Kept) -> str:
    if not one.agent:
        return "the search" if one.row.source == "search" else "a human"
    return f"{one.agent} {one.model}".strip()


def _left_out(it: Publication) -> list[str]:
    if not it.doubtful:
        return []
    numbers = ", ".join(name_of(one) for one in it.doubtful)
    return [f"Left out, since fresh seeds did not confirm them: {numbers}.", ""]


def _cell(text: str) -> str:
    return one_line(text, 200).replace("|", "\\|")
