"""`rerun --recorded`: the code of today driven through an old run, by what it recorded."""

import json
from pathlib import Path

import jsonschema
import pytest

from autoresearch.engine.agents import prompts
from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import BRANCH, bytes_of, make_repo
from tests.e2e.conftest import Program
from tests.tampering import first, tamper


GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "runs"
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "rerun-1.schema.json"
AGENT = """\
read -r first
case $first in
You*) echo '{"status": "ok", "description": "wider", "change_plan": "So.", "commit_description": "wider"}' ;;
The*) python3 -c 't = open("train.py").read(); open("train.py", "w").write(t[: -len("raise ValueError.")])'
      echo '{"action": "fix_and_rerun", "reason": "a slip"}' ;;
*) echo "WIDTH = 16
raise ValueError" >> train.py; echo "widened it" ;;
esac
"""


@pytest.fixture
def mended(program: Program) -> Program:
    """A run of an agent whose first change crashed and was mended; then come a note and newer guidance."""
    (program.repo / "agent.sh").write_text(AGENT)
    settings = program.repo / "pyproject.toml"
    settings.write_text(settings.read_text() + 'agent = "custom"\nagent_command = ["sh", "agent.sh"]\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "an agent")
    program("start", "--loops", "1", "--no-background-train", code=None)
    program("note", "look at the width")
    (program.repo / "program.md").write_text("Wider still.\n")
    program.git("commit", "-qam", "newer guidance")
    program("resume", "--loops", "1", "--no-background-train", code=None)
    return program


def told(capsys: pytest.CaptureFixture[str], *, code: int, repo: Path) -> dict:
    """Return what the command prints as JSON, which its schema accepts."""
    assert code == main(["rerun", "--recorded", "--json", "--repo", str(repo)])
    found: dict = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def test_a_run_of_today_differs_in_nothing(mended: Program, capsys: pytest.CaptureFixture[str]) -> None:
    """Each decision and each prompt comes out as recorded; no file of the run and no ref changes."""
    before, refs = bytes_of(mended.run_folder()), mended.git("for-each-ref")
    found = told(capsys, code=0, repo=mended.repo)
    asked = [one for one in mended.events() if one["type"] == "AgentAsked"]
    assert {"propose", "apply", "triage"} == {one["data"]["step"] for one in asked}
    assert (len(asked), [], []) == (found["prompts"], found["departures"], found["not_seen"])
    assert (before, refs) == (bytes_of(mended.run_folder()), mended.git("for-each-ref"))
    assert mended("rerun", "--recorded").stdout.endswith("nothing differs\n")
    assert "add --recorded" in mended("rerun", code=2).stderr


def test_what_differs_is_told_one_by_one(
    mended: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other prompts are told with a diff each, a verdict with its place and both values; the rest goes on."""
    monkeypatch.setattr(prompts, "RULES", prompts.RULES.replace("Do not commit", "Never commit"))
    found = told(capsys, code=1, repo=mended.repo)
    assert found["prompts"] == len(found["departures"])
    for one in found["departures"]:
        assert ("AgentAsked", "prompts") == (one["type"], one["check"])
        assert any(line.startswith("-- Do not commit") for line in one["diff"])
        assert any(line.startswith("+- Never commit") for line in one["diff"])
    monkeypatch.undo()
    mended.is_true = False
    history = mended.run_folder() / "history.jsonl"

    def change(records: list) -> None:
        first(records, "CandidateKept", iteration=0)["data"]["rule"] = "other"

    tamper(history, change)
    (one,) = (
        one for one in told(capsys, code=1, repo=mended.repo)["departures"] if one["check"] == "decisions"
    )
    assert ("CandidateKept", "CandidateKept.rule", "other") == (one["type"], one["field"], one["history"])
    page = mended("rerun", "--recorded", code=1).stdout
    assert f"event {one['seq']}  CandidateKept.rule\n  history  other\n  now      {one['now']}\n" in page


def old_run(tmp_path: Path, name: str) -> RunPaths:
    """Return a golden run, as the only one of a repository that has none of its commits."""
    repo = make_repo(tmp_path / "repo")
    paths = RunPaths(home=repo, folder=repo / ".autoresearch" / "runs" / f"{BRANCH.replace('/', '-')}-r001")
    paths.folder.mkdir(parents=True)
    paths.history.write_bytes((GOLDEN / f"{name}.jsonl").read_bytes())
    return paths


def test_a_run_without_its_code_is_driven_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where git has none of the commits, decisions are taken, and prompts are said not to be compared."""
    paths = old_run(tmp_path, "agent-proposes-and-applies")
    found = told(capsys, code=0, repo=paths.home)
    assert found["decisions"] > 0
    assert ["code_gone"] == [one["what"] for one in found["not_seen"]]


def test_a_history_that_ends_early_is_driven_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Torn, damaged, of a later program: what can be read is driven, and it is said where that ended."""
    paths = old_run(tmp_path, "climb")
    raw = paths.history.read_bytes()
    lines = raw.splitlines(keepends=True)
    paths.history.write_bytes(raw[:-20])
    assert told(capsys, code=0, repo=paths.home)["ended"]["torn"]
    paths.history.write_bytes(b"".join([*lines[:9], lines[9].replace(b'"seq":', b'"Seq":'), *lines[10:]]))
    found = told(capsys, code=9, repo=paths.home)
    assert (8, 10) == (found["seq"], found["ended"]["line"])  # 9 to 11 are one write
    assert found["ended"]["damage"]
    paths.history.write_bytes(raw)

    def of_later(records: list) -> None:
        records[9]["v"] = 99

    tamper(paths.history, of_later)
    found = told(capsys, code=9, repo=paths.home)
    assert (9, "v99") == (found["seq"], found["ended"]["unknown"].split()[-1])
    assert 9 == main(["rerun", "--recorded", "--repo", str(paths.home)])
    assert "event 10 is of a later program" in capsys.readouterr().out


def test_an_imported_run_was_decided_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an imported table nothing was decided here, which is said; nothing differs."""
    repo = make_repo(tmp_path / "repo")
    monkeypatch.chdir(repo)
    (repo / "results.tsv").write_text(
        "commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc\t1.0\t1\tkeep\tx\n"
    )
    assert 0 == main(["import", "results.tsv"])
    capsys.readouterr()
    assert 0 == main(["rerun", "--recorded"])
    page = capsys.readouterr().out
    assert "the run was imported: what was done elsewhere was not decided here\nnothing differs\n" in page
