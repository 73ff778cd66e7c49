"""A model that is asked in a process of its own (model_process.py): started, given tokens, and ended.

Its logits are copied before anything is computed of them, so that it cannot change them meanwhile.
"""

import contextlib
import fcntl
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Self

import torch
from torch import Tensor

from text.errors import NotPossible
from text.report import say
from text.scores.model_process import mapped


# What of the environment it is given: how to find and to run Python and torch, and which device is its own.
GIVEN = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "MALLOC_MMAP_MAX_",
    "MALLOC_TRIM_THRESHOLD_",
)
GIVEN_ALL = ("CUDA_", "NVIDIA_", "OMP_", "KMP_")
TEMPORARY = ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
LONGEST_ANSWER = 1 << 16
LINES_SHOWN = 20
DEVICES = ("null", "zero", "urandom", "nvidia*", "nvidia-caps/*", "dxg", "kfd", "dri/*")
LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/cuda", "/opt/cuda", "/opt/rocm",
    "/nix/store",
)  # fmt: skip
FACTS = ("/etc", "/proc", "/sys", "/usr/share/zoneinfo")


class AskedModel:
    """A process that holds the model; `with` ends it, however it fares."""

    def __init__(self, task: Mapping[str, object], *, room: int, checkout: Path, patience_s: float) -> None:
        """Start it, with room for so many logits at once; it loads the model meanwhile."""
        self._patience_s, self._device = patience_s, torch.device(str(task["device"]))
        self._memory = _memory(4 * room)
        self._logits = mapped(self._memory, self._device)
        # Libraries want a place for temporary files; each model has its own, so that none can tell another.
        self._room = tempfile.TemporaryDirectory(prefix="model-")
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed where it ends
        ours, theirs = socket.socketpair()
        ours.settimeout(patience_s)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-B", "-m", "text.scores.model_process", str(theirs.fileno())],
                cwd=checkout,
                env=_environment() | dict.fromkeys(TEMPORARY, self._room.name),
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                pass_fds=(theirs.fileno(), self._memory),
                start_new_session=True,
            )
        self._socket, self._stream = ours, ours.makefile("rwb")
        self._is_ready = self._has_failed = False
        self._send({**task, "memory": self._memory, "writable": self._room.name}, b"")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, with all that it started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._has_failed:
            self._show()
        self._printed.close()
        self._socket.close()
        os.close(self._memory)
        self._room.cleanup()

    def logits(self, tokens: Tensor, vocab: int, *, at: Tensor | None = None) -> Tensor:
        """Return logits, on the device, for tokens of shape (B, T): (B, T, vocab).

        With `at`, a place in each row, those of that place alone: (B, vocab).

        Raises: NotPossible: the model fails, gives something else, or takes too long.
        """
        rows, length = tokens.shape
        if not self._is_ready:
            self._hear()
            self._is_ready = True
        places = None if at is None else at.tolist()
        self._send({"rows": rows, "length": length, "at": places}, _bytes_of(tokens))
        self._hear()
        shape = (rows, length, vocab) if at is None else (rows, vocab)
        count = math.prod(shape)
        return self._logits[:count].to(self._device, copy=True).view(shape)

    def _send(self, said: Mapping[str, object], tokens: bytes) -> None:
        try:
            self._stream.write(json.dumps(said).encode() + b"\n" + tokens)
            self._stream.flush()
        except OSError:
            raise self._ended() from None

    def _hear(self) -> None:
        try:
            said = json.loads(self._stream.readline(LONGEST_ANSWER))
        except TimeoutError:
            msg = f"the model's process did not answer within {self._patience_s:g} s: a loop, or a slow model"
            raise self._failed(msg) from None
        except (OSError, ValueError):
            raise self._ended() from None
        if said != {"ready": True}:
            told = said.get("error") if isinstance(said, dict) else None
            raise self._failed(" ".join(str(told or "the model's process talks nonsense").split())[:1000])

    def _ended(self) -> NotPossible:
        """Say how the process ended that should have answered."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return self._failed("the model's process talks nonsense")
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return self._failed(f"the model's process ended {how} and gave no answer; its last lines are above")

    def _failed(self, message: str) -> NotPossible:
        self._has_failed = True
        return NotPossible(message)

    def _show(self) -> None:
        """Show the end of what the process printed, so that no line of it can be taken for a result."""
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").splitlines()
        for line in lines[-LINES_SHOWN:]:
            say(f"model: {line[:300]}")


def readable(checkout: Path, files: Iterable[Path], data: Path) -> list[str]:
    """Return what the model's process has to read: Python's and torch's files, and those named.

    Raises: NotPossible: the data lie within.
    """
    python = [*sys.path, *torch.__path__, str(Path(sys.base_prefix) / "lib")]
    found = [*python, *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *LIBRARIES, *FACTS]
    roots = {Path(path).resolve() for path in found if path}
    roots = {root for root in roots if not checkout.resolve().is_relative_to(root)}
    for root in roots:
        if data.resolve().is_relative_to(root):
            msg = (
                f"the data set lies in {root}, which the model's process has to read: it would find its "
                "targets there; name another folder in AUTORESEARCH_CACHE, and run prepare.py"
            )
            raise NotPossible(msg)
    devices = [str(path) for name in DEVICES for path in Path("/dev").glob(name)]
    return [*map(str, [*sorted(roots), *files]), *devices]


def _memory(size: int) -> int:
    """Return memory that can be shared, as an open file."""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("logits", os.MFD_ALLOW_SEALING)
        os.ftruncate(memory, size)
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)  # who reads it would be killed
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
            os.ftruncate(memory, size)
    return memory


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in GIVEN or name.startswith(GIVEN_ALL)}


def _bytes_of(tokens: Tensor) -> bytes:
    return bytes(tokens.to(torch.int16).contiguous().view(torch.uint8).flatten().tolist())
