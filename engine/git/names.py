"""Names of branches: which ones git takes. Pure."""

import re

from autoresearch.events.errors import UsageRefused, WayOut


BAD_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|/$|\.$|(^|/)\.|\.lock(/|$)")


def check_branch(name: str) -> None:
    """Refuse what git would not take for a branch's name.

    Raises:
        UsageRefused: says so.
    """
    if not name or name in ("@", "HEAD") or BAD_IN_BRANCH.search(name) or not name.isprintable():
        raise UsageRefused(f"{name!r} is no name for a branch", remedy=WayOut("branch_example"))
