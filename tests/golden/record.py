"""Record the runs of recorded.py anew: `python -m tests.golden.record [NAME ...]`.

opencode, codex, claude and crash-mended are driven by the real programs that `make test-agents` installs,
whose model is a script of this machine; night needs none of them. Each is made in namespaces of its own, in
which all that a history may name lies below /srv and /usr, and the machine is called "recorder". Needs Linux
with `unshare`, and a python3 in /usr/bin.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.agents.conftest import Seat, edit, in_turn, proposal, seated
from tests.agents.model_apis import Say
from tests.agents.programs import CLAUDE, CODEX, FOLDER, OPENCODE, ROOT, Hands
from tests.e2e.conftest import CONFIG, TRAIN, Program
from tests.golden import record_night
from tests.golden.play import FOLDER as RUNS_FOLDER
from tests.golden.recorded import NAMES, file_of, pack


PLACE = Path("/srv")
SOURCE, AGENTS = PLACE / "autoresearch", PLACE / "agents"
INSIDE = "--inside"
QUICK = TRAIN.replace("SECONDS = 0.2", "SECONDS = 0")
SETTINGS = f'{CONFIG}python = ["/usr/bin/python3", "-S"]\n'


def opencode(seat: Seat) -> None:
    """A constant, exact edits, and after a note prose that is carried out."""
    seat.set_up()
    edits = [{"file": "train.py", "search": "WIDTH = 8", "replace": "WIDTH = 16"}]
    seat.scripts["propose"] = in_turn(
        [proposal("faster", set={"LR": 0.05})], [proposal("wider", edits=edits)], [proposal("finer")]
    )
    seat.scripts["apply"] = lambda turn: [*edit(seat, "LR = 0.05", "LR = 0.03")(turn), Say("Lowered it.")]
    seat.run(loops=2)
    seat.runs("note", "look at the rate again")
    seat.resume(loops=1)


def codex(seat: Seat) -> None:
    """Three changes in one call each; the first leaves a file beside it."""
    seat.set_up(agent_mode="edit")
    made = in_turn(
        edit(seat, "LR = 0.1", "LR = 0.05", beside="NOTES.md"),
        edit(seat, "WIDTH = 8", "WIDTH = 16"),
        edit(seat, "LR = 0.05", "LR = 0.5"),
    )
    seat.scripts["edit"] = lambda turn: [*made(turn)(turn), proposal("a change", hypothesis="it is too high")]
    seat.run(loops=3)


def claude(seat: Seat) -> None:
    """A question that is answered late, newer guidance, and an answer that nobody can use."""
    seat.set_up()
    asks = json.dumps(json.loads(proposal("the rate, or the width?").text) | {"status": "need_input"})
    seat.scripts["propose"] = in_turn(
        [Say(asks)],
        [proposal("faster", set={"LR": 0.05}, hypothesis="it is too high", expected="below 1.1")],
        [Say("I would rather go on tomorrow.")],
        [proposal("wider", set={"WIDTH": 16})],
        [proposal("much faster", set={"LR": 0.9})],
    )
    seat.run(loops=1)
    seat.runs("answer", "the width")
    (seat.runs.repo / "program.md").write_text("Lower is better; a wide one may be slow.\n")
    seat.runs.git("commit", "-qam", "newer guidance")
    seat.resume(loops=2)


def crash_mended(seat: Seat) -> None:
    """A change that crashes is mended and kept; the next one crashes as well, and is given up."""
    seat.set_up()
    seat.scripts["propose"] = in_turn([proposal("faster")], [proposal("hopeless", set={"FAIL": "crash"})])
    breaks = edit(seat, 'FAIL = ""', 'FAIL = "crash"; LR = 0.05')
    seat.scripts["apply"] = lambda turn: [*breaks(turn), Say("Raised the rate.")]
    mended = Say(json.dumps({"action": "fix_and_rerun", "reason": "took the crash out"}))
    given_up = Say(json.dumps({"action": "discard", "reason": "it cannot work"}))
    mends = edit(seat, 'FAIL = "crash"', 'FAIL = ""')
    seat.scripts["triage"] = lambda turn: [given_up] if "hopeless" in turn.text else [*mends(turn), mended]
    seat.run(loops=2)


RUNS: dict[str, tuple[Hands, Callable[[Seat], None]]] = {
    "opencode": (OPENCODE, opencode),
    "codex": (CODEX, codex),
    "claude": (CLAUDE, claude),
    "crash-mended": (CODEX, crash_mended),
}


def program(train: str, settings: str) -> Program:
    """Make the repository of a run, and the command line beside it."""
    repo, home = PLACE / "repo", PLACE / "home"
    for folder in (repo, home, PLACE / "bin"):
        folder.mkdir()
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {"AUTORESEARCH_DEVICES": str(PLACE / "devices"), "PYTHONPATH": str(SOURCE / "src")}
    runs = Program(repo, env)
    (repo / "train.py").write_text(train)
    (repo / "program.md").write_text("Lower is better.\n")
    (repo / "pyproject.toml").write_text(settings)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        runs.git(*words)
    return runs


def record_here(name: str, file: Path) -> None:
    """Make a run and pack it, within the namespaces."""
    if name == "night":
        runs = program(record_night.TRAIN, record_night.SETTINGS)
        record_night.night(runs)
    else:
        hands, story = RUNS[name]
        runs = program(QUICK, SETTINGS)
        with seated(hands, runs, PLACE / "bin") as seat:
            story(seat)
    runs.audit()
    pack(runs.run_folder(), runs.repo, file)


def record(name: str) -> None:
    """Make a run in namespaces of its own, and say how large its pack is."""
    FOLDER.mkdir(exist_ok=True)  # not every run needs programs in it
    places = {SOURCE: ROOT, AGENTS: FOLDER, PLACE / "out": RUNS_FOLDER}
    steps = [
        "hostname recorder",
        f"mount -t tmpfs none {PLACE}",
        *(
            f"mkdir {place}; mount --bind {shlex.quote(str(there))} {place}"
            for place, there in places.items()
        ),
        f"cd {SOURCE}",
        "exec " + shlex.join([sys.executable, "-m", __spec__.name, INSIDE, name]),
    ]
    env = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{SOURCE}:{SOURCE}/src",
        "AUTORESEARCH_AGENTS": str(AGENTS),
    }
    subprocess.run(["unshare", "-rmu", "sh", "-ec", "\n".join(steps)], env=env, check=True)
    file = file_of(name)
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes\n")


if __name__ == "__main__":
    if sys.argv[1:2] == [INSIDE]:
        record_here(sys.argv[2], PLACE / "out" / file_of(sys.argv[2]).name)
    else:
        for one in sys.argv[1:] or NAMES:
            record(one)
