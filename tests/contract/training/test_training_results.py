"""A training's folder and what is read from it: the contract between train.py and the runner."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.jobs.output import TAIL_BYTES, FolderOutput, digest
from autoresearch.engine.ports.jobs import JobExit
from autoresearch.engine.training.progress import progress_now
from autoresearch.engine.training.progress_digest import POINTS
from autoresearch.engine.training.result import Result, read_result, read_unseen
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Printed, ProgressDigest, Reason, why
from autoresearch.projections.words.wording import say


WELL = (
    b"step 00256 (100.0%) | loss: 3.1\n---\nval_bpb:          1.554500\npeak_vram_mb: 812.5\nnum_steps: 256\n"
)


def ended(**facts: Any) -> JobExit:
    given = {"reason": "exited", "exit_code": 0, "started_at": "a", "ended_at": "b", "seconds": 36.0, **facts}
    return JobExit(**given)


def read(folder: Path, *, config: RunConfig | None = None, **facts: Any) -> Result:
    return read_result(config or RunConfig(), FolderOutput(folder), ended(**facts))


def leave(folder: Path, output: bytes = b"", **files: Any) -> Path:
    (folder / "output.log").write_bytes(output)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name.replace("_json", ".json")).write_bytes(data)
    return folder


def test_success_without_result_json(tmp_path: Path) -> None:
    """Any script that prints the metric and ends with 0 succeeds; its summary lines are facts."""
    result = read(leave(tmp_path, WELL))
    assert (result.outcome, result.reason, result.metric) == ("succeeded", None, 1.5545)
    assert (result.measured.peak_vram_mb, result.measured.num_steps) == (812.5, 256)
    assert result.progress is None


def test_success_with_result_json(tmp_path: Path) -> None:
    """result.json gives the metric in full and the facts of the training."""
    told = {
        "val_bpb": 1.55450012, "exit_reason": "budget_spent", "steps": 257, "seed": 42, "threads": 2,
        "data_id": "abc", "device": "cpu", "torch_version": "2.13.0", "total_seconds": 41.5,
        "training_seconds": 36, "peak_vram_mb": 800.25,
    }  # fmt: skip
    result = read(leave(tmp_path, WELL, result_json=told))
    assert (result.outcome, result.metric, result.reason) == ("succeeded", 1.55450012, None)
    facts = result.measured
    assert (facts.num_steps, facts.seed, facts.threads, facts.data_id) == (257, 42, 2, "abc")
    assert (facts.peak_vram_mb, facts.training_seconds, facts.total_seconds) == (800.25, 36.0, 41.5)
    assert (facts.device, facts.torch_version) == ("cpu", "2.13.0")


def test_result_json_that_disagrees(tmp_path: Path) -> None:
    """A result.json with another number does not change the score, and the reason names both."""
    result = read(leave(tmp_path, WELL, result_json={"val_bpb": 0.1}))
    assert (result.outcome, result.metric) == ("succeeded", 1.5545)
    assert result.reason == why("log_counts", metric="val_bpb", exact="0.1", printed="1.554500")


def test_several_numbers_are_noted_and_void_where_nobody_can_say_which(tmp_path: Path) -> None:
    """The last of one process counts; of ranks that differ none does; with `void` none of several does."""
    steps = b"val_bpb: 1.7\n" + WELL
    result = read(leave(tmp_path, steps))
    assert ("succeeded", 1.5545) == (result.outcome, result.metric)
    assert Printed(count=2, least=1.5545, most=1.7, ranks=0) == result.printed
    metric = MetricSpec(several="void")
    result = read_result(RunConfig(metric=metric), FolderOutput(tmp_path), ended())
    assert ("no_metric", None, "several_numbers") == (result.outcome, result.metric, result.reason.code)
    metric = MetricSpec(pattern=r"val_bpb:\s*(\S+)")
    left = leave(tmp_path, b"[rank0]: val_bpb: 1.5\n[rank1]: val_bpb: 1.6\n")
    result = read_result(RunConfig(metric=metric), FolderOutput(left), ended())
    assert ("no_metric", None, "ranks_disagree") == (result.outcome, result.metric, result.reason.code)
    assert "the last val_bpb of 2 ranks differ" in say(result.reason)


@pytest.mark.parametrize(
    "told",
    [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000, b'{"val_bpb": "x", "seed": 1e999, "device": 3}'],
)
def test_result_json_of_any_bytes(tmp_path: Path, told: bytes) -> None:
    """A result.json that is nonsense leaves the printed score as it is."""
    result = read(leave(tmp_path, WELL, result_json=told))
    assert (result.outcome, result.metric, result.measured.seed) == ("succeeded", 1.5545, None)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"exit_code": 1}, why("exit_code_said", "num_steps: 256", exit_code=1)),
        ({"exit_code": None, "signal": 9}, why("signal_memory", signal="SIGKILL")),
        ({"exit_code": None, "signal": 11}, why("signal", signal="SIGSEGV")),
        (
            {"exit_code": None, "reason": "not_started", "detail": "uv: No such file or directory"},
            why("not_started", "uv: No such file or directory"),
        ),
        ({"exit_code": None, "signal": 15, "reason": "terminated"}, why("terminated")),
        ({"exit_code": None}, why("exit_code_said", "num_steps: 256", exit_code=None)),
    ],
)
def test_a_bad_end_is_never_a_success(tmp_path: Path, facts: dict[str, Any], reason: Reason) -> None:
    """A printed score counts for nothing where the script did not end with 0."""
    result = read(leave(tmp_path, WELL, result_json={"val_bpb": 1.5545}), **facts)
    assert (result.outcome, result.metric) == ("crashed", None)
    assert result.reason == reason


UNSEEN = ended(exit_code=None)
SAID = {"val_bpb": 1.5545001, "exit_reason": "budget_spent"}


def test_an_end_that_nobody_saw_is_read_where_it_is_certain(tmp_path: Path) -> None:
    """Without an exit code, result.json and a whole log that agree are a success, and the row says so."""
    result = read_unseen(RunConfig(), FolderOutput(leave(tmp_path, WELL, result_json=SAID)), UNSEEN)
    assert result is not None
    assert (result.outcome, result.metric, result.reason) == ("succeeded", 1.5545001, why("end_unseen"))


@pytest.mark.parametrize(
    ("log", "files"),
    [
        (WELL, {}),  # any script prints, and may be killed, or fail, after it
        (WELL[:-8], {"result_json": SAID}),
        (b"step 1\n", {"result_json": SAID}),
        (b"val_bpb: nan\n", {"result_json": SAID}),
        (WELL, {"result_json": SAID | {"val_bpb": 1.2}}),
        (WELL, {"result_json": SAID | {"val_bpb": None}}),
        (WELL, {"result_json": SAID | {"exit_reason": "out_of_memory"}}),
        (WELL, {"result_json": SAID | {"exit_reason": []}}),
        (WELL, {"result_json": SAID, "progress.jsonl": b'{"kind": "failed", "reason": "interrupted"}\n'}),
    ],
)
def test_an_end_that_nobody_saw_is_else_no_result(tmp_path: Path, log: bytes, files: dict[str, Any]) -> None:
    """Where anything is missing or does not agree, a training without an exit code is trained again."""
    assert read_unseen(RunConfig(), FolderOutput(leave(tmp_path, log, **files)), UNSEEN) is None


@pytest.mark.parametrize("reason", ["deadline", "idle"])
@pytest.mark.parametrize("end", [{"exit_code": 0}, {"exit_code": None, "signal": 15}])
def test_a_limit_is_a_timeout(tmp_path: Path, reason: str, end: dict[str, Any]) -> None:
    """What was ended at a limit timed out, however politely it went."""
    result = read(leave(tmp_path, WELL), reason=reason, **end)
    assert (result.outcome, result.metric) == ("timed_out", None)


@pytest.mark.parametrize("printed", [b"nan", b"NaN", b"inf", b"-inf", b"1e999"])
@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_score_that_is_not_finite_diverged(tmp_path: Path, printed: bytes, exit_code: int) -> None:
    """A score of nan or infinity is a divergence, and no number reaches the history."""
    result = read(leave(tmp_path, b"val_bpb: 1.0\nval_bpb: " + printed), exit_code=exit_code)
    assert (result.outcome, result.metric) == ("diverged", None)


@pytest.mark.parametrize(
    ("metric", "printed", "counts"),
    [
        (MetricSpec(), "0.000000", False),
        (MetricSpec(), "-1.5", False),
        (MetricSpec(), "0.000001", True),
        (MetricSpec(name="loss", pattern=r"^val_bpb: (.*)"), "-1.5", True),
        (MetricSpec(name="acc", pattern=r"^val_bpb: (.*)", bounds=(0.0, 1.0)), "1.0", False),
        (MetricSpec(name="acc", pattern=r"^val_bpb: (.*)", bounds=(0.0, 1.0)), "0.99", True),
    ],
)
def test_a_number_that_cannot_be_is_no_result(
    tmp_path: Path, metric: MetricSpec, printed: str, counts: object
) -> None:
    """Bits per byte are more than 0, and other numbers lie between the bounds that the settings give."""
    leave(tmp_path, f"val_bpb: {printed}\n".encode())
    result = read(tmp_path, config=RunConfig(metric=metric))
    assert (result.outcome == "succeeded") is counts
    if not counts:
        assert (result.metric, result.reason) == (
            None,
            why("out_of_bounds", metric=metric.name, found=printed),
        )


@pytest.mark.parametrize("reason", ["nan", "exploding"])
def test_a_training_that_says_it_diverged(tmp_path: Path, reason: str) -> None:
    """result.json or the last line of progress.jsonl says that the loss diverged."""
    leave(tmp_path, b"Traceback\n", result_json={"val_bpb": None, "exit_reason": reason})
    assert read(tmp_path, exit_code=2).outcome == "diverged"
    (tmp_path / "result.json").unlink()
    assert read(tmp_path, exit_code=2).outcome == "crashed"
    (tmp_path / "progress.jsonl").write_text(f'{{"kind": "failed", "exit_reason": "{reason}"}}\n')
    assert read(tmp_path, exit_code=2).outcome == "diverged"


def test_out_of_memory_is_named(tmp_path: Path) -> None:
    """A crash says why in the training's own words and with its last line."""
    leave(
        tmp_path,
        b"Traceback\ntorch.OutOfMemoryError: 2 GiB\n\n",
        result_json={"exit_reason": "out_of_memory"},
    )
    reason = read(tmp_path, exit_code=1).reason
    assert reason == why(
        "exit_code_stated_said", "torch.OutOfMemoryError: 2 GiB", exit_code=1, stated="out_of_memory"
    )
    assert say(reason) == "exit code 1: out of memory: torch.OutOfMemoryError: 2 GiB"
    (tmp_path / "output.log").write_bytes(b"")
    assert say(read(tmp_path, exit_code=1).reason) == "exit code 1: out of memory"


