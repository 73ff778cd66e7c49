"""Of which form state.json is, and of which fold: it is used only where both are this program's.

A module of its own, since who only looks imports neither folds nor what they are made of.
"""

import zlib


FORMAT = "autoresearch.state/9"  # grows with any change of what stands beside the states
RUN_NAME, RUN_VERSION = "run", 43  # of the run projection; grows with any change of what it computes

_SEAL = b',\n  "seal": "'
_END = b'"\n}\n'


def sealed(document: bytes) -> bytes:
    """Return an object in JSON, indented by two, with a last key: the CRC-32 of all before it."""
    body = document.removesuffix(b"\n}")
    return body + _SEAL + b"%08x" % zlib.crc32(body) + _END


def is_sealed(data: bytes) -> bool:
    """Say whether these are bytes as `sealed` made them: nobody has edited them, nothing was lost.

    It keeps mistakes from being believed, not a forger, who can seal anew: the audit folds the history.
    (A sha256 would cost `status --json` 5 ms for importing hashlib; 2026-11.)
    """
    body, _, seal = data.rpartition(_SEAL)
    return seal == b"%08x" % zlib.crc32(body) + _END
