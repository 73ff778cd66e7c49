"""An agent that does more, less or other than asked, in a real repository. One line a case."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.agents.known import adapter
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.loop.effects import Effects
from autoresearch.engine.loop.runner import Runner
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import load
from autoresearch.engine.system import landlock
from autoresearch.engine.system.gpu import Cards
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Request
from autoresearch.projections.words.wording import say
from tests.fakes.agents import fake_program
from tests.fakes.world import BRANCH, RUN_ID
from tests.processes import end_everything
from tests.waiting import PATIENCE_S


TRAIN = 'LR = 0.1  # search: 0.01 | 0.1\nprint("val_bpb: 1.5")\n'
FILES = {"train.py": TRAIN, "prepare.py": "", "program.md": "", ".gitignore": ".autoresearch/runs/\n"}
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
BARE = "git:-c core.hooksPath=/dev/null"  # as an agent that leaves our hooks out


def git(repo: Path, *words: str) -> str:
    who = ("-c", "user.name=u", "-c", "user.email=u@x")
    return subprocess.run(["git", *who, *words], cwd=repo, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Path]:
    """A user's repository with work in progress: a staged file, an edited one, a stash, two branches."""
    repo = tmp_path / "repo"
    repo.mkdir()
    for name, text in FILES.items():
        (repo / name).write_text(text)
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "start")
    git(repo, "branch", "other")
    (repo / "program.md").write_text("stashed\n")
    git(repo, "stash")
    (repo / "program.md").write_text("edited\n")
    (repo / "new.txt").write_text("staged\n")
    git(repo, "add", "new.txt")
    yield repo
    end_everything(tmp_path)


def run_with(
    repo: Path,
    *words: str,
    agent: str = "custom",
    timeout_s: float = PATIENCE_S,
    writes: tuple[str, ...] = ("/",),
) -> RunPaths:
    """Run one loop, proposed and applied by the agent that behaves so; as a rule nothing confines it."""
    paths = run_named(repo, RUN_ID)
    paths.folder.mkdir(parents=True, exist_ok=True)
    real = RealGit(repo)
    (base,) = real.read_commits(["main"])
    assert base is not None
    real.set_ref(f"refs/heads/{BRANCH}", base.hash, old=None)
    config = RunConfig(
        keep_rule="lower",
        final=0,
        check=(),
        prepare=(),
        protected=("prepare.py", "program.md"),
        agent_command=fake_program(*words) if words else ("no-such-agent",),
        agent_timeout_s=timeout_s,
        agent_writes=writes,
        device_lock="none",
    )
    begun = ev.RunStarted(
        run_id=RUN_ID,
        branch=BRANCH,
        base_commit=base.hash,
        base_tree=base.tree,
        config=config,
        program_version="test",
    )
    with EventLog(paths.history) as log:
        log.append([begun, ev.LoopsRequested(request=Request(loops=1, agent=agent))], by="cli")
    effects = Effects(
        paths=paths,
        git=real,
        jobs=RealJobs(),
        adapter=adapter,
        gpus=lambda: (),
        cards=lambda: Cards(models={}, driver=""),
    )
    Runner(paths, effects, mode="foreground", version="test").run()
    return paths


