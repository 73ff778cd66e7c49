"""The Python that the runner itself runs on: what `{python}` stands for in a command of the settings."""

import sys
from collections.abc import Sequence

from autoresearch.events.settings import PYTHON


def with_interpreter(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command with `{python}` replaced, in any of its words."""
    return tuple(word.replace(PYTHON, sys.executable) for word in command)
