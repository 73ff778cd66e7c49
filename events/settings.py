"""All settings of a run, each defined once: type, default, meaning, what it may hold, whether it decides.

A result may be compared with another only where the settings that decide agree. Reading them from a file is
engine/runs/settings.py; the page docs/config.md is made of the meanings here. Pure.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, ClassVar, TypeVar, cast

from attrs import field, fields, frozen

from autoresearch.events.values import COMPARED, CONDITIONS


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


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
PYTHON = "{python}"  # in a command: the interpreter that the runner itself runs on


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


def _positive(value: float) -> bool:
    return value > 0


def _not_negative(value: float) -> bool:
    return value >= 0


def _is_inside(path: str) -> bool:
    """Say whether a path stays within the repository and is written in its plain form."""
    parts = PurePosixPath(path).parts
    plain = str(PurePosixPath(*parts)) == path
    return bool(parts) and not path.startswith("/") and ".." not in parts and plain


def _all_inside(paths: tuple[str, ...]) -> bool:
    return all(_is_inside(path) for path in paths)


def _are_named(paths: tuple[str, ...]) -> bool:
    return all(path.strip() for path in paths)


def _are_bounds(bounds: tuple[float, ...]) -> bool:
    return not bounds or (len(bounds) == 2 and bounds[0] < bounds[1])  # noqa: PLR2004 - a pair


def _has_one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except (re.error, RecursionError, OverflowError):
        return False


def _above_zero(default: T, meaning: str) -> T:
    """Define a setting that is more than 0."""
    return setting(default, meaning, holds=_positive, expected="more than 0")


def _amount(default: T, meaning: str, *, decides: bool = False) -> T:
    """Define a setting that is 0 or more."""
    return setting(default, meaning, holds=_not_negative, expected="0 or more", decides=decides)


BITS_PER_BYTE = "val_bpb"
SEVERAL = ("last", "best", "void")
ANYWHERE = "/"  # in agent_writes
PLACES = "paths, absolute, from ~, or relative to the repository"
INSIDE = "paths relative to the repository, without .."


@frozen(kw_only=True)
class MetricSpec:
    """Which number of a training's output counts, and which way is better."""

    name: str = setting(
        BITS_PER_BYTE,
        "The name of the number that counts.",
        holds=lambda name: bool(name.strip()),
        expected="a name",
        decides=True,
    )
    pattern: str = setting(
        r"^val_bpb:\s*(\S+)",
        "A regular expression with one group, the number; its last match in the output counts.",
        holds=_has_one_group,
        expected="a regular expression with exactly one group",
        decides=True,
    )
    lower_is_better: bool = setting(True, "Whether a lower number is the better one.", decides=True)  # noqa: FBT003
    bounds: tuple[float, ...] = setting(
        (),
        "Two numbers; one that does not lie between them is no result. Empty: for val_bpb above 0, else any.",
        holds=_are_bounds,
        expected="two numbers, the lower first, or none",
        decides=True,
    )
    several: str = setting(
        "last",
        "Which number counts where several were printed: last, whose last ones have to agree where lines name"
        " several ranks; best; or void, none of them.",
        holds=lambda name: name in SEVERAL,
        expected=f"one of {', '.join(SEVERAL)}",
        decides=True,
    )

    def holds(self, value: float) -> bool:
        """Say whether a number can be one of this metric: bits per byte cannot be 0 or less."""
        least, most = self.bounds or (0.0 if self.name == BITS_PER_BYTE else -math.inf, math.inf)
        return least < value < most


