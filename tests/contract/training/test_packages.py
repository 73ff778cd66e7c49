"""What is noticed of the packages that a training could import, on a real disk."""

import base64
import hashlib
import os
from pathlib import Path

from autoresearch.engine.sealing.packages import digest, is_told_so


def environment(folder: Path) -> Path:
    """Make a folder with a package, its cache, a header, and a library."""
    (folder / "pkg" / "__pycache__").mkdir(parents=True)
    for name in ("pkg/__init__.py", "pkg/__pycache__/x.pyc", "pkg/x.h", "pkg/lib.so.12", "a.pth"):
        (folder / name).write_text("1")
    return folder


def test_code_that_changes_is_noticed(tmp_path: Path):
    """A file that could be loaded, and is changed, added or removed, changes the digest."""
    site = environment(tmp_path)
    seen = {digest([str(site)])}
    for name in ("pkg/__init__.py", "pkg/lib.so.12", "a.pth", "sitecustomize.py"):
        (site / name).write_text("22")
        seen.add(digest([str(site)]))
    (site / "a.pth").unlink()
    seen.add(digest([str(site)]))
    assert 6 == len(seen)


def test_what_is_no_code_is_not(tmp_path: Path):
    """Caches, headers and what lies in another environment below change nothing."""
    site = environment(tmp_path)
    before = digest([str(site)])
    (site / "site-packages").mkdir()
    for name in ("pkg/__pycache__/x.pyc", "pkg/x.h", "site-packages/other.py"):
        (site / name).write_text("22")
    assert before == digest([str(site)])
    assert before != digest([str(site), str(site / "site-packages")])


def test_the_order_and_what_lies_in_another_do_not_count(tmp_path: Path):
    """A folder within another one adds nothing, and a folder that is not there is none."""
    site = environment(tmp_path)
    assert digest([str(site)]) == digest([str(site), str(site / "pkg"), str(tmp_path / "absent")])
    assert "" == digest([str(tmp_path / "absent")])
    os.utime(site / "pkg" / "__init__.py", ns=(1, 1))
    assert digest([str(site)]) != ""


def test_content_set_back_in_time_is_another(tmp_path: Path):
    """A module of the same size, and with the time of the one before, is not the one before."""
    module = tmp_path / "site-packages" / "one.py"
    module.parent.mkdir()
    module.write_text("a = 1")
    was, before = module.stat(), digest([str(module.parent)])
    module.write_text("a = 2")
    os.utime(module, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert before != digest([str(module.parent)])


def test_what_starts_an_environment_is_told(tmp_path: Path):
    """A replaced interpreter, or another word on which folders it imports from, is another environment."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/bin/sh")
    seen = [digest([str(site)])]
    (tmp_path / "pyvenv.cfg").write_text("include-system-site-packages = true")
    seen.append(digest([str(site)]))
    (tmp_path / "bin" / "python").unlink()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh")
    seen.append(digest([str(site)]))
    assert 3 == len(set(seen))


def installed(site: Path, content: str) -> Path:
    """Make a package of one module as an installer does, which writes RECORD last; return the module."""
    module, record = site / "pkg" / "one.py", site / "pkg-1.dist-info" / "RECORD"
    for path in (module, record):
        path.parent.mkdir(parents=True)
    module.write_text(content)
    sha256 = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
    record.write_text(f'pkg/one.py,sha256={sha256},5\n"odd, name.py",,\n')
    os.utime(record, ns=(0, module.stat().st_ctime_ns))
    return module


def test_a_package_that_another_environment_links_to_is_the_same(tmp_path: Path):
    """A module that gains a name and loses it, as uv does for each environment, is as it was."""
    module = installed(tmp_path / "site-packages", "a = 1")
    before = digest([str(tmp_path / "site-packages")])
    (tmp_path / "linked").hardlink_to(module)
    assert before == digest([str(tmp_path / "site-packages")])
    (tmp_path / "linked").unlink()
    assert before == digest([str(tmp_path / "site-packages")])


def test_a_patched_package_is_another_whatever_is_made_of_its_times(tmp_path: Path):
    """Neither a module's old time nor a RECORD that is younger, or says the new hash, hides a patch."""
    site = tmp_path / "site-packages"
    module, record = installed(site, "a = 1"), site / "pkg-1.dist-info" / "RECORD"
    was, written, seen = module.stat(), record.stat(), [digest([str(site)])]
    module.write_text("a = 2")
    os.utime(module, ns=(was.st_atime_ns, was.st_mtime_ns))
    seen.append(digest([str(site)]))
    record.touch()
    seen.append(digest([str(site)]))
    record.write_text("pkg/one.py,sha256=another,5\n")
    os.utime(record, ns=(written.st_atime_ns, written.st_mtime_ns))
    seen.append(digest([str(site)]))
    assert 4 == len(set(seen))


def test_what_an_earlier_program_told_is_another_form(tmp_path: Path):
    """A digest by times of change, as before, is not taken for one by content that differs."""
    installed(tmp_path / "site-packages", "a = 1")
    assert is_told_so(digest([str(tmp_path / "site-packages")]))
    assert is_told_so(digest([]))
    assert not is_told_so("c123456789abcdef")


def test_a_package_behind_a_link_is_looked_at_where_it_lies(tmp_path: Path):
    """A module that is a link is told by what it leads to, and so is one that leads nowhere."""
    site, kept = tmp_path / "site-packages", tmp_path / "kept.py"
    site.mkdir()
    kept.write_text("a = 1")
    (site / "one.py").symlink_to(kept)
    seen = [digest([str(site)])]
    kept.write_text("a = 2")
    seen.append(digest([str(site)]))
    kept.unlink()
    seen.append(digest([str(site)]))
    assert 3 == len(set(seen))


def of_one_command(home: Path, packages: str) -> str:
    """Make what uv makes for each command that it runs `--with` packages; return its site-packages."""
    site = home / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (home / "bin").mkdir()
    (home / "bin" / "python").symlink_to("/bin/sh")
    (home / "pyvenv.cfg").write_text("uv = 0.13.9\nextends-environment = /usr\n")
    (site / "_overlay.pth").write_text(f"import site; site.addsitedir({packages!r})")
    return str(site)


def test_an_environment_made_for_one_command_is_told_by_what_it_names(tmp_path: Path):
    """Made anew at another place it is the same one; one that names other packages is another."""
    first = digest([of_one_command(tmp_path / "a", "/kept/x")])
    assert first == digest([of_one_command(tmp_path / "b", "/kept/x")])
    assert first != digest([of_one_command(tmp_path / "c", "/kept/y")])


def test_who_touches_an_interpreter_changes_nothing(tmp_path: Path):
    """Another environment that is made may link to the program of this one, and make it executable again."""
    real = tmp_path / "python3.11"
    real.write_text("#!/bin/sh")
    site = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "python").symlink_to(real)
    was, before = real.stat(), digest([str(site)])
    (tmp_path / "hard").hardlink_to(real)
    real.chmod(0o755)
    assert real.stat().st_ctime_ns != was.st_ctime_ns
    assert before == digest([str(site)])
    real.write_text("#!/bin/no")
    os.utime(real, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert before != digest([str(site)])
