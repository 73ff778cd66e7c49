"""Files that a commit only points to: git LFS is served by the user's filter, submodules are named."""

import shutil

from tests.e2e.conftest import Program
from tests.e2e.test_equal_beginnings import commit
from tests.e2e.test_sealed_trainings import HERE


TRAIN = "LR = 0.1\nprint('val_bpb: ' + open('data.bin').read().strip())\n"


def test_files_of_lfs_are_there_or_named_before_anything_trains(program: Program):
    """Without the filter a training would read pointers: it does not begin; with it, it reads the content."""
    (program.repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (program.repo / "data.bin").write_text("pointer\n")
    commit(program, TRAIN)
    assert "FAIL  lfs            the commit keeps files in git LFS" in program("doctor", code=1).stdout
    refused = program("start", *HERE, "--loops", "0", code=None)
    assert 0 != refused.returncode
    assert "keeps files in git LFS, and git here has no such filter" in refused.stderr
    program.git("config", "filter.lfs.smudge", f"{shutil.which('sed')} s/pointer/1.25/")
    program.git("config", "filter.lfs.clean", f"{shutil.which('sed')} s/1.25/pointer/")
    program("start", *HERE, "--loops", "0")
    assert 1.25 == program.status()["best_metric"]


def test_submodules_are_named_at_the_start(program: Program):
    """What a training does not find in its checkout is said before it looks."""
    commit(program, TRAIN)
    head = program.git("rev-parse", "HEAD").strip()
    program.git("update-index", "--add", "--cacheinfo", f"160000,{head},vendor/lib")
    program.git("commit", "-qm", "another repository")
    said = program("start", *HERE, "--loops", "0", code=None).stdout
    assert "the submodules vendor/lib are empty in the run's checkouts" in said
    assert (
        "warn  submodules     vendor/lib: empty in a run's checkouts" in program("doctor", code=None).stdout
    )
    assert "the submodules vendor/lib;" in program("init", "--yes", code=4).stdout