@pytest.mark.parametrize(
    "output", [b"", b"val_loss: 1.0\n", b"val_bpb: 1.0\nval_bpb: later\n", b"val_bpb:\n"]
)
def test_no_metric(tmp_path: Path, output: bytes) -> None:
    """A good end without a number on the last metric line is no result, whatever result.json says."""
    result = read(leave(tmp_path, output, result_json={"val_bpb": 1.0}))
    assert (result.outcome, result.metric) == ("no_metric", None)
    assert result.reason


def test_a_missing_log_is_an_empty_one(tmp_path: Path) -> None:
    """A folder without output.log is read as one whose job printed nothing."""
    result = read(tmp_path)
    assert (result.outcome, result.output.bytes, result.output.tail) == ("no_metric", 0, "")
    assert digest(FolderOutput(tmp_path).log(), ()).sha256 == hashlib.sha256(b"").hexdigest()


def test_any_metric_of_any_script(tmp_path: Path) -> None:
    """A script that is no language model gives its own metric by its own pattern."""
    config = RunConfig(metric=MetricSpec(name="accuracy", pattern=r"accuracy=(\S+)%", lower_is_better=False))
    result = read(leave(tmp_path, b"epoch 1 accuracy=80.5% epoch 2 accuracy=91.25%\n"), config=config)
    assert (result.outcome, result.metric) == ("succeeded", 91.25)


