"""The settings that a repository needs, proposed from what was seen of it; but for the metric."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from attrs import frozen

from autoresearch.engine.onboarding.commands import Called
from autoresearch.engine.onboarding.scripts import Script, module_of, needed_by, ranked
from autoresearch.engine.onboarding.shared import needed
from autoresearch.engine.onboarding.sight import Sight
from autoresearch.engine.system.interpreter import Interpreter, look_for
from autoresearch.events.setting import PYTHON, SEED


LIKELY = 50  # the worth of a script that is called as trainings are, and prints a metric
MOST_EDITABLE = 30  # files; a change is easier to judge in few
SOURCES = ("*.c", "*.h", "*.cc", "*.cpp", "*.hpp", "*.cu", "*.cuh", "*.rs", "*.go", "*.zig", "*.f90")
CONFIGS = (".yaml", ".yml", ".toml", ".json", ".py")
PREPARE, CHECK = "prepare.py", "--check"
_PREPARES = re.compile(r"^(prepare|download|get_data|make_data|preprocess)")
# What a number hangs on must not be what is changed to make it better.
_JUDGES = re.compile(
    r"(^|[\W_])(prepare|download|evaluat\w*|eval|scor\w*|metrics?|datasets?|data|dataloader|tokeni[sz]er|tests?|conftest"
    r"|bench(mark)?|launch\w*|setup)([\W_]|$)"
)
_MODELS = re.compile(r"models?|nets?|networks?|layers|modules|architectures?|optim\w*|losses")
SEED_OPTION = "--seed"
# These hang on the shell that asks: written down, they hold for a shell to come.
OF_THE_SHELL = ("active", "conda")


@frozen(kw_only=True)
class Proposed:
    """Settings by their keys, and what was found on the way."""

    settings: dict[str, object]
    python: Interpreter
    script: str  # that trains; "" where a command of another kind does
    source: str  # readme, makefile, script, option, setting
    others: tuple[str, ...] = ()  # scripts that could be meant as well
    carried: tuple[str, ...] = ()  # read and written: not shared
    apart: tuple[str, ...] = ()  # neither committed nor named anywhere


def calls_of(sight: Sight) -> list[Called]:
    """Return the commands that may be the training's, the likeliest first."""
    told: dict[str, Called] = {}
    for call in sight.calls:
        told.setdefault(script_of(call, sight), call)
    called = [(one, told.get(one.path) or script_call(one)) for one in ranked(sight.scripts)]
    likely = [call for one, call in called if one.worth >= LIKELY]
    others = [call for call in sight.calls if not script_of(call, sight) and not prepares(call)]
    found: list[Called] = []
    for call in (*likely, *others, *(call for _, call in called)):
        if call not in found:
            found.append(call)
    return found


def script_of(call: Called, sight: Sight) -> str:
    """Return the Python script that trains in a command; "" where none of those that it names does."""
    able = [one.path for one in ranked(sight.scripts) if one.path in call.names]
    return able[0] if able else ""


def prepares(call: Called) -> bool:
    """Say whether a command makes data."""
    return any(_PREPARES.search(PurePosixPath(name).stem) for name in call.names)


