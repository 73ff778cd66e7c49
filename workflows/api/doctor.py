"""The objects of `init` and `doctor`: what was set up, and each finding with its code, fields, and words."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import field, frozen

from autoresearch.engine.onboarding.doctor import Finding
from autoresearch.workflows.api.envelope import document


@frozen(kw_only=True)
class SetUp:
    """What a call of `init` has come to so far."""

    ok: bool = False
    settings_path: Path = Path()
    settings: dict[str, object] = field(factory=dict)  # that are not set yet
    written: list[str] = field(factory=list)  # files
    metric: str = ""  # "": none was found
    value: float | None = None  # of the trial
    said: list[str] = field(factory=list)  # all of it, in lines for people


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
    return document("doctor", ok=all(one["state"] != "fail" for one in listed), findings=listed)


def init_object(done: SetUp) -> dict[str, Any]:  # Any: it is JSON
    """Return the settings that were found, what of them was written, and what the trial measured."""
    return document(
        "init",
        ok=done.ok,
        settings_path=str(done.settings_path),
        settings=done.settings,
        written=done.written,
        metric=done.metric or None,
        value=done.value,
        said=done.said,
    )
