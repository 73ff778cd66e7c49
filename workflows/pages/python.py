"""Which Python trains, and why that one, in a line for people."""

from autoresearch.engine.system.interpreter import Interpreter
from autoresearch.events.values import why
from autoresearch.projections.words.wording import say


PYTHONS = {
    "setting": "the setting `python`",
    "uv": "uv's, because of {named}",
    "venv": "{named} of the repository",
    "active": "the active environment {named}",
    "conda": "conda's {named}",
    "poetry": "poetry's, because of {named}",
    "runner": "autoresearch's own: the repository names none",
}


def interpreter_line(python: Interpreter) -> str:
    """Say what `{python}` stands for and where that was found; or what is named and missing in its place."""
    if python.lacks and python.source == "runner":
        return say(why(python.lacks, named=python.named))
    return f"{' '.join(python.words)}  ({PYTHONS[python.source].format(named=python.named)})"
