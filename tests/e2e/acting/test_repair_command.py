"""A damaged history from outside: what the commands say of it, and what `repair` makes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Program


def in_the_middle(lines: list[bytes]) -> list[bytes]:
    at = len(lines) * 2 // 3
    return [*lines[:at], lines[at].replace(b'"at":"2', b'"at":"1'), *lines[at + 1 :]]


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[: len(lines) * 2 // 3]


def begun(program: Program) -> Path:
    """Let a run try two changes; return its history."""
    program("start", "--loops", "2", "--no-stochastic", "--no-background-train", "--prefetch", "0")
    return program.run_folder() / "history.jsonl"


@pytest.mark.parametrize("how", [in_the_middle, cut])
def test_each_command_names_the_way_out_and_it_helps(
    program: Program, how: Callable[[list[bytes]], list[bytes]]
):
    """Whoever meets the damage is told of `repair`; after it everything works, and the audit is clean."""
    history = begun(program)
    history.write_bytes(b"".join(how(history.read_bytes().splitlines(keepends=True))))
    damaged = history.read_bytes()
    run_id = history.parent.name
    for words in ("note x", "resume", "experiments", "propose --set LR=0.2", f"rebuild {run_id}"):
        refused = program(*words.split(), code=6)
        assert f"repair {run_id}`" in refused.stderr, words
    assert damaged == history.read_bytes()
    said = program("repair").stdout
    assert f"{history.parent / 'set_aside' / '001' / 'before.jsonl'}" in said
    assert f"resume --run-id {run_id}`" in said
    assert "its history is whole" in program("repair", run_id).stdout
    assert "HistoryRepaired" in [event["type"] for event in program.events()]
    program("status")
    program("replay")
    program("resume", "--no-background-train")
    assert "done" == program.status()["phase"]
    assert 2 == program.status()["iterations_completed"]
    program("replay")


def test_a_whole_history_is_left_alone(program: Program):
    """On a healthy run repair says so and writes nothing."""
    history = begun(program)
    before = history.read_bytes()
    assert "its history is whole; nothing was changed" in program("repair").stdout
    assert before == history.read_bytes()
    assert not (history.parent / "set_aside").exists()
