"""Trying again with growing waits, and one HTTP POST. Knows nothing of what it sends."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from urllib.parse import urlsplit

from autoresearch.events.errors import NotFound, UsageRefused


WAITS_S = (1.0, 2.0, 4.0, 8.0)  # between five tries
LONGEST_S = 300.0  # of who goes on trying
TIMEOUT_S = 10.0
PASSING = {408, 425, 429, *range(500, 600)}  # what a receiver answers that may take it later


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A POST that is redirected would become a GET without its body."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def host_of(url: str) -> str:
    """Return what of an address may be printed: its path may hold a secret.

    Raises:
        UsageRefused: it is no address that a POST can go to.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageRefused("--to: expected an address", remedy="as in --to https://example.org/hook")
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def post(
    url: str, body: bytes, headers: Callable[[], Mapping[str, str]], *, patient: bool, what: str
) -> None:
    """Send a body until it is taken; `headers` are made anew for each try.

    Raises:
        NotFound: as `until_taken` does.
    """
    until_taken(lambda: _tried(url, body, headers()), who=host_of(url), what=what, patient=patient)


def until_taken(tried: Callable[[], tuple[str, bool] | None], *, who: str, what: str, patient: bool) -> None:
    """Try until there is no complaint: what went wrong, and whether it may pass. With `patient`, without end.

    Raises:
        NotFound: nobody took it, or somebody refused it for good.
    """
    tries = 0
    while (refused := tried()) is not None:
        tries += 1
        said, passing = refused
        if not passing:
            raise NotFound(
                f"{who} refused {what}: {said}",
                remedy="mend that, and send again: it goes on there; --from N begins at another event",
            )
        if not patient and tries > len(WAITS_S):
            raise NotFound(
                f"{who} did not take {what} in {tries} tries: {said}",
                remedy="send again later: it goes on there",
            )
        time.sleep(min(LONGEST_S, WAITS_S[0] * 2.0 ** (tries - 1)))


def _tried(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[str, bool] | None:
    """Send once; return what went wrong, and whether it may pass; None: it was taken."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - host_of looked
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(2**16)
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.reason}", error.code in PASSING
    except (OSError, HTTPException) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__, True
    return None
