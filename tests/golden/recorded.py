"""Recorded runs: real histories, each packed with what `rerun` reads of its repository and its jobs.

A NAME.tar.xz holds history.jsonl, all of the repository as a git bundle, and of each job what it was told and
what it printed. record.py makes them; nothing in one names the machine on which it was made.
"""

import lzma
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath

from autoresearch.engine.jobs import pack as job_pack
from tests.golden.play import FOLDER


NAMES = ("opencode", "codex", "claude", "crash-mended", "night")
HISTORY, BUNDLE, ITERATIONS = "history.jsonl", "repository.bundle", "iterations"
KEPT = ("prompt.txt", "output.log", "exit.json")  # of a job: the rest names folders and processes


def file_of(name: str) -> Path:
    """Return the file of a recorded run."""
    return FOLDER / f"{name}.tar.xz"


def pack(run: Path, repo: Path, file: Path) -> None:
    """Pack a run that has ended."""
    bundle = run.parent / BUNDLE
    _git(repo, "bundle", "create", "-q", str(bundle), "--all")
    members = {run.name: b"", HISTORY: (run / HISTORY).read_bytes(), BUNDLE: bundle.read_bytes()}
    members |= dict(_of_jobs(run))
    with lzma.open(file, "wb", preset=9) as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))


def contents(file: Path) -> dict[str, bytes]:
    """Return each file of a pack by its name; the first, which is empty, has that of the run."""
    with lzma.open(file) as raw, tarfile.open(fileobj=raw) as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        return {name: one.read() for name, one in found.items() if one is not None}


def unpack(file: Path, repo: Path) -> Path:
    """Make a repository in which the run stands as it did at its end; return the run's folder."""
    (run, _), *files = contents(file).items()
    folder = repo / ".autoresearch" / "runs" / run
    for name, content in files:
        place = (repo if name == BUNDLE else folder) / PurePosixPath(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    _git(repo, "init", "-q", "-b", "main")
    _git(repo, "fetch", "-q", "--update-head-ok", str(repo / BUNDLE), "+refs/*:refs/*")
    return folder


def _of_jobs(run: Path) -> Iterator[tuple[str, bytes]]:
    for iteration in sorted((run / ITERATIONS).iterdir()):
        for job in job_pack.jobs(iteration):
            for name in KEPT:
                found = job_pack.read(iteration / job / name)
                if found is not None:
                    yield f"{ITERATIONS}/{iteration.name}/{job}/{name}", found


def _git(repo: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(repo), *words], check=True)
