"""The sections of a look at a GPU: each is a function that returns what it found, and raises what it died of.

Torch is imported here, NumPy nowhere.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import itertools
import json
import math
import os
import platform
import statistics
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench import profiles
from bench.gpu.program import Found, output
from prepare import BUILDERS
from text.errors import NotReady
from text.machine import available_cores
from text.report import Report
from text.sets.datasets import Dataset, ensure, find
from text.trials.budget import Budget
from text.trials.training import run_trial
from text.trials.trial import PEAK_FLOPS, Trial


KERNELS = ("varlen-fa2", "sdpa-full", "sdpa", "varlen-fa3")  # FA3 stays in use once it is, so it comes last
RUNNER_NEEDS = ("attrs", "orjson", "jsonschema", "watchdog", "typer", "rich")
CARD = (
    "nvidia-smi",
    "--query-gpu=utilization.gpu,memory.used,memory.total,name,driver_version,clocks.sm,power.draw",
    "--format=csv,noheader",
)
REPEATS, WARM_UP = 10, 2

Keep = Callable[[Found], None]  # writes down what was found so far


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured: the full profile on a GPU, a miniature of it elsewhere."""

    device: str
    dataset: str
    deadline: float  # of time.monotonic()
    train: Any  # train.py as a module, with the constants of this scale
    budget: str  # of a training
    runner_budget: str
    runner_rows: int  # at once, in each of two trainings
    attention_rows: int
    steps: int
    product: int  # rows of the square matrices whose product is timed

    @property
    def data(self) -> Dataset:
        """Return the data set, prepared if it is not."""
        try:
            return find(self.dataset)
        except NotReady:
            return ensure(self.dataset, BUILDERS[self.dataset])

    @property
    def dtype(self) -> torch.dtype:
        """Return the type of what flows through the model."""
        return torch.bfloat16 if self.device == "cuda" else torch.float32


def scale(device: str, dataset: str, seconds: float) -> Scale:
    """Return how much to measure in so many seconds; on `auto` a GPU is taken where there is one."""
    deadline = time.monotonic() + seconds - 20  # the runner needs time to end what it started
    if device == "cuda" or (device == "auto" and torch.cuda.is_available()):
        return Scale(
            device="cuda", dataset=dataset, deadline=deadline, train=profiles.load("full"), steps=16,
            budget="seconds:20", runner_budget="seconds:15", runner_rows=32, attention_rows=32, product=8192,
        )  # fmt: skip
    small = profiles.load("full", DEPTH=3, DIM=64, HEADS=2, WINDOWS="16 16 all", ROWS=8, ROWS_AT_ONCE=4)
    return Scale(
        device="cpu", dataset=dataset, deadline=deadline, train=small, budget="tokens:4096",
        runner_budget="tokens:4096", runner_rows=64, attention_rows=2, steps=4, product=256,
    )  # fmt: skip


def machine(scale: Scale, keep: Keep) -> Found:
    """Say what is there, and how fast a large product of matrices is."""
    found: Found = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": available_cores(),
        "packages": {name: version(name) for name in (*RUNNER_NEEDS, "numpy", "triton")},
        "fa3": importlib.util.find_spec("flash_attn_interface") is not None,
        "varlen_attn": _varlen(),
    }
    if scale.device == "cuda":
        gpu = torch.cuda.get_device_properties(0)
        found |= {
            "gpu": gpu.name,
            "capability": torch.cuda.get_device_capability(),
            "cuda": torch.version.cuda,
            "memory_gb": gpu.total_memory / 1e9,
            "free_gb": torch.cuda.mem_get_info()[0] / 1e9,
            "large": gpu.total_memory >= scale.train.SMALL_GPU,
            "nvidia_smi": output(*CARD).strip(),
        }
    keep(found)
    a, b = torch.randn(2, scale.product, scale.product, device=scale.device, dtype=scale.dtype)
    seconds = _seconds(scale, lambda: a @ b)
    return found | {"product_tflops": 2 * scale.product**3 / seconds / 1e12}


def data(scale: Scale, _keep: Keep) -> Found:
    """Prepare the text."""
    names = ("name", "profile", "data_id", "vocab", "seq_len", "stride", "train_tokens", "eval_bytes")
    data = scale.data
    return {name: getattr(data, name) for name in names}


