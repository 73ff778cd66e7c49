"""Files that a commit only points to: the user's LFS filter and what is here of submodules serve them."""

import shutil
import subprocess
from pathlib import Path

from tests.e2e.belief.test_equal_beginnings import commit
from tests.e2e.conftest import Program
from tests.e2e.sealing.test_sealed_trainings import HERE


TRAIN = "LR = 0.1\nprint('val_bpb: ' + open('data/my set.bin').read().strip())\n"


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 4\n"


def test_files_of_lfs_are_there_or_named_before_anything_trains(program: Program, tmp_path: Path):
    """Without the filter a training would read pointers: it does not begin; with it, it reads the content."""
    (program.repo / "data").mkdir()
    (program.repo / "data/.gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (program.repo / "data/my set.bin").write_text(POINTER)
    commit(program, TRAIN)
    assert "FAIL  lfs            data/my set.bin: in git LFS" in program("doctor", code=1).stdout
    refused = program("start", *HERE, "--loops", "0", code=None)
    assert 0 != refused.returncode
    assert "data/my set.bin of " in refused.stderr
    assert "lies in git LFS, and git here has no such filter" in refused.stderr
    (pointer := tmp_path / "pointer").write_text(POINTER)
    program.git("config", "filter.lfs.smudge", f"{shutil.which('sed')} -n 's/^size 4/1.25/p'")
    program.git("config", "filter.lfs.clean", f"{shutil.which('cat')} '{pointer}'")
    assert "warn  lfs            data/my set.bin: in git LFS, and not pulled" in program("doctor").stdout
    said = program("start", *HERE, "--loops", "0").stdout
    assert "data/my set.bin in git LFS was not pulled here, and trainings may read a pointer" in said
    assert 1.25 == program.status()["best_metric"]


def test_a_submodule_is_in_the_checkouts_of_a_run(program: Program, tmp_path: Path):
    """A training imports it as it is recorded; one that is touched meanwhile is no result."""
    shutil.copytree(program.repo, lib := tmp_path / "lib")
    (lib / "rate.py").write_text("RATE = 1.25\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *who, "add", "-A"], cwd=lib, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "a library"], cwd=lib, check=True)
    subprocess.run(["git", *who, "submodule", "--quiet", "add", lib, "lib"], cwd=program.repo, check=True)
    commit(program, "LR = 0.1\nfrom lib.rate import RATE\nprint('val_bpb:', RATE)\n")
    shutil.rmtree(lib)
    (program.repo / "lib/rate.py").write_text("RATE = 'an edit of mine'\n")
    said = program("start", *HERE, "--loops", "0").stdout
    assert "submodule" not in said
    assert 1.25 == program.status()["best_metric"]
    touches = "open('lib/rate.py', 'a').write('#')\nprint('val_bpb:', 1.0)\n"
    (program.repo / "train.py").write_text(f"LR = 0.1\n{touches}")
    program.git("commit", "-qam", "one that rewrites its library")
    program("start", *HERE, "--loops", "0", "--another", code=None)
    assert None is program.status()["best_metric"]
    assert "lib/rate.py" in program("history").stdout


def test_submodules_that_are_not_here_are_named_at_the_start(program: Program):
    """What a training does not find in its checkout is said before it looks."""
    commit(program, TRAIN)
    head = program.git("rev-parse", "HEAD").strip()
    elsewhere = f"{head[:-4]}0000"
    program.git("update-index", "--add", "--cacheinfo", f"160000,{elsewhere},vendor/lib")
    program.git("commit", "-qm", "another repository")
    said = program("start", *HERE, "--loops", "0", code=None).stdout
    assert "the submodules vendor/lib are not here, and empty in the run's checkouts" in said
    assert "warn  submodules     vendor/lib: not here" in program("doctor", code=None).stdout
    assert "the submodules vendor/lib, which are not here" in program("init", "--yes", code=4).stdout


def test_files_of_lfs_in_a_submodule_are_named_as_those_of_the_repository(program: Program, tmp_path: Path):
    """Without a filter that serves the submodule a run does not begin; with one it does."""
    (lib := tmp_path / "lib").mkdir()
    (lib / "set.bin").write_text(POINTER)
    (lib / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "data")):
        subprocess.run(["git", *who, *words], cwd=lib, check=True)
    subprocess.run(["git", *who, "submodule", "--quiet", "add", lib, "lib"], cwd=program.repo, check=True)
    commit(program, "LR = 0.1\nprint('val_bpb:', open('lib/set.bin').read().strip())\n")
    program.git("config", "filter.lfs.smudge", "cat")  # of the repository alone
    assert "FAIL  lfs            lib/set.bin: in git LFS" in program("doctor", code=1).stdout
    refused = program("start", *HERE, "--loops", "0", code=3).stderr
    assert "lib/set.bin of " in refused
    assert "git submodule foreach git lfs pull" in refused
    (pointer := tmp_path / "pointer").write_text(POINTER)
    git = ("git", "-C", str(program.repo / "lib"), "config")
    subprocess.run([*git, "filter.lfs.smudge", f"{shutil.which('sed')} -n 's/^size 4/1.25/p'"], check=True)
    subprocess.run([*git, "filter.lfs.clean", f"{shutil.which('cat')} '{pointer}'"], check=True)
    said = program("start", *HERE, "--loops", "0").stdout
    assert "lib/set.bin in git LFS was not pulled here" in said
    assert 1.25 == program.status()["best_metric"]
