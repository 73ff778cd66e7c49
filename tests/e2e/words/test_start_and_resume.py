"""What `start` and `resume` record and refuse, without any runner: in process, on a real repository."""

import json

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import event_type
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.workflows.cli.acts import start_resume
from tests import given as g
from tests.cli_helpers import git, make_run
from tests.e2e.words.called import BASELINE_ONLY, DONE, call, types


def test_a_setting_that_is_unknown_is_refused(repo, capsys):
    """A misspelt key of pyproject.toml is named with the nearest one, before anything is created."""
    (repo / "pyproject.toml").write_text("[tool.autoresearch]\neditible = []\n")
    code, _, err = call("start", capsys)
    assert 5 == code
    assert "did you mean editable?" in err
    assert not (repo / ".autoresearch").exists()


def test_a_repository_without_train_py_is_refused(repo, capsys):
    """A file in scope that the base commit lacks is named before anything is created."""
    git(repo, "rm", "-q", "train.py")
    git(repo, "commit", "-qm", "gone")
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "train.py is not in commit" in err
    assert "editable, protected, prepare and check" in err
    assert not (repo / ".autoresearch").exists()


def test_no_repository_and_no_commit_are_refused(tmp_path, capsys, monkeypatch):
    """Outside of git, and before the first commit, the way out is named."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert 3 == call("start", capsys)[0]
    git(tmp_path, "init", "-q")
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "git commit" in err


def test_what_an_earlier_run_kept_and_a_new_one_lacks_is_named(repo, capsys):
    """A new run names the keeps that its base lacks, with the way to them; where it has them it is silent."""
    base = git(repo, "rev-parse", "HEAD")
    git(repo, "switch", "-qc", "autoresearch/kept")
    (repo / "train.py").write_text("LR = 0.2\n")
    git(repo, "commit", "-qam", "kept")
    best = git(repo, "rev-parse", "HEAD")
    git(repo, "switch", "-q", "main")
    baseline = (*BASELINE_ONLY[1:-2], g.kept(0, base))
    tried = (g.opened(1), g.chosen(1), g.applied(1), g.committed(1, best), g.training(1, commit=best))
    kept = (*baseline, *tried, g.trained(1, 1.0), g.row(1, 1.0), g.kept(1, best))
    earlier = make_run(repo, g.asked(1), *kept, DONE, branch="autoresearch/kept")
    told = json.loads(call("start --branch autoresearch/x --json", capsys)[1])
    found = {"run_id": earlier.run_id, "branch": "autoresearch/kept", "commit": best, "keeps": 1}
    assert found == told["left_out"]
    said = call("start --another --branch autoresearch/y", capsys)[1]
    assert f"begins without the 1 keep of {earlier.run_id}" in said
    assert "start --branch autoresearch/kept`" in said
    assert "begins without" not in call("start --another --branch autoresearch/kept", capsys)[1]
    (repo / "train.py").write_text("LR = 0.2\n")
    git(repo, "commit", "-qam", "the same by another commit")
    assert "begins without" not in call("start --another --branch autoresearch/z", capsys)[1]


def test_start_records_what_was_asked_in_one_batch(repo, capsys):
    """A new run has its branch, and a history that says everything that was asked."""
    (repo / "p.json").write_text(
        '{"status": "ok", "description": "d", "change_plan": "p",'
        ' "commit_description": "c", "set": {"LR": 1}}'
    )
    (repo / "train.py").write_text("LR = 0.2\n")
    (repo / "program.md").write_text("another idea\n")
    code, out, _ = call("start --loops 5 --branch autoresearch/x --proposal-file p.json", capsys)
    assert 0 == code
    assert "autoresearch-x-r001 on autoresearch/x" in out
    assert "runner started in the background" in out
    assert "uncommitted changes to train.py are not part of the run" in out
    assert "agents do not see your edits to program.md: commit it" in out
    history = repo / ".autoresearch/runs/autoresearch-x-r001/history.jsonl"
    records = list(read(history))
    assert ["RunStarted", "ProposalReceived", "LoopsRequested"] == [event_type(one.event) for one in records]
    assert {(0, 3), (1, 3), (2, 3)} == {one.tx for one in records}
    assert git(repo, "rev-parse", "main") == git(repo, "rev-parse", "autoresearch/x")
    assert "main" == git(repo, "branch", "--show-current")
    assert 5 == records[2].event.request.loops
    history.with_name("proposals").rmdir()  # made by start: no runner was launched
    assert 0 == call("resume --loops 1", capsys)[0]
    assert history.with_name("proposals").is_dir()


def test_the_default_branch_is_todays_and_counts_on(repo, capsys):
    """Each start gets a branch of its own; on a branch of ours, that one is used."""
    first, second = (call("start", capsys)[1].splitlines()[0] for _ in range(2))
    branch = first.split(" on ")[1]
    assert f"{branch}-2" == second.split(" on ")[1]
    git(repo, "checkout", "-q", branch)
    third = call("start", capsys)[1].splitlines()[0]
    assert branch == third.split(" on ")[1]
    assert third.startswith(first.split("-r001")[0] + "-r002")


def test_a_named_run_id_is_taken_once(repo, capsys):
    """`start --run-id` claims that id, and refuses one that exists."""
    assert 0 == call("start --run-id night-r007", capsys)[0]
    assert ["night-r007"] == [path.name for path in (repo / ".autoresearch/runs").glob("*-r*")]
    code, _, err = call("start --run-id night-r007", capsys)
    assert 3 == code
    assert "exists already" in err


def test_a_start_that_fails_half_way_leaves_no_run(repo, capsys, monkeypatch):
    """When the history cannot be written, the claimed folder goes again."""

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autoresearch.events.log.append.EventLog.append", full)
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "No space left on device" in err
    assert [] == list((repo / ".autoresearch/runs").glob("*-r*"))


def test_resume_asks_the_latest_run_and_says_which(repo, capsys):
    """Without --run-id the latest run of the current branch is taken, else the latest."""
    old = make_run(repo, *BASELINE_ONLY)
    new = make_run(repo, *BASELINE_ONLY, branch="autoresearch/mar9")
    assert f"{new.run_id} on autoresearch/mar8 (the latest run)" not in call("resume --loops 2", capsys)[1]
    assert ["LoopsRequested"] == types(new, len(BASELINE_ONLY) + 1)
    git(repo, "checkout", "-qb", "autoresearch/mar8")
    out = call("resume --loops 2", capsys)[1]
    assert f"{old.run_id} on autoresearch/mar8 (the latest run of autoresearch/mar8)" in out
    assert ["LoopsRequested"] == types(old, len(BASELINE_ONLY) + 1)


def test_resume_with_nothing_left_says_so(repo, capsys):
    """A run that is done needs no event: resume says what would make it go on."""
    paths = make_run(repo, *BASELINE_ONLY)
    code, out, _ = call("resume", capsys)
    assert 0 == code
    assert "nothing is left to do; --loops N asks for more" in out
    assert "runner started" not in out
    assert [] == types(paths, len(BASELINE_ONLY) + 1)


def test_resume_goes_on_after_a_stop(repo, capsys):
    """What a stop left over is resumed without a new request."""
    paths = make_run(repo, g.asked(3), *g.BASELINE, ev.RunStopped(how="stopped", reason=why("as_requested")))
    assert "runner started" in call("resume", capsys)[1]
    assert "RunResumed" == types(paths)[-1]


def test_resume_says_what_goes_first(repo, capsys):
    """Loops that were asked for before are not forgotten, and a new request says that it waits for them."""
    make_run(repo, g.asked(3), *g.BASELINE, ev.RunStopped(how="stopped", reason=why("as_requested")))
    assert "asked for before goes first: 3 loops" in call("resume --loops 2", capsys)[1]
    make_run(repo, *BASELINE_ONLY, branch="autoresearch/mar9")
    assert "goes first" not in call("resume --loops 2", capsys)[1]


def test_resume_lifts_a_pause(repo, capsys):
    """Asking for more of a paused run is a human's word to go on."""
    paths = make_run(
        repo, g.asked(3), *g.BASELINE, ev.RunPaused(reason=why("agent_failed_in_a_row", times=3))
    )
    call("resume --loops 1", capsys)
    assert ["RunUnpaused", "LoopsRequested"] == types(paths)[-2:]


