"""One training under the rules: batches until the budget is spent, and a watch on the loss and the cost."""

import math
import os
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from text.errors import CpuCapReached, Diverged, NotPossible
from text.machine import cpu_seconds
from text.report import Report, show
from text.sets.datasets import Dataset
from text.sets.loader import load_tokens, shuffled
from text.trials.budget import Budget


PRINTED_EVERY_S, TOLD_EVERY_S = 0.5, 1.0
UNTIMED_BATCHES, UNTIMED_AT_MOST_S = 2, 180.0  # on CUDA, where the first batches compile
PEAK_FLOPS = {"H100 80GB HBM3": 989.5e12, "H200": 989.5e12, "A100": 312e12, "B200": 2250e12}  # bf16


class Trial:
    """One training: it hands out `batches`, is told of every step by `log_step`, and knows its `progress`."""

    def __init__(
        self, data: Dataset, budget: Budget, *, device: str, seed: int, threads: int, report: Report
    ) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.data, self.budget, self.seed, self.threads, self.report = data, budget, seed, threads, report
        self.device = torch.device(device)
        self.device_name = torch.cuda.get_device_name() if device == "cuda" else device
        self.tokens = self.steps = self.epoch = 0
        self.training_seconds = 0.0
        self.facts: dict[str, Any] = {
            "data_id": data.data_id, "dataset": data.name, "budget": str(budget), "seed": seed,
            "device": self.device_name, "threads": threads, "torch_version": str(torch.__version__),
        }  # fmt: skip
        self._clock = math.inf  # when the seconds that count began
        self._uncounted = 0  # tokens before that
        self._loss = self._flops = self._multiplier = self._took = 0.0
        self._stepped = self._printed = self._told = -math.inf
        self._quarter = 0
        self._late: tuple[Tensor, Any, float] | None = None  # Any: torch.cuda.Event is not typed

    def begin(self, *, num_params: int, depth: int, attention: str, flops_per_token: float) -> None:
        """Say what is about to be trained; `flops_per_token` counts forward and backward."""
        self.facts |= {"num_params": num_params, "depth": depth, "attention": attention}
        self._flops = flops_per_token
        self.report.tell("started", sync=True, pid=os.getpid(), **self.facts, flops_per_token=flops_per_token)
        show(
            f"{self.data.name} {self.data.data_id} | {self.budget} | seed {self.seed} | {self.device_name}, "
            f"{self.threads} threads | {num_params / 1e6:.3f}M parameters | attention: {attention}"
        )

    def batches(self, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and targets, int64 of shape (rows, seq_len) on the device, until the budget is spent.

        Every epoch goes through all rows once, in an order that only the seed decides.

        Raises: CpuCapReached: the tokens cost more CPU time than the budget allows.
        """
        size = rows * self.data.seq_len
        tokens = load_tokens(self.data, "train.bin", self.data.train_tokens).to(self.device)
        windows = tokens.unfold(0, self.data.seq_len + 1, self.data.stride)
        if len(windows) < rows:
            msg = f"a batch of {rows} rows is more than data set {self.data.name!r} has; take fewer"
            raise NotPossible(msg)
        begun = self._stepped = time.perf_counter()
        cpu_begun = cpu_seconds()
        for epoch, chosen in shuffled(len(windows), rows, self.seed, self.device):
            self.epoch = epoch
            self._start_clock(begun, self.tokens // size)
            over = self.tokens + size > self.budget.amount
            if over if self.budget.unit == "tokens" else self.elapsed >= self.budget.amount:
                return
            self._guard_cpu(cpu_seconds() - cpu_begun)
            self.tokens += size
            picked = windows[chosen].long()
            yield picked[:, :-1].contiguous(), picked[:, 1:].contiguous()

    @property
    def elapsed(self) -> float:
        """Return the seconds of training that count."""
        return max(0.0, time.perf_counter() - self._clock)

    @property
    def progress(self) -> float:
        """Return the part of the budget that is spent, from 0 to 1: what a schedule follows."""
        spent = self.tokens if self.budget.unit == "tokens" else self.elapsed
        return min(1.0, spent / self.budget.amount)

    def log_step(self, loss: Tensor, lr_multiplier: float) -> None:
        """Take note of one optimizer step; on CUDA its loss is read a step late, so that nothing waits.

        Raises: Diverged: the loss is not finite, or three times that of guessing.
        """
        if self.device.type != "cuda":
            self._note(loss.item(), lr_multiplier)
            return
        late = self._late
        copy = torch.empty((), pin_memory=True).copy_(loss.detach(), non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record()
        self._late = (copy, arrived, lr_multiplier)
        if late:
            late[1].synchronize()
            self._note(late[0].item(), late[2])

    def end(self) -> None:
        """Wait for the device, stop the clock, and take note of what is still on its way."""
        self._synchronize()
        self.training_seconds = self.elapsed
        if self._late:
            self._note(self._late[0].item(), self._late[2])
        if self.steps:
            self._tell(1.0, last=True)
        show("", end="\n" if sys.stdout.isatty() else "")

    def outcome(self) -> dict[str, Any]:
        """Return what result.json holds of this training, ended or broken off."""
        ended = self.training_seconds > 0  # else the device may not have done what it was given
        return self.facts | {
            "tokens": self.tokens, "steps": self.steps,
            "training_seconds": self.training_seconds or self.elapsed,
            "mfu_percent": self.mfu() if ended else None, "peak_vram_mb": self.peak_memory_mb(),
        }  # fmt: skip

    def peak_memory_mb(self) -> float:
        """Return the most memory held at once, in MiB: the GPU's, or where there is none the process's."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 2**20
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

    def tokens_per_second(self) -> float:
        """Return the mean speed over the seconds that count."""
        return (self.tokens - self._uncounted) / (self.training_seconds or self.elapsed or math.inf)

    def mfu(self) -> float | None:
        """Return how much of the GPU's bf16 peak is used, in percent; None where the peak is not known."""
        peak = next((flops for key, flops in PEAK_FLOPS.items() if key in self.device_name), None)
        return peak and 100 * self._flops * self.tokens_per_second() / peak

    def _start_clock(self, begun: float, batches: int) -> None:
        """Start the seconds that count: at once, except on CUDA, where the first two batches compile."""
        untimed = UNTIMED_BATCHES if self.device.type == "cuda" else 0
        late = time.perf_counter() - begun > UNTIMED_AT_MOST_S
        if self._clock == math.inf and (batches >= untimed or late):
            self._synchronize()
            self._clock, self._uncounted = time.perf_counter(), self.tokens
            if batches:
                self.report.tell("compiled", seconds=self._clock - begun)

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _guard_cpu(self, spent: float) -> None:
        cap = self.budget.cpu_cap() if self.device.type == "cpu" else math.inf
        if spent > cap:
            msg = (
                f"{spent:.0f} CPU seconds are more than the {cap:.0f} that {self.budget} may cost; "
                "make the model cheaper, or raise AUTORESEARCH_CPU_CAP for all experiments alike"
            )
            raise CpuCapReached(msg)

    def _note(self, loss: float, lr_multiplier: float) -> None:
        self.steps += 1
        if not math.isfinite(loss):
            raise Diverged("nan", f"the loss is {loss} at step {self.steps}")
        if loss > 3 * math.log(self.data.vocab):
            raise Diverged("exploding", f"the loss is {loss:.1f} at step {self.steps}, far above guessing")
        self._loss = 0.9 * self._loss + 0.1 * loss
        self._multiplier = lr_multiplier
        self._tell(self.progress)

    def _tell(self, progress: float, *, last: bool = False) -> None:
        """Show how far it is: twice a second on stdout, once a second and at the quarters in the report."""
        now = time.perf_counter()
        if not last:
            self._took, self._stepped = now - self._stepped, now
        loss = self._loss / (1 - 0.9**self.steps)  # of the last ten steps or so, unbiased from the first on
        speed, mfu = self.tokens_per_second(), self.mfu()
        left = self.elapsed * (1 - progress) / progress if progress else float(self.budget.amount)
        if last or now - self._printed >= PRINTED_EVERY_S:
            self._printed = now
            line = (
                f"step {self.steps:05d} ({progress:.1%}) | loss: {loss:.6f} | lrm: {self._multiplier:.2f} | "
                f"dt: {1000 * self._took:.0f}ms | tok/sec: {speed:,.0f} | mfu: {mfu or 0:.1f}% | "
                f"epoch: {self.epoch} | remaining: {left:.0f}s"
            )
            show(f"\r{line}   " if sys.stdout.isatty() else f"{line}\n", end="")
        if last or now - self._told >= TOLD_EVERY_S or 4 * progress >= self._quarter:
            self._told, self._quarter = now, int(4 * progress) + 1
            self.report.tell(
                "progress",
                step=self.steps, percent=100 * progress, tokens=self.tokens, elapsed_s=self.elapsed,
                seconds_left=left, loss=loss, lr_multiplier=self._multiplier, tok_per_s=speed, mfu=mfu,
                vram_mb=self.peak_memory_mb(),
            )  # fmt: skip
