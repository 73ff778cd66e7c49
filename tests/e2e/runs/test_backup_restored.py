"""A run whose history is older than what git has seen of it: a backup that was put back, or a cut."""

import shutil
from pathlib import Path

import pytest

from tests.contract.git.test_signed_anchors import NO_SSH_KEYGEN, make_key
from tests.e2e.conftest import Program, at_rest, hold_trainings
from tests.waiting import until


WORDS = ("--no-stochastic", "--no-background-train", "--prefetch", "0")


def anchored(program: Program, run_id: str) -> tuple[int, str]:
    """Return the head of the log that git has seen last."""
    message = program.git("log", "-1", "--format=%B", f"refs/autoresearch/{run_id}/log")
    seq, _, hash_ = message.rpartition("Autoresearch-Log: ")[2].partition(" ")
    return int(seq), hash_


@pytest.fixture
def history(program: Program) -> Path:
    """Return the history of a run that has tried two changes."""
    program("start", "--loops", "2", *WORDS)
    return program.run_folder() / "history.jsonl"


def older(history: Path, back: str) -> bytes:
    """Return the history as it stood before the last record that holds these words."""
    lines = history.read_bytes().splitlines(keepends=True)
    at = max(place for place, line in enumerate(lines) if back.encode() in line)
    return b"".join(lines[:at])


def test_git_sees_the_head_of_the_log(program: Program, history: Path):
    """After a stop the log's ref names its last record; each commit of it follows the one before."""
    last = program.events()[-1]
    run_id = history.parent.name
    ref = f"refs/autoresearch/{run_id}/log"
    assert (last["seq"], last["h"]) == anchored(program, run_id)
    before = program.git("rev-parse", ref)
    program("resume", "--loops", "1", *WORDS)
    assert before in program.git("rev-list", ref).split()
    assert "" == program.git("diff", "--stat", program.events()[0]["data"]["base_commit"], ref)
    program.git("fsck", "--strict")


@pytest.mark.parametrize("words", [(), ("--no-background-train",)])
def test_a_resume_that_finds_nothing_to_do_makes_up_for_the_head(
    program: Program, history: Path, words: tuple[str, ...]
):
    """Where git has not seen the end of a run that rests, resume lets it see that, by itself or a runner."""
    run_id = history.parent.name
    ref = f"refs/autoresearch/{run_id}/log"
    end = anchored(program, run_id)
    program.git("update-ref", ref, f"{ref}^")  # as a runner leaves it that is killed before its last one
    assert end != anchored(program, run_id)
    program("resume", *words)
    assert end == anchored(program, run_id)


def test_a_verdict_is_seen_while_the_next_change_trains(program: Program):
    """Git has seen the baseline's verdict before the first change has ended."""
    turn = hold_trainings(program)
    turn.is_for(0)
    program("start", "--loops", "1", "--no-stochastic", "--prefetch", "0")
    program.wait(
        lambda status: status["progress"] and "CandidateKept" in program("history", "--jsonl").stdout
    )
    run_id = program.run_folder().name
    (kept,) = [event["seq"] for event in program.events() if event["type"] == "CandidateKept"]
    until(lambda: kept <= anchored(program, run_id)[0])
    turn.is_for_all()
    program.wait(at_rest)


@pytest.mark.parametrize(
    ("back", "state"),
    [
        ("RunStopped", "with it"),
        ("RunStopped", "without"),
        ("CandidateKept", "without"),
        ("CandidateCommitted", "with it"),
        ("IterationStarted", "without"),
    ],
)
def test_an_older_history_is_not_gone_on_with(program: Program, history: Path, back: str, state: str):
    """Nothing is appended to it and no ref moves; the way out is named and helps, either way."""
    newer, run_id = history.read_bytes(), history.parent.name
    history.write_bytes(older(history, back))
    if state == "without":
        (history.parent / "state.json").unlink()
    restored, refs = history.read_bytes(), program.git("show-ref")
    for words in (
        "note x",
        "resume",
        f"resume --loops 1 {' '.join(WORDS)}",
        "adopt",
        f"clean {run_id} --yes",
    ):
        refused = program(*words.split(), code=6)
        assert f"repair {run_id}`" in refused.stderr, words
    assert restored == history.read_bytes()
    assert refs == program.git("show-ref")
    history.write_bytes(newer)
    program("note", "x")
    program("replay")
    history.write_bytes(restored)
    (history.parent / "state.json").unlink(missing_ok=True)
    said = program("repair").stdout
    assert f"refs/autoresearch/{run_id}/set-aside/001/log" in said
    program("replay")
    program("resume", *WORDS[1:2])
    program("replay")
    assert 2 == program.status()["iterations_completed"]