@frozen(kw_only=True)
class RunConfig:
    """All settings of a run, as `[tool.autoresearch]` of pyproject.toml gives them."""

    VALUE_VERSION: ClassVar[int] = 2
    train: tuple[str, ...] = setting(
        (PYTHON, "train.py"),
        f"The training command, a list or one string; `{PYTHON}` is autoresearch's own interpreter.",
        holds=bool,
        expected="a command",
        decides=True,
    )
    evaluate: tuple[str, ...] = setting(
        (),
        "The command that scores what a training left, in a process of its own; its number decides.",
        decides=True,
    )
    evaluate_timeout_s: float = _above_zero(600.0, "Seconds after which an evaluation is ended.")
    evaluate_tolerance: float = _amount(
        0.01,
        "By which part of it the number that a training printed may differ from the evaluation's.",
        decides=True,
    )
    prepare: tuple[str, ...] = setting(
        (PYTHON, "prepare.py"), "The command that prepares data; empty where there is nothing to prepare."
    )
    check: tuple[str, ...] = setting(
        (PYTHON, "prepare.py", "--check"),
        "The command that says whether data is ready (exit code 0); empty where nothing needs checking.",
    )
    editable: tuple[str, ...] = setting(
        ("train.py",),
        "The files that a change may touch.",
        holds=lambda paths: bool(paths) and _all_inside(paths),
        expected=f"at least one file; {INSIDE}",
    )
    protected: tuple[str, ...] = setting(
        ("prepare.py", "program.md"),
        "The files that must be there and must not change.",
        holds=_all_inside,
        expected=INSIDE,
    )
    shared: tuple[str, ...] = setting(
        (),
        "What git does not know in your checkout and a training needs, as data or a .env: it gets links.",
        holds=_all_inside,
        expected=INSIDE,
    )
    kept: tuple[str, ...] = setting(
        (),
        "Files and folders of a training's checkout that one may leave to the next, as a compile cache.",
        holds=_all_inside,
        expected=INSIDE,
    )
    artifacts: tuple[str, ...] = setting(
        (),
        "Patterns of files that a training leaves in its checkout or its job's folder and that are kept.",
        holds=_all_inside,
        expected=INSIDE,
    )
    artifacts_newest: int = _amount(
        2,
        "Of so many of the newest iterations, beside the best's, artifacts are kept.",
    )
    inputs: tuple[str, ...] = setting(
        (),
        "Files and folders outside the checkout that results hang on; hashed, and watched while it trains.",
        holds=_are_named,
        expected=PLACES,
    )
    guidance_file: str = setting(
        "program.md",
        "The file that tells an agent what is worth trying.",
        holds=lambda path: not path or _is_inside(path),
        expected="a relative path",
    )
    metric: MetricSpec = MetricSpec()
    compare_on: tuple[str, ...] = setting(
        COMPARED,
        "The conditions, of those below, in which two results have to agree to be compared.",
        holds=lambda names: set(names) <= CONDITIONS.keys(),
        expected=f"names of {', '.join(CONDITIONS)}",
        decides=True,
    )
    keep_rule: str = setting("climb", "When a candidate is kept.")  # the rules: engine/verdicts/keep_rules.py
    seed_env: str = setting(
        "",
        "The environment variable that a training reads its seed from; what is compared has the same seed.",
        holds=lambda name: not name or bool(_VARIABLE.fullmatch(name)),
        expected="a name of letters, digits and _",
        decides=True,
    )
    noise: float = _amount(
        0.0, "By how much trainings of the same code differ, a standard deviation; 0: the baseline shows it."
    )
    baseline_repeats: int = _amount(
        0,
        "Under how many seeds the baseline is trained; 0: 3, from 60 loops on 5, where the rule asks for it.",
    )
    final: int = _amount(
        3, "On how many fresh seeds best and baseline are compared when no loop is left; 0: on none."
    )
    consolidate: int = _amount(0, "Fresh seeds on which each keep is compared with the one before; 0: none.")
    most_spent: float = _amount(
        0.0,
        "By how many times the best's wall or CPU seconds a training may exceed them and be kept; 0: any.",
    )
    training_budget: str = setting(
        "", "Given to the training as AUTORESEARCH_BUDGET; empty leaves it its own default.", decides=True
    )
    expected_s: float = _above_zero(300.0, "Seconds a training is expected to take at most.")
    timeout_s: float = _amount(
        0.0,
        "Seconds after which a training is ended; 0 is twice `expected_s` plus 300 for starting up.",
    )
    prepare_timeout_s: float = _above_zero(3600.0, "Seconds after which preparing data is ended.")
    agent: str = setting(
        "auto", "The agent that proposes and applies: auto, opencode, codex, claude, command or none."
    )
    agent_command: tuple[str, ...] = setting(
        (), "An agent of your own: a command that reads the prompt on its standard input."
    )
    agent_model: str = setting("", "The model the agent is asked to use; empty leaves it the agent's own.")
    agent_timeout_s: float = _above_zero(600.0, "Seconds after which an agent is ended.")
    agent_idle_s: float = _amount(
        120.0,
        "Seconds without output and without CPU use after which an agent is ended.",
    )
    agent_writes: tuple[str, ...] = setting(
        (),
        "Where an agent may write beside its checkout, its TMPDIR and its program's own files in your home; "
        f"`{ANYWHERE}` is anywhere.",
        holds=_are_named,
        expected=PLACES,
    )
    training_writes: tuple[str, ...] = setting(
        (),
        "Where a training that is evaluated may write beside its checkout, its job's folder, its TMPDIR and "
        f"~/.cache; `{ANYWHERE}` is anywhere. One that is not evaluated may write anywhere.",
        holds=_are_named,
        expected=PLACES,
    )
    agent_failures: int = _above_zero(3, "So many failures of an agent in a row pause the run.")
    fix_attempts: int = _amount(2, "How often an agent may mend a crashed candidate.")
    seed: int = setting(0, "The seed of the search that proposes where no agent does.")
    devices: tuple[str, ...] = setting(
        (),
        "The devices to train on, as CUDA_VISIBLE_DEVICES names them; empty: all that nvidia-smi lists.",
        holds=lambda names: all(_NAME.fullmatch(name) for name in names),
        expected="names of letters, digits, . _ -",
    )
    slots: int = _amount(
        0, "Trainings at once, each in a checkout of its own, dealt out over the devices; 0: one a device."
    )
    prefetch: int = _amount(
        1, "Iterations that are prepared while another one trains; 0: none. What was asked for goes first."
    )
    device_lock: str = setting(
        "auto",
        "What trainings of all runs wait for: auto (this machine's devices), a name of your own, or none.",
        holds=lambda name: bool(_NAME.fullmatch(name)),
        expected="a name of letters, digits, . _ -",
    )
    log_limit_mb: float = _above_zero(
        64.0,
        "Megabytes of a job's output that are kept; beyond it, its head and its tail.",
    )
    env: dict[str, str] = setting({}, "Environment variables added to a training.", decides=True)

    @property
    def holds_trainings(self) -> bool:
        """Say whether trainings may write in places of their own alone: an evaluation is to be believed."""
        return bool(self.evaluate) and ANYWHERE not in self.training_writes

    @property
    def deadline_s(self) -> float:
        """Return the seconds after which a training is ended."""
        startup_s = 300.0  # importing torch and compiling a model, generously
        return self.timeout_s or 2 * self.expected_s + startup_s


