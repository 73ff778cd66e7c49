"""Turn what another program left into a run of its own: a proper history, marked as imported, and idle.

All of it is read and checked before anything is made. The history is written beside its place and moved
there whole, so a run that is half imported is never seen.
"""

import contextlib
import os
import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from attrs import frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import dry_run
from autoresearch.engine.core.decider import decide
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.git.names import check_branch
from autoresearch.engine.imports import results_tsv, single_file_runner
from autoresearch.engine.imports.any_table import Wanted, read_any
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits, Refs
from autoresearch.engine.runs.catalogue import branch_slug, started_runs
from autoresearch.engine.runs.claim import alone, claim_run
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.redact import secret_values
from autoresearch.events.errors import AutoresearchError, InvalidInput, NotFound, UsageRefused, WayOut
from autoresearch.events.files import sync_folder, write_atomic
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.projections.run_state import RunState


BY = "import"
BRANCHES = "imported/"  # where the source names no branch
MOST_BYTES = 2**28
BATCH = 1000  # events appended at once


@frozen(kw_only=True)
class Imported:
    """A run that was made from what another program left."""

    paths: RunPaths
    branch: str
    head: ev.RunImported
    metric: MetricSpec
    again: bool = False  # it was there already


def import_run(
    home: Path,
    source: Path,
    *,
    git: Refs,
    version: str,
    branch: str | None = None,
    wanted: Wanted | None = None,
) -> Imported:
    """Make a run of a table, or of a run folder; the same source, read the same way, is the same run.

    The settings of its RunStarted are the program's defaults but for the metric, its base is "": neither is
    known.

    Raises:
        NotFound: there is nothing at `source`.
        UsageRefused: `branch` is no name for a branch.
        InvalidInput: it says something else than it must; nothing was created.
    """
    if branch is not None:
        check_branch(branch)
    files, found = _read(source, wanted or Wanted(columns={}))
    on = branch or _branch_of(found)
    with alone(home):
        there = _same(home, found, branch)
        if there is not None:
            return there
        paths = claim_run(home, on, taken=lambda one: bool(git.refs_below(RunRefs(one).prefix)))
        try:
            begun = ev.RunStarted(
                run_id=paths.run_id,
                branch=on,
                base_commit="",
                base_tree="",
                config=RunConfig(metric=found.metric),
                program_version=version,
            )
            _copy(paths, files)
            write_idle(paths, [begun, found.head, *found.results], by=BY)
        except BaseException:
            shutil.rmtree(paths.folder, ignore_errors=True)
            raise
    return Imported(paths=paths, branch=on, head=found.head, metric=found.metric)


def refuse_imported(run: RunState, git: Commits) -> None:
    """Refuse to go on with an imported run: what was measured elsewhere cannot be compared with what is here.

    Raises:
        NotFound: says whether its best code is in this repository, and the way out.
    """
    if not run.imported:
        return
    commit = run.best.commit if run.best else ""
    here = git.resolve(commit) if results_tsv.is_hash(commit) else None
    if here is None:
        raise NotFound(
            f"{run.run_id} was imported, and its best code (commit {commit or 'unknown'}) is not in this "
            "repository: there is nothing to go on from",
            remedy=WayOut("start_with_code_here"),
        )
    raise NotFound(
        f"{run.run_id} was imported: its results were not measured here, so new ones cannot be compared",
        remedy=WayOut("start_with_imported_code", commit=here[:12]),
    )


def _same(home: Path, found: results_tsv.Source, branch: str | None) -> Imported | None:
    """Return the run that was made of this source before, read the same way; None where there is none."""
    for paths in started_runs(home):
        try:
            begun, head = (one.event for one in islice(read(paths.history), 2))
        except (AutoresearchError, ValueError, OSError):  # a history that is damaged, or has but one event
            continue
        if not isinstance(begun, ev.RunStarted) or branch not in (None, begun.branch):
            continue
        if head == found.head and begun.config.metric == found.metric:
            return Imported(
                paths=paths, branch=begun.branch, head=found.head, metric=found.metric, again=True
            )
    return None


def _read(source: Path, wanted: Wanted) -> tuple[dict[str, bytes], results_tsv.Source]:
    """Return the files that were read, by their names, and what they say."""
    secrets = secret_values(os.environ)
    if source.is_dir():
        files = [source / single_file_runner.HISTORY, source / single_file_runner.STATE]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise InvalidInput(
                f"{source} has no {' and no '.join(missing)}; expected both, as its runner left them",
                remedy="name such a folder, or a results.tsv",
            )
        history, state = map(_bytes, files)
        said = single_file_runner.read_folder(source.resolve().name, history, state, secrets=secrets)
        return {files[0].name: history, files[1].name: state}, said
    table = _bytes(source)
    return {source.name: table}, read_source(source.name, table, wanted, secrets=secrets)


def read_source(
    name: str, table: bytes, wanted: Wanted, *, secrets: Sequence[str] = ()
) -> results_tsv.Source:
    """Return a table's rows: upstream's own as they stand, any other by its columns.

    Raises:
        InvalidInput: it cannot be read.
    """
    if not (wanted.columns or wanted.skip_bad or wanted.lower_is_better is not None):
        with contextlib.suppress(InvalidInput):
            return results_tsv.read_table(name, table, secrets=secrets)
    return read_any(name, table, wanted, secrets=secrets)


def _bytes(file: Path) -> bytes:
    """Return a file's bytes; a pipe or a device has no end that could be waited for."""
    if not file.exists():
        raise NotFound(f"there is no {file}", remedy="name a table, or a run folder")
    if not file.is_file():
        raise InvalidInput(f"{file} is no regular file", remedy="name a table, or a run folder")
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise InvalidInput(
            f"{file} has {size} bytes; expected at most {MOST_BYTES}", remedy="import it in parts"
        )
    return file.read_bytes()


def _branch_of(found: results_tsv.Source) -> str:
    """Return the branch the source names, or one made of the table's name."""
    if found.branch is None:
        return f"{BRANCHES}{branch_slug(Path(found.head.name).stem)}"
    try:
        check_branch(found.branch)
    except UsageRefused as error:
        raise InvalidInput(
            f"{found.head.name}/{single_file_runner.STATE}: {error}",
            remedy=WayOut("name_branch"),
        ) from error
    return found.branch


def _copy(paths: RunPaths, files: dict[str, bytes]) -> None:
    """Keep what was read beside the run: an audit holds it against the history."""
    paths.imported.mkdir()
    for name, content in files.items():
        write_atomic(paths.imported / name, content)


def write_idle(paths: RunPaths, events: Sequence[ev.Event], *, by: str, key: str | None = None) -> None:
    """Write the whole history, ended as the decider would end it, and move it into its place."""
    paths.draft.mkdir()
    draft = paths.draft / paths.history.name
    (end,) = decide(dry_run.after(RunState(), events))
    assert isinstance(end, do.Stop)  # nothing was asked of this run, and nothing is open
    whole = [*events, ev.RunStopped(how=end.how, reason=end.reason)]
    with EventLog(draft) as log:
        for begin in range(0, len(whole), BATCH):
            log.append(whole[begin : begin + BATCH], by=by, key=None if begin else key)
    draft.rename(paths.history)
    shutil.rmtree(paths.draft)
    sync_folder(paths.folder)
