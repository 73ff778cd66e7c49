"""Where runs lie in a repository: out of the way of the user's git, packaging and tests, and found again."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.paths import DOOR, HIDDEN_RUNS, OPEN_RUNS
from autoresearch.engine.runs.claim import claim_run
from autoresearch.events import catalog as ev
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.cli.options import complete_run
from tests import given as g
from tests.cli_helpers import bytes_of, git, make_repo, make_run
from tests.e2e.conftest import Program


DONE = ev.RunStopped(how="done", reason=why("as_requested"))
RULE = f"/{HIDDEN_RUNS}/"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    return made


def make_door(repo: Path) -> Path:
    """Make the repository a clone of the single-file runner, which may not be tracked."""
    (repo / DOOR).parent.mkdir()
    (repo / DOOR).touch()
    return repo / DOOR


def call(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run one command line that must succeed; return what it printed."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    assert 0 == code, said.err
    return said.out


def dirty(where: Path) -> str:
    return git(where, "status", "--porcelain", "--untracked-files=all")


def rules(repo: Path) -> list[str]:
    return (repo / ".git" / "info" / "exclude").read_text().splitlines()


def test_a_start_leaves_git_nothing_to_say(program: Program):
    """In a repository that knows of no runs, `git status` is clean after a start, and after another."""
    for _ in range(2):
        program("start", "--loops", "0", "--no-background-train")
        assert "" == dirty(program.repo)
    assert 2 == len(list((program.repo / HIDDEN_RUNS).glob("*-r*")))
    assert 1 == rules(program.repo).count(RULE)
    assert not (program.repo / ".gitignore").exists()
    assert not (program.repo / HIDDEN_RUNS / ".gitignore").exists()


def test_a_clone_of_the_single_file_runner_keeps_its_places(program: Program):
    """Where `workflows/run_experiment.py` lies, runs lie beside it and the table is copied to the top."""
    make_door(program.repo)
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    (run,) = (path for path in (program.repo / OPEN_RUNS).glob("*-r*"))
    assert (run / "results.tsv").read_bytes() == (program.repo / "results.tsv").read_bytes()
    assert not (program.repo / HIDDEN_RUNS).exists()
    assert [f"?? {DOOR}", "?? results.tsv"] == sorted(dirty(program.repo).splitlines(), reverse=True)


def test_what_git_ignores_already_is_left_to_the_user(repo: Path):
    """Where a rule of the user's covers the runs, no rule is added."""
    (repo / ".gitignore").write_text(".autoresearch/\n")
    before = rules(repo)
    claim_run(repo, "a").history.touch()
    assert before == rules(repo)
    assert "?? .gitignore" == dirty(repo)


def test_the_rule_is_added_behind_the_users(repo: Path):
    """What the user wrote into `info/exclude` stays, also where its last line has no end."""
    (repo / ".git" / "info" / "exclude").write_text("*.mine")
    claim_run(repo, "a").history.touch()
    assert ["*.mine", RULE] == rules(repo)
    assert "" == dirty(repo)


def test_a_missing_exclude_file_is_made(repo: Path):
    """A repository made without templates has no `info` folder; it gets one."""
    (repo / ".git" / "info" / "exclude").unlink()
    (repo / ".git" / "info").rmdir()
    claim_run(repo, "a").history.touch()
    assert [RULE] == rules(repo)
    assert "" == dirty(repo)


def test_in_a_linked_worktree_the_rule_goes_where_git_reads_it(repo: Path, tmp_path: Path):
    """In a worktree of the user's own, the rule stands in the repository that all of its worktrees share."""
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", str(linked))
    claim_run(linked, "a").history.touch()
    assert RULE in rules(repo)
    assert "" == dirty(linked)


@pytest.mark.parametrize("trouble", ["a file where its folder belongs", "a rule that brings the runs back"])
def test_where_the_exclude_file_is_of_no_use_the_folder_speaks_itself(repo: Path, trouble: str):
    """Where `info/exclude` cannot be written or is overruled, the runs' own folder is what ignores them."""
    if trouble == "a file where its folder belongs":
        (repo / ".git" / "info" / "exclude").unlink()
        (repo / ".git" / "info").rmdir()
        (repo / ".git" / "info").touch()
    else:
        (repo / ".gitignore").write_text("!.autoresearch/runs/\n")
        git(repo, "add", ".gitignore")
        git(repo, "commit", "-qm", "rules")
    for _ in range(2):
        claim_run(repo, "a").history.touch()
        assert "" == dirty(repo)


def test_the_users_clean_and_stash_leave_runs(repo: Path, capsys: pytest.CaptureFixture[str]):
    """`git clean -fdx` and `git stash --all` take nothing from a run, which is found from within it."""
    run = make_run(repo, DONE)
    claim_run(repo, "a").history.touch()
    before = bytes_of(run.folder)
    (repo / "rubbish").touch()
    git(repo, "clean", "-q", "-fdx")
    git(repo, "stash", "--all", "--quiet")
    assert (before, False) == (bytes_of(run.folder), (repo / "rubbish").exists())
    for words in ("status", "status --run-id", "runs", "history"):
        line = f"{words} {run.run_id}" if words.endswith("id") else words
        at_top = call(f"{line} --repo {shlex.quote(str(repo))}", capsys)
        within = f"{line} --repo {shlex.quote(str(run.folder))}"
        assert at_top.splitlines()[0] == call(within, capsys).splitlines()[0]


