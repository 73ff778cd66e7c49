"""Signatures of the run's own commits: made as the user's git makes them, without a question."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from autoresearch.engine.audit.checks.heads import Heads
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import NotSigned
from autoresearch.projections.run_state import RunState
from tests.contract.git.conftest import make_real


REF = "refs/autoresearch/mar8-r001/log"
PHRASE = "no guess"

NO_SSH_KEYGEN = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen, which makes the signatures, is not installed"
)
pytestmark = NO_SSH_KEYGEN


def make_key(folder: Path, name: str = "key", phrase: str = "") -> Path:
    """Make a key of ssh's; return its file."""
    key = folder / name
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-C", "", "-f", str(key)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return key


def config(git: RealGit, **settings: str) -> None:
    """Set the user's git so, for this repository alone; a name's underscores are dots."""
    for name, value in settings.items():
        subprocess.run(["git", "config", name.replace("_", "."), value], cwd=git.top, check=True)


def program(name: str, value: str) -> None:
    """Set a program for all repositories of the user."""
    subprocess.run(["git", "config", "--global", name, value], check=True)


def sign_with(git: RealGit, key: Path) -> None:
    """Let the user's git sign all commits with a key."""
    config(git, commit_gpgsign="true", gpg_format="ssh", user_signingkey=str(key))


def trust(git: RealGit, key: Path) -> None:
    """Let the user's git know a key."""
    known = git.top.parent / "signers"
    known.write_text(f"user@localhost {key.with_suffix('.pub').read_text()}")
    config(git, gpg_ssh_allowedSignersFile=str(known))


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealGit:
    """Return a repository with one commit, of a user without settings."""
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    return make_real(tmp_path / "repo")


def noted(git: RealGit, message: str = "head\n", *, after: str | None = None) -> str:
    """Add a note as the user signs; return its commit."""
    made = git.add_note(REF, message, after=after, tree_of="HEAD", sign=git.signing())
    assert made is not None
    return made


def test_a_user_who_signs_nothing_has_nothing_signed(git: RealGit):
    """Without commit.gpgsign there is no signature, whichever key is named."""
    config(git, gpg_format="ssh", user_signingkey="key")
    assert git.signing() is None
    made = noted(git)
    assert ((made, "unsigned"),) == git.signatures(REF)


def test_a_signed_note_is_verified(git: RealGit, tmp_path: Path):
    """It is signed with the user's key, made by the run's own identity, and git takes it."""
    key = make_key(tmp_path)
    sign_with(git, key)
    trust(git, key)
    first = noted(git)
    second = noted(git, after=first)
    assert ((second, "good"), (first, "good")) == git.signatures(REF)
    subprocess.run(["git", "verify-commit", second], cwd=git.top, check=True, capture_output=True)
    said = subprocess.run(
        ["git", "log", "-1", "--format=%an %cn", second], cwd=git.top, check=True, capture_output=True
    )
    assert b"autoresearch autoresearch\n" == said.stdout


def test_a_key_that_git_does_not_know_proves_nothing(git: RealGit, tmp_path: Path):
    """Without a file of known keys, and with one that names another, it is not known whose it is."""
    sign_with(git, make_key(tmp_path))
    made = noted(git)
    assert ((made, "unknown"),) == git.signatures(REF)
    trust(git, make_key(tmp_path, "other"))
    assert ((made, "unknown"),) == git.signatures(REF)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_signature_of_something_else_is_bad(git: RealGit, tmp_path: Path, *, known: bool):
    """A commit that was signed with other words is bad, whether or not git knows the key."""
    key = make_key(tmp_path)
    sign_with(git, key)
    if known:
        trust(git, key)
    made = noted(git, "head 7\n")
    raw = subprocess.run(["git", "cat-file", "commit", made], cwd=git.top, check=True, capture_output=True)
    forged = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=git.top,
        check=True,
        input=raw.stdout.replace(b"head 7", b"head 8"),
        capture_output=True,
    )
    other = forged.stdout.decode().strip()
    assert git.set_ref(REF, other, old=made)
    assert ((other, "bad"),) == git.signatures(REF)