def definitions() -> dict[str, tuple[Setting, object]]:
    """Return every setting by its key in the table, with its definition and default, in order."""
    found: dict[str, tuple[Setting, object]] = {}
    for one in fields(RunConfig):
        if one.name == "metric":
            for part in fields(MetricSpec):
                found[f"metric.{part.name}"] = part.metadata["setting"], getattr(MetricSpec(), part.name)
        else:
            found[one.name] = one.metadata["setting"], getattr(RunConfig(), one.name)
    return found


def value_of(config: RunConfig, key: str) -> object:
    """Return what a setting holds, by its key in the table."""
    table, _, name = key.rpartition(".")
    return getattr(config.metric if table else config, name)


def changed_settings(old: RunConfig, new: RunConfig) -> tuple[str, ...]:
    """Return the names of the settings that differ."""
    return tuple(one.name for one in fields(RunConfig) if getattr(old, one.name) != getattr(new, one.name))


def deciding_changes(old: RunConfig, new: RunConfig) -> tuple[str, ...]:
    """Return the keys of the settings that differ, of those that decide what is compared."""
    deciding = (key for key, (about, _) in definitions().items() if about.decides)
    return tuple(key for key in deciding if value_of(old, key) != value_of(new, key))


def deciding_digest(config: RunConfig) -> str:
    """Return what is equal where, of all settings, those that decide are: only then results are compared.

    Defaults are left out: verdicts name the digest, and a setting that is added later changes none of them.
    """
    known = definitions().items()
    values = {key: (value_of(config, key), default) for key, (about, default) in known if about.decides}
    deciding = {key: value for key, (value, default) in values.items() if value != default}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]
