"""Wheels without a download: this repository's own, and those of the packages that the tests run with."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email import message_from_string
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tests.unit.laws.test_laws import ROOT
from tests.waiting import PATIENCE_S


BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def call(*words: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed; return what it printed last."""
    done = subprocess.run(
        words, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert 0 == done.returncode, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip().rpartition("\n")[2]


def built(kind: str, source: Path, into: Path) -> Path:
    """Build an sdist or a wheel of a source tree."""
    into.mkdir(exist_ok=True)
    return into / call(sys.executable, "-c", BUILD, f"build_{kind}", str(into), cwd=source)


def copy_of_repository(into: Path) -> Path:
    """Copy the repository as git would clone it, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0")[:-1]:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            (into / name).symlink_to((ROOT / name).readlink())
        elif (ROOT / name).is_file():
            (into / name).write_bytes((ROOT / name).read_bytes())
    return into


def packed_again(names: Iterable[str], into: Path) -> Path:
    """Make a folder of wheels of what is installed here: these packages and all that they require."""
    into.mkdir(exist_ok=True)
    waiting, packed = list(names), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in packed:
            continue
        packed.add(name)
        one = metadata.distribution(name)
        _pack(one, into)
        wanted = map(Requirement, one.requires or ())
        waiting += [each.name for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]
    return into


def hollow(name: str, version: str, into: Path) -> None:
    """Make a wheel with nothing in it: what only another platform needs, and a lock for all of them names."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(into / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def _pack(one: metadata.Distribution, into: Path) -> None:
    tags = [each.split("-") for each in message_from_string(one.read_text("WHEEL") or "").get_all("Tag", [])]
    tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
    name = re.sub(r"[-_.]+", "_", one.metadata["Name"])
    with zipfile.ZipFile(into / f"{name}-{one.version}-{tag}.whl", "w") as wheel:
        for file in one.files or ():
            if ".." not in file.parts and file.suffix != ".pyc" and file.locate().is_file():
                wheel.write(file.locate(), str(file))