def test_digest_and_tail_of_a_large_binary_log(tmp_path: Path) -> None:
    """The digest is of all bytes; the tail is short, text, and the very end."""
    output = os.urandom(3_000_000) + b"\n" + "é".encode() * 5000 + b"\nval_bpb: 0.5\n"
    result = read(leave(tmp_path, output))
    assert result.metric == 0.5
    assert (len(output), hashlib.sha256(output).hexdigest()) == (result.output.bytes, result.output.sha256)
    assert len(result.output.tail.encode()) <= TAIL_BYTES
    assert result.output.tail.endswith("é\nval_bpb: 0.5\n")


def test_secrets_do_not_leave_with_the_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret of the environment that a training prints is not in what is remembered, even half cut off."""
    monkeypatch.setenv("WANDB_API_KEY", "s3cr3t-0123456789-abcdef")
    leave(tmp_path, b"s3cr3t-0123456789-abcdef " * 500 + b"end\n")
    tail = read(tmp_path).output.tail
    assert tail.endswith("end\n")
    assert "0123456789" not in tail


def progress_line(step: int, percent: float, loss: float) -> bytes:
    told = {
        "kind": "progress", "at": f"2026-11-23T00:00:{step % 60:02d}.000Z", "step": step, "percent": percent,
        "tokens": step, "elapsed_s": 1.5, "seconds_left": 8.5, "loss": loss, "tok_per_s": 15370.5,
    }  # fmt: skip
    return json.dumps(told).encode() + b"\n"


def test_progress_is_digested(tmp_path: Path) -> None:
    """A long progress.jsonl becomes its hash, its count and sixty points at most, with both ends."""
    data = b'{"kind": "started"}\n' + b"".join(progress_line(i, i / 10, 9 - i / 200) for i in range(1001))
    (tmp_path / "progress.jsonl").write_bytes(data + b'{"kind": "prog')
    digest = read(leave(tmp_path, WELL)).progress
    assert digest is not None
    assert (digest.lines, digest.sha256) == (1002, hashlib.sha256(data + b'{"kind": "prog').hexdigest())
    assert POINTS // 2 < len(digest.points) <= POINTS
    assert (digest.points[0], digest.points[-1]) == ((0.0, 9.0), (100.0, 4.0))
    assert list(digest.points) == sorted(digest.points)


def test_progress_of_any_bytes(tmp_path: Path) -> None:
    """Nonsense in progress.jsonl is counted and passed over."""
    lines = [
        b"{",
        b"[]",
        b'{"kind":"progress","percent":"x"}',
        b'{"kind":"progress","percent":1,"loss":NaN}',
        b"\xff",
    ]
    (tmp_path / "progress.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    digest = read(leave(tmp_path, WELL)).progress
    assert digest is not None
    assert (5, ()) == (digest.lines, digest.points)
    assert progress_now(tmp_path) is not None  # WELL shows a step line


def test_empty_progress(tmp_path: Path) -> None:
    """An empty progress.jsonl has a digest like any other."""
    (tmp_path / "progress.jsonl").touch()
    empty = ProgressDigest(sha256=hashlib.sha256().hexdigest(), lines=0)
    assert read(leave(tmp_path, WELL)).progress == empty


def test_progress_now_from_its_own_file(tmp_path: Path) -> None:
    """The last whole progress line says where a training stands; a cut one is not read."""
    (tmp_path / "progress.jsonl").write_bytes(
        progress_line(3, 30.0, 5.5) + b'{"kind": "eval", "val_bpb": 1}\n' + progress_line(4, 40.0, 5.0)[:-1]
    )
    now = progress_now(tmp_path)
    assert now is not None
    assert (now.percent, now.seconds_left, now.loss, now.tok_per_s) == (30.0, 8.5, 5.5, 15370.5)


def test_progress_now_from_the_log(tmp_path: Path) -> None:
    """A training without progress.jsonl shows where it stands by its step lines."""
    first = (
        "step 00911 (95.6%) | loss: 3.05 | dt: 9ms | tok/sec: 15,000 | mfu: 0.0% | epoch: 1 | remaining: 14s"
    )
    second = (
        "step 00912 (95.7%) | loss: 3.04 | dt: 9ms | tok/sec: 15,370 | mfu: 0.0% | epoch: 1 | remaining: 13s"
    )
    leave(tmp_path, f"x\r{first}\r{second}   ".encode())
    now = progress_now(tmp_path)
    assert now is not None
    assert (now.percent, now.seconds_left, now.loss, now.tok_per_s) == (95.7, 13.0, 3.04, 15370.0)


@pytest.mark.parametrize(
    "output", [None, b"", b"hello\n", b"step 9999999999" * 9000, b"step 3 (...%) | loss: e\n"]
)
def test_progress_now_of_anything(tmp_path: Path, output: bytes | None) -> None:
    """Where nothing says how far a training is, nothing is made up, and nothing raises."""
    if output is not None:
        leave(tmp_path, output)
    now = progress_now(tmp_path)
    assert now is None or now.percent is None


def test_the_reason_of_a_crash_is_its_exception(tmp_path: Path) -> None:
    """The exception is named though more than the recorded end of the log stands behind it."""
    error = "RuntimeError: shape '[8, 2048, 6]' is invalid for input of size 98304"
    banner = "".join(f"[{rank}]:\n  exitcode  : -15\n" + "  a line of a launcher\n" * 40 for rank in range(8))
    leave(tmp_path, f"Traceback (most recent call last):\n  File\n{error}\n{banner}{'=' * 60}\n".encode())
    result = read(tmp_path, exit_code=1)
    assert error not in result.output.tail
    assert why("exit_code_said", error, exit_code=1) == result.reason
    aborted = read(tmp_path, exit_code=None, signal=6)
    assert why("signal_said", error, signal="SIGABRT") == aborted.reason


@pytest.mark.parametrize(
    ("log", "facts", "outcome"),
    [
        (WELL, {"signal": 11}, "succeeded"),
        (WELL + b"free(): invalid pointer\n", {"signal": 6}, "succeeded"),
        (WELL, {"exit_code": 139}, "succeeded"),  # as a shell says it
        (WELL, {"signal": 9}, "crashed"),  # memory ran out, perhaps in the middle
        (WELL, {"exit_code": 1}, "crashed"),
        (b"val_bpb: 1.7\n" + WELL, {"signal": 11}, "crashed"),  # between two evaluations, perhaps
        (WELL + b"Traceback (most recent call last):\n  File\nValueError: x\n", {"signal": 6}, "crashed"),
        (b"step 1\n", {"signal": 11}, "crashed"),
        (WELL, {"reason": "lingered", "signal": 15}, "succeeded"),
        (b"val_bpb: 1.7\n" + WELL, {"reason": "lingered", "signal": 15}, "timed_out"),
        (b"step 1\n", {"reason": "lingered", "signal": 15}, "timed_out"),
    ],
)
def test_a_result_before_a_bad_end(tmp_path: Path, log: bytes, facts: dict[str, Any], outcome: str) -> None:
    """A whole result counts before a fault or a hang; where it may be one of several, nothing does."""
    result = read(
        leave(tmp_path, log), config=RunConfig(count_killed_at_exit=True), **{"exit_code": None, **facts}
    )
    assert outcome == result.outcome
    assert (result.metric is not None) is (outcome == "succeeded")
    assert result.reason is not None
    if facts.get("signal") == 11:
        assert "crashed" == read(tmp_path, **{"exit_code": None, **facts}).outcome


def test_other_numbers_are_read_beside_the_metric(tmp_path: Path) -> None:
    """What the settings name is taken from result.json, else from the output, as far as it is there."""
    config = RunConfig(metrics=("tokens_per_s", "peak_vram_mb", "lr"), guards=("num_steps < 300",))
    leave(tmp_path, b"tokens_per_s: 1200\n" + WELL, result_json={"peak_vram_mb": 812.0})
    result = read(tmp_path, config=config)
    assert {"tokens_per_s": 1200.0, "peak_vram_mb": 812.0, "num_steps": 256.0} == result.also
    assert "succeeded" == result.outcome


def test_a_guard_without_its_number_is_no_result(tmp_path: Path) -> None:
    """A misspelt guard is told at the baseline, with the lines that come near."""
    config = RunConfig(guards=("peak_vram < 1000",))
    result = read(leave(tmp_path, WELL), config=config)
    assert ("no_metric", None) == (result.outcome, result.metric)
    assert why("no_line_near", "peak_vram_mb: 812.5", metric="peak_vram") == result.reason