def test_a_folder_with_files_that_the_user_tracks_is_left_to_git(repo: Path):
    """Where the runs' folder has files of the user's commits, git goes on seeing them."""
    mine = repo / HIDDEN_RUNS / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.touch()
    git(repo, "add", "--force", str(mine))
    claim_run(repo, "a").history.touch()
    assert not (mine.parent / ".git").exists()
    git(repo, "add", "--force", str(mine))


def test_packaging_and_tests_of_the_user_see_nothing(program: Program):
    """After a run, setuptools finds the user's one package and pytest the user's one test."""
    (program.repo / "mypkg").mkdir()
    (program.repo / "mypkg" / "__init__.py").touch()
    (program.repo / "mypkg" / "test_mine.py").write_text("def test_mine(): pass\n")
    with (program.repo / "pyproject.toml").open("a") as settings:
        settings.write('[project]\nname = "mine"\nversion = "1"\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "a package")
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    assert (program.run_folder() / "worktree" / "mypkg" / "test_mine.py").exists()
    wheel = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "../out", ".")
    collect = ("pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    built, collected = (
        subprocess.run(
            [sys.executable, "-m", *words], cwd=program.repo, capture_output=True, text=True, check=False
        )
        for words in (wheel, collect)
    )
    assert 0 == built.returncode, built.stderr
    assert ["mypkg"] == (program.repo / "mine.egg-info" / "top_level.txt").read_text().split()
    assert ["mypkg/test_mine.py::test_mine"] == [
        line for line in collected.stdout.splitlines() if "::" in line
    ]


@pytest.fixture
def scattered(repo: Path) -> tuple[str, str]:
    """Two runs that are done: the first lies beside a door that is gone, the second out of the way."""
    door = make_door(repo)
    first = make_run(repo, g.asked(0), g.runner_started(), *g.BASELINE, DONE, branch="autoresearch/one")
    door.unlink()
    second = make_run(repo, g.asked(0), g.runner_started(), *g.BASELINE, DONE, branch="autoresearch/two")
    assert [OPEN_RUNS, HIDDEN_RUNS] == [str(one.folder.parent.relative_to(repo)) for one in (first, second)]
    return first.run_id, second.run_id


def test_runs_in_both_places_are_found(scattered: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    """Every command that looks finds a run in either place: by its id, in the list, and by completion."""
    assert list(scattered) == [line.split()[0] for line in call("runs", capsys).splitlines()[1:]]
    assert list(reversed(scattered)) == complete_run("autoresearch")
    for run_id in scattered:
        for words in ("status", "status --json", "experiments", "history", "show 0", "replay --at 1"):
            assert call(f"{words} --run-id {run_id}", capsys)
        assert "state.json" in call(f"rebuild {run_id}", capsys)
        assert "would remove" in call(f"clean {run_id} --folder", capsys)


def test_runs_lie_where_the_setting_says(program: Program):
    """With `runs_folder` new runs lie there, ignored and found; those that lay elsewhere are found too."""
    program("start", "--loops", "0", "--no-background-train")
    with (program.repo / "pyproject.toml").open("a") as settings:
        settings.write('runs_folder = "my runs/*"\n')
    program.git("commit", "-qam", "settings")
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    (run,) = (path for path in (program.repo / "my runs" / "*").glob("*-r*"))
    assert "" == dirty(program.repo)
    assert (run.name, str(run / "state.json")) == (program.status()["run_id"], program.status()["state_path"])
    assert run.name == program.status("--repo", str(run / "worktree"))["run_id"]
    assert 2 == len(program("runs").stdout.splitlines()[1:])
    program("replay", run.name)


@pytest.mark.parametrize(
    "value", ['"/tmp/runs"', '"../runs"', '"a/./b"', '".git/runs"', '"a/"', "7", r'"a\u0007"']
)
def test_a_runs_folder_that_cannot_be_is_refused(repo: Path, capsys: pytest.CaptureFixture[str], value: str):
    """A place outside the repository, within git's, or spelt oddly is refused by name; nothing is made."""
    (repo / "pyproject.toml").write_text(f"[tool.autoresearch]\nruns_folder = {value}\n")
    before = bytes_of(repo)
    assert 5 == main(["start", "--loops", "0", "--no-background-train"])
    assert "runs_folder = " in capsys.readouterr().err
    assert before == bytes_of(repo)
    assert "there is no run yet" in call("runs", capsys)


def test_a_run_in_the_other_place_goes_on_where_it_lies(program: Program):
    """A run that began beside a door is resumed, audited and looked at from its checkout without one."""
    door = make_door(program.repo)
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    door.unlink()
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    program("replay")
    assert not (program.repo / HIDDEN_RUNS).exists()
    (run,) = (path for path in (program.repo / OPEN_RUNS).glob("*-r*"))
    inside = str(run / "worktree")
    assert 2 == program.status("--repo", inside)["iterations_completed"]
    program("start", "--loops", "0", "--no-background-train")
    assert 2 == len(program("runs").stdout.splitlines()[1:])


def test_an_id_is_used_once_in_both_places(scattered: tuple[str, str], repo: Path):
    """The next run of a branch is numbered on, and an id is refused, in whichever place the other lies."""
    assert "autoresearch-one-r002" == claim_run(repo, "autoresearch/one").run_id
    assert 3 == main(["start", "--run-id", scattered[0], "--loops", "0", "--no-background-train"])


def test_commands_that_look_write_nothing(
    scattered: tuple[str, str], repo: Path, capsys: pytest.CaptureFixture[str]
):
    """Looking at runs in either place adds no rule and no folder."""
    before = bytes_of(repo)
    for words in ("runs", "status --json", "experiments"):
        call(words, capsys)
    assert before == bytes_of(repo)
