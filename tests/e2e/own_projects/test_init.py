"""What `init` writes, shares, refuses and leaves: the real program in a repository that nobody set up."""

import os
import signal
import subprocess
import tomllib

import pytest

from tests.e2e.conftest import Program
from tests.waiting import PATIENCE_S


SCRIPT = """\
import os
RATE = 0.1
print(len(open("data/train.txt").read()), os.path.exists("out/last.txt"))
os.makedirs("out", exist_ok=True)
open("out/last.txt", "w").write("1")
print(f"loss: {(RATE - 0.01) ** 2:.6f}")
"""


SET = """\
[tool.autoresearch]
train = ["{python}", "fit.py", "--seed={seed}"]
[tool.autoresearch.metric]
name = "loss"
pattern = "loss: (.*)"
"""


@pytest.fixture
def own(program: Program) -> Program:
    """A script that reads ignored data and goes on from what it left, and a pyproject.toml of other tools."""
    program.git("rm", "-q", "train.py", "program.md", "pyproject.toml")
    (program.repo / "fit.py").write_text(SCRIPT)
    (program.repo / "pyproject.toml").write_text("[tool.other]  # mine\nx = 1\n")
    (program.repo / ".gitignore").write_text("data/\nout/\n")
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "my script")
    for folder, name in (("data", "train.txt"), ("out", "last.txt")):
        (program.repo / folder).mkdir()
        (program.repo / folder / name).write_text("abc")
    return program


def table(program: Program) -> dict[str, object]:
    """Return the settings that stand in pyproject.toml."""
    return tomllib.loads((program.repo / "pyproject.toml").read_text())["tool"].get("autoresearch", {})


def test_it_writes_what_a_run_needs_and_shows_what_it_found(own: Program):
    """What the script reads is shared, what it writes too is not; the number and its line are shown."""
    said = own("init", "--yes").stdout
    found = table(own)
    assert (["{python}", "fit.py"], ["fit.py"], ["data"]) == (
        found["train"],
        found["editable"],
        found["shared"],
    )
    assert {"name": "loss", "lower_is_better": True}.items() <= found["metric"].items()
    assert "not shared   out: the script writes there too" in said
    assert "metric       loss = 0.0081, lower is better" in said
    assert "from: loss: 0.008100" in said
    assert "linked       data" in said
    assert (own.repo / "pyproject.toml").read_text().startswith("[tool.other]  # mine\nx = 1\n")
    assert "`loss` lower" in (own.repo / "program.md").read_text()
    assert "git add pyproject.toml program.md" in said


def test_it_leaves_nothing_behind_and_commits_nothing(own: Program):
    """No commit, branch, worktree or ref comes of it, and the trial's folder is gone."""
    before = own.git("for-each-ref"), own.git("rev-parse", "HEAD")
    own("init", "--yes")
    assert before == (own.git("for-each-ref"), own.git("rev-parse", "HEAD"))
    assert 1 == len(own.git("worktree", "list").splitlines())
    assert "M pyproject.toml\n?? program.md" == own.git("status", "--short")
    assert not (own.repo / ".autoresearch" / "trial").exists()


def test_an_option_takes_the_place_of_a_setting_and_says_what_goes_with_it(own: Program):
    """A way alone replaces the one that is set; a training without the seed of before says so."""
    settings = own.repo / "pyproject.toml"
    settings.write_text(SET)
    said = own("init", "--yes", "--no-trial", "--better", "higher", "--train", "python fit.py").stdout
    assert "seeds        off: the command before had {seed}" in said
    assert "--train '{python} fit.py --seed={seed}'" in said
    assert {"name": "loss", "pattern": "loss: (.*)", "lower_is_better": False} == table(own)["metric"]
    assert "metric       loss = 0.0081, lower is better" in own("init", "--yes", "--better", "lower").stdout
    assert {"name": "loss", "pattern": "loss: (.*)", "lower_is_better": True} == table(own)["metric"]


def test_a_second_call_changes_nothing(own: Program):
    """Settings that are there stay as they are, but for what an option names; --force replaces them."""
    own("init", "--yes")
    file = own.repo / "pyproject.toml"
    file.write_text(file.read_text().replace("expected_s = 10", "expected_s = 77"))
    before = file.read_bytes()
    assert "has all of them already" in own("init", "--yes").stdout
    assert before == file.read_bytes()
    own("init", "--yes", "--train", "python fit.py --fast")
    found = table(own)
    assert (["{python}", "fit.py", "--fast"], 77) == (found["train"], found["expected_s"])
    own("init", "--yes", "--force", "--train", "python fit.py")
    assert ["{python}", "fit.py"] == table(own)["train"]


