"""Which of a repository's uncommitted files a training needs, and which it would only carry on. Pure.

A checkout of a run holds what is committed. What a script reads beside that is shared with it by a link; but
what it writes too, such as the checkpoints that it resumes from, would go from one candidate to the next.
"""

from collections.abc import Iterable

from attrs import frozen

from autoresearch.engine.onboarding.scripts import Script
from autoresearch.engine.onboarding.sight import Sight


@frozen(kw_only=True)
class Shared:
    """The paths to share, and those that a training reads and writes."""

    paths: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()


def needed(sight: Sight, scripts: Iterable[Script]) -> Shared:
    """Return what the scripts name of that which is there and not committed."""
    scripts = tuple(scripts) or tuple(sight.scripts.values())  # a command such as make may call any
    texts = [text for one in scripts for text in one.texts]
    written = [text for one in scripts for text in one.writes]
    paths: list[str] = []
    carried: list[str] = []
    for path in sight.apart:
        if not any(_names(text, path) for text in texts) and not _is_named_in(sight.texts, path):
            continue
        (carried if any(_names(text, path) for text in written) else paths).append(path)
    return Shared(paths=tuple(paths), carried=tuple(carried))


def _names(text: str, path: str) -> bool:
    """Say whether a text is the path, lies below it, or is a folder in which it lies."""
    text = text.strip().removeprefix("./").rstrip("/")
    if not text.strip(".") or "\n" in text:
        return False
    return text == path or text.startswith(f"{path}/") or path.startswith(f"{text}/")


def _is_named_in(texts: Iterable[str], path: str) -> bool:
    """Say whether a settings file names the path as a word of its own."""
    words = (path, f"./{path}", f"{path}/", f"./{path}/")
    return any(word in words for text in texts for word in text.replace('"', " ").replace("'", " ").split())
