"""An agent that does more, less or other than asked, in a real repository. One line a case."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.agents.programs import adapter
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.loop.effects import Effects
from autoresearch.engine.loop.runner import Runner
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import load
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


def run_with(repo: Path, *words: str, agent: str = "command", timeout_s: float = PATIENCE_S) -> RunPaths:
    """Run one loop, proposed and applied by the agent that behaves so."""
    paths = run_named(repo, RUN_ID)
    paths.folder.mkdir(parents=True)
    real = RealGit(repo)
    (base,) = real.read_commits(["main"])
    assert base is not None
    real.set_ref(f"refs/heads/{BRANCH}", base.hash, old=None)
    config = RunConfig(
        check=(),
        prepare=(),
        protected=("prepare.py", "program.md"),
        agent_command=fake_program(*words) if words else ("no-such-agent",),
        agent_timeout_s=timeout_s,
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
    effects = Effects(paths=paths, git=real, jobs=RealJobs(), adapter=adapter, gpus=lambda: (), models=dict)
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
        ((), "command", "no-such-agent: No such file or directory"),
        (("ok",), "codex", "codex is not installed"),
        (("nonsense",), "command", "holds no valid proposal"),
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
    monkeypatch.setattr("tests.fault.test_agent_mischief.fake_program", lambda *_: agent)
    stood = git(repo, "rev-parse", "main")
    paths = run_with(repo, "x")
    assert "moved" not in reasons(paths)
    assert stood != git(repo, "rev-parse", "main") == git(repo, "rev-parse", "more")
