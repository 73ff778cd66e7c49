"""What is read of a repository before it is run: scripts, commands, metrics; and the file written."""

import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from autoresearch.engine.onboarding.commands import in_makefile, in_readme, parsed
from autoresearch.engine.onboarding.init import expected, value_in
from autoresearch.engine.onboarding.metric_names import candidates, is_lower_better
from autoresearch.engine.onboarding.scripts import needed_by, ranked, read_script
from autoresearch.engine.onboarding.settings_file import as_toml, with_settings
from autoresearch.engine.onboarding.shared import needed
from autoresearch.engine.onboarding.sight import Sight
from autoresearch.engine.system.version import adds, how_to_install, installed_from
from autoresearch.events.errors import InvalidInput
from autoresearch.workflows.pages.onboarding import did_you_mean


FILES = ("train.py", "config/tiny.py", "src/pkg/train.py", "run.sh")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("python train.py", "{python} train.py"),
        ("uv run train.py  # one experiment", "{python} train.py"),
        ("uv run python train.py --lr 0.1", "{python} train.py --lr 0.1"),
        ("poetry run python3 train.py config/tiny.py", "{python} train.py config/tiny.py"),
        ("python3.11 -m pkg.train", "{python} -m pkg.train"),
        (
            "torchrun --nproc_per_node=2 train.py",
            "{python} -m torch.distributed.run --nproc_per_node=2 train.py",
        ),
        ("./run.sh", "./run.sh"),
    ],
)
def test_a_line_of_a_readme_is_a_command(line: str, words: str):
    """Whatever starts Python in it, the project's interpreter takes its place."""
    called = parsed(line, FILES)
    assert called is not None
    assert tuple(words.split()) == called.words


@pytest.mark.parametrize(
    "line",
    [
        "python other.py",
        "python train.py > log",
        "python train.py $ARGS",
        "cd x && python train.py",
        "pip install .",
        "training python train.py",
        "train.py  the model",
    ],
)
def test_what_needs_a_shell_or_names_no_file_is_none(line: str):
    """A line that a shell would have to read, or that runs nothing of the repository, is no command."""
    assert parsed(line, FILES) is None


def test_indented_code_of_a_readme_is_read_after_fenced_code():
    """Four spaces or a tab make code of a block that stands by itself; a paragraph's second line is none."""
    text = "# pkg\n\n    pip install .\n    python -m pkg.train --lr 2\n\nOr\n    python train.py\n\n"
    text += "\tpython train.py 3\n"
    fenced = "```\npython train.py --lr 1\n```\n"
    found = [" ".join(one.words[1:]) for one in in_readme(text + fenced, FILES)]
    assert ["train.py --lr 1", "-m pkg.train --lr 2", "train.py 3"] == found


def test_what_a_line_sets_is_kept():
    """Variables before a command are the settings' env."""
    called = parsed("OMP_NUM_THREADS=2 python train.py", FILES)
    assert called is not None
    assert {"OMP_NUM_THREADS": "2"} == called.env


def test_only_code_of_a_readme_is_read():
    """Commands stand in fenced code, over several lines too; prose that names one is passed over."""
    text = "Run python train.py!\n```sh\n$ python train.py \\\n    --lr 1\n```\n"
    assert [("{python}", "train.py", "--lr", "1")] == [one.words for one in in_readme(text, FILES)]


def test_targets_of_a_makefile_that_measure_are_found():
    """A target that sounds like a benchmark or a training is one, a variable of that name is none."""
    assert [("make", "-s", "bench")] == [one.words for one in in_makefile("train := 1\nall: x\nbench: all\n")]


def test_the_script_that_trains_goes_before_others():
    """By name, by what it prints and does: neither a sampler nor a module that others import comes first."""
    sources = {
        "train.py": "import model\nfor i in range(3):\n    print(f'loss {i}')\n",
        "model.py": "class Model: pass\n",
        "sample.py": "print('a sample')\n",
        "prepare.py": "print('data')\nopen('x', 'w')\n",
    }
    scripts = {path: read_script(path, text.encode()) for path, text in sources.items()}
    assert "train.py" == ranked(scripts)[0].path
    assert ("model.py",) == needed_by(scripts["train.py"], scripts)
    assert read_script("broken.py", b"def (") is None


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ('int(os.environ["SEED"])', "SEED"),
        ('os.environ.get("DATA_SEED", "0")', "DATA_SEED"),
        ('os.getenv("MY_SEED")', "MY_SEED"),
        ('os.environ["PYTHONHASHSEED"]', ""),
        ('os.environ["SEEDS_FILE"]', ""),
        ('table["SEED"]', ""),
    ],
)
def test_the_variable_of_a_seed_is_found(read: str, name: str):
    """A variable of the environment whose name ends with "seed" is one, but for that of Python's hashes."""
    script = read_script("train.py", f"import os\nprint({read})\n".encode())
    assert script is not None
    assert name == script.seed_env


