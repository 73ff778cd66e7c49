"""What a repository shows before anything of it is run: files, scripts, commands, and what git lacks."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from attrs import frozen

from autoresearch.engine.onboarding.commands import Called, in_makefile, in_readme
from autoresearch.engine.onboarding.scripts import Script, read_script
from autoresearch.engine.paths import RESULTS
from autoresearch.engine.ports.repository import Commits, Listing
from autoresearch.engine.runs.places import OWN_FILE


MOST_SCRIPTS = 400  # that are read, the outermost first
READMES = ("README.md", "README", "README.rst", "readme.md", "Readme.md")
MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
CONFIGS = (".yaml", ".yml", ".toml", ".json", ".cfg", ".ini", ".sh")
# Nobody's data: environments, caches, what trackers and builds leave, and our own runs.
OWN = (RESULTS, OWN_FILE, "program.md")  # no data, though nobody has committed them yet
PASSED_OVER = re.compile(
    r"\.?venv|env|\.git|\.autoresearch|__pycache__|node_modules|wandb|mlruns|lightning_logs|build|dist|target|\.tox"
    r"|\.(?:mypy|ruff|pytest)_cache|\.ipynb_checkpoints|\.idea|\.vscode|outputs|multirun|.*\.(?:egg-info|pyc|log)"
)


class Looked(Commits, Listing, Protocol):
    """What looking at a repository needs of git."""


@frozen(kw_only=True)
class Sight:
    """What was seen of a repository at a commit."""

    home: Path
    commit: str
    files: tuple[str, ...]  # that are committed
    scripts: dict[str, Script]
    calls: tuple[Called, ...]  # as its README and Makefile have them
    apart: tuple[str, ...]  # there, but not committed, and not a cache or an environment
    texts: tuple[str, ...]  # whole files that may name paths: settings, shell scripts

    def has(self, path: str) -> bool:
        """Say whether a file is committed."""
        return path in self.files

    def leaves(self, words: tuple[str, ...]) -> bool:
        """Say whether a command runs a committed file that README and Makefile call in no other way."""
        otherwise = {name for one in self.calls if one.words != words for name in one.names}
        return any(self.has(word) and word not in otherwise for word in words)


def look_at(home: Path, commit: str, git: Looked) -> Sight:
    """Read what is committed, and list what is not."""
    files = git.committed(commit)
    pythons = [path for path in sorted(files, key=lambda path: path.count("/")) if path.endswith(".py")]
    read = (read_script(path, git.show(commit, path) or b"") for path in pythons[:MOST_SCRIPTS])

    def text(path: str) -> str:
        return (git.show(commit, path) or b"").decode(errors="replace")

    calls: list[Called] = []
    for name in READMES:
        if name in files:
            calls += in_readme(text(name), files)
    for name in MAKEFILES:
        if name in files:
            calls += in_makefile(text(name))
    return Sight(
        home=home,
        commit=commit,
        files=files,
        scripts={one.path: one for one in read if one is not None},
        calls=tuple(calls),
        apart=tuple(_apart(git.uncommitted())),
        texts=tuple(text(path) for path in files[: 5 * MOST_SCRIPTS] if path.endswith(CONFIGS)),
    )


def _apart(paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        parts = PurePosixPath(path).parts
        if path not in OWN and not any(PASSED_OVER.fullmatch(part) for part in parts):
            yield path
