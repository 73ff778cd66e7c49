"""What `doctor` says of a repository and its machine, and with which exit code."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

from tests.e2e.conftest import ROOT, Program, at_rest


CHECKS = [
    "git",
    "settings",
    "interpreter",
    "imports",
    "data",
    "metric",
    "disk",
    "search",
    "devices",
    "sandbox",
    "notifications",
    "clock",
    "agent",
]
EXAMPLES = dict(
    re.findall(r"```\w+\n# (agent\.\w+)\n(.*?)```", (ROOT / "docs" / "agents.md").read_text(), re.DOTALL)
)
REVIEW = re.findall(
    r"^```\w+\n(# review\.sh\n.*?)^```$", (ROOT / "docs/agents.md").read_text(), re.MULTILINE | re.DOTALL
)[0]


def looked(program: Program, *words: str, code: int = 0) -> dict[str, dict[str, object]]:
    """Return the findings of `doctor --json`, the first of each check by its name."""
    told = json.loads(program("doctor", "--json", *words, code=code).stdout)
    assert told["ok"] is (code == 0)
    return {one["check"]: one for one in reversed(told["findings"])}


def test_all_is_looked_at_and_nothing_changed(program: Program):
    """Each thing has a finding and a line of its own; no ref, worktree or file comes of it."""
    before = program.git("for-each-ref"), program.git("status", "--porcelain")
    found = looked(program)
    assert set(CHECKS) == set(found)
    lines = program("doctor").stdout.splitlines()
    assert all(any(line[6:].startswith(check) for line in lines) for check in CHECKS)
    assert before == (program.git("for-each-ref"), program.git("status", "--porcelain"))
    assert 1 == len(program.git("worktree", "list").splitlines())


def test_an_environment_that_ends_with_its_command_is_named_before_anything_trains(program: Program):
    """What `start` refuses, `doctor` fails on and `init` says first: all in the same words."""
    passing = program.repo.parent / "builds" / "passing"
    packages = passing / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "all.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    (passing / "bin").mkdir()
    python = passing / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    home = Path(sys.executable).resolve().parent
    (passing / "pyvenv.cfg").write_text(f"home = {home}\nuv = 0.13.9\nextends-environment = {sys.prefix}\n")
    program.door = (str(python), *program.door[1:])
    said = f"uv removes {passing} once this command ends"
    assert said in program("start", code=3).stderr
    found = looked(program, code=1)["runner"]
    assert ("fail", True) == (found["state"], said in str(found["said"]))
    assert "uv tool install" in str(found["way_out"])
    first = program("init", code=2).stdout.splitlines()[0]
    assert said in first
    assert "so `start` will be refused: install it where it stays" in first


def test_settings_that_make_no_sense_fail(program: Program):
    """A misspelt setting is a finding with the way out, and code 1."""
    (program.repo / "pyproject.toml").write_text("[tool.autoresearch]\nslotz = 2\n")
    found = looked(program, code=1)["settings"]
    assert "fail" == found["state"]
    assert "slotz" in str(found["said"])
    assert "did you mean slots?" == found["way_out"]
    failed = json.loads(program("doctor", "--json", code=1).stdout)["findings"]
    assert ["settings"] == [one["check"] for one in failed if one["state"] == "fail"]


def test_what_a_clean_checkout_lacks_is_named(program: Program):
    """A shared path that is not there, and a check that says no, fail with their reasons."""
    settings = (program.repo / "pyproject.toml").read_text()
    (program.repo / "pyproject.toml").write_text(settings + 'shared = ["data"]\n')
    found = looked(program, code=1)["data"]
    assert ("shared_is_not_there", True) == (found["code"], bool(found["way_out"]))
    assert "data, which is shared, is not in" in program("start", "--loops", "1", code=3).stderr
    (program.repo / "data").mkdir()
    assert ["data"] == looked(program)["data"]["fields"]["shared"]
    (program.repo / "pyproject.toml").write_text(
        settings.replace("check = []", 'check = ["sh", "-c", "exit 1"]')
    )
    assert "check_failed" == looked(program, code=1)["data"]["code"]


def test_a_metric_that_no_log_has_names_what_is_there(program: Program):
    """Once a run has a log, its number is shown; under another name, the lines that could be meant are."""
    program("start", "--only", "setup,baseline", "--no-stochastic", "--no-background-train")
    found = looked(program)["metric"]
    assert ("ok", "metric") == (found["state"], found["code"])
    settings = program.repo / "pyproject.toml"
    settings.write_text(settings.read_text() + "metric = { name = 'accuracy', pattern = 'accuracy=(.*)' }\n")
    found = looked(program, code=1)["metric"]
    assert "metric_none" == found["code"]
    assert "val_bpb" in [one["name"] for one in found["fields"]["others"]]


def test_the_log_of_a_training_that_did_not_end_by_itself_is_not_judged(program: Program):
    """One that runs, or was stopped, may not have come to its metric: neither log is looked into."""
    word = program.repo.parent / "go on"
    train = program.repo / "train.py"
    waits = f'print("---", flush=True)\nwhile not os.path.exists({str(word)!r}):\n    time.sleep(0.02)\n'
    train.write_text(train.read_text().replace('print("---")\n', waits))
    program.git("commit", "-qam", "it waits")
    program("start", "--no-stochastic", "--loops", "0")
    logs = program.run_folder()
    program.wait(lambda _: any("---" in log.read_text() for log in logs.rglob("train.1/output.log")))
    assert ("info", "metric_no_log") == tuple(looked(program)["metric"][key] for key in ("state", "code"))
    program("stop", "--now")
    program.wait(at_rest)
    assert ("info", "metric_no_log") == tuple(looked(program)["metric"][key] for key in ("state", "code"))
    word.touch()
    program("resume")
    program.wait(at_rest)
    assert "metric" == looked(program)["metric"]["code"]


def asked_of(program: Program, *, code: int) -> list[dict]:
    """Return what each agent answered that `doctor --ask` asked."""
    found = json.loads(program("doctor", "--json", "--ask", code=code).stdout)["findings"]
    return [one for one in found if one["check"] == "question"]


def test_an_agent_is_asked_on_request(program: Program):
    """A command is asked for a real proposal with --ask alone: those of the docs answer, others fail."""
    agent = program.repo.parent / "agent.sh"
    settings = program.repo / "pyproject.toml"
    before = settings.read_text()
    settings.write_text(before + f'agent_command = ["sh", "{agent}"]\n')
    for text, code in (("exit 3\n", "agent_exit"), ("echo '{}'\n", "answer_no_proposal")):
        agent.write_text(text)
        assert "question" not in looked(program)
        assert code == looked(program, "--ask", code=1)["question"]["code"]
    program.env["PATH"] += f"{os.pathsep}{Path(shutil.which('cat') or '').parent}"
    for (name, text), called in zip(EXAMPLES.items(), ("sh", "{python}"), strict=True):
        (program.repo / name).write_text(text)
        program.git("add", name)
        program.git("commit", "-qm", "an agent")
        settings.write_text(before + f'agent_command = ["{called}", "{name}"]\n')
        assert "wider" in str(looked(program, "--ask")["question"]["said"])
    (program.repo / "review.sh").write_text(REVIEW)
    program.git("add", "review.sh")
    program.git("commit", "-qm", "a reviewer")
    settings.write_text(f'{before}agent_command = ["sh", "review.sh"]\nreview = "before-keep"\n')
    proposes, reviews = asked_of(program, code=0)
    assert ("custom", "custom as reviewer") == (proposes["fields"]["name"], reviews["fields"]["name"])
    assert "pass" in reviews["fields"]["said"]
    settings.write_text(f'{before}agent_command = ["sh", "agent.sh"]\nreview = "before-keep"\n')
    assert ["ok", "fail"] == [one["state"] for one in asked_of(program, code=1)]


def test_what_start_refuses_of_agents_fails(program: Program):
    """A script that is not committed, and a review by nobody, are named before a run is asked for."""
    settings = program.repo / "pyproject.toml"
    before = settings.read_text()
    settings.write_text(before + 'review = "before-keep"\n')
    assert ("fail", "nobody_reviews") == tuple(
        looked(program, code=1)["review"][key] for key in ("state", "code")
    )
    assert "no agent is asked for anything" in program("start", "--loops", "1", code=2).stderr
    (program.repo / "agent.sh").write_text(EXAMPLES["agent.sh"])
    settings.write_text(before + 'agent_command = ["sh", "agent.sh"]\n')
    found = json.loads(program("doctor", "--json", code=1).stdout)["findings"]
    assert ["agent_uncommitted"] == [one["code"] for one in found if one["check"] == "agent"]
    assert (
        "agent_command runs agent.sh, which is not in commit"
        in program("start", "--loops", "1", code=3).stderr
    )


def test_an_agent_that_is_wanted_and_missing_is_named(program: Program):
    """It is a warning, as `start` goes on with the search, but where it pauses the run or is to review."""
    settings = program.repo / "pyproject.toml"
    before = settings.read_text()
    settings.write_text(before + 'agent = "codex"\n')
    found = looked(program)["agent"]
    assert ("agent_missing", "warn") == (found["code"], found["state"])
    assert "the seeded search proposes in its place" in found["said"]
    settings.write_text(before + 'agent = "codex"\nwhen_agent_fails = "pause"\n')
    assert "fail" == looked(program, code=1)["agent"]["state"]
    settings.write_text(before + 'agent = "none"\nreview = "before-keep"\nreview_agent = "claude"\n')
    found = json.loads(program("doctor", "--json", code=1).stdout)["findings"]
    assert ["reviewer_missing", "agent_none"] == [one["code"] for one in found if one["check"] == "agent"]
    started = program("start", "--loops", "1", "--no-background-train").stdout
    assert "claude reviews before a keep, but it is not on PATH" in started


def test_a_metric_in_a_file_is_looked_for_there_before_there_is_a_best(program: Program):
    """Of a baseline without its number: the file that it did not write, then the keys that it wrote."""
    settings = program.repo / "pyproject.toml"
    before = settings.read_text()
    settings.write_text(f'{before}metric = {{ name = "acc", file = "out.json", lower_is_better = false }}\n')
    script = program.repo / "train.py"
    program("start", "--loops", "0", "--no-background-train", code=None)
    found = looked(program, code=1)["metric"]
    assert ("fail", "metric_no_file") == (found["state"], found["code"])
    assert "wrote no out.json, in its checkout or its job's folder" in str(found["said"])
    script.write_text("import json\nLR = 1\njson.dump({'accuracy': 0.5}, open('out.json', 'w'))\n")
    program.git("commit", "-qam", "it writes a file")
    program("start", "--another", "--loops", "0", "--no-background-train", code=None)
    found = looked(program, code=1)["metric"]
    assert ("fail", "metric_no_key") == (found["state"], found["code"])
    assert "has no number under acc; it has accuracy" in str(found["said"])
    settings.write_text(settings.read_text().replace('"acc"', '"accuracy"'))
    found = looked(program)["metric"]
    assert ("ok", "metric_in_newest_file", 0.5) == (
        found["state"],
        found["code"],
        found["fields"]["value"],  # type: ignore[index]  # it is JSON
    )
