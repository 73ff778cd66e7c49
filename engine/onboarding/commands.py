"""The commands by which a repository is trained, as its README and its Makefile say them. Pure."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import field, frozen

from autoresearch.events.setting import IN_FOLDER, PYTHON, folder_and_words


_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)^[ \t]*(?:```|~~~)", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:^[ \t]*\n|\A)((?:^(?: {4}|\t)[^\n]*(?:\n|\Z))+)", re.MULTILINE)
_TARGET = re.compile(r"^(bench(?:mark)?|train|run|experiment)\s*:(?!=)", re.MULTILINE)
_SETS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_SHELL = re.compile(r"[|&;<>$`*]|\.\.\.|^#")  # needs a shell, or a human who fills something in
_MOVES = re.compile(r"cd\s+([\w./-]+)")
_MOVES_FIRST = re.compile(r"cd\s+([\w./-]+)\s*&&\s*(.+)")
_PYTHON = re.compile(r"(?:\S*/)?python(?:3(?:\.\d+)?)?")
_STARTERS = re.compile(
    rf"{_PYTHON.pattern}|{re.escape(PYTHON)}|uv|poetry|pipenv|pdm|torchrun|accelerate|mpirun|deepspeed|(?:ba)?sh|make"
)
# What only starts Python: the project's own takes its place.
_STARTS = (("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("pdm", "run"))
_MODULES = {"torchrun": "torch.distributed.run", "accelerate": "accelerate.commands.accelerate_cli"}


@frozen(kw_only=True)
class Called:
    """A command with what is set for it, and the files of the repository that it names."""

    words: tuple[str, ...]
    names: tuple[str, ...] = ()
    env: dict[str, str] = field(factory=dict)
    source: str = ""  # readme, makefile, script


def in_readme(text: str, files: Sequence[str]) -> Iterator[Called]:
    """Yield the commands of a README's code that run a file of the repository: fenced code, then indented."""
    for block in (*_FENCE.findall(text), *_INDENTED.findall(_FENCE.sub("", text))):
        folder = ""
        for line in block.replace("\\\n", " ").splitlines():
            said = line.strip().removeprefix("$ ").strip()
            if (moved := _MOVES.fullmatch(said)) is not None:
                folder = entered(folder, moved[1], files)
            called = parsed(said, files, folder=folder)
            if called is not None:
                yield called


def parsed(line: str, files: Sequence[str], *, source: str = "readme", folder: str = "") -> Called | None:
    """Return a line, typed in a folder, as a command; None where it needs a shell, or runs no file here."""
    line = re.split(r"\s+#", line)[0].strip()
    if (moved := _MOVES_FIRST.fullmatch(line)) is not None:
        there = entered(folder, moved[1], files)
        return parsed(moved[2], files, source=source, folder=there) if there else None
    if _SHELL.search(line):
        return None
    try:
        words: Sequence[str] = shlex.split(line)
    except ValueError:
        return None
    env: dict[str, str] = {}
    while words and (found := _SETS.fullmatch(words[0])):
        env[found[1]] = found[2]
        words = words[1:]
    within, words = folder_and_words(words)
    folder = within or folder
    top = f"{folder}/" if folder else ""
    names = [plain for word in words if (plain := top + word.removeprefix("./")) in files]
    module = next((after for before, after in pairwise(words) if before == "-m"), "")
    if module:
        path = module.replace(".", "/")
        places = (f"{path}.py", f"src/{path}.py", f"{path}/__main__.py", f"src/{path}/__main__.py")
        names += [top + place for place in places if top + place in files][:1]
    if not names or not (_STARTERS.fullmatch(words[0]) or words[0].startswith("./")):
        return None
    return Called(words=in_folder(folder, by_python(words)), names=tuple(names), env=env, source=source)


def in_folder(folder: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return a command as it is called from the top, where it is to run in a folder; "": there itself."""
    return (*IN_FOLDER, folder, *words) if folder else tuple(words)


def entered(folder: str, to: str, files: Sequence[str]) -> str:
    """Return the folder of the repository that `cd` leads to; "" for its top, and for what is not there."""
    path = posixpath.normpath(posixpath.join(folder, to))
    return path if any(name.startswith(f"{path}/") for name in files) else ""


def by_python(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the project's interpreter in place of what calls one."""
    words = list(words)
    if tuple(words[:2]) in _STARTS and len(words) > 2 and not words[2].startswith("-"):  # noqa: PLR2004 - a third
        words = words[2:] if not words[2].endswith(".py") else ["python", *words[2:]]
    if words and words[0] in _MODULES:
        return (PYTHON, "-m", _MODULES[words[0]], *words[1:])
    if words and _PYTHON.fullmatch(words[0]):
        return (PYTHON, *words[1:])
    return tuple(words)


def in_makefile(text: str) -> Iterator[Called]:
    """Yield the targets of a Makefile that sound like a training or a benchmark."""
    for target in dict.fromkeys(_TARGET.findall(text)):
        yield Called(words=("make", "-s", target), source="makefile")
