"""Each event as a POST, signed as Standard Webhooks says. The log is the outbox, and no other is kept."""

import base64
import binascii
import hmac
import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256

from autoresearch.engine.paths import RunPaths
from autoresearch.events.encoding.codec import Recorded, event_type
from autoresearch.events.errors import UsageRefused
from autoresearch.projections.words.event_text import describe
from autoresearch.workflows.api.history import stored_line
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.feed import feed, key_of, place
from autoresearch.workflows.exports.post import host_of, post


TAKES = {"--to", "--follow", "--from", "--type"}
SECRET = "AUTORESEARCH_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable
PREFIX = "whsec_"  # of a secret that is written in base64


def export(asked: Asked) -> Exported:
    """POST each event, or each of the wanted types; return once nothing is left to send.

    Raises:
        NotFound: the receiver did not take an event; the next call begins with it.
        UsageRefused: the address or the secret is none.
        RunLocked: another process sends the same.
    """
    host, key = host_of(asked.to), secret_key(os.environ.get(SECRET, ""))
    cursor = Cursor(paths=asked.paths, sink="webhook", to=asked.to)
    with cursor.held():
        return _send(asked, cursor, host=host, key=key)


def _send(asked: Asked, cursor: Cursor, *, host: str, key: bytes) -> Exported:
    paths, sent, seq, begin = asked.paths, 0, 0, 0
    for recorded in feed(cursor, first=asked.first, follow=asked.follow):
        if recorded is None:
            continue
        if not asked.types or event_type(recorded.event) in asked.types:
            body, name = body_of(paths, recorded, begin), key_of(paths.run_id, recorded)

            def headers(body: bytes = body, name: str = name) -> Mapping[str, str]:
                return signed(body, name=name, at=int(time.time()), key=key)

            post(asked.to, body, headers, patient=asked.follow, what=f"event {recorded.seq}")
            sent += 1
        cursor.store(place(recorded))
        seq, begin = recorded.seq, recorded.end
    return Exported(sent=sent, what="event", to=host, seq=seq)


def body_of(paths: RunPaths, recorded: Recorded, begin: int = 0) -> bytes:
    """Return the body for an event whose line begins at `begin` or later: the run, its sentence, the line."""
    stored = stored_line(paths.history, begin, recorded.end)
    sentence = json.dumps(describe(recorded.event))
    return f'{{"run_id": {json.dumps(paths.run_id)}, "text": {sentence}, "event": {stored}}}'.encode()


def signed(body: bytes, *, name: str, at: int, key: bytes) -> Mapping[str, str]:
    """Return the headers of a try at second `at`; without a key, it is not signed."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "autoresearch",
        "webhook-id": name,
        "webhook-timestamp": str(at),
    }
    if key:
        digest = hmac.digest(key, f"{name}.{at}.".encode() + body, sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def secret_key(secret: str) -> bytes:
    """Return the key that a secret stands for: in base64 behind its prefix, else as it is.

    Raises:
        UsageRefused: what stands behind the prefix is no base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise UsageRefused(
            f"{SECRET} begins with {PREFIX} and goes on with no base64", remedy="copy it whole"
        ) from error
