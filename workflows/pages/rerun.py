"""A run driven again by its recorded answers -> text. Pure."""

from autoresearch.engine.audit.rerun import Departure, Rerun
from autoresearch.projections.words.times import counted, one_line
from autoresearch.workflows.pages.replay import VALUE_CHARACTERS, not_seen_line
from autoresearch.workflows.pages.ways_out import typed


def rerun_page(found: Rerun) -> str:
    """Return each departure, what could not be compared, and how it came out."""
    end = found.loaded.position.seq
    head = (
        f"{found.loaded.run.run_id or 'no run'}: {counted(end, 'event')}, "
        f"{counted(found.decisions, 'decision')} taken again, "
        f"{counted(found.prompts, 'prompt')} made again\n"
    )
    shown = "".join(_departure(one) for one in found.departures)
    more = f"and {found.more} more\n" if found.more else ""
    missed = "".join(f"not compared: {not_seen_line(one)}" for one in found.not_seen)
    return f"{head}{shown}{more}{missed}{_end(found, end)}{_outcome(found)}"


def _departure(one: Departure) -> str:
    told = one.difference
    history, now = (one_line(text, VALUE_CHARACTERS) for text in (told.found, told.expected))
    diff = "".join(f"    {line}\n" for line in one.diff)
    return f"event {told.seq}  {told.field}\n  history  {history}\n  now      {now}\n{diff}"


def _end(found: Rerun, end: int) -> str:
    """Say where the history ended too early, or that nobody here decided it."""
    said = []
    if found.unknown:
        said.append(
            f"event {end + 1} is of a later program ({one_line(found.unknown, VALUE_CHARACTERS)}): "
            "what comes from there on was not driven"
        )
    if found.damage:
        way = typed(f"repair {found.loaded.run.run_id}".strip())
        said.append(
            f"line {found.line} is damaged ({one_line(found.damage, VALUE_CHARACTERS)}): what comes from "
            f"there on was not driven; {way} sets it aside"
        )
    if found.torn:
        said.append(f"behind event {end} stands a write that is not whole: it never counted")
    if found.loaded.run.imported:
        said.append("the run was imported: what was done elsewhere was not decided here")
    return "".join(f"{one}\n" for one in said)


def _outcome(found: Rerun) -> str:
    count = len(found.departures) + found.more
    if not count:
        return "nothing differs\n"
    return f"{count} difference{'' if count == 1 else 's'}: the code of today would do something else\n"
