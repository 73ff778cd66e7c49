"""Who becomes the runner of a run, with real processes and without the real runner."""

import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autoresearch.engine.control import signals
from autoresearch.engine.control.keys import key_of
from autoresearch.engine.control.launch import launch, refuse_second_runner
from autoresearch.engine.control.requests import StartOptions
from autoresearch.engine.control.start import resume, start
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.paths import RUNNER
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.runner_lock import hold_as_runner, living_runner, runner_at_limit
from autoresearch.engine.system.processes.process import hold_lock, holder
from autoresearch.events import catalog as ev
from autoresearch.events.errors import RunFailed, RunLocked, UsageRefused
from autoresearch.events.log.append import EventLog
from autoresearch.projections.summary import standing
from autoresearch.workflows.api.status import live_facts
from tests import given as g
from tests.cli_helpers import git, make_repo, make_run
from tests.processes import end_everything, started
from tests.waiting import PATIENCE_S, until


ROOT = Path(__file__).resolve().parents[3]
HOLDS = "import sys, time; from pathlib import Path\n"
HOLDS += "from autoresearch.engine.system.processes.process import hold_lock\n"
HOLDS += "with hold_lock(Path(sys.argv[1]), role=sys.argv[3]):\n"
HOLDS += " while not Path(sys.argv[2]).exists(): time.sleep(0.02)"


def holding(paths, until_there: Path, role: str = RUNNER) -> tuple[str, ...]:
    """Return the command of a process that holds the run until there is a file."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n{HOLDS}"
    return (sys.executable, "-c", code, str(paths.lock), str(until_there), role)


@pytest.fixture
def paths(tmp_path):
    """A run that was asked for a loop."""
    yield make_run(make_repo(tmp_path / "repo"), g.asked(1))
    end_everything(tmp_path)


def append(paths, event: ev.Event) -> None:
    with EventLog(paths.history) as log:
        log.append([event], by="test")


def wait_until_free(paths) -> None:
    until(lambda: holder(paths.lock) is None)


def test_a_launched_runner_holds_the_run_and_is_not_launched_twice(paths, tmp_path):
    """The second launch finds the first one's runner."""
    first = launch(paths, holding(paths, tmp_path / "go"), patience_s=PATIENCE_S)
    assert first.runner is not None
    second = launch(paths, ("never", "started"))
    assert (False, True) == (first.already, second.already)
    assert first.runner == second.runner
    (tmp_path / "go").touch()
    wait_until_free(paths)


def test_who_holds_the_run_and_is_no_runner_is_waited_for(paths, tmp_path):
    """`rebuild` hears no request: a runner is launched once it lets go, though a dead one is named."""
    append(paths, g.runner_started())
    with started(*holding(paths, tmp_path / "done", "rebuild"), cwd=paths.home) as rebuild:
        until(lambda: holder(paths.lock) is not None)
        assert living_runner(paths) is None
        threading.Timer(0.3, (tmp_path / "done").touch).start()
        launched = launch(paths, holding(paths, tmp_path / "later"), patience_s=PATIENCE_S)
        assert launched.runner is not None
        assert (False, True) == (launched.already, launched.runner.pid != rebuild.pid)
    (tmp_path / "later").touch()
    wait_until_free(paths)


def test_who_does_not_let_go_of_the_run_is_named(paths, monkeypatch):
    """The error says who holds it, and that the request stands; nothing is said to be at work."""
    monkeypatch.setattr("autoresearch.engine.control.launch.LET_GO_S", 0.1)
    with hold_lock(paths.lock) as me, pytest.raises(RunLocked, match=f"process {me.pid} holds .* recorded"):
        launch(paths, ("never", "started"))


