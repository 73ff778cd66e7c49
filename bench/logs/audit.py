"""The audit: how fast a long history is checked, and what thousands of commits cost in git.

The events are those of bench/logs/histories.py; no git and no job folders, so it is the pure part that is
measured. The commits are real ones, made by fast-import, that vouch for the log as candidates do; each is our
own train.py with another constant, and the history says of each which code it is.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.loop.changes.candidates import TRAILERS
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.proposals import same_code
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.settings import RunConfig
from bench.logs import histories
from bench.table import Figure


TRAIN = Path(__file__).resolve().parents[2] / "train.py"
CONSTANT = re.compile(r"\bMATRIX_LR = [0-9.]+")
RUN_ID = "autoresearch-mar8-r001"


def figures(*, quick: bool) -> list[Figure]:
    """Return events a second without git, and seconds for the commits of a long run."""
    count, commits = (20_000, 200) if quick else (100_000, 2_000)
    with tempfile.TemporaryDirectory() as folder:
        events, seconds = _long_history(Path(folder) / "long", count)
        git_seconds = _commits(Path(folder) / "commits", commits)
    return [
        Figure(
            what=f"audit of {events:,} events without git",
            measured=seconds,
            unit="s",
            target=60.0,
            better="less",
            note=f"{events / seconds:,.0f} events a second",
        ),
        Figure(
            what=f"audit of {commits:,} candidates in git",
            measured=git_seconds,
            unit="s",
            target=60.0,
            better="less",
            note=f"{1000 * git_seconds / commits:.2f} ms a commit",
        ),
    ]


def _long_history(home: Path, count: int) -> tuple[int, float]:
    paths = run_named(home, RUN_ID)
    paths.folder.mkdir(parents=True)
    _git(home, "init", "-q")
    return histories.write(paths.history, count=count), _audited(paths)


def _commits(home: Path, count: int) -> float:
    """Return the seconds for a history that names so many commits, and little else."""
    paths = run_named(home, RUN_ID)
    paths.folder.mkdir(parents=True)
    _git(home, "init", "-q")
    code = _train(0)
    _git(home, "fast-import", "--quiet", stdin=_stream(0, "base", code, "refs/heads/main", parent=""))
    base_digest = _digest(code)
    git = RealGit(home)
    (base,) = git.read_commits(["refs/heads/main"])
    assert base is not None  # just made
    begun = ev.RunStarted(
        run_id=RUN_ID,
        branch="main",
        base_commit=base.hash,
        base_tree=base.tree,
        config=RunConfig(),
        program_version="0",
    )
    with EventLog(paths.history, durability="off") as log:
        (first,) = log.append([begun], by="cli")
        refs = [f"refs/autoresearch/{RUN_ID}/{number}" for number in range(1, count + 1)]
        values = [(RUN_ID, str(number), f"1 {first.hash}") for number in range(1, count + 1)]
        said = ["".join(f"{a}: {b}\n" for a, b in zip(TRAILERS, each, strict=True)) for each in values]
        made = [
            _stream(number, f"try {number}\n\n{text}", _train(number), ref, parent=base.hash)
            for number, (ref, text) in enumerate(zip(refs, said, strict=True), start=1)
        ]
        _git(home, "fast-import", "--quiet", stdin=b"".join(made))
        found = [one for one in git.read_commits(refs) if one is not None]
        diffs = git.read_diffs([(base.tree, one.tree) for one in found])
        named = [
            ev.CandidateCommitted(
                iteration=number,
                change=1,
                commit=one.hash,
                tree=one.tree,
                base_commit=base.hash,
                ref=refs[number - 1],
                subject="",
                diff_sha256=diff.sha256,
                code_sha256=_digest(_train(number)),
                base_code_sha256=base_digest,
            )
            for number, (one, diff) in enumerate(zip(found, diffs, strict=True), start=1)
        ]
        log.append(named, by="runner")
    same_code._part.cache_clear()  # noqa: SLF001 - who audits a run has not seen its code before
    return _audited(paths, commits=count)


def _train(number: int) -> str:
    """Return the code of a candidate: our own train.py with one constant that is its own."""
    source, found = CONSTANT.subn(f"MATRIX_LR = 0.{number:05}", TRAIN.read_text(), count=1)
    assert found
    return source


def _digest(source: str) -> str:
    return same_code.digest({"train.py": source.encode()}, seed_env="")


def _audited(paths: RunPaths, *, commits: int = 0) -> float:
    began = time.perf_counter()
    made, _ = audit(paths, git=RealGit(paths.home), jobs=RealJobs())
    seconds = time.perf_counter() - began
    by_name = {one.name: one for one in made.checks}
    assert commits == by_name["log heads"].count
    assert not by_name["commits"].differences
    assert not by_name["history"].differences
    return seconds


def _stream(mark: int, message: str, content: str, ref: str, *, parent: str) -> bytes:
    """Return one commit of one file, as fast-import reads it."""
    parts = [
        f"commit {ref}\ncommitter bench <bench@localhost> {mark} +0000\n",
        f"data {len(message.encode())}\n{message}\n",
        f"from {parent}\n" if parent else "",
        f"M 100644 inline train.py\ndata {len(content.encode())}\n{content}\n",
    ]
    return "".join(parts).encode()


def _git(home: Path, *words: str, stdin: bytes = b"") -> None:
    subprocess.run(["git", *words], cwd=home, input=stdin, check=True)  # noqa: S603, S607 - git, by its name