def script_call(script: Script) -> Called:
    """Return how a script is called that nobody says how to call."""
    path = PurePosixPath(script.path)
    in_source = path.parts[0] == "src"
    words: tuple[str, ...] = (PYTHON, script.path)
    if script.relative or (in_source and len(path.parts) > 2):  # noqa: PLR2004 - src, package, file
        words = (PYTHON, "-m", module_of(script.path))
    elif script.ranks:
        words = (PYTHON, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=1", script.path)
    return Called(words=words, names=(script.path,), source="script")


def propose(sight: Sight, called: Called, python: Interpreter, others: Iterable[Called] = ()) -> Proposed:
    """Return the settings for a training command."""
    script = sight.scripts.get(script_of(called, sight))
    env = dict(called.env)
    if script is not None and script.path.startswith("src/") and "-m" in called.words:
        env.setdefault("PYTHONPATH", "src")
    own = needed_by(script, sight.scripts, env.get("PYTHONPATH", "src")) if script is not None else ()
    read = [sight.scripts[path] for path in (*((script.path,) if script else ()), *own)]
    shared = needed(sight, read)
    seed_env = next((one.seed_env for one in read if one.seed_env), "")
    settings: dict[str, object] = {
        "train": called.words if seed_env else _with_seed(called, script),
        "editable": _editable(sight, called, script, own),
        "protected": tuple(path for path in (PREPARE, "evaluate.py") if sight.has(path)),
        **_prepared(sight, shared.paths),
    }
    if shared.paths:
        settings["shared"] = shared.paths
    if env:
        settings["env"] = env
    if seed_env:
        settings["seed_env"] = seed_env
    if python.source in OF_THE_SHELL:
        settings["python"] = python.words
    return Proposed(
        settings=settings,
        python=python,
        script=script.path if script is not None else "",
        source=called.source,
        others=tuple(" ".join(one.words) for one in others if one.words != called.words)[:5],
        carried=shared.carried,
        apart=tuple(path for path in sight.apart if path not in (*shared.paths, *shared.carried)),
    )


def look(sight: Sight, setting: tuple[str, ...], called: Called | None = None) -> Proposed | None:
    """Return what is proposed for a repository; None where no command was found."""
    found = calls_of(sight)
    python = look_for(sight.home, setting)
    proposed = [propose(sight, one, python, found) for one in ([called] if called else found)]
    # A command that names no file of the repository says nothing of what may be changed.
    return next((one for one in proposed if one.settings["editable"]), next(iter(proposed), None))


def _with_seed(called: Called, script: Script | None) -> tuple[str, ...]:
    """Return the command with the seed of each training, where its script has an option for that."""
    words = called.words
    if called.source in ("option", "setting") or script is None or SEED_OPTION not in script.texts:
        return words
    if PYTHON not in words:
        return words
    if SEED_OPTION in words[:-1]:
        at = words.index(SEED_OPTION)
        words = (*words[:at], *words[at + 2 :])
    words = tuple(word for word in words if not word.startswith(f"{SEED_OPTION}="))
    return (*words, f"{SEED_OPTION}={SEED}")


def _prepared(sight: Sight, shared: tuple[str, ...]) -> dict[str, object]:
    """Return how data are made and checked; nothing makes them that are there already."""
    told = [call for call in sight.calls if prepares(call)]
    if shared or not (told or sight.has(PREPARE)):
        return {"prepare": (), "check": ()}
    prepare = told[0].words if told else (PYTHON, PREPARE)
    script = sight.scripts.get(PREPARE)
    knows = prepare == (PYTHON, PREPARE) and script is not None and CHECK in script.texts
    return {"prepare": prepare, "check": (PYTHON, PREPARE, CHECK) if knows else ()}


def _editable(sight: Sight, called: Called, script: Script | None, own: tuple[str, ...]) -> tuple[str, ...]:
    if script is not None:
        configs = _configs(sight, called, script)
        near = [path for path in own if _is_beside(path, script.path)]
        beside = [path for path in near if not _JUDGES.search(path) and not path.endswith("__init__.py")]
        return tuple(dict.fromkeys((script.path, *beside, *configs)))[:MOST_EDITABLE]
    sources = [
        path
        for path in sight.files
        if any(PurePosixPath(path).match(pattern) for pattern in SOURCES)
        and not _JUDGES.search(path)
        and not path.endswith((".h", ".hpp", ".cuh"))
    ]
    return tuple(sources[:MOST_EDITABLE]) or called.names[:1]


def _is_beside(path: str, script: str) -> bool:
    """Say whether a module is of the script's folder, package or model: what lies elsewhere may judge it."""
    folder, place = PurePosixPath(script).parent, PurePosixPath(path)
    in_package = folder.parts and place.is_relative_to(folder)
    return bool(place.parent == folder or in_package or _MODELS.fullmatch(place.parent.name))


def _configs(sight: Sight, called: Called, script: Script) -> list[str]:
    """Return the settings files that the command names, or that its script reads by name."""
    texts = {text for text in (*script.texts, *called.words) if len(text) > 1}
    names = {PurePosixPath(text).name for text in texts}
    found = []
    for path in sight.files:
        place = PurePosixPath(path)
        if (
            place.suffix not in CONFIGS
            or path in (script.path, "pyproject.toml")
            or _JUDGES.search(place.stem)
        ):
            continue
        above = set(place.parent.parts) & names  # the folder that it is looked for in
        if path in (script.path, "pyproject.toml"):
            continue
        if path in texts or (place.suffix != ".py" and (place.name in names or above)):
            found.append(path)
    return found
