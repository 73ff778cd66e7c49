"""Honest sequences of commands, each of which leaves a run that audits clean, whatever came after what."""

import json
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Program, at_rest


HERE = "--no-background-train --no-stochastic"
BY_ITSELF = "--no-stochastic"


def _torn(program: Program) -> None:
    with (program.run_folder() / "history.jsonl").open("ab") as file:
        file.write(b" ")


def _half_a_record(program: Program) -> None:
    with (program.run_folder() / "history.jsonl").open("ab") as file:
        file.write(b'{"seq":7,"type":"NoteAd')


def _without_its_line_feed(program: Program) -> None:
    history = program.run_folder() / "history.jsonl"
    history.write_bytes(history.read_bytes()[:-1])


def _rests(program: Program) -> None:
    program.wait(at_rest)


def _trains(program: Program) -> None:
    program.wait(lambda status: (status["in_progress"] or {}).get("stage") == "train")


def _paused(program: Program) -> None:
    program.wait(lambda status: status["phase"] == "paused")


def _views_gone(program: Program) -> None:
    for name in ("state.json", "results.tsv", "runner.log"):
        (program.run_folder() / name).unlink()


def _trains_long(program: Program) -> None:
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace("SECONDS = 0.2", "SECONDS = 2.0"))
    program.git("commit", "-qam", "slower")


def _users_checkout(program: Program) -> None:
    program.git("checkout", "-q", program.status()["branch"])


def _proposal(name: str, **settings: object) -> Callable[[Program], None]:
    def write(program: Program) -> None:
        said = {"status": "ok", "description": name, "change_plan": "p", "commit_description": name}
        (program.repo / f"{name}.json").write_text(json.dumps(said | {"set": settings}))

    return write


def _dropped(name: str, **settings: object) -> Callable[[Program], None]:
    def write(program: Program) -> None:
        _proposal(name, **settings)(program)
        draft = program.repo / f"{name}.json"
        draft.rename(program.run_folder() / "proposals" / draft.name)

    return write


GOOD, BROKEN, NOWHERE = (
    _proposal("good", WIDTH=16),
    _proposal("broken", FAIL="crash"),
    _proposal("no", NOPE=1),
)
Step = str | Callable[[Program], None]  # a command, with ? one that may be refused; or what happens beside

