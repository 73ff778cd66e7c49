"""From where a training's interpreter imports the repository's own modules, asked of real interpreters."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.sealing import packages
from autoresearch.engine.sealing.own_code import interpreter_of, looked_for, python_path
from autoresearch.events.settings import RunConfig


FINDER = """\
import importlib.util, sys
MAPPING = {"pkg": FOLDER}
class Finder:
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in MAPPING:
            return importlib.util.spec_from_file_location(fullname, MAPPING[fullname] + "/__init__.py")
sys.meta_path.insert(AT, Finder)
"""


class Place:
    """A repository with a package in src/, a checkout of it, and a virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.home, self.checkout = folder / "repo", folder / "repo" / ".autoresearch" / "worktree"
        for top in (self.home, self.checkout):
            (top / "src" / "pkg").mkdir(parents=True)
            (top / "src" / "pkg" / "__init__.py").write_text("")
            (top / "train.py").write_text("import pkg\nprint(pkg.__file__)\n")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.python = folder / "venv" / "bin" / "python"
        (self.site,) = folder.glob("venv/lib/*/site-packages")
        self.config = RunConfig(train=(str(self.python), "train.py"))

    def looked_for(self, **env: str) -> tuple[tuple[str, ...], list[str]]:
        """Return what is put first, and the modules that are taken from elsewhere all the same."""
        config = RunConfig(train=self.config.train, env=env)
        found = looked_for(config, home=self.home, checkout=self.checkout)
        return found.first, [name for name, _ in found.elsewhere]

    def trained(self, first: tuple[str, ...], **env: str) -> str:
        """Run the training as it would be, and return whence it imported the package."""
        done = subprocess.run(
            self.config.train,
            cwd=self.checkout,
            env={**os.environ, **env, **python_path(first, self.checkout, env)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place in which nothing is installed yet."""
    return Place(tmp_path)


def test_what_is_not_installed_needs_nothing(place: Place):
    """Where the checkout's own files are found, nothing is put first."""
    assert ((), []) == place.looked_for()


def test_an_editable_install_by_a_path_gives_way(place: Place):
    """A .pth that names the user's src/ is overruled by the checkout's src/."""
    (place.site / "pkg.pth").write_text(f"{place.home / 'src'}\n")
    first, elsewhere = place.looked_for()
    assert (("src",), []) == (first, elsewhere)
    assert str(place.checkout / "src" / "pkg" / "__init__.py") == place.trained(first)


@pytest.mark.parametrize(("at", "wins"), [(1000, True), (0, False)])
def test_an_editable_install_by_a_finder_gives_way_or_is_named(place: Place, at: int, wins: object):
    """A finder that is asked after the path gives way; one that is asked before it is named."""
    code = FINDER.replace("FOLDER", repr(str(place.home / "src" / "pkg"))).replace("AT", str(at))
    (place.site / "__editable___pkg_finder.py").write_text(code)
    (place.site / "pkg.pth").write_text("import __editable___pkg_finder\n")
    first, elsewhere = place.looked_for()
    assert ("src",) == first
    assert ([] if wins else ["pkg"]) == elsewhere
    assert wins is place.trained(first).startswith(str(place.checkout))


def test_a_python_path_gives_way(place: Place):
    """A PYTHONPATH in the settings that names the user's src/ is kept, behind the checkout's own."""
    env = {"PYTHONPATH": str(place.home / "src")}
    first, elsewhere = place.looked_for(**env)
    assert (("src",), []) == (first, elsewhere)
    assert place.trained(first, **env).startswith(str(place.checkout))
    assert (
        f"{place.checkout / 'src'}{os.pathsep}{place.home / 'src'}"
        == python_path(first, place.checkout, env)["PYTHONPATH"]
    )


def test_a_copy_that_was_installed_gives_way(place: Place):
    """A package of src/ that stands in site-packages as a copy is taken from the checkout."""
    (place.site / "pkg").mkdir()
    (place.site / "pkg" / "__init__.py").write_text("")
    first, elsewhere = place.looked_for()
    assert (("src",), []) == (first, elsewhere)
    assert place.trained(first).startswith(str(place.checkout))


def test_a_name_of_the_standard_library_is_no_accident(place: Place):
    """A folder of src/ that is named as a module of Python's own changes nothing while nobody installs it."""
    (place.checkout / "src" / "json").mkdir()
    (place.checkout / "src" / "json" / "__init__.py").write_text("")
    assert ((), []) == place.looked_for()


@pytest.mark.parametrize("line", ["import local", "def run():\n    from local import x"])
def test_a_module_that_only_the_users_checkout_has_is_named(place: Place, line: str):
    """What the script imports, git does not know and a path into the user's checkout would give, is named."""
    (place.checkout / "train.py").write_text(f"import pkg\nimport json, other\n{line}\n")
    local = place.home / "src" / "local.py"
    local.write_text("x = 1\n")
    (place.site / "other.py").write_text("")
    env = {"PYTHONPATH": str(place.home / "src")}
    assert (("src",), ["local"]) == place.looked_for(**env)
    (place.checkout / "src" / "local.py").symlink_to(local)  # as `shared` does
    assert (("src",), []) == place.looked_for(**env)


def test_versions_are_those_of_the_training(place: Place):
    """Python and torch are told as the training's interpreter has them; torch only where it is there."""
    found = looked_for(place.config, home=place.home, checkout=place.checkout)
    assert {"python": platform.python_version()} == found.versions
    told = place.site / "torch-2.99.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.99.0\n")
    found = looked_for(place.config, home=place.home, checkout=place.checkout)
    assert "2.99.0" == found.versions["torch"]


def test_who_is_asked(tmp_path: Path):
    """A Python, one behind a console script, and uv's are known; a shell script is not asked."""
    script = tmp_path / "torchrun"
    script.write_text(f"#!{sys.executable}\n")
    shell = tmp_path / "train.sh"
    shell.write_text("#!/bin/sh\npython train.py\n")
    assert (sys.executable,) == interpreter_of((sys.executable, "train.py"), tmp_path)
    assert (sys.executable,) == interpreter_of((str(script), "train.py"), tmp_path)
    assert (sys.executable,) == interpreter_of(("./torchrun", "train.py"), tmp_path)
    assert ("uv", "run", "python") == interpreter_of(("uv", "run", "train.py"), tmp_path)
    for words in ((str(shell),), ("no-such-program",), ("./absent",)):
        assert interpreter_of(words, tmp_path) is None


def test_one_that_cannot_be_asked_tells_of_nothing(place: Place):
    """An interpreter that fails, or prints no JSON, is no reason not to train."""
    for text in ("#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\n"):
        (place.home / "python-odd").write_text(text)
        (place.home / "python-odd").chmod(0o755)
        config = RunConfig(train=(str(place.home / "python-odd"), "train.py"))
        found = looked_for(config, home=place.home, checkout=place.checkout)
        assert ((), ()) == (found.first, found.elsewhere)


def test_folders_that_are_imported_from_once_they_are_made_are_told(tmp_path: Path):
    """A module that a training plants in its user's own site-packages, made for it, changes the digest."""
    (tmp_path / "checkout").mkdir()
    python = str(Path(sys.executable).resolve())  # in a virtual environment there is no user's own
    config = RunConfig(train=(python, "train.py"), env={"HOME": str(tmp_path)})
    found = looked_for(config, home=tmp_path / "repo", checkout=tmp_path / "checkout").libraries
    (users,) = [Path(folder) for folder in found if Path(folder).is_relative_to(tmp_path)]
    assert not users.exists()
    assert 1 == len([folder for folder in found if folder.endswith(".zip")])
    before = packages.digest(found)
    users.mkdir(parents=True)
    (users / "usercustomize.py").write_text("print('val_bpb: 0.5')\n")
    assert before != packages.digest(found)


def test_a_training_in_a_folder_is_asked_as_one_of_the_top(tmp_path: Path):
    """`env -C` before it hides neither its interpreter nor what that takes from elsewhere."""
    place = Place(tmp_path)
    (place.site / "mine.pth").write_text(f"{place.home / 'src'}\n")  # as an editable install
    plain = place.looked_for()
    assert ("src",) == plain[0]
    place.config = RunConfig(train=("env", "-C", "src", str(place.python), "../train.py"))
    assert plain == place.looked_for()
