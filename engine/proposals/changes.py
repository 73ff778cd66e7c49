"""Changing code: a proposal's exact forms applied to files in memory, and what may be trained of a change.

Pure: files come in as bytes and go out as bytes, whole or not at all. A patch is the exception, git applies
it (engine/git/repository.py). Knows nothing of runs and worktrees.
"""

import difflib
import re
import warnings
from collections.abc import Mapping, Sequence

from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.proposals import constants
from autoresearch.engine.proposals.constants import Constant, DoesNotApply
from autoresearch.engine.proposals.editable import covers, is_editable
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Edit, Proposal, Reason, because, why


NOTHING = why("no_change")
NAMED = 3  # files that are named; of more, the number is said
LINK_OR_MODULE = re.compile(rb"^(?:new|new file) mode (?:120000|160000)$", re.MULTILINE)


def apply(proposal: Proposal, files: Mapping[str, bytes], editable: tuple[str, ...]) -> dict[str, bytes]:
    """Return the files that `set` or `edits` change, with their new bytes.

    Raises:
        DoesNotApply: it does not fit exactly; then nothing of it counts.
    """
    result = {name: content for name, content in files.items() if covers(editable, name)}
    before = dict(result)
    for name, value in proposal.set.items():
        path, constant = _constant(name, result)
        result[path] = constants.replace(result[path], constant, value)
    for number, edit in enumerate(proposal.edits, start=1):
        path = _edited_file(edit, editable, result)
        result[path] = _edited(result[path], edit, number, path)
    return {path: content for path, content in result.items() if content != before[path]}


def check_candidate(diff: Diff, files: Mapping[str, bytes], config: RunConfig) -> Reason | None:
    """Return why a change may not be trained, or None.

    `files` are the editable ones as the change leaves them.
    """
    foreign = [path for path in diff.files if not is_editable(path, config)]
    if foreign:
        named, editable = ", ".join(foreign[:NAMED]), ", ".join(config.editable)
        if len(foreign) > NAMED:
            return why("foreign_files_more", files=named, more=len(foreign) - NAMED, editable=editable)
        return why("foreign_files", files=named, editable=editable)
    gone = [path for path in diff.files if path not in files]
    if gone:
        return why("file_gone", file=gone[0])
    if LINK_OR_MODULE.search(diff.text):
        return why("not_plain", file=diff.files[0])
    if diff.insertions == diff.deletions == 0 and b"\nGIT binary patch\n" not in diff.text:
        return NOTHING
    for path in diff.files:
        trouble = syntax(path, files[path])
        if trouble is not None:
            return trouble
    return None


def inside_submodules(paths: Sequence[str]) -> Reason:
    """Return why a change of these files may not be trained: they lie in submodules."""
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return why("inside_submodules", files=", ".join(paths[:NAMED]) + more)


def _constant(name: str, files: Mapping[str, bytes]) -> tuple[str, Constant]:
    """Return the constant of a name, or of `FILE:NAME` where several files have it, and its file."""
    known: list[tuple[str, Constant]] = []
    for path, source in files.items():
        if constants.holds_constants(path):
            try:
                known += [(path, one) for one in constants.find(source, path)]
            except DoesNotApply as error:
                raise DoesNotApply(because("unreadable_file", error.reason, file=path)) from error
    fitting = [(path, one) for path, one in known if name in (one.name, f"{path}:{one.name}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        places = ", ".join(sorted({path for path, _ in fitting}))
        raise DoesNotApply(why("constant_repeated", name=name, times=len(fitting), places=places))
    close = difflib.get_close_matches(name, {one.name for _, one in known}, n=1, cutoff=0.5)
    where = ", ".join(files) or "any editable file"
    if close:
        raise DoesNotApply(why("constant_misspelt", name=name, files=where, near=close[0]))
    raise DoesNotApply(why("constant_unknown", name=name, files=where))


def _edited_file(edit: Edit, editable: tuple[str, ...], files: Mapping[str, bytes]) -> str:
    if not edit.file and len(editable) > 1:
        raise DoesNotApply(why("edit_without_file", editable=", ".join(editable)))
    path = edit.file or editable[0]
    if not covers(editable, path):
        raise DoesNotApply(why("edit_elsewhere", file=path, editable=", ".join(editable)))
    if path not in files:
        raise DoesNotApply(why("edit_of_nothing", file=path))
    return path


def _edited(source: bytes, edit: Edit, number: int, path: str) -> bytes:
    search, new = edit.search.encode(), edit.replace.encode()
    if b"\r\n" in source and b"\n" not in source.replace(b"\r\n", b""):
        # Who writes an edit sees lines, not how a file ends them.
        search, new = (re.sub(rb"\r?\n", b"\r\n", part) for part in (search, new))
    count = len(re.findall(rb"(?=" + re.escape(search) + rb")", source))
    if count == 0:
        raise DoesNotApply(_missed(source, edit.search, number, path))
    if count > 1:
        raise DoesNotApply(why("edit_ambiguous", number=number, file=path, times=count))
    return source.replace(search, new)


def _missed(source: bytes, search: str, number: int, path: str) -> Reason:
    """Return why a text was not found, with the nearest line."""
    wanted = next((line.strip() for line in search.splitlines() if line.strip()), "")
    lines = [line.strip() for line in source.decode(errors="replace").splitlines()]
    if wanted in lines:
        return why("edit_misses_rest", number=number, file=path, line=lines.index(wanted) + 1)
    # Only as much of a line as was searched for: a comment behind it must not make it look different.
    heads = [line[: len(wanted) + 4] for line in lines]
    close = difflib.get_close_matches(wanted, {head for head in heads if head}, n=1, cutoff=0.6)
    if not close:
        return why("edit_misses", number=number, file=path)
    nearest = heads.index(close[0]) + 1
    return why("edit_misses_near", number=number, file=path, line=nearest, near=close[0][:80])


def syntax(path: str, source: bytes) -> Reason | None:
    """Return why a file of Python would not compile, or None."""
    if not path.endswith(".py"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return why("no_compile_line", error.msg, file=path, line=error.lineno)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return why("no_compile", str(error) or type(error).__name__, file=path)
    return None
