"""Signatures of commits: how the user's git makes them, without a question to anybody, and whether they hold.

Part of engine/git/refs.py. How it signs is asked once and then named at each call: settings that somebody
changes later, and the programs that these name, are not run.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from autoresearch.engine.ports.repository import Signature, Signing


SIGN_S = (
    3.0  # ssh-keygen takes 10 ms, gpg 50 to 100 (2026-11); a touch of a key, or an answer, is not waited for
)
SETTINGS = r"^(commit\.gpgsign|user\.signingkey|gpg\..*)$"
USERS = frozenset({"global", "system", "command"})  # scopes of git's settings
RUN = (".program", ".defaultkeycommand")  # what these name is run
OWN_PROGRAMS = {
    "gpg.program": "gpg",
    "gpg.x509.program": "gpgsm",
    "gpg.ssh.program": "ssh-keygen",
    "gpg.ssh.defaultkeycommand": "false",
}
TRUE = frozenset({"true", "yes", "on", "1", ""})
# Nobody is asked for a pass phrase: there may be nobody, and a run waits for no one.
QUIET_ENV = {"SSH_ASKPASS": "false", "SSH_ASKPASS_REQUIRE": "never", "DISPLAY": "", "GPG_TTY": ""}
QUIET = "--batch --no-tty --pinentry-mode error"
PROGRAMS = {"openpgp": ("gpg.openpgp.program", "gpg.program"), "x509": ("gpg.x509.program",)}
# What `%G?` says. A key that git does not know proves nothing, neither does one that was revoked or expired.
SAID: dict[str, Signature] = {"G": "good", "Y": "good", "U": "good", "B": "bad"}


def signing_of(listed: bytes) -> Signing | None:
    """Return how commits are signed, by `git config --null --show-scope --get-regexp`; None: not at all.

    Programs are the user's own, never a repository's: what can write into its `.git/config` could have the
    runner run one.
    """
    fields = listed.decode(errors="surrogateescape").split("\0")
    known: dict[str, str] = {}
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        name, newline, value = entry.partition("\n")
        if not name.endswith(RUN) or scope in USERS:
            known[name] = value if newline else "true"
    if known.pop("commit.gpgsign", "false").lower() not in TRUE:
        return None
    key = known.get("user.signingkey", "")
    settings = (OWN_PROGRAMS | known).items()
    return Signing(settings=tuple(f"{name}={value}" for name, value in settings if value), key=key)


@contextmanager
def quietly(signing: Signing) -> Iterator[Signing]:
    """Lend how commits are signed without a question: gpg knows that only from its command line."""
    import tempfile  # noqa: PLC0415 - 5 ms for those who sign alone

    known = dict(setting.partition("=")[::2] for setting in signing.settings)
    form = known.get("gpg.format", "openpgp")
    names = PROGRAMS.get(form, ())
    program = next((known[name] for name in names if known.get(name)), "")
    if not Path(program).name.startswith("gpg"):  # ssh-keygen, or a program of the user's own
        yield signing
        return
    with tempfile.TemporaryDirectory(prefix="autoresearch-") as folder:
        script = Path(folder, "gpg")
        whole = Path(program).expanduser() if "/" in program else program
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(whole))} {QUIET} "$@"\n')
        script.chmod(0o700)
        yield evolve(signing, settings=(*signing.settings, f"{names[0]}={script}"))


def claimed(raw: bytes) -> dict[str, bool]:
    """Return which commits of `git log --format=raw` claim a signature, and whether it is one of ssh."""
    found: dict[str, bool] = {}
    for text in re.split(r"^commit ", raw.decode(errors="replace"), flags=re.MULTILINE)[1:]:
        head = text.partition("\n\n")[0]
        made = re.search(r"^gpgsig(?:-sha256)? (.*)$", head, re.MULTILINE)
        if made is not None:
            found[head.split("\n", 1)[0].split(" ")[0]] = "SSH" in made[1]
    return found


def verified(said: str, *, by_ssh: bool) -> Signature:
    """Return what a letter of `%G?` means: for ssh, git takes no key that its file does not name."""
    return "unknown" if by_ssh and said == "U" else SAID.get(said, "unknown")
