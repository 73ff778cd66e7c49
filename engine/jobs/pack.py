"""What ended jobs left, packed: of each closed iteration one file, in place of thirty.

A plain .tar.gz beside the job folders, in it the files under their names: `propose.1/prompt.txt`. What
a training printed stays a file, and so does whatever a job left under a name that is not ours. Only jobs with
an exit.json are packed: nobody writes into their folders any more.

The pack is whole and durable before a file goes, and exit.json goes last: killed at any instant, nothing is
lost, and the next call goes on.
"""

import contextlib
import errno
import io
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from autoresearch.engine.paths import CANDIDATE, PACK, JobPaths
from autoresearch.events.errors import InvalidInput
from autoresearch.events.files import sync_folder


_JOB = re.compile(r"[a-z]+\.[0-9]+")
_TRAINING = "train."
_DRAFT = re.compile(r"\..*\.tmp|exit\.json\.tmp")  # a file that was not whole yet when its writer was killed
_IN_MEMORY = 2**20  # bytes of a packed file; more of it goes through the disk
_LEVEL = 6  # of compression: 9 takes twice the time for a hundredth of the room


def has_exit(job: Path) -> bool:
    """Say whether a job's end is written down, by whomever."""
    return _is_file(JobPaths(job).exit)


def pack(iteration: Path, *, ended: Callable[[Path], bool] = has_exit) -> None:
    """Pack what the ended jobs of an iteration left, beside what was packed before. Done twice is done.

    Raises:
        OSError: the disk refuses it; nothing is lost.
        InvalidInput: what was packed before is damaged, and stays as it is.
    """
    draft = iteration / f".{PACK}.tmp"
    jobs = [folder for folder in _folders(iteration) if has_exit(folder) and ended(folder)]
    files = [file for folder in jobs for file in _small_files(folder)]
    if _is_file(iteration / CANDIDATE):
        files.insert(0, iteration / CANDIDATE)
    if not files:
        draft.unlink(missing_ok=True)
        return
    try:
        packed = _write(draft, iteration, files)
    except tarfile.TarError as error:  # a file grew shorter meanwhile
        raise OSError(errno.EIO, str(error), str(draft)) from error
    draft.replace(iteration / PACK)
    sync_folder(iteration)
    for file in packed:
        file.unlink(missing_ok=True)
    for folder in jobs:
        _clear(folder)


def jobs(iteration: Path) -> tuple[str, ...]:
    """Return the names of the jobs that left something in an iteration's folder, or in its pack, sorted.

    Raises: InvalidInput: the pack is damaged.
    """
    packed = {member.name.partition("/")[0] for member, _ in _before(iteration / PACK)}
    return tuple(
        sorted({one for one in packed if _JOB.fullmatch(one)} | {one.name for one in _folders(iteration)})
    )


def opened(path: Path) -> IO[bytes] | None:
    """Open a file of a job, or of its iteration, where it lies or from the pack; None where it is in neither.

    Raises:
        OSError: it cannot be read.
        InvalidInput: the pack is damaged.
    """
    if path.is_file():
        with contextlib.suppress(FileNotFoundError):  # packed this very moment
            return path.open("rb")
    elif os.path.lexists(path):
        return None  # a folder or a pipe
    # The pack was there before the file went, so it is looked for second.
    found = (_unpacked(top / PACK, str(path.relative_to(top))) for top in path.parents[:2])
    return next((one for one in found if one is not None), None)


def holds(path: Path) -> bool:
    """Say whether there is such a file to be read, where it lies or in the pack."""
    if os.path.lexists(path):
        return path.is_file() and os.access(path, os.R_OK)
    file = opened(path)
    if file is not None:
        file.close()
    return file is not None


def read(path: Path) -> bytes | None:
    """Return what a file of a job holds, wherever it is; None where it is nowhere.

    Raises: OSError, InvalidInput: as `opened` does.
    """
    file = opened(path)
    if file is None:
        return None
    with file:
        return file.read()


def _unpacked(pack_file: Path, name: str) -> IO[bytes] | None:
    if not pack_file.exists():
        return None
    import tempfile  # noqa: PLC0415 - most who look at a job find its files where they lie

    with _whole(pack_file), tarfile.open(pack_file, "r:gz") as tar:
        member = next((one for one in tar if one.name == name), None)
        held = tar.extractfile(member) if member is not None else None
        if held is None:
            _to_the_end(tar)
            return None
        found = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller's to close
        while piece := held.read(_IN_MEMORY):
            found.write(piece)
        _to_the_end(tar)
        found.seek(0)
        return found


def _to_the_end(tar: tarfile.TarFile) -> None:
    """Read on to the sum at the end, by which a byte that was changed shows."""
    assert tar.fileobj is not None  # it is open
    while tar.fileobj.read(_IN_MEMORY):
        pass


@contextlib.contextmanager
def _whole(pack_file: Path) -> Iterator[None]:
    """Raise InvalidInput where the pack that is read turns out to be damaged."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # a damaged gzip has no number
            raise
        raise InvalidInput(
            f"{pack_file} is damaged: {error}",
            remedy="take it from a backup, or remove it: the history holds what counts",
        ) from error


def _write(draft: Path, iteration: Path, files: Sequence[Path]) -> list[Path]:
    """Write the draft of the pack, to the disk; return which of the files are in it."""
    packed = []
    with draft.open("wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=_LEVEL, format=tarfile.USTAR_FORMAT) as tar:
            fresh = {str(file.relative_to(iteration)) for file in files}
            for member, content in _before(iteration / PACK):
                if member.name not in fresh:
                    with _whole(iteration / PACK):  # it is read only now
                        tar.addfile(member, content)
            for file in files:
                with contextlib.suppress(PermissionError), file.open("rb") as content:
                    tar.addfile(_member(str(file.relative_to(iteration)), content), content)
                    packed.append(file)
        raw.flush()
        os.fsync(raw.fileno())
    return packed


def _before(pack_file: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield what is packed already."""
    if pack_file.exists():
        with _whole(pack_file), tarfile.open(pack_file, "r:gz") as tar:
            for member in tar:
                yield member, tar.extractfile(member) or io.BytesIO()
            _to_the_end(tar)


def _member(name: str, content: IO[bytes]) -> tarfile.TarInfo:
    found = os.fstat(content.fileno())
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = found.st_size, int(found.st_mtime), 0o644
    return member


def _folders(iteration: Path) -> list[Path]:
    try:
        return sorted(path for path in iteration.iterdir() if _JOB.fullmatch(path.name) and path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _small_files(folder: Path) -> list[Path]:
    """Return what is packed of a job, in the order in which it goes."""
    own = JobPaths(folder).own()
    training = folder.name.startswith(_TRAINING)
    return [file for file in own if _is_file(file) and not (training and file == JobPaths(folder).output)]


def _is_file(path: Path) -> bool:
    """Say whether it is a file itself, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _clear(folder: Path) -> None:
    """Remove what is temporary in a job's folder, and the folder where nothing else is in it."""
    for own in (JobPaths(folder).temporary, JobPaths(folder).bytecode):
        shutil.rmtree(own, ignore_errors=True)  # of a link, nothing
    for path in folder.iterdir():
        if _DRAFT.fullmatch(path.name):
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
