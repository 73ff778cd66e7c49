"""`[tool.autoresearch]` of pyproject.toml."""

import json
from pathlib import Path

import pytest
from attrs import evolve, fields

from autoresearch.engine.runs import settings
from autoresearch.events.compared import definitions
from autoresearch.events.errors import InvalidInput
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.setting import for_step, model_for
from autoresearch.events.settings import RunConfig


def load(folder: Path, text: str) -> RunConfig:
    """Return the settings that a pyproject.toml with this text gives."""
    (folder / "pyproject.toml").write_text(text)
    return settings.load_config(folder)


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[tool.ruff]\n", "[tool.autoresearch]\n"])
def test_nothing_said_is_the_default(tmp_path: Path, text: str) -> None:
    """A file without the table, or with an empty one, gives the defaults."""
    assert RunConfig() == load(tmp_path, text)


def test_no_file_is_the_default(tmp_path: Path) -> None:
    """Where there is no pyproject.toml the defaults hold."""
    assert RunConfig() == settings.load_config(tmp_path)


def test_every_kind_of_setting_is_read(tmp_path: Path) -> None:
    """Lists, strings, numbers and tables come through; a command may be one string."""
    found = load(
        tmp_path,
        """
        [tool.autoresearch]
        train = "uv run 'my train.py' --fast"
        prepare = []
        editable = ["a.py", "src/b.py"]
        keep_rule = "min-delta:0.001"
        expected_s = 60
        seed = 7
        env = {OMP_NUM_THREADS = "2"}
        [tool.autoresearch.metric]
        name = "accuracy"
        pattern = '^accuracy=(\\S+)'
        lower_is_better = false
        """,
    )
    assert found == RunConfig(
        train=("uv", "run", "my train.py", "--fast"),
        prepare=(),
        editable=("a.py", "src/b.py"),
        keep_rule="min-delta:0.001",
        expected_s=60.0,
        seed=7,
        env={"OMP_NUM_THREADS": "2"},
        metric=MetricSpec(name="accuracy", pattern=r"^accuracy=(\S+)", lower_is_better=False),
    )
    assert isinstance(found.expected_s, float)


@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        ("trian = 'x'", "unknown setting trian", "did you mean train?"),
        ("expected_seconds = 1", "unknown setting expected_seconds", "did you mean expected_s?"),
        ("zzz = 1", "unknown setting zzz", "known are agent, agent_args, agent_command"),
        ("metric.nam = 'x'", "unknown setting metric.nam", "did you mean name?"),
        ("train = 1", "train = 1: expected a list of strings, or one string", ""),
        ("train = [1]", r"train = \[1\]: expected a list of strings", ""),
        ('train = "it\'s"', "train = .*: expected a list", ""),
        ("train = []", r"train = \(\): expected a command", ""),
        ("editable = []", "expected at least one file", ""),
        ("editable = ['../x.py']", r"editable = \('\.\./x\.py',\): expected .* paths relative", ""),
        ("editable = ['/x.py']", "expected .* paths relative", ""),
        ("editable = ['a/./x.py']", "expected .* paths relative", ""),
        ("protected = ['../x.py']", "expected paths relative", ""),
        ("protected = ['train.py']", "expected files that are not in `protected` as well", ""),
        ("guidance_file = '/etc/passwd'", "guidance_file = '/etc/passwd': expected a relative path", ""),
        ("metric = 1", r"\[tool.autoresearch.metric\] is 1; expected a table", ""),
        ("metric.pattern = '('", "expected a regular expression with exactly one group", ""),
        ("metric.pattern = 'a'", "exactly one group", ""),
        ("metric.pattern = '(a)(b)'", "exactly one group", ""),
        ("metric.name = ' '", "expected a name", ""),
        ("metric.lower_is_better = 1", "metric.lower_is_better = 1: expected true or false", ""),
        ("keep_rule = 'higher'", "keep_rule = 'higher': expected .*lower .*, min-delta:NUMBER", ""),
        ("keep_rule = 'min-delta:'", "expected .*lower .*, min-delta", ""),
        ("keep_rule = 'min-delta:nan'", "expected .*lower .*, min-delta", ""),
        ("keep_rule = 'min-delta:-1'", "expected .*lower .*, min-delta", ""),
        ("training_budget = 5", "training_budget = 5: expected a string", 'in quotes: training_budget = "5"'),
        ("expected_s = 'long'", "expected_s = 'long': expected a number", ""),
        ("expected_s = 0", "expected_s = 0.0: expected more than 0", ""),
        ("expected_s = inf", "expected_s = inf: expected a number", ""),
        ("expected_s = true", "expected_s = True: expected a number", ""),
        ("timeout_s = -1", "timeout_s = -1.0: expected 0 or more", ""),
        ("seed = 1.5", "seed = 1.5: expected a whole number", ""),
        ("slots = -1", "slots = -1: expected 0 or more", ""),
        ("device = 'a'\ndevice_lock = 'a'", "device and device_lock are one setting", "leave out device"),
        ("env = {A = 1}", "env = {'A': 1}: expected a table of strings", ""),
        ("env = {'A=B' = 'x'}", "expected a table of strings", ""),
        ("agent = [1]", r"agent = \[1\]: expected a string, or a list of strings", ""),
        ("agent = []", "agent = ", ""),
        ("agent = [", "is no TOML", ""),
        ("agent_model = '" + "x" * 500 + "'\nagent_model = ''", "is no TOML", ""),
        ("seed = '" + "x" * 500 + "'", r"seed = 'x+\.\.\.: expected", ""),
    ],
)
def test_what_is_refused(tmp_path: Path, line: str, reason: str, remedy: str) -> None:
    """A key that does not exist and a value that does not fit are refused, naming file, key and value."""
    with pytest.raises(InvalidInput, match=reason) as caught:
        load(tmp_path, f"[tool.autoresearch]\n{line}\n")
    assert "pyproject.toml" in str(caught.value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("policy_file", "guidance_file", "notes.md"),
        ("budget", "training_budget", "256 steps"),
        ("budget_s", "expected_s", 60.0),
        ("device", "device_lock", "none"),
    ],
)
def test_a_setting_is_known_by_its_earlier_name(tmp_path: Path, old: str, new: str, value: object) -> None:
    """What a file calls by the name that a setting had before is that setting."""
    found = load(tmp_path, f"[tool.autoresearch]\n{old} = {json.dumps(value)}\n")
    assert found == evolve(RunConfig(), **{new: value})


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\nautoresearch = 1", "\xff"])
def test_a_table_must_be_one(tmp_path: Path, text: str) -> None:
    """A file in which the table is something else is refused, and one that is not UTF-8."""
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput, match=r"expected a table|is no TOML"):
        settings.load_config(tmp_path)


