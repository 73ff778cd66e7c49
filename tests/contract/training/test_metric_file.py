"""The metric in a file that a training writes, and the reasons of a training without a number."""

import os
from pathlib import Path

import pytest

from autoresearch.engine.metrics import metric_file
from autoresearch.engine.paths import JobPaths
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, why
from autoresearch.projections.words.wording import say
from tests.contract.training.test_training_results import leave, read


BEGAN = "2026-03-08T21:00:00.000Z"


def reason_of(folder: Path, metric: MetricSpec) -> Reason:
    result = read(folder, config=RunConfig(metric=metric))
    assert "no_metric" == result.outcome
    assert result.reason is not None
    return result.reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '{"eval": {"accuracy": 0.83}}'),
        ("m.json", '[{"eval": {"accuracy": 0.1}}, {"eval": {"accuracy": 0.83}}]'),
        ("m.json", '{"eval.accuracy": "0.83"}'),
        ("m.jsonl", '{"eval": {"accuracy": 0.1}}\n{"eval": {"accuracy": 0.83}}\n\n'),
        ("m.csv", "epoch,eval.accuracy\n1,0.1\n2,0.83\n"),
        ("m.csv", "\ufeffepoch; eval.accuracy\n1; 0.1\n2; 0.83\n"),
    ],
)
@pytest.mark.parametrize("place", ["checkout", "job"])
def test_the_number_of_a_file(tmp_path: Path, name: str, text: str, place: str) -> None:
    """An object, the last line, the last row: wherever it was written, and when that is gone."""
    job = JobPaths(tmp_path / "job")
    for folder in (tmp_path / "checkout", job.folder):
        folder.mkdir()
    (tmp_path / place / name).write_text(text)
    spec = MetricSpec(name="accuracy", file=name, key="eval.accuracy")
    metric_file.take(spec, tmp_path / "checkout", job, BEGAN)
    (tmp_path / place / name).unlink()
    leave(job.folder, b"accuracy: 0.5\n")
    result = read(job.folder, config=RunConfig(metric=spec))
    assert ("succeeded", 0.83) == (result.outcome, result.metric)


def test_a_file_from_before_the_training_is_none_of_its(tmp_path: Path) -> None:
    """A file that the checkout brought, or an earlier training left, gives no number."""
    (tmp_path / "m.json").write_text('{"accuracy": 0.83}')
    os.utime(tmp_path / "m.json", (10**9, 10**9))
    job = JobPaths(tmp_path / "job")
    job.folder.mkdir()
    spec = MetricSpec(name="accuracy", file="m.json")
    metric_file.take(spec, tmp_path, job, BEGAN)
    assert not job.metric.exists()
    assert why("no_metric_file", file="m.json") == reason_of(leave(job.folder), spec)


def test_a_long_file_of_lines_is_read_from_its_ends(tmp_path: Path) -> None:
    """Of a file of megabytes the header and the last row are taken."""
    rows = "".join(f"{number},0.1\n" for number in range(300_000))
    (tmp_path / "m.csv").write_text(f"step,accuracy\n{rows}300000,0.83\n")
    job = JobPaths(tmp_path / "job")
    job.folder.mkdir()
    spec = MetricSpec(name="accuracy", file="m.csv")
    metric_file.take(spec, tmp_path, job, BEGAN)
    assert job.metric.stat().st_size < 100_000
    assert 0.83 == read(leave(job.folder), config=RunConfig(metric=spec)).metric


def test_a_key_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    """Of a file without the number the reason says which keys it has, those within objects by their paths."""
    reason = reason_of(
        leave(tmp_path, metric=b'{"acc": 0.83, "val": {"loss": 1, "top": {"5": 0.9}}}'),
        MetricSpec(name="accuracy", file="m.json"),
    )
    keys = "acc, val.loss, val.top.5"
    assert f"it ended well, but m.json has no number accuracy; its keys: {keys}" == say(reason)


def test_what_was_looked_for_and_what_is_there_is_said(tmp_path: Path) -> None:
    """A pattern that matches nothing is shown, with the line that it should have matched."""
    leave(tmp_path, b"2026-03-08 21:04:05 INFO val_bpb: 0.991000\n")
    reason = reason_of(tmp_path, MetricSpec(pattern=r"^val_bpb:\s*(\S+)"))
    assert (
        "it ended well, but no line of its output matches metric.pattern, ^val_bpb:\\s*(\\S+); "
        "nearest: 2026-03-08 21:04:05 INFO val_bpb: 0.991000"
    ) == say(reason)
    assert 0.991 == read(tmp_path).metric


def test_a_secret_does_not_leave_with_the_nearest_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks like the metric is redacted like any other end of a log."""
    monkeypatch.setenv("WANDB_API_KEY", "s3cr3t-0123456789-abcdef")
    reason = reason_of(leave(tmp_path, b"the val_bpb of s3cr3t-0123456789-abcdef\n"), MetricSpec())
    assert "the val_bpb of [redacted]" == reason.said