def test_nobody_is_asked_for_a_pass_phrase(git: RealGit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A key that needs one is not used, at once, and no program that would ask is started."""
    asked = tmp_path / "asked"
    ask = tmp_path / "ask"
    ask.write_text(f'#!/bin/sh\ntouch "{asked}"\necho "{PHRASE}"\n')
    ask.chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    sign_with(git, make_key(tmp_path, phrase=PHRASE))
    with pytest.raises(NotSigned):
        noted(git)
    assert not asked.exists()
    assert {} == git.refs_below("refs/autoresearch")


def test_a_program_that_hangs_is_not_waited_for(
    git: RealGit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It is killed in time, and nothing was made."""
    monkeypatch.setattr("autoresearch.engine.git.signing.SIGN_S", 0.3)
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    sign_with(git, make_key(tmp_path))
    program("gpg.ssh.program", str(slow))
    before = time.monotonic()
    with pytest.raises(NotSigned):
        noted(git)
    assert time.monotonic() - before < 30
    assert {} == git.refs_below("refs/autoresearch")


def test_settings_that_changed_later_are_not_used(git: RealGit, tmp_path: Path):
    """How it is signed was asked before: a program that is put into git's settings since is not run."""
    key = make_key(tmp_path)
    sign_with(git, key)
    trust(git, key)
    how = git.signing()
    ran = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f'#!/bin/sh\ntouch "{ran}"\n')
    evil.chmod(0o755)
    config(git, gpg_format="openpgp")
    for name in ("gpg.ssh.program", "gpg.program"):
        program(name, str(evil))
    made = git.add_note(REF, "head\n", after=None, tree_of="HEAD", sign=how)
    assert made is not None
    assert not ran.exists()
    program("gpg.ssh.program", "ssh-keygen")
    assert ((made, "good"),) == git.signatures(REF)


@pytest.mark.parametrize("form", ["openpgp", "x509", "ssh"])
@pytest.mark.parametrize("keyed", [True, False], ids=["key", "no-key"])
def test_a_program_that_only_the_repository_names_is_not_run(
    git: RealGit, tmp_path: Path, form: str, *, keyed: bool
):
    """What a training may have written into `.git/config` names no program that the runner starts."""
    ran = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f'#!/bin/sh\ntouch "{ran}"\n')
    evil.chmod(0o755)
    config(git, commit_gpgsign="true", gpg_format=form, gpg_program=str(evil))
    for name in ("openpgp.program", "x509.program", "ssh.program", "ssh.defaultKeyCommand"):
        subprocess.run(["git", "config", f"gpg.{name}", str(evil)], cwd=git.top, check=True)
    if keyed:
        config(git, user_signingkey=str(tmp_path / "none"))
    with pytest.raises(NotSigned):
        noted(git)
    assert not ran.exists()


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_gpg_signs_without_a_question(git: RealGit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A key of gpg's without a pass phrase signs; one that has one is not asked for."""
    home = tmp_path / "g"  # short: gpg's agent listens at a path in it
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    make = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase"]
    try:
        for phrase, who in (("", "user <user@localhost>"), (PHRASE, "locked@localhost")):
            words = [*make, phrase, "--quick-generate-key", who, "ed25519", "sign", "never"]
            subprocess.run(words, check=True, capture_output=True)
        config(git, commit_gpgsign="true", user_name="user", user_email="user@localhost")
        made = noted(git)
        assert ((made, "good"),) == git.signatures(REF)
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True)  # it remembers the pass phrase
        config(git, user_signingkey="locked@localhost")
        with pytest.raises(NotSigned):
            noted(git, after=made)
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False)


def test_an_audit_does_not_confirm_what_git_cannot_verify(git: RealGit, tmp_path: Path):
    """By a key that git does not know it could not be looked at; unsigned it is neither false nor missed."""
    paths = RunPaths(home=git.top, folder=git.top / "mar8-r001")
    run = RunState(run_id="mar8-r001")
    first = noted(git)
    unsigned = Heads(paths, git)
    unsigned.finish(run, [REF], [], end=0)
    assert (0, ()) == (unsigned.tally.differences, unsigned.tally.check().not_seen)
    sign_with(git, make_key(tmp_path))
    noted(git, after=first)
    signed = Heads(paths, git)
    signed.finish(run, [REF], [], end=0)
    assert ["signature_unknown"] == [one.what for one in signed.tally.check().not_seen]
    assert "1 of 2 signed" in signed.tally.unit
