"""A plain clone of the upstream project: no settings, and a prepare.py that knows no --check."""

from tests.e2e.conftest import Program


PREPARE = """\
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--num-shards", type=int, default=10)
parser.parse_args()
pathlib.Path("~/prepared").expanduser().open("a").write("once\\n")
"""
TRAIN = """\
import pathlib
DEPTH = 8
assert pathlib.Path("~/prepared").expanduser().exists(), "no data"
print("---\\nval_bpb:          0.997900")
"""


def test_a_clone_without_settings_is_prepared_and_trained(program: Program):
    """What cannot be checked is prepared once, and that it ended well is what makes it ready."""
    program.git("rm", "-q", "pyproject.toml")
    (program.repo / "prepare.py").write_text(PREPARE)
    (program.repo / "train.py").write_text(TRAIN)
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "as upstream has it")
    here = ("--no-stochastic", "--no-background-train")
    program("start", "--loops", "0", "--final", "0", *here)
    assert 0.9979 == program.status()["best_metric"]
    program("resume", "--loops", "0", *here)  # another runner looks at the setup anew
    assert "once\n" == (program.repo.parent / "home" / "prepared").read_text()


def test_a_clone_whose_data_cannot_be_made_says_so(program: Program):
    """A prepare.py that fails is named with its last words; nothing is trained."""
    program.git("rm", "-q", "pyproject.toml")
    (program.repo / "prepare.py").write_text("raise SystemExit('no network')\n")
    program.git("add", "-A")
    program.git("commit", "-q", "-m", "as upstream has it")
    refused = program("start", "--no-stochastic", "--no-background-train", code=4)
    assert "no network" in refused.stdout + refused.stderr
