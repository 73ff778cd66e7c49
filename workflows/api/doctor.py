"""The object of `doctor --json`: each finding with its code, its fields, and the words for people."""

from collections.abc import Callable, Iterable
from typing import Any

from autoresearch.engine.onboarding.doctor import Finding


def doctor_object(
    findings: Iterable[Finding], words: Callable[[Finding], tuple[str, str]]
) -> dict[str, Any]:  # Any: it is JSON
    """Return all findings, and whether none of them would stop a run."""
    listed = []
    for one in findings:
        said, way_out = words(one)
        listed.append(
            {
                "check": one.check,
                "state": one.state,
                "code": one.reason.code if one.reason is not None else one.code,
                "fields": one.inputs,
                "said": said,
                "way_out": way_out,
            }
        )
    return {"schema": 1, "ok": all(one["state"] != "fail" for one in listed), "findings": listed}