def test_a_runner_that_may_not_lengthen_the_history_is_told_and_makes_way(paths, tmp_path):
    """Status names its limit, `resume` does not count on it, and after `stop` another one follows it."""
    repository = RealGit(paths.home)
    with started(*holding(paths, tmp_path / "go"), cwd=paths.home) as mute:
        until(lambda: living_runner(paths) is not None)
        most = paths.history.stat().st_size
        resource.prlimit(mute.pid, resource.RLIMIT_FSIZE, (most + 1, resource.RLIM_INFINITY))
        assert not runner_at_limit(paths)
        resource.prlimit(mute.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        trouble = live_facts(paths, standing(load_run(paths).state), gpu=False).trouble
        assert f"process {mute.pid} may write no file beyond {most} bytes" in trouble
        with pytest.raises(RunLocked, match=r"what was asked is recorded, but .*`ulimit -f`"):
            launch(paths, ("never", "started"))
        assert signals.stop(paths, repository, now=False).needs_runner
        threading.Timer(0.3, (tmp_path / "go").touch).start()
        launched = launch(paths, holding(paths, tmp_path / "later"), patience_s=PATIENCE_S)
        assert launched.runner is not None
        assert launched.runner.pid != mute.pid
    (tmp_path / "later").touch()
    wait_until_free(paths)


def test_a_runner_that_dies_at_once_is_told_with_its_last_words(paths):
    """What it printed last is in the error, and where the rest is."""
    command = (sys.executable, "-c", "raise SystemExit('no such thing')")
    with pytest.raises(RunFailed, match="ended at once: no such thing") as failed:
        launch(paths, command, patience_s=PATIENCE_S)
    assert str(paths.runner_out) in failed.value.remedy


def test_a_second_runner_in_the_foreground_is_told_who_holds_the_run(paths):
    """The error names the process, and since when."""
    refuse_second_runner(paths)
    with hold_as_runner(paths) as me, pytest.raises(RunLocked, match=rf"process {me.pid}, since 20\d\d-"):
        refuse_second_runner(paths)


def test_a_foreground_runner_waits_for_who_holds_the_run_and_is_no_runner(paths, tmp_path, monkeypatch):
    """`rebuild` is not taken for a runner: it is waited for, and named where it does not let go."""
    with started(*holding(paths, tmp_path / "done", "rebuild"), cwd=paths.home):
        until(lambda: holder(paths.lock) is not None)
        threading.Timer(0.3, (tmp_path / "done").touch).start()
        refuse_second_runner(paths)
        assert holder(paths.lock) is None
    monkeypatch.setattr("autoresearch.engine.control.launch.LET_GO_S", 0.1)
    with hold_lock(paths.lock), pytest.raises(RunLocked, match="is not its runner; nothing was asked"):
        refuse_second_runner(paths)


def test_a_start_beside_a_run_that_is_no_runners_is_not_refused(paths):
    """A run that `rebuild` or `clean` holds is not at work: another one may be started beside it."""
    with hold_lock(paths.lock):
        begun = start(paths.home, StartOptions(loops=1), git=RealGit(paths.home), version="0", beside=False)
    assert begun.paths.run_id != paths.run_id
    with hold_as_runner(paths), pytest.raises(RunLocked, match="at work on"):
        start(paths.home, StartOptions(loops=1), git=RealGit(paths.home), version="0", beside=False)


@pytest.mark.parametrize("alive", [True, False])
def test_a_run_whose_last_word_is_missing_gets_it(tmp_path, alive):
    """Where all is done and no runner lived to say so, resume asks for one; a living one says it."""
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(0), g.runner_started(), *g.BASELINE)
    asked = resume(
        paths.home, paths.run_id, StartOptions(), git=RealGit(paths.home), runner_alive=lambda _: alive
    )
    assert alive == bool(asked.idle)


@pytest.mark.parametrize(("kind", "retry_at"), [("permanent", ""), ("transient", "2999-01-01T00:00:00.000Z")])
@pytest.mark.parametrize("loops", [None, 3])
def test_a_resume_lets_a_mended_agent_be_asked_again_by_the_runner_that_is_alive(
    tmp_path, kind, retry_at, loops
):
    """A key that was wrong is put right while the run waits: nobody has to stop its runner for that."""
    wrong_key = ev.AgentFailure(kind=kind, retry_at=retry_at)
    broke = (g.opened(1), g.agent_asked(1, "propose"))
    broke += (g.agent_answered(1, "propose", "failed", failure=wrong_key),)
    begun = (g.asked(2, agent="opencode"), g.runner_started(), *g.BASELINE)
    paths = make_run(make_repo(tmp_path / "repo"), *begun, *broke)

    def again() -> str:
        git_ = RealGit(paths.home)
        options = StartOptions(loops=loops)
        asked = resume(paths.home, paths.run_id, options, git=git_, runner_alive=lambda _: True)
        return asked.idle.why if asked.idle else "asked"

    assert ["asked", "asked" if loops else "runner_alive"] == [again(), again()]
    assert not any(one.rests for one in load_run(paths).state.agents)


def test_a_key_of_a_start_is_of_the_run_that_it_names(tmp_path):
    """Said again it is answered with that run, and with the id of another one it is refused."""
    repo = make_repo(tmp_path / "repo")

    def named(run_id: str | None) -> str:
        key = key_of("k", "start")
        return start(
            repo, StartOptions(), git=RealGit(repo), version="0", run_id=run_id, key=key
        ).paths.run_id

    first = "mar10-r001"
    assert [first] * 3 == [named(first), named(first), named(None)]
    with pytest.raises(UsageRefused, match="key_used"):
        named("mar10-r002")


def test_starts_at_once_get_ids_and_branches_of_their_own(tmp_path):
    """Four processes that start together make four runs on four branches."""
    repo = make_repo(tmp_path / "repo")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from pathlib import Path; from autoresearch.engine.control.start import start\n"
        "from autoresearch.engine.git.repository import RealGit\n"
        "from autoresearch.engine.control.requests import StartOptions\n"
        "here = Path('.').resolve()\n"
        "print(start(here, StartOptions(), git=RealGit(here), version='0').paths.run_id)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code], cwd=repo, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ids = [child.communicate(timeout=PATIENCE_S)[0].strip() for child in children]
    assert [0] * 4 == [child.returncode for child in children]
    assert 4 == len(set(ids))
    assert 5 == len(git(repo, "branch", "--format=%(refname:short)").splitlines())


def test_a_named_branch_that_stands_elsewhere_is_the_base(tmp_path):
    """A run on an existing branch stands on that branch's tip, not on HEAD."""
    repo = make_repo(tmp_path / "repo")
    git(repo, "branch", "autoresearch/old")
    (repo / "train.py").write_text("LR = 0.3\n")
    git(repo, "commit", "-qam", "later")
    asked = start(repo, StartOptions(), git=RealGit(repo), version="0", branch="autoresearch/old")
    first = asked.paths.history.read_text().splitlines()[0]
    assert git(repo, "rev-parse", "autoresearch/old") in first
    assert git(repo, "rev-parse", "main") not in first
