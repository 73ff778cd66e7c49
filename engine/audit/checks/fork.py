"""What a run was forked with, compared with the run that it names: its code, results and notes of then."""

from attrs import asdict, evolve

from autoresearch.engine.audit.report import Tally, first_difference
from autoresearch.engine.core.inheritance import inheritance
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import has_begun, run_named
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import AutoresearchError


TAKEN_OVER = (ev.ResultInherited, ev.NoteAdded, ev.IdeaNoted, ev.LessonNoted, ev.MemoryNamed)


def _nameless(one: ev.Event) -> ev.Event:
    return evolve(one, agent="", model="") if isinstance(one, ev.ResultInherited) else one


class Fork:
    """Gathers what a fork begins with, and makes it again from the other run's history."""

    def __init__(self, paths: RunPaths) -> None:
        self.tally = Tally("fork", "records made again from the run that this one was forked from")
        self._paths = paths
        self._begun: tuple[ev.RunStarted, Recorded] | None = None
        self._forked: ev.RunForked | None = None
        self._taken_over: list[tuple[ev.Event, Recorded]] = []

    def see(self, event: ev.Event, recorded: Recorded) -> None:
        """Note what one event says."""
        match event:
            case ev.RunStarted():
                self._begun = (event, recorded)
            case ev.RunForked():
                self._forked = event
                self._taken_over.append((event, recorded))
            case _ if isinstance(event, TAKEN_OVER) and self._forked is not None and recorded.by == "fork":
                self._taken_over.append((event, recorded))
            case _:
                pass

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Return the check, where the run was forked."""
        return (self.tally,) if self._forked is not None else ()

    def finish(self) -> None:
        """Compare all of it, where the other run is there."""
        forked, begun = self._forked, self._begun
        if forked is None or begun is None:
            return
        source = self._source(forked)
        if source is None:
            return
        if source.position.hash != forked.head:
            record = self._taken_over[0][1]
            self.tally.differ(record=record, field="head", expected=source.position.hash, found=forked.head)
            return
        self._compare_code(begun, source)
        expected = inheritance(source.run, source.timeline, head=forked.head)
        if not any(isinstance(event, ev.MemoryNamed) for event, _ in self._taken_over):
            # A fork of before 2026-11-27 left the memories behind; none of its results hangs on them.
            expected = tuple(one for one in expected if not isinstance(one, ev.MemoryNamed))
        if not any(isinstance(event, ev.ResultInherited) and event.agent for event, _ in self._taken_over):
            expected = tuple(map(_nameless, expected))  # the same: of version 2, they were left behind
        for (event, recorded), wanted in zip(self._taken_over, expected, strict=False):
            self.tally.count += 1
            self._compare(event, recorded, wanted)
        if len(expected) != len(self._taken_over):
            _, last = self._taken_over[-1]
            self.tally.differ(
                record=last, field="type", expected=f"{len(expected)} records", found=len(self._taken_over)
            )

    def _source(self, forked: ev.RunForked) -> Loaded | None:
        """Return the other run as of then; None where it is gone, or cannot be read so far."""
        paths = run_named(self._paths.home, forked.source)
        if not has_begun(paths):
            self.tally.miss("fork_gone", forked.source)
            return None
        try:
            loaded = load(paths, upto=forked.seq)
        except AutoresearchError:
            self.tally.miss("fork_gone", forked.source)
            return None
        if loaded.position.seq < forked.seq:  # it was repaired since, or an older copy put back
            self.tally.miss("fork_gone", f"{forked.source}, record {forked.seq}")
            return None
        return loaded

    def _compare_code(self, begun: tuple[ev.RunStarted, Recorded], source: Loaded) -> None:
        """Compare commit and settings: those of the best of then, and of then."""
        event, recorded = begun
        run = source.run
        base = (run.best.commit, run.best.tree) if run.best else (run.base_commit, run.base_tree)
        pairs = {"base_commit": base[0], "base_tree": base[1], "config": run.config}
        self._differ(pairs, event, recorded)

    def _compare(self, event: ev.Event, recorded: Recorded, wanted: ev.Event) -> None:
        if type(event) is not type(wanted):
            self.tally.differ(
                record=recorded, field="type", expected=type(wanted).__name__, found=type(event).__name__
            )
            return
        self._differ(asdict(wanted, recurse=False), event, recorded)

    def _differ(self, pairs: dict[str, object], event: ev.Event, recorded: Recorded) -> None:
        found = first_difference(pairs, event)
        if found is not None:
            field, expected, value = found
            self.tally.differ(record=recorded, field=field, expected=expected, found=value)