def attention(scale: Scale, keep: Keep) -> Found:
    """Time every kernel, forward and backward, on one layer's heads; compare with a mask in float32."""
    length, train = scale.data.seq_len, scale.train
    shape = (3, scale.attention_rows, length, train.HEADS, train.DIM // train.HEADS)
    found: Found = {"shape": shape[1:]}
    q, k, v = (
        one.requires_grad_() for one in torch.randn(shape, device=scale.device, dtype=scale.dtype).unbind()
    )
    for kernel, window in itertools.product(KERNELS, sorted(set(train.windows(length)))):
        try:
            found[f"{kernel}, window {window}"] = _attention(scale, (q, k, v), window, kernel)
        except Exception:  # noqa: BLE001 - it is what there is to tell
            found[f"{kernel}, window {window}"] = {"error": traceback.format_exc()[-1500:]}
        keep(found)
    return found


def kernel(scale: Scale, keep: Keep, name: str) -> Found:
    """Train a few steps with one attention kernel, and say where their time goes."""
    if absent := _activate(name):
        return {"skipped": absent}
    data, train = scale.data, scale.train
    rows = min(train.ROWS, train.ROWS_AT_ONCE)
    trial = _trial(scale, data)
    model = train.Model(data.vocab, data.seq_len, name, scale.dtype).to(scale.device)
    optimizers = train.make_optimizers(model)
    loss_of = torch.compile(model.loss, dynamic=False) if scale.device == "cuda" else model.loss
    losses, step_s, optimizer_s = list[float](), list[float](), list[float]()
    for number, (tokens, targets) in zip(range(1, scale.steps + 1), trial.batches(rows), strict=False):
        begun = _now(scale)
        loss = loss_of(tokens, targets)
        loss.backward()
        between = _now(scale)
        train.step(optimizers, number, 0.0, 1.0)
        model.zero_grad()
        done = _now(scale)
        losses.append(loss.item())
        step_s.append(done - begun)
        optimizer_s.append(done - between)
        keep({"losses": losses, "step_s": step_s})
    late = slice(scale.steps // 2, None)
    speed = rows * data.seq_len / statistics.median(step_s[late])
    return {
        "rows": rows,
        "seq_len": data.seq_len,
        "losses": losses,
        "all_finite": all(map(math.isfinite, losses)),
        "first_step_s": step_s[0],
        "second_step_s": step_s[1],
        "step_ms": 1e3 * statistics.median(step_s[late]),
        "optimizer_ms": 1e3 * statistics.median(optimizer_s[late]),
        "tok_per_s": speed,
        "mfu_percent": _mfu(scale, model.flops_per_token() * speed),
        "peak_mb": trial.peak_memory_mb(),
    }


def training(scale: Scale, _keep: Keep, **constants: float) -> Found:
    """Train as `python train.py` does, with some constants changed."""
    train, profile = scale.train, scale.data.profile
    vars(train).update(constants)
    argv = ["--budget", scale.budget, "--dataset", scale.dataset, "--device", scale.device]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUTORESEARCH_JOB_DIR"] = folder
        code = run_trial(train.train, train.__file__, profile, argv)
        result = json.loads((Path(folder) / "result.json").read_bytes())
        told = (Path(folder) / "progress.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in told]
    progress = [line for line in lines if line["kind"] == "progress"]
    return {
        "exit_code": code,
        "result": result,
        "compile_s": next((line["seconds"] for line in lines if line["kind"] == "compiled"), None),
        "eval_s": next((line["seconds"] for line in lines if line["kind"] == "eval"), None),
        "losses": [(line["step"], line["loss"]) for line in progress],
        "last": progress[-1] if progress else None,
    }


def nan(scale: Scale, keep: Keep) -> Found:
    """See a training end at once whose loss is not a number."""
    found = training(scale, keep, HEAD_LR=math.nan)
    result = found["result"]
    guarded = (found["exit_code"], result["exit_reason"], result["val_bpb"]) == (4, "nan", None)
    return {"guarded": guarded, "steps": result["steps"], **found}


def version(package: str) -> str:
    """Return the version of an installed package; the empty string where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _attention(scale: Scale, inputs: tuple[Tensor, Tensor, Tensor], window: int, kernel: str) -> Found:
    if absent := _activate(kernel):
        return {"skipped": absent}

    def there_and_back() -> None:
        scale.train.attend(*inputs, window, kernel).sum().backward()

    length = inputs[0].shape[1]
    q, k, v = (one[:1].detach() for one in inputs)
    out = scale.train.attend(q, k, v, window, kernel).float()
    known = length if kernel == "sdpa-full" else window  # that kernel knows no windows
    expected = scale.train.attend(q.float(), k.float(), v.float(), known, "sdpa")
    seconds = _seconds(scale, there_and_back)
    finite = [bool(one.grad.isfinite().all()) for one in inputs if one.grad is not None]
    error = (out - expected).norm() / expected.norm()
    return {"ms": 1e3 * seconds, "relative_error": error.item(), "gradients_finite": finite}


def _activate(kernel: str) -> str:
    """Put a kernel into use; return why that is not possible, or the empty string."""
    if kernel.startswith("varlen") and not torch.cuda.is_available():
        return "it is for GPUs"
    if kernel == "varlen-fa3":
        if importlib.util.find_spec("flash_attn_interface") is None:
            return "flash_attn_interface is not installed"
        from torch.nn.attention import activate_flash_attention_impl  # noqa: PLC0415 - newer torch only

        activate_flash_attention_impl("FA3")
    return ""


def _varlen() -> str:
    """Return the signature of the attention that knows windows: it has changed from torch to torch."""
    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - newer torch only
    except ImportError as error:
        return str(error)
    return str(inspect.signature(varlen_attn))


def _trial(scale: Scale, data: Dataset) -> Trial:
    endless = Budget.parse("tokens:1_000_000_000")
    threads = min(8, available_cores())
    return Trial(data, endless, device=scale.device, seed=42, threads=threads, report=Report(None))


def _seconds(scale: Scale, work: Callable[[], object]) -> float:
    """Return the median time of a piece of work, warmed up."""
    took = []
    for _ in range(WARM_UP + REPEATS):
        begun = _now(scale)
        work()
        took.append(_now(scale) - begun)
    return statistics.median(took[WARM_UP:])


def _now(scale: Scale) -> float:
    """Return the time in seconds, when the device has done all that it was given."""
    if scale.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _mfu(scale: Scale, flops: float) -> float | None:
    """Return how much of the GPU's bf16 peak so many operations a second are, in percent."""
    name = torch.cuda.get_device_name() if scale.device == "cuda" else ""
    peak = next((most for key, most in PEAK_FLOPS.items() if key in name), None)
    return peak and 100 * flops / peak