def test_without_a_terminal_and_a_yes_nothing_is_written(own: Program):
    """It says what it would write, and trains nothing."""
    said = own("init", code=2).stdout
    assert "editable = [" in said
    assert "nothing was written" in said
    assert {} == table(own)


def test_a_way_that_no_name_tells_is_asked_for(own: Program):
    """A number of an unknown kind is refused with the option that says which way is better."""
    text = SCRIPT.replace("loss:", "quux:")
    (own.repo / "fit.py").write_text(text)
    own.git("commit", "-qam", "another number")
    refused = own("init", "--yes", "--metric", "quux", code=2).stderr
    assert "init --yes --metric 'quux' --better higher" in refused
    unknown = own("init", "--yes", "--metric", "quix", code=3).stderr
    assert "gave no number 'quix'" in unknown
    own("init", "--yes", "--metric", "quux", "--better", "higher")
    assert {"name": "quux", "lower_is_better": False}.items() <= table(own)["metric"].items()


def test_a_trial_that_fails_shows_why(own: Program):
    """The last lines of a crash are shown, with the way on; the repository is as it was."""
    (own.repo / "fit.py").write_text(SCRIPT + "raise SystemExit('out of luck')\n")
    own.git("commit", "-qam", "it breaks")
    before = own.git("status", "--porcelain", "--ignored")
    failed = own("init", "--yes", code=4).stdout
    assert "| out of luck" in failed
    assert "nothing was written: mend that, then" in failed
    assert before == own.git("status", "--porcelain", "--ignored")
    own("init", "--yes", "--no-trial")
    assert ["fit.py"] == table(own)["editable"]


def test_a_script_that_reads_beside_itself_runs_in_its_folder(own: Program):
    """A first trial that misses a file of the script's own folder is followed by one in there."""
    (own.repo / "exp").mkdir()
    own.git("rm", "-q", "fit.py")
    (own.repo / "exp/fit.py").write_text("import json\nprint('loss:', json.load(open('conf.json'))['lr'])\n")
    (own.repo / "exp/conf.json").write_text('{"lr": 0.5}\n')
    own.git("add", "-A")
    own.git("commit", "-qm", "in a folder")
    assert "metric       loss = 0.5" in own("init", "--yes").stdout
    assert ["env", "-C", "exp", "{python}", "fit.py"] == table(own)["train"]


def test_packages_that_are_missing_lead_to_an_environment(own: Program):
    """Where the runner's own Python lacks a module, the way to an environment of the project is named."""
    (own.repo / "fit.py").write_text(f"{SCRIPT}import no_such_package\n")
    own.git("commit", "-qam", "it needs more")
    assert "python3 -m venv .venv" in own("init", "--yes", code=4).stdout


def test_a_trial_that_takes_too_long_says_how_to_shorten_it(own: Program):
    """It is ended, what it had printed is shown, and both ways out are named."""
    (own.repo / "fit.py").write_text(SCRIPT + "import time\ntime.sleep(600)\n")
    own.git("commit", "-qam", "it lasts")
    failed = own("init", "--yes", "--timeout", "2", code=4).stdout
    assert "--timeout SECONDS" in failed
    assert "loss: 0.008100" in failed


def test_an_interrupted_trial_leaves_nothing(own: Program):
    """Ctrl-C ends the training, and takes its checkout and folder away."""
    (own.repo / "fit.py").write_text("import time\nprint('loss: 1', flush=True)\ntime.sleep(600)\n")
    own.git("commit", "-qam", "it lasts")
    running = subprocess.Popen(
        [*own.door, "init", "--yes"], cwd=own.repo, env=own.env, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    while "training ..." not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE_S)
    assert 130 == running.returncode
    assert 1 == len(own.git("worktree", "list").splitlines())
    assert not (own.repo / ".autoresearch").exists()
    assert {} == table(own)


def test_a_path_that_only_the_trial_misses_is_shared(own: Program):
    """What no text of the script names and its error does, is linked, and the training tried again."""
    text = SCRIPT.replace('"data/train.txt"', '"/".join(["da" + "ta", "train.txt"])')
    (own.repo / "fit.py").write_text(text)
    own.git("commit", "-qam", "a name in pieces")
    assert "data/train.txt" in own("init", "--yes").stdout
    assert ["data/train.txt"] == table(own)["shared"]