def test_what_a_script_writes_is_told_from_what_it_reads():
    """A path that is opened to write, or saved to, by a name that holds it too, is written."""
    source = b"OUT = 'out'\nopen('data/x')\nopen('log.txt', 'w')\ntorch.save(m, OUT)\n"
    script = read_script("a.py", source)
    assert script is not None
    assert {"log.txt", "out"} <= set(script.writes)
    assert "data/x" not in script.writes


def test_what_is_written_somewhere_is_not_where_it_is_written():
    """What was read from a path and is saved elsewhere leaves that path one that is only read."""
    source = (
        b"pts = json.load(open('data/p.json'))\nwith open('weights/m.json', 'w') as f:\n"
        b"    json.dump({'n': len(pts)}, f)\n"
        b"root = Path('out')\n(root / 'n.json').write_text(json.dumps(pts))\n"
        b"rows = np.load('data/rows.npy')\nnp.save('rows.npy', rows)\ntorch.save(net, 'net.pt')\n"
        b"open('warm/w.json')\n"
    )
    script = read_script("a.py", source)
    assert script is not None
    assert {"weights/m.json", "w", "out", "n.json", "rows.npy", "net.pt"} == set(script.writes)


@pytest.mark.parametrize(
    ("output", "name", "lower"),
    [
        ("step 1: train loss 2.1, val loss 2.4\niter 1: loss 2.0, time 3.00ms, mfu 1.0%", "val loss", True),
        ("---\nval_bpb:          0.9979\ntraining_seconds: 300.1\nnum_steps: 953\ndepth: 8", "val_bpb", True),
        ("Epoch 3/3 | loss=0.3 | lr=0.1\nTest accuracy: 91.3%", "Test accuracy", False),
        ('{"epoch": 3, "val_f1": 0.71, "train_loss": 0.2}', "val_f1", False),
        ("matrix: 64\nelapsed_ms: 12.5", "elapsed_ms", True),
        ("throughput: 113.2 MB/s", "throughput", False),
    ],
)
def test_the_likeliest_number_and_its_way(output: str, name: str, lower: object):
    """What was held back goes before what was learnt from, and both before times and sizes."""
    found = candidates(output.splitlines())
    assert (name, lower) == (found[0].name, found[0].lower)
    assert value_in(output.encode(), name) is not None


def test_a_name_that_does_not_tell_its_way_says_so():
    """Nobody guesses which way is better."""
    assert is_lower_better("val_quux") is None


FILE = """\
# mine
[project]
name = "x"   # keep

[tool.autoresearch]
slots = 2
editable = [
    "a.py",  # the model
    "b.py",
]

[tool.ruff]
line-length = 100
"""


def test_settings_are_added_and_all_else_stays():
    """New keys stand at the end of their table; no other byte is another."""
    new = with_settings(FILE, "tool.autoresearch", {"train": ("make",), "metric.name": "loss"})
    assert new == FILE.replace('    "b.py",\n]\n', '    "b.py",\n]\ntrain = ["make"]\nmetric.name = "loss"\n')


def test_a_setting_that_is_there_is_replaced_whole():
    """A value over several lines is replaced with all of them."""
    new = with_settings(FILE, "tool.autoresearch", {"editable": ("c.py",)})
    table = tomllib.loads(new)["tool"]["autoresearch"]
    assert {"slots": 2, "editable": ["c.py"]} == table
    assert new.endswith("[tool.ruff]\nline-length = 100\n")


def test_a_table_that_is_not_there_is_made_at_the_end():
    """An empty file, one without the table and one with other line ends are written in their own way."""
    assert "slots = 2\n" == with_settings("", "", {"slots": 2})
    assert "[a]\r\nb = 1\r\n\r\n[t]\r\nc = true\r\n" == with_settings("[a]\r\nb = 1\r\n", "t", {"c": True})
    sub = '[t.metric]\nname = "x"\n'
    assert '[t.metric]\nname = "y"\n' in with_settings(sub, "t", {"metric.name": "y"})


def test_a_form_that_cannot_be_changed_is_refused_with_what_to_write():
    """An inline table of the metric is left alone, and the lines are named."""
    with pytest.raises(InvalidInput) as refused:
        with_settings('[t]\nmetric = { name = "x" }\n', "t", {"metric.name": "y"})
    assert 'metric.name = "y"' in refused.value.remedy


@pytest.mark.parametrize(
    "value", [True, 3, 2.5, 10.0, "it's", "a\\b", "ü\n", ("a", "b"), {"A_B": "c", "d e": "f"}, ()]
)
def test_a_value_is_read_as_it_was_written(value: object):
    """Whatever is written as TOML is the same when read."""
    read = tomllib.loads(f"x = {as_toml(value)}")["x"]
    assert value == (tuple(read) if isinstance(read, list) else read)


