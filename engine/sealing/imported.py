"""Which modules a baseline really imported from the user's checkout: its own cache of bytecode tells.

Below the folder that PYTHONPYCACHEPREFIX names Python writes the bytecode of each file that it imports, under
that file's whole path; what a script puts on `sys.path` shows there too. That packages are compiled
once more costs a baseline with torch 2 s (2026-11); to link what they have would cost as much.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import frozen


BYTECODE = ".pyc"
# An environment, or Python's own modules, wherever it lies.
INSTALLED = re.compile(r"/(?:lib|lib64)/(?:python|pypy)[0-9.]*/|/(?:site|dist)-packages/")


@frozen(kw_only=True)
class Imported:
    """What was imported in a training, told from its cache."""

    cache: Path

    def from_checkout(self, home: Path, own: Path, declared: Iterable[Path]) -> tuple[str, ...]:
        """Return the files below `home` that were imported, relative to it, and sorted.

        Not those of the training's own checkout, installed ones, and what lies at or below a declared path.
        """
        top = Path(os.path.realpath(home))
        places = [
            own.absolute(),
            Path(os.path.realpath(own)),
            *(Path(os.path.realpath(one)) for one in declared),
        ]
        found = set()
        for folder, name in self._modules():
            real = Path(os.path.realpath(folder), name)
            if not real.is_relative_to(top) or INSTALLED.search(f"{folder}/") or not real.is_file():
                continue
            if not any(one.is_relative_to(place) for one in (Path(folder), real) for place in places):
                found.add(real.relative_to(top).as_posix())
        return tuple(sorted(found))

    def _modules(self) -> Iterator[tuple[str, str]]:
        """Yield folder and name of each file whose bytecode was written."""
        for folder, _, names in os.walk(self.cache):
            source = folder.removeprefix(str(self.cache)) or "/"
            for name in names:
                if name.endswith(BYTECODE):
                    yield source, f"{name.split('.', 1)[0]}.py"