def the_users(repo: Path) -> tuple[str, ...]:
    """Return all of the user's: branches, HEAD, index, stash, working tree."""
    branches = git(repo, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/stash")
    mine = "".join(line for line in branches.splitlines(keepends=True) if "autoresearch/" not in line)
    status = git(repo, "status", "--porcelain")
    return mine, git(repo, "symbolic-ref", "HEAD"), git(repo, "ls-files", "--stage"), status


def reasons(paths: RunPaths) -> str:
    told = [one.event for one in read(paths.history)]
    return " ".join(say(one.reason) for one in told if isinstance(one, ev.AgentAnswered | ev.ChangeFailed))


def tries(paths: RunPaths) -> set[str]:
    """Return what the agent said, when it was to apply, of what it reached for."""
    said = b"".join(RealJobs().output(paths.job(1, "apply", 2).folder).log()).decode()
    return {line for line in said.splitlines() if line.startswith(("held back", "reached"))}


def sandboxes(paths: RunPaths) -> set[str]:
    return {one.event.sandbox for one in read(paths.history) if isinstance(one.event, ev.AgentAsked)}


def processes_in(folder: Path) -> list[str]:
    """Return what runs with this folder as its working directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder:
                found.append((entry / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


def trained(paths: RunPaths) -> list[int]:
    return [one.event.iteration for one in read(paths.history) if isinstance(one.event, ev.TrainingStarted)]


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("silent", "it changes nothing"),
        ("fail", "exited with 3: no credits left"),
        ("hang", "still at work after"),
        ("write:prepare.py", "it touches prepare.py"),
        ("write:results.tsv", "it touches results.tsv"),
        ("write:sitecustomize.py", "it touches sitecustomize.py"),
        ("delete:train.py", "train.py is gone"),
        ("remove", "the checkout in which it was made is gone"),
        ("swap", "is a link, not a worktree"),
        (f"{BARE} switch -qc mine", "moved mine"),
        (f"{BARE} branch mine", "moved mine"),
        (f"{BARE} update-ref refs/heads/main refs/stash", "moved main"),
        (f"{BARE} update-ref -d refs/heads/main", "moved main"),
        (f"{BARE} update-ref refs/heads/other refs/stash", "moved other"),
        (f"{BARE} update-ref refs/heads/{BRANCH} refs/stash", f"moved {BRANCH}"),
        ("git:reset --hard refs/stash", "it touches program.md"),
        ("git:stash drop", "it changes nothing"),
    ],
)
def test_it_is_caught_before_a_training_is_spent(repo: Path, does: str, said: str):
    """The change is not trained, the reason is recorded, and the user's work is as it was."""
    before = the_users(repo)
    paths = run_with(repo, "propose", does, timeout_s=2.0 if does == "hang" else 20.0)
    assert said in reasons(paths)
    assert [0] == trained(paths)
    assert ["keep", "not_applied"] == [row.verdict for row in load(paths).timeline.rows]
    assert before == the_users(repo)
    best = load(paths).run.best
    assert best is not None
    assert RealGit(repo).changes(paths.train_checkout, best.commit).files == ()
    assert best.commit == git(repo, "rev-parse", BRANCH).strip()


@pytest.mark.parametrize("does", ["commit", "commit-unhooked", "background"])
def test_what_it_did_beside_its_task_is_undone(repo: Path, does: str):
    """Its edit is trained as our commit on our base; its own commit and its processes are gone."""
    before = the_users(repo)
    paths = run_with(repo, "propose", does)
    assert [0, 1] == trained(paths)
    assert before == the_users(repo)
    ref = f"refs/autoresearch/{RUN_ID}/1"
    base = load(paths).run.base_commit
    assert base == git(repo, "rev-parse", f"{ref}^").strip()
    assert "autoresearch" == git(repo, "log", "-1", "--format=%an", ref).strip()
    assert [] == processes_in(paths.train_checkout)


@pytest.mark.parametrize(
    ("words", "agent", "said"),
    [
        ((), "custom", "no-such-agent: No such file or directory"),
        (("ok",), "codex", "codex is not installed"),
        (("nonsense",), "custom", "holds no valid proposal"),
    ],
)
def test_one_that_cannot_propose_gives_way(
    repo: Path, words: tuple[str, ...], agent: str, said: str, monkeypatch: pytest.MonkeyPatch
):
    """Its failure is recorded, and the seeded search proposes instead."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    paths = run_with(repo, *words, agent=agent, timeout_s=2.0)
    assert said in reasons(paths)
    assert [0, 1] == trained(paths)
    assert ["ProposalChosen"] == [
        type(one.event).__name__
        for one in read(paths.history)
        if isinstance(one.event, ev.ProposalChosen) and one.event.source == "search"
    ]


def test_a_move_by_the_user_meanwhile_stays(repo: Path, monkeypatch: pytest.MonkeyPatch):
    """What the user commits while an agent works is the user's, and the agent's step succeeds."""
    commit = f"cd {repo} && git -c user.name=u -c user.email=u@x commit -qm mine && git branch more"
    proposes = " ".join(fake_program("ok"))
    agent = ("sh", "-c", f"cat > /dev/null; env -i PATH=$PATH sh -c '{commit}'; {proposes}")
    monkeypatch.setattr("tests.fault.runner.test_agent_mischief.fake_program", lambda *_: agent)
    stood = git(repo, "rev-parse", "main")
    paths = run_with(repo, "x")
    assert "moved" not in reasons(paths)
    assert stood != git(repo, "rev-parse", "main") == git(repo, "rev-parse", "more")


OF_THE_RUN = ("../worktree/train.py", "../worktree-2/train.py", "../seals/slot-1.json", "../state.json")
OF_THE_USER = ("train.py", "config.txt", ".git/info/exclude", ".git/hooks/post-commit")
OF_THE_HOME = ("~/.bashrc", "~/.config/git/ignore", "~/lib/python3.11/site-packages/mine.pth")
# A line in one of these stops a run, or the user's git.
OF_GIT = ("config", "refs/heads/mine", "worktrees/workbench/commondir", "worktrees/worktree/HEAD")


@pytest.fixture
def within_reach(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return files that an agent could leave something in, each in a folder that is there."""
    home = tmp_path / "home"
    for folder in (".config/git", "lib/python3.11/site-packages"):
        (home / folder).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    paths = run_named(repo, RUN_ID)
    other = paths.slot(2)
    other.mkdir(parents=True)
    (other / "train.py").write_text(TRAIN)
    of_the_run = [str(paths.edit_checkout / name) for name in OF_THE_RUN]
    return [*of_the_run, *(str(repo / name) for name in OF_THE_USER), *OF_THE_HOME, str(tmp_path / "beside")]


@needs_landlock
def test_a_confined_agent_reaches_nothing_but_its_checkout(repo: Path, within_reach: list[str]):
    """No file of the run, the user, git, the home or beside them takes a line, and its edit is trained."""
    paths = run_named(repo, RUN_ID)
    job = paths.job(1, "apply", 2)
    harmful = (paths.history, job.claim, job.exit, *(repo / ".git" / name for name in OF_GIT))
    tried = [*within_reach, *map(str, harmful)]
    before = the_users(repo)
    run_with(repo, "propose", "reach:" + ",".join(tried), writes=())
    assert {f"held back from {path}: Permission denied" for path in tried} == tries(paths)
    assert before == the_users(repo)
    assert [0, 1] == trained(paths)
    assert {"landlock"} == sandboxes(paths)
    assert not job.temporary.exists()


def test_an_agent_that_nothing_confines_reaches_them(repo: Path, within_reach: list[str]):
    """Where the settings say so, all of them take a line, and the history says that nothing held it back."""
    paths = run_with(repo, "propose", "reach:" + ",".join(within_reach))
    assert {f"reached {path}" for path in within_reach} == tries(paths)
    assert {"none"} == sandboxes(paths)


@needs_landlock
def test_the_settings_open_more_to_a_confined_agent(repo: Path, within_reach: list[str], tmp_path: Path):
    """What `agent_writes` names it reaches, and nothing beside."""
    (tmp_path / "cache").mkdir()
    more, beside = str(tmp_path / "cache" / "one"), within_reach[-1]
    paths = run_with(repo, "propose", f"reach:{more},{beside}", writes=(str(tmp_path / "cache"),))
    assert {f"reached {more}", f"held back from {beside}: Permission denied"} == tries(paths)


@needs_landlock
@pytest.mark.parametrize(
    "does", ["remove", "swap", f"{BARE} branch mine", f"{BARE} update-ref -d refs/heads/main", "commit"]
)
def test_what_would_be_undone_does_not_happen_to_a_confined_agent(repo: Path, does: str):
    """It removes and swaps no checkout and moves no branch: nothing is there to be put back."""
    before = the_users(repo)
    paths = run_with(repo, "propose", does, writes=())
    assert before == the_users(repo)
    assert "moved" not in reasons(paths)
    assert not paths.job(1, "apply", 2).harm.exists()
    assert paths.edit_checkout.is_dir()
    assert not paths.edit_checkout.is_symlink()