def test_what_is_expected_leaves_room():
    """A training may take half as long again, and never less than ten seconds are expected."""
    assert (10.0, 450.0) == (expected(0.2), expected(300.0))


def test_a_folder_that_a_readme_enters_is_where_its_command_runs():
    """`cd` in a line of its own or before `&&`; what is no folder of the repository is the clone itself."""
    files = ("exp/train.py", "exp/conf.json", "prepare.py")
    moved = ("env", "-C", "exp", "{python}", "train.py")
    text = (
        "```\ncd my-clone\npython prepare.py\ncd exp\npython train.py\ncd ..\npython prepare.py --all\n```\n"
    )
    assert [("{python}", "prepare.py"), moved, ("{python}", "prepare.py", "--all")] == [
        one.words for one in in_readme(text, files)
    ]
    for line in ("cd exp && python train.py", "cd ./exp && python ./train.py", " ".join(moved)):
        called = parsed(line, files)
        assert called is not None
        assert (("exp/train.py",), ("env", "-C", "exp")) == (called.names, called.words[:3])
    assert None is parsed("cd exp && python train.py && echo done", files)


def test_a_command_that_names_no_script_shares_what_any_of_them_reads():
    """Under `make train`, a folder that a committed script joins names to is needed; others are not."""
    script = read_script("src/run.py", b"import os\nopen(os.path.join('data', name))\n")
    assert script is not None
    seen = Sight(
        home=Path(), commit="a" * 40, files=("src/run.py",), scripts={script.path: script}, calls=(),
        apart=("data/train.csv", "notes.txt"), texts=(),
    )  # fmt: skip
    assert ("data/train.csv",) == needed(seen, ()).paths


@pytest.mark.parametrize(
    ("readme", "leaves"),
    [("", True), ("python train.py", True), ("python train.py --steps 20", False), ("python other.py", True)],
)
def test_a_default_gives_way_to_how_the_readme_calls_its_script(readme: str, *, leaves: bool):
    """Settings that name no training leave it at `train.py` where the README calls that in no other way."""
    files = ("train.py", "other.py")
    calls = tuple(in_readme(f"```\n{readme}\n```\n", files))
    seen = Sight(
        home=Path(), commit="a" * 40, files=files, scripts={}, calls=calls, apart=(), texts=()
    )  # fmt: skip
    assert leaves == seen.leaves(("{python}", "train.py"))


@pytest.mark.parametrize(
    ("told", "source"),
    [
        (None, "autoresearch"),
        ('{"url": "file:///a%20b/c", "dir_info": {}}', "/a b/c"),
        (
            '{"url": "https://h/r.git", "vcs_info": {"vcs": "git", "commit_id": "f00"}}',
            "git+https://h/r.git@f00",
        ),
    ],
)
def test_where_this_was_installed_from_is_what_installs_it_again(
    monkeypatch: pytest.MonkeyPatch, told: str | None, source: str
):
    """A folder, an address of git at its commit, or the name where an index has it."""
    made = SimpleNamespace(read_text=lambda name: told if name == "direct_url.json" else None)
    monkeypatch.setattr(metadata, "distribution", lambda _name: made)
    assert source == installed_from()


@pytest.mark.parametrize(
    ("tool_of_uv", "pip", "command"),
    [
        (False, True, "{python} -m pip install 'autoresearch[web]'"),
        (False, False, "uv pip install --python {python} 'autoresearch[web]'"),
        (True, False, "uv tool install 'autoresearch[web] @ file:///a/b'"),
    ],
)
def test_what_is_missing_is_installed_by_one_command_where_this_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tool_of_uv: bool, pip: bool, command: str
):
    """The way out names the Python that lacks it and the installer that is there, and nothing else."""
    made = SimpleNamespace(read_text=lambda _name: '{"url": "file:///a/b", "dir_info": {}}')
    monkeypatch.setattr(metadata, "distribution", lambda _name: made)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if pip and name == "pip" else None)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    if tool_of_uv:
        (tmp_path / "uv-receipt.toml").touch()
        assert how_to_install("mlflow") == "uv tool install --with mlflow /a/b"
    assert command.format(python=sys.executable) == adds("web")


@pytest.mark.parametrize(
    ("name", "said"),
    [("acuracy", "did you mean accuracy?"), ("y", "there are accuracy, loss")],
)
def test_a_number_that_was_not_printed_is_answered_with_those_that_were(name, said):
    """The nearest name is offered, and where none is near, all of them."""
    assert said == did_you_mean(name, ["accuracy", "loss"])
