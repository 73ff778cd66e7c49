"""What others read of a run's kept changes: the messages of their commits, and a pull request's text."""

from collections.abc import Iterator

from autoresearch.engine.control.publish import Kept, Publication, Published
from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.projections.state_text import say_gain, say_row
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.wording import name_of, short


def messages(it: Publication) -> list[str]:
    """Return the message of each keep's commit."""
    return [_message(one, it) for one in it.kept]


def title(it: Publication) -> str:
    """Return the subject of all of it."""
    count = len(it.kept)
    return f"{it.config.metric.name} {it.kept[-1].metric:.6f}: {count} kept change{'' if count == 1 else 's'}"


def pull_request(it: Publication) -> str:
    """Return the text of a pull request, as Markdown."""
    metric = it.config.metric
    best = "lower" if metric.lower_is_better else "higher"
    lines = [
        f"# {title(it)}",
        "",
        f"Kept by run `{it.run_id}` of autoresearch; {metric.name}, {best} is better.",
        *(
            [f"On fresh seeds: {say_gain(it.gain.gain, it.gain.half_width, it.gain.pairs)}."]
            if it.gain
            else []
        ),
        "",
        f"| change | {metric.name} | what it gave | by |",
        "| --- | --- | --- | --- |",
        *(
            f"| {_cell(one.row.description)} | {one.before:.6f} -> {one.metric:.6f} | {_cell(_gave(one))} "
            f"| {name_of(one.row.iteration)}, {_cell(_by(one))} |"
            for one in it.kept
        ),
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
        f"{it.config.metric.name} {one.before:.6f} -> {one.metric:.6f}",
        _gave(one),
        f"by {_by(one)}",
    )
    subject = commit_subject(one.row.description)
    return "\n".join([subject, "", *body, "", *trailers]) + "\n"


def _gave(one: Kept) -> str:
    """Say what a keep gave: with its interval where that was measured on fresh seeds."""
    if one.sureness is not None:
        return say_gain(one.sureness.gain, one.sureness.half_width, one.sureness.pairs)
    return say_row(one.row)


def _by(one: Kept) -> str:
    if not one.agent:
        return "the search" if one.row.source == "search" else "a human"
    return f"{one.agent} {one.model}".strip()


def _gain(it: Publication) -> list[str]:
    gain = it.gain
    return [] if gain is None else [f"On fresh seeds: {say_gain(gain.gain, gain.half_width, gain.pairs)}."]


def _left_out(it: Publication) -> list[str]:
    if not it.doubtful:
        return []
    numbers = ", ".join(name_of(one) for one in it.doubtful)
    return [f"Left out, since fresh seeds did not confirm them: {numbers}.", ""]


def _cell(text: str) -> str:
    return one_line(text, 200).replace("|", "\\|")
