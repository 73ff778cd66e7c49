"""What a job left in its folder, read in pieces; and the digest of it that goes into the history."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import OUTPUT
from autoresearch.events.encoding.redact import redact
from autoresearch.events.values import OutputDigest


TAIL_BYTES = 4096  # of a log's end, that go into the history
END_BYTES = (
    256 * 2**10
)  # of it, that are looked at: a secret that the first cut halves, the second one cuts off

_PIECE = 2**20


@frozen
class FolderOutput:
    """The output of a job whose folder is on this machine. Implements the port JobOutput."""

    job: Path  # its folder

    def log(self) -> Iterator[bytes]:
        """Yield what it printed, as far as it was kept; nothing where nothing was."""
        return _pieces(self.job / OUTPUT)

    def file(self, name: str) -> Iterator[bytes] | None:
        """Yield a file that the job wrote into its own folder, None where there is none to be read."""
        path = self.job / name
        return _pieces(path) if pack.holds(path) else None


def digest_of(pieces: Iterable[bytes] | None) -> str:
    """Return the sha256 of a file that is read in pieces; "" where there is none."""
    if pieces is None:
        return ""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


class LogDigest:
    """Size, sha256 and redacted end of a log, taken while somebody else reads it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self.end = b""  # at most END_BYTES

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces as they are; what is not asked for is not in the digest."""
        for piece in pieces:
            self._sha256.update(piece)
            self._bytes += len(piece)
            self.end = (self.end + piece)[-END_BYTES:]
            yield piece

    def digest(self) -> OutputDigest:
        """Return the digest of what has passed."""
        tail = self.last_words(TAIL_BYTES)
        return OutputDigest(bytes=self._bytes, sha256=self._sha256.hexdigest(), tail=tail)

    def last_words(self, limit: int) -> str:
        """Return its redacted end, at most `limit` bytes; of more than a quarter of END_BYTES not all."""
        return last_words(self.end.decode(errors="replace"), self._secrets, limit)


def digest(pieces: Iterable[bytes], secrets: Sequence[str]) -> OutputDigest:
    """Return size, sha256 and redacted end of a log; none at all counts as empty."""
    seen = LogDigest(secrets)
    for _ in seen.passing(pieces):
        pass
    return seen.digest()


def last_words(text: str, secrets: Sequence[str], limit: int) -> str:
    """Return the redacted end of a text, at most `limit` bytes of UTF-8."""
    # First to four times the limit, so that a secret which is cut in half is cut off afterwards.
    return _end(redact(_end(text, 4 * limit), secrets), limit)


def _end(text: str, limit: int) -> str:
    return text.encode(errors="replace")[-limit:].decode(errors="ignore")


def _pieces(path: Path) -> Iterator[bytes]:
    file = pack.opened(path)
    if file is None:
        return
    with file:
        while piece := file.read(_PIECE):
            yield piece
