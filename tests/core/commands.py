"""What the tests of the decider share: the names of commands, and a candidate's commit."""

from autoresearch.engine.core import commands as do
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why


COMMIT = "c" * 40


def names(commands: tuple[do.Command, ...]) -> list[str]:
    return [type(command).__name__ for command in commands]


def changed(*names: str, **settings) -> ev.ConfigChanged:
    return ev.ConfigChanged(config=RunConfig(**settings), changed=names)


def lost(iteration: int, step: str, number: int) -> ev.JobLost:
    return ev.JobLost(iteration=iteration, step=step, number=number, reason=why("machine_restarted"))