def test_the_reference_has_every_setting() -> None:
    """Each setting has one row with its default and what it means."""
    rows = settings.reference().splitlines()[2:]
    names = [one.name for one in fields(RunConfig) if one.name != "metric"]
    names += [f"metric.{one.name}" for one in fields(MetricSpec)]
    assert sorted(names) == sorted(definitions())
    assert sorted(row.split("`")[1] for row in rows) == sorted([*names, "runs_folder"])
    assert all(row.count("|") == 5 and row.strip("| ").rsplit("|", 1)[1].strip() for row in rows)


def test_the_defaults_of_the_reference_are_valid(tmp_path: Path) -> None:
    """What the reference prints as defaults, put into a file, is the defaults."""
    rows = [row.split("`") for row in settings.reference().splitlines()[2:]]
    text = "\n".join(f"{row[1]} = {row[3]}" for row in rows)
    assert RunConfig() == load(tmp_path, f"[tool.autoresearch]\n{text}\n")


def test_models_and_words_go_by_step_and_agent(tmp_path: Path) -> None:
    """One value is for all; of a table the nearest key counts, and a key that means nothing is refused."""
    table = """
        [tool.autoresearch.agent_model]
        propose = "large"
        codex = "own"
        "codex.triage" = "small"
        [tool.autoresearch.agent_args]
        apply = "--effort 'very high'"
        """
    config = load(tmp_path, table)
    asked = [("claude", "propose"), ("claude", "apply"), ("codex", "propose"), ("codex", "triage")]
    assert ["large", "", "own", "small"] == [for_step(config.agent_model, *one, "") for one in asked]
    assert ("--effort", "very high") == for_step(config.agent_args, "codex", "apply", ())
    assert () == for_step(config.agent_args, "codex", "propose", ())
    plain = load(tmp_path, '[tool.autoresearch]\nagent_model = "m"\nagent_args = ["-x"]\n')
    assert ("m", ("-x",)) == (
        for_step(plain.agent_model, "aider", "edit", ""),
        for_step(plain.agent_args, "aider", "edit", ()),
    )
    asked = [("codex:o", "propose"), ("codex:o", "triage"), ("claude:o", "apply"), ("codex", "apply")]
    assert ["large", "small", "o", "own"] == [model_for(config.agent_model, *one) for one in asked]
    assert "o" == model_for(plain.agent_model, "codex:o", "propose")
    with pytest.raises(InvalidInput, match="agent_model"):
        load(tmp_path, '[tool.autoresearch]\nagent_model = {chat = "m"}\n')
