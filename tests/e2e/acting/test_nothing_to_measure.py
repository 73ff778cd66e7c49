"""What commands say where what they are asked for would measure nothing new, or is elsewhere."""

import json
from pathlib import Path

import pytest

from autoresearch.events import catalog as ev
from autoresearch.events.values import Consolidated, why
from autoresearch.projections.words.wording import short
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import git, make_repo, make_run


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def doubtful(repo) -> None:
    """A run at rest whose one keep is doubtful on fresh seeds."""
    first = git(repo, "rev-parse", "HEAD")
    git(repo, "checkout", "-q", "-b", "autoresearch/x")
    git(repo, "commit", "-q", "--allow-empty", "-m", "kept")
    commit = git(repo, "rev-parse", "HEAD")
    git(repo, "checkout", "-q", "main")
    base = (g.opened(0, base=first, first="train"), g.training(0, commit=first), g.trained(0, 1.5))
    one = (g.opened(1, base=first), g.chosen(1), g.applied(1), g.committed(1, commit))
    measured = (g.training(1, commit=commit), g.trained(1, 1.4), g.row(1, 1.4), g.kept(1, commit))
    said = Consolidated(iteration=1, base=0, pairs=2, gain=0.0, half_width=0.1, verdict="doubtful")
    make_run(
        repo,
        g.runner_started(),
        g.set_up(),
        g.asked(3),
        *base,
        g.row(0, 1.5),
        g.kept(0, first),
        *one,
        *measured,
        ev.ChainConsolidated(repeats=(2, 3), keeps=(said,), inputs={}),
        ev.GainStated(keep=1, repeats=(2, 3), gain=0.0, half_width=0.1, inputs={}),
        ev.RunStopped(how="stopped", reason=why("human", "")),
    )


def test_the_only_keep_is_retracted_rather_than_dropped(doubtful, capsys):
    """Where only the baseline would be left nothing is asked for, and `status` names no such step."""
    assert 3 == main(["consolidate", "--drop"])
    said = capsys.readouterr().err
    assert "only the baseline is left" in said
    assert "retract 1 --why" in said
    main(["status"])
    shown = capsys.readouterr().out
    assert "retract 1 --why" in shown
    assert "consolidate --drop" not in shown


def test_publish_says_that_all_is_doubtful(doubtful, capsys):
    """It names what stays out, and how it is measured once more or taken along."""
    assert 3 == main(["publish"])
    said = capsys.readouterr().err
    assert "doubtful on fresh seeds and stays out: iteration 1" in said
    assert "consolidate --seeds 5" in said
    assert "git merge " in said


def test_a_proposal_for_a_stopped_run_needs_no_loop_more(doubtful, repo, capsys):
    """Where loops are left of what was asked for, `resume` alone is the way on."""
    told = dict.fromkeys(("description", "change_plan", "commit_description"), "wider")
    Path("p.json").write_text(json.dumps(told | {"status": "ok", "set": {"LR": 0.2}}))
    main(["propose", "p.json"])
    said = "".join(capsys.readouterr())
    assert "no loops are left" not in said, said
    assert "resume` goes on" in said, said


def test_a_mended_commit_is_not_part_of_the_run(repo, capsys, monkeypatch):
    """A run without a baseline says that it keeps its start commit, and which one is not part of it."""
    failed = ev.RunStopped(how="baseline_failed", reason=why("baseline_failed", outcome="crashed"))
    make_run(repo, g.runner_started(), g.set_up(), g.asked(3), failed)
    monkeypatch.setattr("autoresearch.workflows.cli.acts.start_resume._needs_runner", lambda _: False)
    main(["resume"])
    assert "keeps the commit" not in capsys.readouterr().out
    git(repo, "commit", "-q", "--allow-empty", "-m", "mended")
    main(["resume"])
    said = capsys.readouterr().out
    assert f"{short(git(repo, 'rev-parse', 'HEAD'))} is not part of it" in said
    assert "start` begins a new run" in said