def test_resume_refuses_what_the_open_iteration_does_not_wait_for(repo, capsys):
    """A restricted request that could do nothing is refused with the one that could, and not recorded."""
    left = ev.IterationLeftOpen(iteration=1, next_stage="apply")
    paths = make_run(
        repo, *BASELINE_ONLY, g.asked(1, loop_stages=("propose",)), g.opened(1), g.chosen(1), left, DONE
    )
    before = paths.history.read_bytes()
    code, _, err = call("resume --loop-only train", capsys)
    assert 3 == code
    assert "iteration 1 waits for apply" in err
    assert "--loop-only apply,commit,train" in err
    assert before == paths.history.read_bytes()
    assert "iteration 1 waits for apply" in call("resume", capsys)[1]
    assert 0 == call("resume --loop-only apply,commit", capsys)[0]


def test_resume_records_changed_settings_but_not_another_metric(repo, capsys):
    """Settings may change between requests; the number that counts may not."""
    paths = make_run(repo, *BASELINE_ONLY)
    (repo / "pyproject.toml").write_text(
        '[tool.autoresearch]\nagent = "none"\nkeep_rule = "lower"\nfinal = 0\ntimeout_s = 9\n'
    )
    call("resume --loops 1", capsys)
    (changed,) = [one.event for one in read(paths.history) if isinstance(one.event, ev.ConfigChanged)]
    assert ("timeout_s",) == changed.changed
    (repo / "pyproject.toml").write_text('[tool.autoresearch.metric]\nname = "loss"\n')
    code, _, err = call("resume --loops 1", capsys)
    assert 3 == code
    assert "metric" in err


def test_resume_options_without_loops_are_refused(repo, capsys):
    """An option that speaks of new loops is not silently forgotten."""
    make_run(repo, g.asked(3), *g.BASELINE)
    assert 2 == call("resume --no-stochastic", capsys)[0]


def test_a_foreground_resume_asks_the_run_that_it_holds(repo, capsys, monkeypatch):
    """A run that begins while `resume` takes the latest one's lock is not asked in its place."""
    meant = make_run(repo, *BASELINE_ONLY)
    newer = []

    def held(paths, *, begin):
        newer.append(make_run(repo, *BASELINE_ONLY))
        assert begin()
        return 0

    monkeypatch.setattr(start_resume, "_work_here", held)
    code, out, err = call("resume --loops 2 --no-stochastic --no-background-train", capsys)
    assert (0, "") == (code, err)
    before = 1 + len(BASELINE_ONLY)
    assert ["LoopsRequested"] == types(meant, before)
    assert [] == types(newer[0], before)
    assert meant.run_id in out
    assert "latest" in out
