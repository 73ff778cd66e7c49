"""Large files over HTTP: resumed, retried, and taken only with the digest that the server names."""

import os
import re
import shutil
import time
from errno import ENOSPC
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from text.errors import NotPossible
from text.files import describe
from text.report import say


NEVER = {401, 403, 404, 410}  # asking again would not help
REDIRECTS = {301, 302, 303, 307, 308}


class Mismatch(OSError):
    """What came is not what the server announced."""


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def download(url: str, path: Path, attempts: int = 5) -> str:
    """Fetch a file, going on where an earlier attempt stopped, and return its sha256.

    The hub names the digest of a large file in a header; a file that does not match is fetched again.
    """
    error: Exception | None = None
    for attempt in range(attempts):
        time.sleep(float(os.environ.get("AUTORESEARCH_RETRY_PAUSE", "2")) * attempt)
        try:
            return _fetch(url, path)
        except HTTPError as refused:
            error = refused
            refused.close()
            if refused.code in NEVER:
                break
        except (OSError, HTTPException) as failed:
            if isinstance(failed, PermissionError) or getattr(failed, "errno", None) == ENOSPC:
                raise
            error = failed
    msg = f"cannot fetch {url} ({error}); the same command goes on from here, or use the embedded text"
    raise NotPossible(msg)


def _fetch(url: str, path: Path) -> str:
    """Make one attempt at what of a file is missing."""
    part = path.with_name(path.name + ".part")
    size, wanted = _remote_facts(url)
    if (there := describe(path, hashed=True)) and there == (size, wanted or there[1]):
        return str(there[1])
    begin = part.stat().st_size if part.exists() else 0
    if begin < size:
        say(f"fetching {url} from byte {begin:,} of {size:,}")
        headers = {"Range": f"bytes={begin}-"} if begin else {}
        with urlopen(Request(url, headers=headers), timeout=60) as answer:  # noqa: S310 - our URLs
            goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
            with part.open("ab" if goes_on else "wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
    came = describe(part, hashed=True)
    if came and came == (size, wanted or came[1]):
        part.replace(path)
        return str(came[1])
    if came and came[0] >= size:
        part.unlink()
    msg = f"{came} came instead of {(size, wanted)}: bytes, sha256"
    raise Mismatch(msg)


def _remote_facts(url: str) -> tuple[int, str | None]:
    """Return the size and, where the server names it, the sha256 of a remote file.

    The hub answers with a redirect, and only that first answer carries the digest: it is not followed.
    """
    try:
        answer = build_opener(_Stay).open(Request(url, method="HEAD"), timeout=30)  # noqa: S310 - our URLs
    except HTTPError as redirect:
        if redirect.code not in REDIRECTS:
            raise
        answer = redirect
    with answer:
        headers = answer.headers
    digest = (headers.get("X-Linked-ETag") or headers.get("ETag") or "").strip('"')
    size = int(headers.get("X-Linked-Size") or headers.get("Content-Length") or -1)
    return size, digest if re.fullmatch("[0-9a-f]{64}", digest) else None
