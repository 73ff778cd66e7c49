"""What one setting is: its type and default, what it means and may hold; guards as they are written. Pure."""

import operator
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar, cast

from attrs import field, frozen


PYTHON = "{python}"  # in a command: the interpreter of the user's project
SEED = "{seed}"  # in the training's command: its seed
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
AGENT_STEPS = ("propose", "apply", "edit", "triage", "review")
AGENTS = ("opencode", "codex", "claude", "gemini", "aider", "custom")
BY_STEP = "propose, apply, edit, triage, review, an agent's name, or both as codex.apply"
IN_FOLDER = ("env", "-C")  # how a command begins that runs in a folder of the checkout: its next word
GUARD = re.compile(
    r"\s*(?P<name>[^\s<>=]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
)
COMMAND_GUARD = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9 ._-]*?)\s*:\s*(?P<command>\S.*)")


@frozen(kw_only=True)
class Setting:
    """What is known of one setting beside its type and default."""

    meaning: str  # one sentence, for people
    holds: Callable[[Any], bool]  # whether a value makes sense
    expected: str  # said where it does not
    decides: bool  # whether two results are compared only where it agrees


def _anything(_value: object) -> bool:
    return True


T = TypeVar("T")


def setting(
    default: T,
    meaning: str,
    *,
    holds: Callable[[Any], bool] = _anything,
    expected: str = "",
    decides: bool = False,
) -> T:
    """Define a field of the settings; a dict as default stands for a new empty one each."""
    about = {"setting": Setting(meaning=meaning, holds=holds, expected=expected, decides=decides)}
    if isinstance(default, dict):
        made: Any = field(factory=dict, metadata=about)
    else:
        made = field(default=default, metadata=about)
    return cast("T", made)


V = TypeVar("V", str, tuple[str, ...])


def for_step(value: V | dict[str, V], agent: str, step: str, otherwise: V) -> V:
    """Return what a setting says for an agent at a step; of a table, the nearest that fits."""
    if not isinstance(value, dict):
        return value
    nearest = (f"{agent}.{step}", agent, step)
    return next((value[key] for key in nearest if key in value), otherwise)


def program_in(agent: str) -> str:
    """Return the program of an agent that may name a model: of `codex:gpt-5.5`, codex."""
    return agent.partition(":")[0]


def model_for(models: str | dict[str, str], agent: str, step: str) -> str:
    """Return the model that an agent is asked to use at a step; "" leaves it its own.

    What a table says of a step goes before the model in an agent's name, and that before all the rest.
    """
    program, _, model = agent.partition(":")
    if not model:
        return for_step(models, program, step, "")
    by_step = models if isinstance(models, dict) else {}
    return by_step.get(f"{program}.{step}") or by_step.get(step) or model


def _positive(value: float) -> bool:
    return value > 0


def _not_negative(value: float) -> bool:
    return value >= 0


def above_zero(default: T, meaning: str) -> T:
    """Define a setting that is more than 0."""
    return setting(default, meaning, holds=_positive, expected="more than 0")


def amount(default: T, meaning: str, *, decides: bool = False) -> T:
    """Define a setting that is 0 or more."""
    return setting(default, meaning, holds=_not_negative, expected="0 or more", decides=decides)


def one_of(names: tuple[str, ...], meaning: str) -> str:
    """Define a setting that is one of some names, by default the first."""
    return setting(names[0], meaning, holds=lambda name: name in names, expected=" or ".join(names))


def is_inside(path: str) -> bool:
    """Say whether a path stays within the repository and is written in its plain form."""
    parts = PurePosixPath(path).parts
    plain = str(PurePosixPath(*parts)) == path
    return bool(parts) and not path.startswith("/") and ".." not in parts and plain


def all_inside(paths: tuple[str, ...]) -> bool:
    """Say whether all paths stay within the repository."""
    return all(is_inside(path) for path in paths)


def is_guard(text: str) -> bool:
    """Say whether a guard holds a number within a bound, or is a command that can be split into words."""
    if GUARD.fullmatch(text):
        return True
    try:
        return COMMAND_GUARD.fullmatch(text) is not None and bool(guard_argv(text))
    except ValueError:  # quotes that do not end
        return False


def are_named(paths: tuple[str, ...]) -> bool:
    """Say whether none of them is empty."""
    return all(path.strip() for path in paths)


def guard_argv(guard: str) -> tuple[str, ...]:
    """Return the command of a guard that is one, `tests: pytest -q`, as words.

    Raises:
        ValueError: its quotes do not end.
    """
    return tuple(shlex.split(guard.partition(":")[2]))


def with_python(command: Sequence[str], python: Sequence[str]) -> tuple[str, ...]:
    """Return a command with `{python}` replaced: by its words where it stands alone, else written as one."""
    whole = shlex.join(python) if len(python) > 1 else python[0]
    return tuple(
        part for word in command for part in (python if word == PYTHON else (word.replace(PYTHON, whole),))
    )


def with_seed(command: Sequence[str], seed: int | None) -> tuple[str, ...]:
    """Return a command with `{seed}` replaced; None: it has none."""
    return tuple(word if seed is None else word.replace(SEED, str(seed)) for word in command)


def folder_and_words(command: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the folder that a command moves to before all else, "" for none, and what it runs there."""
    moves = tuple(command[:2]) == IN_FOLDER and len(command) > 3  # noqa: PLR2004 - a folder and a word
    return (command[2], tuple(command[3:])) if moves else ("", tuple(command))


def outside(guard: str, numbers: Mapping[str, Sequence[float]]) -> tuple[float, ...] | None:
    """Return those of some numbers, by name, that lie outside of a guard's bound; None: it is a command."""
    parts = GUARD.fullmatch(guard)
    if parts is None:
        return None
    holds, bound = _HOLDS[parts["sign"]], float(parts["bound"])
    return tuple(number for number in numbers.get(parts["name"], ()) if not holds(number, bound))


def by_step(value: object) -> bool:
    """Say whether a setting of agents is one for all, or a table of steps and agents that there are."""
    keys = {*AGENT_STEPS, *AGENTS, *(f"{agent}.{step}" for agent in AGENTS for step in AGENT_STEPS)}
    return not isinstance(value, dict) or keys >= value.keys()
