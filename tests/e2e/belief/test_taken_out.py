"""Keeps that are taken out again, and what each gives beside the others: on a noisy script."""

import json
import random

from autoresearch.engine.verdicts.repeats import seed_of
from tests.e2e.conftest import CONFIG, Program, at_rest


RUN = "taken-r001"
NOISE = """
import random
SALT = 0
score += random.Random(f"{os.environ['SEED']}/{SALT}").gauss(0, 0.01)
print("---")
"""
SETTINGS = CONFIG.replace('keep_rule = "lower"\n', 'seed_env = "SEED"\nkeep_rule = "climb"\nnoise = 0.01\n')
SEEDS = 2
FIRST = 2  # repeat 1 is what all are screened on


def luck(salt: int, repeat: int) -> float:
    """Return what a salt loses under the seed of a repeat, though it does nothing."""
    return random.Random(f"{seed_of(RUN, repeat)}/{salt}").gauss(0, 0.01)  # noqa: S311 - noise


def gain(salt: int, *repeats: int) -> float:
    """Return what this salt seems to gain on the first."""
    return sum(luck(0, repeat) - luck(salt, repeat) for repeat in repeats) / len(repeats)


def lucky() -> int:
    """Return a salt that is kept for its luck, found doubtful on the seeds after that, and no loss then."""
    fresh, again = range(FIRST, FIRST + SEEDS), range(FIRST + SEEDS, FIRST + 2 * SEEDS)
    return next(
        salt
        for salt in range(1, 10_000)
        if gain(salt, 1) > 0.008 and abs(gain(salt, *fresh)) < 0.004 and abs(gain(salt, *again)) < 0.004
    )


def kept_twice(program: Program) -> None:
    """Keep a change that helps and one that was lucky, and say which of them is sure."""
    script = program.repo / "train.py"
    script.write_text(script.read_text().replace('print("---")\n', NOISE.lstrip(), 1))
    (program.repo / "pyproject.toml").write_text(SETTINGS)
    program.git("add", "-A")
    program.git("commit", "-qm", "as noisy as real ones")
    for number, change in enumerate(({"WIDTH": 16}, {"SALT": lucky()})):
        said = dict.fromkeys(("description", "change_plan", "commit_description"), f"change {number}")
        file = program.repo.parent / f"{number}.json"
        file.write_text(json.dumps(said | {"status": "ok", "set": change}))
        asked = ("resume", "--loops", "1") if number else ("start", "--loops", "1", "--run-id", RUN)
        program(*asked, "--proposal-file", str(file))
        program.wait(at_rest)
    program("consolidate", "--seeds", str(SEEDS))
    program.wait(at_rest)


def keeps(program: Program) -> list[tuple[int, str | None, int | None]]:
    """Return of each keep what is said of it, and what took it out."""
    told = json.loads(program("status", "--json").stdout)["keeps"]
    return [(one["iteration"], one["verdict"], one["taken_out"]) for one in told]


def test_what_is_doubtful_is_taken_out(program: Program):
    """`consolidate --drop` trains the best without the lucky keep on fresh seeds: best and branch follow."""
    kept_twice(program)
    assert [(1, "confirmed", None), (2, "doubtful", None)] == keeps(program)
    said = program("consolidate", "--drop", "--seeds", str(SEEDS)).stdout
    assert "trained without iteration 2, each by itself, on 2 fresh seeds" in said
    told = program.wait(at_rest)
    assert 2 == told["keeps"][-1]["takes_out"]
    (one, two, out) = keeps(program)
    assert ((1, "confirmed", None), (2, "doubtful"), (out[0], None, None)) == (one, two[:2], out)
    assert two[2] == out[0] > 2
    at_branch = program.git("show", f"{told['branch']}:train.py")
    assert "WIDTH = 16" in at_branch
    assert "SALT = 0" in at_branch
    assert told["kept_commit"] == program.git("rev-parse", told["branch"])
    assert "1 taken out: iteration 2" in program("status").stdout
    assert "doubtful, out" in program("experiments").stdout
    assert f"taken out by iteration {out[0]}" in program("show", "2").stdout
    assert "no worse without iteration 2" in program("show", str(out[0])).stdout
    assert "no keep of taken-r001 is in doubt" in program("consolidate", "--drop", code=3).stderr
    program("replay")


def test_each_keep_beside_the_others(program: Program):
    """`ablate` trains the best, and it without each keep: it says what each gives, and keeps nothing."""
    kept_twice(program)
    before = program.status()["kept_commit"]
    program("ablate", "--seeds", "1")
    told = program.wait(at_rest)
    assert before == told["kept_commit"]
    of = {one["iteration"]: one for one in told["keeps"]}
    assert {1, 2} == set(of)
    assert ("confirmed", 1) == (of[1]["verdict"], of[1]["pairs"])
    assert "doubtful" == of[2]["verdict"]
    assert all(one["base"] > one["iteration"] for one in of.values())
    assert abs(of[1]["gain"] - 0.08) < 1e-5  # the same seed and salt have the same noise
    assert "beside the others" in program("show", "1").stdout
    trained = [event["data"]["repeat"] for event in program.events() if event["type"] == "TrainingStarted"]
    assert [4, 4, 4] == trained[-3:]  # the best, and it without each of two keeps
    program("replay")


def test_what_others_stand_on_stays(program: Program):
    """Of two changes of one line the first cannot be taken out alone: that is said, and it stays."""
    said = dict.fromkeys(("description", "change_plan", "commit_description"), "wider")
    for number, width in enumerate((12, 16)):
        file = program.repo.parent / f"{number}.json"
        file.write_text(json.dumps(said | {"status": "ok", "set": {"WIDTH": width}}))
        program("resume" if number else "start", "--loops", "1", "--proposal-file", str(file))
        program.wait(at_rest)
    before = len(program.events())
    assert "name more, as in" in program("ablate", "--seeds", "1", code=2).stderr
    assert "was looked at on fresh seeds yet" in program("consolidate", "--drop", code=3).stderr
    assert before == len(program.events())
    out = program("ablate", "--seeds", "2").stdout
    assert "iteration 1 cannot be taken out alone, and stays: what was kept later has changed the same" in out
    told = program.wait(at_rest)
    assert [(1, None), (2, "confirmed")] == [(one["iteration"], one["verdict"]) for one in told["keeps"]]
    program("replay")
