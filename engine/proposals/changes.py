"""Changing code: a proposal's exact forms applied to files in memory, and what may be trained of a change.

Pure: files come in as bytes and go out as bytes, whole or not at all. A patch is the exception, git applies
it (engine/git/repository.py). Knows nothing of runs and worktrees.
"""

import difflib
import re
import warnings
from collections.abc import Mapping

from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.proposals import constants
from autoresearch.engine.proposals.constants import Constant
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Edit, Proposal, RunConfig


NOTHING = "it changes nothing"
LINK_OR_MODULE = re.compile(rb"^(?:new|new file) mode (?:120000|160000)$", re.MULTILINE)


def apply(proposal: Proposal, files: Mapping[str, bytes], editable: tuple[str, ...]) -> dict[str, bytes]:
    """Return the files that `set` or `edits` change, with their new bytes.

    Raises:
        InvalidInput: it does not fit exactly; then nothing of it counts.
    """
    result = {name: files[name] for name in editable if name in files}
    before = dict(result)
    for name, value in proposal.set.items():
        path, constant = _constant(name, result)
        result[path] = constants.replace(result[path], constant, value)
    for number, edit in enumerate(proposal.edits, start=1):
        path = _edited_file(edit, editable, result)
        result[path] = _edited(result[path], edit, f"edit {number} of {path}")
    return {path: content for path, content in result.items() if content != before[path]}


def check_candidate(diff: Diff, files: Mapping[str, bytes], config: RunConfig) -> str:
    """Return why a change may not be trained, or the empty string.

    `files` are the editable files as the change leaves them.
    """
    foreign = [path for path in diff.files if path not in config.editable]
    if foreign:
        named = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")  # noqa: PLR2004
        return f"it touches {named}; only {', '.join(config.editable)} may change"
    gone = [path for path in diff.files if path not in files]
    if gone:
        return f"{gone[0]} is gone, or no longer a plain file"
    if LINK_OR_MODULE.search(diff.text):
        return f"{diff.files[0]} is no longer a plain file"
    if diff.insertions == diff.deletions == 0 and b"\nGIT binary patch\n" not in diff.text:
        return NOTHING
    for path in diff.files:
        trouble = _syntax(path, files[path])
        if trouble:
            return trouble
    return ""


def _constant(name: str, files: Mapping[str, bytes]) -> tuple[str, Constant]:
    known: list[tuple[str, Constant]] = []
    for path, source in files.items():
        if path.endswith(".py"):
            try:
                known += [(path, one) for one in constants.find(source)]
            except InvalidInput as error:
                raise InvalidInput(f"{path}: {error}") from error
    fitting = [(path, one) for path, one in known if one.name == name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        places = ", ".join(sorted({path for path, _ in fitting}))
        raise InvalidInput(f"{name} is assigned {len(fitting)} times ({places}); use an edit")
    close = difflib.get_close_matches(name, {one.name for _, one in known}, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InvalidInput(
        f"no constant {name} at the top level of {', '.join(files) or 'any editable file'}{hint}"
    )


def _edited_file(edit: Edit, editable: tuple[str, ...], files: Mapping[str, bytes]) -> str:
    if not edit.file and len(editable) > 1:
        raise InvalidInput(f"an edit names no file; editable are {', '.join(editable)}")
    path = edit.file or editable[0]
    if path not in editable:
        raise InvalidInput(f"an edit is for {path}; only {', '.join(editable)} may change")
    if path not in files:
        raise InvalidInput(f"an edit is for {path}, which does not exist")
    return path


def _edited(source: bytes, edit: Edit, where: str) -> bytes:
    search, new = edit.search.encode(), edit.replace.encode()
    if b"\r\n" in source and b"\n" not in source.replace(b"\r\n", b""):
        # Who writes an edit sees lines, not how a file ends them.
        search, new = (re.sub(rb"\r?\n", b"\r\n", part) for part in (search, new))
    count = len(re.findall(rb"(?=" + re.escape(search) + rb")", source))
    if count == 0:
        raise InvalidInput(f"{where}: the text to replace does not occur{_nearest_line(source, edit.search)}")
    if count > 1:
        raise InvalidInput(
            f"{where}: the text to replace occurs {count} times; give more of its surroundings"
        )
    return source.replace(search, new)


def _nearest_line(source: bytes, search: str) -> str:
    wanted = next((line.strip() for line in search.splitlines() if line.strip()), "")
    lines = [line.strip() for line in source.decode(errors="replace").splitlines()]
    if wanted in lines:
        return f"; its first line is line {lines.index(wanted) + 1}, the rest differs"
    # Only as much of a line as was searched for: a comment behind it must not make it look different.
    heads = [line[: len(wanted) + 4] for line in lines]
    close = difflib.get_close_matches(wanted, {head for head in heads if head}, n=1, cutoff=0.6)
    return f"; line {heads.index(close[0]) + 1} is nearest: {close[0][:80]}" if close else ""


def _syntax(path: str, source: bytes) -> str:
    if not path.endswith(".py"):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{path} does not compile: line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"{path} does not compile: {error or type(error).__name__}"
    return ""
