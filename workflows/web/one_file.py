"""A run as one HTML file: its report, and the page over it with slider, all data inside, packed.

It opens from disk and asks for nothing. Of a run with very many iterations it holds all rows and events, and
the diff, calls and log of what was kept and of the newest; how the run stood, at so many events as there is
room for. What it leaves out it names.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from html import escape
from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import load, nothing
from autoresearch.engine.verdicts.keep_rules import RULES
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events.log.read import read
from autoresearch.workflows.api.replay import what_if_object
from autoresearch.workflows.pages.replay import what_it_means
from autoresearch.workflows.report.as_html import body_of
from autoresearch.workflows.report.document import Document
from autoresearch.workflows.web import objects
from autoresearch.workflows.web.bundle import STATIC, bundle
from autoresearch.workflows.web.experiment import event_objects, experiment_object
from autoresearch.workflows.web.followed import Followed


DETAILED = 400  # iterations whose diff, calls and log lie in the file
TEXTS = 2**23  # characters of diffs, logs, prompts and answers in all; what is beyond is left out
STATES = 1_000  # events as of which it holds how the run stood; every one of a shorter run
JUDGED = 5_000  # events of a run that is judged by other rules, too
KNOWN = ("events", "seq", "against", "running")  # of an experiment, which the file has elsewhere
SMALL = 6  # levels of gzip: 9 takes three times as long for 2 % less
JSON = dict[str, Any]  # Any: it is JSON


def one_file(document: Document, paths: RunPaths, git: Commits, *, upto: int | None) -> str:
    """Return the file."""
    followed = Followed(paths, upto=upto)
    followed.catch_up()
    told = json.dumps(data_of(followed, git), separators=(",", ":")).encode()
    packed = base64.b64encode(gzip.compress(told, SMALL, mtime=0)).decode()
    script = bundle("file", instead={"api": "file_api"})
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    own = (STATIC / "style.css").read_text(encoding="utf-8")
    of_report = (STATIC.parents[1] / "report" / "report.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(document.title)}</title>
<style>
{own}
@scope (.report) {{
{of_report}}}
</style>
</head>
<body>
<header id="bar"></header>
<main id="main" tabindex="-1"></main>
<article class="report" id="report" role="region" aria-label="Report">
{body_of(document)}
</article>
<footer id="foot"></footer>
<script id="packed" type="application/octet-stream">{packed}</script>
<script>{script}</script>
</body>
</html>
"""


def data_of(followed: Followed, git: Commits) -> JSON:
    """Return what the file holds."""
    last = followed.loaded.position.seq
    events = event_objects(followed.records(after=0, upto=last))
    damage = followed.damage
    return {
        "rows": objects.rows_object(followed),
        "spans": objects.spans_object(followed),
        "settings": objects.settings_object(followed),
        "events": [[*one.values()] for one in events],
        "states": _states(followed, _moments(followed, last)),
        "experiments": _experiments(followed, git),
        "rules": _rules(followed, last) if last <= JUDGED else {},
        "damage": {"what": damage.what, "way_out": damage.way_out} if damage else None,
    }


def _moments(followed: Followed, last: int) -> Sequence[int]:
    """Return the events as of which the file says how the run stood: each, or so many verdicts."""
    if last <= STATES:
        return range(1, last + 1)
    closed = sorted({one.seq for one in followed.rows.changes if one.row.verdict is not None})
    every = max(1, len(closed) // STATES)
    return sorted({1, *closed[::every], last})


def _states(followed: Followed, moments: Sequence[int]) -> list[list[Any]]:
    """Return [seq, fields that changed] for each of the events; of the status, its own fields."""
    found: list[list[Any]] = []
    loaded, before = nothing(), JSON(status={})
    for seq in moments:
        loaded = load(followed.paths, upto=seq, since=loaded)
        now = objects.state_object(followed.paths, loaded, live=False)
        differ = _differing(now, before) | {"status": _differing(now["status"], before["status"])}
        found.append([seq, differ])
        before = now
    return found


def _differing(now: JSON, before: JSON) -> JSON:
    return {name: value for name, value in now.items() if name not in before or before[name] != value}


def _experiments(followed: Followed, git: Commits) -> dict[int, JSON]:
    """Return, by iteration, what only its experiment has: of all, or of what was kept and of the newest."""
    rows = followed.loaded.timeline.rows
    kept = [row.iteration for row in rows if row.verdict == "keep"]
    chosen = dict.fromkeys([*reversed(kept[-DETAILED // 2 :]), *(row.iteration for row in reversed(rows))])
    found: dict[int, JSON] = {}
    room = TEXTS
    for number in [*chosen][:DETAILED]:
        whole = experiment_object(followed, git, number, at=None, against="base")
        for part, name in _texts(whole):
            room -= len(part[name] or "")
            if room < 0:
                part[name] = None
        found[number] = {name: value for name, value in whole.items() if name not in KNOWN}
    return found


def _texts(whole: JSON) -> list[tuple[JSON, str]]:
    """Return where the long texts of an experiment stand, the most wanted first."""
    of_calls = [(call, name) for call in whole["calls"] for name in ("answer", "prompt") if name in call]
    return [(whole, "diff"), (whole, "log_tail"), *of_calls]


def _rules(followed: Followed, last: int) -> dict[str, JSON]:
    """Return what each rule that takes no number had kept."""
    lower = followed.loaded.run.config.metric.lower_is_better
    found = {}
    for name in (name for name, rule in RULES.items() if not rule.needs_number):
        judged = what_if(read(followed.paths.history, upto=last), name)
        said = what_it_means(judged).splitlines()
        found[name] = what_if_object(judged, followed.paths.run_id) | {"said": said, "lower_is_better": lower}
    return found
