"""Take every decision of a golden run again; `mutated` does so under a changed rule."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType

from autoresearch.engine.audit.report import Difference
from autoresearch.engine.audit.rules import IMPOSSIBLE, Rules
from autoresearch.engine.core.rules.outcomes import Unknown
from autoresearch.engine.verdicts import keep_rules
from autoresearch.events.encoding.codec import RawEvent
from autoresearch.events.log.read import read
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState


def first_difference(history: Path) -> str | None:
    """Return the first thing in which a history is not what the rules of today give, None for nothing."""
    found = next(iter(differences(history).values()), None)
    return None if found is None else f"{history.stem}, record {found.seq}: {found}"


def differences(history: Path) -> dict[str, Difference]:
    """Return the first difference of each check that needs nothing but the history."""
    run, rules = RunState(), Rules()
    for recorded in read(history):
        event = recorded.event
        assert not isinstance(event, RawEvent)
        try:
            rules.see(run, event, recorded, search=lambda *_: Unknown())
        except IMPOSSIBLE as error:
            rules.impossible(recorded, error)
            break
        run = RUN.evolve(run, recorded)
    else:
        rules.finish()
    return {one.name: one.first for one in rules.tallies if one.first is not None}


@contextmanager
def mutated(module: ModuleType, old: str, new: str) -> Iterator[None]:
    """Let a module's functions be what they were if its source said `new` where it says `old`, once."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text()
    assert 1 == source.count(old), f"{old!r} stands {source.count(old)} times in {module.__name__}"
    names = dict(vars(module))
    exec(compile(source.replace(old, new), module.__file__, "exec"), names)  # noqa: S102 - our own source
    changed = {
        id(was): names[name]
        for name, was in vars(module).items()
        if isinstance(was, FunctionType) and was.__module__ == module.__name__
    }
    # Wherever a function of the module is known by name, also in a table of it, the changed one stands in.
    ours = [
        one for name, one in list(sys.modules.items()) if name.startswith(("autoresearch.", "tests.golden."))
    ]
    before = [(one, name, was) for one in ours for name, was in vars(one).items() if id(was) in changed]
    tables = [table for one in ours for table in vars(one).values() if isinstance(table, dict)]
    entries = [(table, key, was) for table in tables for key, was in table.items() if id(was) in changed]
    rules = keep_rules.RULES
    try:
        for one, name, was in before:
            setattr(one, name, changed[id(was)])
        for table, key, was in entries:
            table[key] = changed[id(was)]
        if module is keep_rules:
            keep_rules.RULES = names["RULES"]
        yield
    finally:
        keep_rules.RULES = rules
        for one, name, was in before:
            setattr(one, name, was)
        for table, key, was in entries:
            table[key] = was