def test_a_number_that_only_a_file_has_is_found(own: Program):
    """Where nothing with a name is printed, a file that the training leaves is read, and named."""
    silent, _, _ = SCRIPT.rpartition("print(")
    told = 'json.dump({"val_f1": 0.5, "epoch": 3}, open("m.json", "w"))'
    (own.repo / "fit.py").write_text(f"import json\n{silent}{told}\n")
    own.git("commit", "-qam", "a number in a file")
    assert "from: m.json" in own("init", "--yes").stdout
    assert {"name": "val_f1", "file": "m.json", "lower_is_better": False} == table(own)["metric"]
    own("start", "--loops", "0", "--final", "0", "--no-stochastic", "--no-background-train")
    assert 0.5 == own.status()["best_metric"]


def test_a_held_back_number_in_a_file_counts_before_a_printed_training_loss(own: Program):
    """The file's is taken, the printed one named as the other; --metric takes either."""
    told = 'json.dump({"val": {"mse": 0.5}, "params": 3}, open("m.json", "w"))'
    (own.repo / "fit.py").write_text(f"import json\nRATE = 0.1\nprint('train_loss=0.25')\n{told}\n")
    own.git("commit", "-qam", "two numbers")
    said = own("init", "--yes").stdout
    assert "metric       val.mse = 0.5, lower is better" in said
    assert "also there   train_loss: --metric NAME takes another" in said
    assert "metric       train_loss = 0.25" in own("init", "--yes", "--metric", "train_loss").stdout
    assert "metric       val.mse = 0.5" in own("init", "--yes", "--metric", "val.mse").stdout


def test_a_repository_without_a_training_says_what_to_name(program: Program):
    """Where nothing looks like a training, the option that names it is the way out."""
    program.git("rm", "-q", "train.py", "pyproject.toml")
    program.git("commit", "-q", "-m", "nothing")
    assert "init --train" in program("init", "--yes", code=3).stderr


def test_a_command_that_names_no_file_asks_for_what_may_be_changed(own: Program):
    """Nothing is known to change: that is said with the setting, which lets the next call train."""
    refused = own("init", "--yes", "--train", "true", code=3).stderr
    assert "the training command `true` names no committed file" in refused
    assert {} == table(own)
    file = own.repo / "pyproject.toml"
    file.write_text(file.read_text() + '[tool.autoresearch]\neditable = ["fit.py"]\n')
    assert "trained " in own("init", "--yes", "--train", "true", code=4).stdout


def test_its_refusals_leave_the_settings_alone(own: Program):
    """A file that is no TOML, or a setting that makes no sense, is named and not touched."""
    file = own.repo / "pyproject.toml"
    file.write_text("[tool.autoresearch]\nslotz = 2\n")
    assert "slotz" in own("init", "--yes", code=5).stderr
    assert "[tool.autoresearch]\nslotz = 2\n" == file.read_text()


def answered(program: Program, answers: str, *words: str) -> tuple[int, str]:
    """Call the program in a terminal, where somebody types these answers."""
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [*program.door, *words],
        cwd=program.repo,
        env=program.env,
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, answers.encode())
    said, _ = running.communicate(timeout=PATIENCE_S)
    os.close(ours)
    return running.returncode, said


def test_in_a_terminal_it_asks(own: Program):
    """It asks before it writes, which number counts, and which way is better where no name tells it."""
    (own.repo / "fit.py").write_text(SCRIPT + "print('val_quux: 3')\n")
    own.git("commit", "-qam", "two numbers")
    code, said = answered(own, "n\n", "init")
    assert (0, {}) == (code, table(own))
    assert "train once?" in said
    code, said = answered(own, "y\nval_quux\nn\n", "init")
    assert 0 == code
    assert "Is a lower val_quux the better one?" in said
    assert {"name": "val_quux", "lower_is_better": False}.items() <= table(own)["metric"].items()


SEEDED = """\
import argparse, random
RATE = 0.1
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
random.seed(parser.parse_args().seed)
print(f"loss: {RATE + random.random() / 100:.6f}")
"""


def test_a_script_gets_its_seed_by_the_option_that_it_has(own: Program):
    """Its command names the seed, so that repeats differ and what is compared had the same one."""
    (own.repo / "fit.py").write_text(SEEDED)
    own.git("commit", "-qam", "seeded")
    assert "under the same one" in own("init", "--yes").stdout
    own.git("commit", "-qam", "settings")
    assert ["{python}", "fit.py", "--seed={seed}"] == table(own)["train"]
    own("start", "--loops", "1", "--no-stochastic", "--final", "0", "--no-background-train")
    trained = [event["data"] for event in own.events() if event["type"] == "TrainingStarted"]
    finished = [event["data"] for event in own.events() if event["type"] == "TrainingFinished"]
    seeds, numbers = [one["seed"] for one in trained], [one["metric"] for one in finished]
    assert 3 == len(set(seeds[:3])) == len(set(numbers[:3]))
    assert seeds[0] == seeds[3]
    own("replay")