SEQUENCES: dict[str, tuple[Step, ...]] = {
    "a loop and another": (f"start --loops 1 {HERE}", f"resume --loops 1 {HERE}"),
    "the baseline alone, then loops": (f"start --only setup,baseline {HERE}", f"resume --loops 2 {HERE}"),
    "setup alone, then all": (f"start --only setup {HERE}", f"resume --loops 1 {HERE}"),
    "no loops at all": (f"start --loops 0 {HERE}", f"resume --loops 0 {HERE}"),
    "the best measured once more": (
        f"start --loops 1 {HERE}",
        f"resume --loops 1 --loop-only train,record,decide {HERE}",
        f"resume --loops 1 {HERE}",
    ),
    "the baseline measured once more, twice": (
        f"start --loops 0 {HERE}",
        f"resume --loops 2 --loop-only train,record,decide {HERE}",
    ),
    "a kept change measured once more": (
        GOOD,
        f"start --loops 1 --proposal-file good.json {HERE}",
        f"resume --loops 2 --loop-only train,record,decide {HERE}",
        f"resume --loops 1 {HERE}",
    ),
    "stage by stage": (
        f"start --only setup,baseline {HERE}",
        f"resume --loops 1 --loop-only propose {HERE}",
        f"resume --loops 1 --loop-only apply {HERE}",
        f"resume --loops 1 --loop-only commit {HERE}",
        f"resume --loops 1 --loop-only train {HERE}",
        f"resume --loops 1 --loop-only record,decide {HERE}",
        f"resume --loops 1 {HERE}",
    ),
    "proposals alone, then the rest": (
        f"start --loops 1 --loop-only propose,apply,commit {HERE}",
        f"resume --loops 1 --loop-only train,record,decide {HERE}",
    ),
    "an open iteration left for a whole loop": (
        f"start --loops 1 --loop-only propose {HERE}",
        f"resume --loops 2 {HERE}",
    ),
    "a blank at the end while nobody works": (f"start --loops 1 {HERE}", _torn, "note hello"),
    "a torn end, healed by the next runner": (
        f"start --loops 1 {HERE}",
        _half_a_record,
        f"resume --loops 1 {HERE}",
    ),
    "a torn end, healed by a note, then resumed": (
        f"start --loops 1 {HERE}",
        _half_a_record,
        "note n",
        f"resume --loops 1 {HERE}",
    ),
    "a last line feed that is missing": (f"start --loops 1 {HERE}", _without_its_line_feed, "note hello"),
    "notes between runs": (
        f"start --loops 1 {HERE}",
        "note one",
        "note two",
        f"resume --loops 1 {HERE}",
        "note three",
    ),
    "stopped in a training, and resumed": (
        _trains_long,
        f"start --loops 2 {BY_ITSELF}",
        _trains,
        "stop",
        _rests,
        "resume --no-background-train",
    ),
    "stopped now, and resumed": (
        _trains_long,
        f"start --loops 1 {BY_ITSELF}",
        _trains,
        "stop --now",
        _rests,
        f"resume --loops 1 {HERE}",
    ),
    "stopped twice, now and not": (
        _trains_long,
        f"start --loops 1 {BY_ITSELF}",
        _trains,
        "pause",
        "stop",
        "?stop --now",
        "?stop",
        _rests,
    ),
    "paused and unpaused in a training": (
        _trains_long,
        f"start --loops 1 {BY_ITSELF}",
        _trains,
        "pause --reason lunch",
        "note n",
        "unpause",
        _rests,
    ),
    "refused at rest, then resumed": (
        f"start --loops 0 {HERE}",
        "?pause",
        "?unpause",
        "?stop",
        "?adopt",
        f"resume --loops 1 {HERE}",
    ),
    "paused, stopped, resumed": (
        _trains_long,
        f"start --loops 1 {BY_ITSELF}",
        _trains,
        "pause",
        _paused,
        "stop",
        _rests,
        f"resume --loops 1 {HERE}",
    ),
    "proposals of three ways": (
        GOOD,
        BROKEN,
        NOWHERE,
        f"start --loops 1 --proposal-file broken.json {HERE}",
        "propose good.json",
        "propose --description d --plan p --commit c --set LR=0.05",
        _dropped("dropped", WIDTH=4),
        f"resume --loops 3 {HERE}",
    ),
    "proposals while it trains": (
        GOOD,
        _trains_long,
        f"start --loops 2 {BY_ITSELF}",
        _trains,
        "propose good.json",
        _dropped("it", LR=0.03),
        _rests,
        f"resume --loops 1 {HERE}",
    ),
    "crashes only": (
        BROKEN,
        f"start --loops 1 --proposal-file broken.json {HERE}",
        f"resume --loops 1 --proposal-file broken.json {HERE}",
        f"resume --loops 1 --loop-only train,record,decide {HERE}",
    ),
    "a change that fails, then one more": (
        _proposal("hang", FAIL="silent"),
        f"start --loops 1 --proposal-file hang.json {HERE}",
        f"resume --loops 1 {HERE}",
    ),
    "adopted, then cleaned": (
        GOOD,
        f"start --loops 0 {HERE}",
        _users_checkout,
        f"resume --loops 1 --proposal-file good.json {HERE}",
        "adopt",
        "clean {run}",
        f"resume --loops 1 {HERE}",
    ),
    "cleaned, twice, and gone on": (
        f"start --loops 1 {HERE}",
        "clean {run}",
        f"resume --loops 1 {HERE}",
        "clean {run}",
        "note bye",
    ),
    "settings changed between": (
        f"start --loops 1 --timeout 300 {HERE}",
        f"resume --loops 1 --timeout 200 {HERE}",
        f"resume --loops 1 --prefetch 0 {HERE}",
        f"resume --loops 2 --prefetch 2 {HERE}",
    ),
    "loops asked for while it works": (
        _trains_long,
        f"start --loops 1 {BY_ITSELF}",
        _trains,
        f"resume --loops 1 {BY_ITSELF}",
        _rests,
    ),
    "views removed and rebuilt": (
        f"start --loops 1 {HERE}",
        _views_gone,
        "note hello",
        "rebuild {run}",
        f"resume --loops 1 {HERE}",
    ),
    "measured once more while prepared": (
        f"start --loops 2 --prefetch 1 {HERE}",
        f"resume --loops 1 --loop-only train,record,decide {HERE}",
        f"resume --loops 2 {HERE}",
    ),
    "from and to stages": (
        f"start --to-stage baseline {HERE}",
        f"resume --from-stage loop --loops 1 {HERE}",
        f"resume --from-stage setup --loops 1 {HERE}",
    ),
}


@pytest.mark.parametrize("steps", SEQUENCES.values(), ids=SEQUENCES)
def test_an_honest_sequence_audits_clean(program: Program, steps: tuple[Step, ...]):
    """After each command, and at the end, the audit finds no difference."""
    for step in steps:
        if callable(step):
            step(program)
        else:
            words = step.removeprefix("?").split()
            run = program.run_folder().name if "{run}" in words else ""
            program(*(run if word == "{run}" else word for word in words), code=None if step[0] == "?" else 0)
    found = json.loads(program("replay", "--json", code=None).stdout)
    assert found["first_difference"] is None
