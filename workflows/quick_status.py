"""`status`, page and object, at once: what state.json keeps and the world now, without folding.

Answers only where the whole command (workflows/cli/look.py) could say nothing else: the words are the plain
ones, the folder is the user's and no run's, and state.json is of this program and ends just where the history
does. Anything else, and every error, is left to the whole command. Imports the standard library, and of ours
what imports no more: a seventh of the time (2026-11).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from autoresearch.engine.git.where import checkout_around
from autoresearch.engine.paths import RunPaths, is_run_id
from autoresearch.engine.runs.catalogue import has_begun, latest_run, run_named
from autoresearch.events.errors import AutoresearchError
from autoresearch.projections.state_format import FORMAT, RUN_NAME, RUN_VERSION, is_sealed
from autoresearch.workflows.api.envelope import json_text
from autoresearch.workflows.api.status import glance, live_facts, status_object


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from autoresearch.projections.summary import Standing

VALUES = ("--run-id", "--repo")


def answer(words: Sequence[str]) -> str | None:
    """Return what `status`, or `status --json`, prints, or None: the whole command has to be asked."""
    asked = _asked(words)
    if asked is None:
        return None
    try:
        paths = _run(asked)
        standing = None if paths is None else _standing(paths)
        if paths is None or standing is None:
            return None
        if "--json" in asked:
            return json_text(status_object(paths, standing, live_facts(paths, standing)))
        from autoresearch.workflows.pages.status import status_page  # noqa: PLC0415 - the words, for who reads them

        return status_page(glance(paths, standing))
    except (AutoresearchError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # the whole command says what is wrong, or that nothing is


def _asked(words: Sequence[str]) -> dict[str, str] | None:
    """Return the values of the options, where the words are `status` and some of these."""
    if not words or words[0] != "status":
        return None
    given: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name in VALUES:
            value = value if equals else next(rest, "")
        elif word != "--json":
            return None
        if name in given or (name in VALUES and (not value or value.startswith("-"))):
            return None
        given[name] = value
    return given


def _run(asked: dict[str, str]) -> RunPaths | None:
    """Find the run that is meant, as engine/runs/locate.py does."""
    found = checkout_around(Path(asked.get("--repo", os.curdir)))
    if found is None:
        return None
    home, branch = Path(found[0]), found[1]
    if is_run_id(home.parent.name):  # a run's own checkout, perhaps
        return None
    if "--run-id" in asked:
        paths = run_named(home, asked["--run-id"])
        return paths if has_begun(paths) else None
    latest = latest_run(home, branch)
    return None if latest is None else latest[0]


def _standing(paths: RunPaths) -> Standing | None:
    """Return what state.json says of the run, where it was folded to the very end of the history."""
    data = paths.state.read_bytes()
    document = json.loads(data)
    if not is_sealed(data) or (document["format"], document["folds"][RUN_NAME]) != (FORMAT, RUN_VERSION):
        return None
    end, digest = document["position"]["offset"], document["position"]["hash"]
    last = b'"h":"%b"}\n' % digest.encode()
    with paths.history.open("rb") as history:
        if history.seek(0, os.SEEK_END) != end:
            return None
        history.seek(end - len(last))
        return document["standing"] if history.read() == last else None
