"""Which real program meets what: the table of docs/agents.md, made from the tests themselves.

    python -m tests.agents.coverage LOG

prints it with the seconds that a log of `make test-agents` has (pytest -rA --durations=0).
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from attrs import frozen

from tests.agents.programs import ALL, ROOT


MODULES = ("test_proposers", "test_failures", "test_reviewers", "test_modes", "test_operators")
CALL = re.compile(r"([\d.]+)s call +tests/agents/\w+\.py::(\w+)\[(.+)\]")
PIN = re.compile(r"@?[\w/-]*?(opencode|codex|claude|gemini|aider)[\w-]*(?:@|==)([\d.]+)")
NONE = "-"


@frozen
class Met:
    """One test, and the programs that it is for."""

    name: str
    programs: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return what the table calls it."""
        return self.name.removeprefix("test_").replace("_", " ")


def versions() -> dict[str, str]:
    """Return the versions that the Makefile installs, by program."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    return dict(PIN.findall(" ".join(line for line in lines if re.match(r"(PROGRAMS|AIDER) ", line))))


def met() -> Iterator[Met]:
    """Yield each test of the real programs, in the order of its file."""
    for module in MODULES:
        for name, test in inspect.getmembers(import_module(f"tests.agents.{module}"), inspect.isfunction):
            if name.startswith("test_") and "seat" in inspect.signature(test).parameters:
                marks = [one.args for one in getattr(test, "pytestmark", []) if one.name == "parametrize"]
                those = next((args[1] for args in marks if args[0] == "seat"), ALL)
                yield Met(name, tuple(one.name for one in those))


def table(seconds: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[str]:
    """Yield its lines; what was not measured is a tick."""
    pins = versions()
    names = [one.name for one in ALL]
    yield f"| | {' | '.join(f'{name} {pins[name]}' for name in names)} |"
    yield f"| --- |{' --- |' * len(names)}"
    for one in met():
        cells = (
            ", ".join(seconds.get((one.name, name), ["✓"])) if name in one.programs else NONE
            for name in names
        )
        yield f"| {one.title} | {' | '.join(cells)} |"


def measured(log: str) -> dict[tuple[str, str], list[str]]:
    """Return the seconds of each test and program; of several ways, in their order."""
    found = sorted((test, case, said) for said, test, case in CALL.findall(log))
    by: dict[tuple[str, str], list[str]] = {}
    for test, case, said in sorted(found, key=lambda one: ("edit" in one[1], one)):
        program = next(one.name for one in ALL if one.name in case.split("-"))
        by.setdefault((test, program), []).append(f"{float(said):.0f}")
    return by


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table(measured(Path(sys.argv[1]).read_text())))
