"""Proposals that a command brings, from a file or from standard input, as the event that says so."""

import stat
from pathlib import Path

from autoresearch.engine.proposals.parse import MAX_BYTES, identity, parse, refuse_question
from autoresearch.engine.proposals.schema import NoProposal
from autoresearch.events import catalog as ev
from autoresearch.events.clock import from_epoch
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.values import Proposal, ProposalSource


def from_file(path: Path, *, source: ProposalSource) -> ev.ProposalReceived:
    """Read a proposal from a file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no regular file, or holds no proposal.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput(f"{path} is not a regular file", remedy="name a JSON file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(
            f"the proposal file {path} does not exist", remedy="check the path; nothing was started"
        ) from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return from_bytes(
        raw, where=str(path), name=path.name, source=source, dropped_at=from_epoch(status.st_mtime)
    )


def from_bytes(
    raw: bytes, *, where: str, name: str, source: ProposalSource, dropped_at: str = ""
) -> ev.ProposalReceived:
    """Read a proposal from bytes; `where` is named in what is refused.

    Raises:
        InvalidInput: they are no proposal, or one that only asks for input.
    """
    try:
        proposal = parse(raw)
        refuse_question(proposal)
    except NoProposal as error:
        raise InvalidInput(
            f"{where}: {error}", remedy="workflows/schemas/proposal.schema.json says what it must be"
        ) from error
    return received(proposal, name=name, source=source, raw=raw, dropped_at=dropped_at)


def received(
    proposal: Proposal, *, name: str, source: ProposalSource, raw: bytes, dropped_at: str = ""
) -> ev.ProposalReceived:
    """Return the event of a human's proposal; `raw` is what tells it from another."""
    return ev.ProposalReceived(
        source=source, name=name, sha256=identity(raw), dropped_at=dropped_at, proposal=proposal
    )
