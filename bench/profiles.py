"""train.py as a module of its own with some constants changed: the full profile, or a miniature of it."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


SCRIPT = Path(__file__).resolve().parents[1] / "train.py"


def load(profile: str, **constants: object) -> Any:  # noqa: ANN401 - what train.py holds is its own affair
    """Return train.py with its PROFILE set, and then the constants."""
    as_it_is = SCRIPT.read_text(encoding="utf-8")
    source = re.sub(r'^PROFILE = "\w+"', f'PROFILE = "{profile}"', as_it_is, flags=re.MULTILINE)
    module = ModuleType(f"train_{profile}")
    module.__file__ = str(SCRIPT)
    sys.modules[module.__name__] = module  # torch.compile looks up the names of a function there
    exec(compile(source, SCRIPT, "exec"), vars(module))  # noqa: S102 - our own file
    unknown = constants.keys() - vars(module).keys()
    if unknown:
        raise KeyError(*unknown)
    vars(module).update(constants)
    return module
