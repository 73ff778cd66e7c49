"""Files that a training leaves and the settings name are there afterwards: the best's, and the newest."""

from tests.e2e.belief.test_equal_beginnings import HERE, commit
from tests.e2e.conftest import Program


TRAIN = """\
import os
LR = 0.04  # search: 0.01..0.1
os.makedirs("out", exist_ok=True)
open("out/model.pt", "w").write(f"weights of LR={LR}")
open("out/notes.txt", "w").write("x")
print(f"val_bpb: {1 + abs(LR - 0.05):.6f}")
"""


def test_the_best_ones_artifacts_stay(program: Program):
    """Ignored or not, the best's checkpoint and the newest are kept, and the others are gone."""
    commit(program, TRAIN, ignored="*.pt\n", settings='artifacts = ["out/*.pt"]\nartifacts_newest = 1\n')
    program("start", *HERE, "--loops", "4")
    kept = [one["data"]["iteration"] for one in program.events() if one["type"] == "CandidateKept"][-1]
    artifacts = program.run_folder() / "artifacts"
    assert {f"{kept:04d}", "0004"} == {path.name for path in artifacts.iterdir()}
    for number in (kept, 4):
        left = artifacts / f"{number:04d}" / "out"
        assert ["model.pt"] == [path.name for path in left.iterdir()]
        code = program.git("show", f"refs/autoresearch/{program.run_folder().name}/{number}:train.py")
        assert left.joinpath("model.pt").read_text().removeprefix("weights of ").replace("=", " = ") in code
    assert f"artifacts {artifacts / f'{kept:04d}'} (1 file, 0.0 MB)" in program("show", str(kept)).stdout


def test_what_lies_in_the_jobs_folder_is_kept_as_well(program: Program):
    """A checkpoint in the folder of its job is moved, and the runner's own files there are not."""
    train = TRAIN.replace('"out/model.pt"', 'os.environ["AUTORESEARCH_JOB_DIR"] + "/model.pt"')
    commit(program, train, settings='artifacts = ["*.pt", "output.log", "*.json"]\n')
    program("start", *HERE, "--loops", "1")
    left = program.run_folder() / "artifacts" / "0001"
    assert ["model.pt"] == [path.name for path in left.iterdir()]
    assert not list(program.run_folder().glob("iterations/*/train.1/model.pt"))


def test_what_is_committed_is_no_artifact(program: Program):
    """A pattern that matches a tracked file, or its folder, moves neither; the seal holds."""
    (program.repo / "out").mkdir()
    (program.repo / "out" / "base.pt").write_text("committed")
    commit(program, TRAIN, settings='artifacts = ["out", "out/*.pt"]\n')
    program("start", *HERE, "--loops", "1")
    left = program.run_folder() / "artifacts" / "0001" / "out"
    assert ["model.pt"] == [path.name for path in left.iterdir()]
    assert not [one for one in program.events() if one["type"] == "TrainingVoided"]
