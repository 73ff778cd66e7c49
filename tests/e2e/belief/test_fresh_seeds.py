"""A run whose trainings are noisy: the same seeds for what is compared, fresh ones for what is claimed."""

import json

from tests.e2e.conftest import CONFIG, Program, at_rest


NOISE = """
import random
score += random.Random(int(os.environ["SEED"])).gauss(0, 0.01)
print("---")
"""
SETTINGS = CONFIG.replace('keep_rule = "lower"\nfinal = 0\n', 'seed_env = "SEED"\nfinal = 2\n')
BETTER = {"WIDTH": 16}  # by 0.08
NOTHING = {"SECONDS": 0.1}


def noisy(program: Program, *changes: dict[str, float]) -> None:
    """Commit a training that hangs on its seed, and ask for these changes, one loop each."""
    script = program.repo / "train.py"
    script.write_text(script.read_text().replace('print("---")\n', NOISE.lstrip(), 1))
    (program.repo / "pyproject.toml").write_text(SETTINGS)
    program.git("add", "-A")
    program.git("commit", "-qm", "as it is with real ones")
    for number, change in enumerate(changes):
        said = dict.fromkeys(("description", "change_plan", "commit_description"), f"change {number}")
        file = program.repo.parent / f"{number}.json"
        file.write_text(json.dumps(said | {"status": "ok", "set": change}))
        if number == 0:
            program("start", "--loops", str(len(changes)), "--proposal-file", str(file))
        else:
            program("propose", str(file))
    program.wait(at_rest)


def test_a_gain_is_stated_on_seeds_that_chose_nothing(program: Program):
    """Baseline on three seeds, a candidate on the first of them, and both on two fresh ones in the end."""
    noisy(program, BETTER)
    seeds: dict[int, list[int]] = {}
    for event in program.events():
        if event["type"] == "TrainingStarted":
            seeds.setdefault(event["data"]["iteration"], []).append(event["data"]["seed"])
    assert [3, 1, 2, 2] == [len(of) for of in seeds.values()]
    assert seeds[0][0] == seeds[1][0]
    assert seeds[2] == seeds[3]
    assert 5 == len({seed for of in seeds.values() for seed in of})
    gain = json.loads(program("status", "--json").stdout)["gain"]
    assert (True, 2) == (gain["shown"], gain["seeds"])
    assert abs(gain["value"] - 0.08) < 1e-5  # on the same seed the noise is the same
    assert "gain     +0.080000 ± " in program("status").stdout
    program("replay")


def test_nothing_is_claimed_of_a_change_that_does_nothing(program: Program):
    """What gives the same on the same seed is not kept, and there is no gain to measure."""
    noisy(program, NOTHING)
    told = json.loads(program("status", "--json").stdout)
    assert (0, None) == (told["counts"]["kept"], told["gain"])
    assert "nothing was kept" in program("final", code=3).stderr
    assert 4 == [event["type"] for event in program.events()].count("TrainingStarted")
    program("replay")


def test_the_end_is_measured_once_more_on_request(program: Program):
    """`final --seeds 1` trains best and baseline on one more fresh seed, and no loop."""
    noisy(program, BETTER)
    program("final", "--seeds", "1")
    program.wait(at_rest)
    told = json.loads(program("status", "--json").stdout)
    assert (1, 1) == (told["gain"]["seeds"], told["iterations_completed"])
    repeats = [event["data"]["repeat"] for event in program.events() if event["type"] == "TrainingStarted"]
    assert [1, 2, 3, 1, 4, 5, 4, 5, 6, 6] == repeats
    program("replay")


def test_each_keep_is_confirmed_on_request(program: Program):
    """`consolidate` trains keep and baseline on fresh seeds, and every page says what that shows."""
    noisy(program, BETTER)
    program("consolidate", "--seeds", "2")
    program.wait(at_rest)
    (keep,) = json.loads(program("status", "--json").stdout)["keeps"]
    assert (1, 0, 2, "confirmed") == tuple(keep[name] for name in ("iteration", "base", "pairs", "verdict"))
    assert "keeps    1 confirmed on 2 fresh seeds" in program("status").stdout
    assert "confirmed" in program("experiments").stdout
    assert "confirmed" == json.loads(program("experiments", "--json").stdout)["experiments"][1]["sureness"]
    assert 1 == [event["type"] for event in program.events()].count("GainStated")
    program("replay")


def test_a_stopped_run_measures_its_gain_and_leaves_its_loops(program: Program):
    """`final` after `stop` trains best and baseline on a fresh seed; the loops wait for `resume`."""
    noisy(program, BETTER)
    program("resume", "--loops", "30")
    program("stop", "--now")
    left = program.wait(at_rest)["loops_left"]
    before = len(program.events())
    said = program("final", "--seeds", "1").stdout
    assert f"what was asked for before waits: {left} loops, until `" in said
    told = program.wait(lambda status: status["phase"] == "done")
    assert (left, 1) == (told["loops_left"], told["gain"]["seeds"])
    trained = [one["data"] for one in program.events()[before:] if one["type"] == "TrainingStarted"]
    assert (2, 1) == (len(trained), len({one["seed"] for one in trained}))
    program("replay")