@pytest.mark.parametrize("back", ["ProposalChosen", "IterationStarted"])
def test_candidates_tell_it_too(program: Program, history: Path, back: str):
    """Without the log's ref, a candidate that the history does not know yet shows what it has lost."""
    history.write_bytes(older(history, back))
    (history.parent / "state.json").unlink()
    program.git("update-ref", "-d", f"refs/autoresearch/{history.parent.name}/log")
    refused = program("resume", *WORDS[1:2], code=6)
    assert "an older copy of it was put back" in refused.stderr
    program("repair")
    program("resume", *WORDS[1:2])


def test_an_older_history_fails_the_audit(program: Program, history: Path):
    """The audit names the first record that git has seen and the history lacks, with all views gone too."""
    history.write_bytes(older(history, "RunStopped"))
    for name in ("state.json", "runner.log", "results.tsv"):
        (history.parent / name).unlink()
    found = program("replay", code=6)
    assert "cut short" in found.stdout
    program.is_true = False


def test_a_look_asks_git_for_nothing(program: Program, history: Path):
    """What only looks does not compare: it works on an older history too."""
    history.write_bytes(older(history, "RunStopped"))
    (history.parent / "state.json").unlink()
    program("status")
    program("experiments")
    program.is_true = False


def test_a_run_whose_history_is_gone_is_listed(program: Program, history: Path):
    """`runs` names a run that has begun and has no history any more, and says what is wrong."""
    history.write_bytes(b"")
    (found,) = [line for line in program("runs").stdout.splitlines() if line.startswith(history.parent.name)]
    assert "unreadable" in found
    assert "is gone or empty" in found
    program.is_true = False


def sign(program: Program, tmp_path: Path, signer: str = shutil.which("ssh-keygen") or "") -> None:
    """Let the user sign all commits with a key of ssh's."""
    key = make_key(tmp_path)
    known = tmp_path / "signers"
    known.write_text(f"user@localhost {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "commit.gpgsign": "true",
        "gpg.format": "ssh",
        "gpg.ssh.allowedSignersFile": str(known),
        "user.signingkey": str(key),
    }.items():
        program.git("config", name, value)
    program.git("config", "--global", "gpg.ssh.program", signer)


@NO_SSH_KEYGEN
def test_what_git_sees_is_signed_where_the_user_signs(program: Program, tmp_path: Path):
    """The commits that name the head are signed, an audit has git verify them, and a bad one is false."""
    sign(program, tmp_path)
    program("start", "--loops", "1", *WORDS)
    ref = f"refs/autoresearch/{program.run_folder().name}/log"
    program.git("verify-commit", program.git("rev-parse", ref))
    assert "the run's own: signed" in program("replay").stdout
    raw = program.git("cat-file", "commit", ref)
    forged = tmp_path / "forged"
    forged.write_text(raw.replace("up to record", "up to the record") + "\n")
    program.git("update-ref", ref, program.git("hash-object", "-t", "commit", "-w", str(forged)).strip())
    said = program("replay", code=6).stdout
    assert "signature of commit" in said
    program.is_true = False


@NO_SSH_KEYGEN
def test_a_run_whose_commits_cannot_be_signed_goes_on(program: Program, tmp_path: Path):
    """Git sees the head unsigned, it is said once, and the audit says so too."""
    sign(program, tmp_path, signer="false")
    said = program("start", "--loops", "1", *WORDS).stderr
    assert 1 == said.count("what git sees of the log is not signed"), said
    last, run_id = program.events()[-1], program.run_folder().name
    assert (last["seq"], last["h"]) == anchored(program, run_id)
    assert "the run's own: not signed" in program("replay").stdout
