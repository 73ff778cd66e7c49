"""Two commands in the same instant: started before, held at a gate, let go together; and what they did."""

import fcntl
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from attrs import frozen

from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.log.read import read
from tests.e2e.conftest import ROOT, Program
from tests.waiting import PATIENCE_S, until


WAITING = f"""\
import fcntl, importlib, os, sys, time
sys.path[:1] = [{str(ROOT / "src")!r}]
from autoresearch.workflows.cli import main
import autoresearch.engine.loop.assembly
for module, _ in main.COMMANDS.values():
    importlib.import_module(module)
gate = os.open(sys.argv[1], os.O_RDONLY)
open(f"{{sys.argv[1]}}.{{os.getpid()}}", "x").close()
fcntl.flock(gate, fcntl.LOCK_SH)
time.sleep(float(sys.argv[2]))
sys.exit(main.main(sys.argv[3:]))
"""


@frozen(kw_only=True)
class Did:
    """A command that was called, and what it said that it did."""

    name: str
    words: tuple[str, ...]
    code: int
    said: str

    @property
    def acted(self) -> bool:
        """Say whether it claims to have changed anything; a `rebuild` changes what can be made anew."""
        idle = ("contains the best", "nothing to remove", "is whole", "nothing is left")
        return self.code == 0 and not any(words in self.said for words in idle)


def both(program: Program, forms: Sequence[tuple[str, ...]], later_s: Sequence[float]) -> list[Did]:
    """Call commands in one instant, each so much later; return what became of them."""
    gate = program.repo.parent / "gate"
    with gate.open("w") as closed:
        fcntl.flock(closed, fcntl.LOCK_EX)
        called = [
            subprocess.Popen(
                [sys.executable, "-c", WAITING, str(gate), str(seconds), *words],
                cwd=program.repo,
                env=program.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for words, seconds in zip(forms, later_s, strict=True)
        ]
        until(lambda: all(os.path.exists(f"{gate}.{one.pid}") for one in called))  # noqa: PTH110
    said = [one.communicate(timeout=PATIENCE_S)[0] for one in called]
    for one in called:
        Path(f"{gate}.{one.pid}").unlink()
    return [
        Did(name=REQUESTS.get(words[0], words[0]), words=words, code=one.returncode, said=text)
        for words, one, text in zip(forms, called, said, strict=True)
    ]


REQUESTS = dict.fromkeys(("final", "consolidate", "ablate"), "resume")  # their effect is a request
World = Mapping[str, Sequence[Recorded]]  # each run's history


def world(program: Program) -> World:
    """Return all that the repository's runs have recorded."""
    return {paths.run_id: tuple(read(paths.history)) for paths in started_runs(program.repo)}


def effects(before: World, after: World) -> Counter[str]:
    """Count what came between: by the command of which it is the effect, or by the text that it carries."""
    found: Counter[str] = Counter()
    later = {run: list(events[len(before.get(run, ())) :]) for run, events in after.items()}
    for new in after.keys() - before.keys():
        kinds = [type(one.event) for one in later[new]]
        made = "import" if ev.RunImported in kinds else "fork" if ev.RunForked in kinds else "start"
        found[made] += 1
        del later[new][: kinds.index(ev.LoopsRequested) + 1 if made == "start" else 0]  # in one batch
    for one in chain.from_iterable(later.values()):
        if one.by == "cli" and getattr(one.event, "without", None) is None:  # else it comes with a request
            found[EFFECTS.get(type(one.event), "")] += 1
            found[TEXTS.get(type(one.event), lambda _: "")(one.event)] += 1
    return found


EFFECTS = {
    ev.LoopsRequested: "resume",
    ev.StopRequested: "stop",
    ev.RunPaused: "pause",
    ev.RunUnpaused: "unpause",
    ev.ProposalReceived: "propose",
    ev.ProposalWithdrawn: "withdraw",
    ev.NoteAdded: "note",
    ev.IdeaNoted: "ideas",
    ev.ResultRetracted: "retract",
    ev.KeepAdopted: "adopt",
    ev.RunCleaned: "clean",
    ev.HistoryRepaired: "repair",
}
TEXTS: Mapping[type[ev.Event], Callable[..., str]] = {
    ev.NoteAdded: lambda event: event.text,
    ev.IdeaNoted: lambda event: event.text,
    ev.ResultRetracted: lambda event: event.why,
    ev.ProposalReceived: lambda event: event.proposal.description,
    ev.RunPaused: lambda event: event.reason.said,
}
