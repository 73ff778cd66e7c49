"""A model in a process that is given tokens and gives logits: `python -m text.scores.model_process`.

Here the candidate's own code runs. It is told neither what comes after the tokens it is given nor what its
logits are worth, and where the kernel can, it is kept from every file but those it needs; what it answers is
believed by nobody.

On the socket that it inherits come a line of JSON that says what to load, then questions: a line of JSON, and
the tokens. It answers each with a line of JSON, and leaves the logits in memory that it shares.
"""

import importlib.util
import io
import json
import mmap
import os
import resource
import socket
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from text.scores.confined import confine


if TYPE_CHECKING:
    import torch


MOST_WRITTEN = 1 << 24  # bytes of a file; what it prints goes into one


def main() -> int:
    """Answer until nobody asks."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    with channel, channel.makefile("rwb") as stream:
        task = json.loads(stream.readline())
        try:
            _hold_back(task)
            answers = _Answers(task)
            _tell(stream, ready=True)
            while line := stream.readline():
                answers.answer(stream, **json.loads(line))
        except Exception as error:  # noqa: BLE001 - the candidate's own, whatever it is
            traceback.print_exc()
            _tell(stream, error=f"{type(error).__name__}: {error}"[:1000])
            return 1
    return 0


def _hold_back(task: dict[str, Any]) -> None:
    """Give up what the candidate's code does not need, before any of it runs."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    if task["readable"]:
        confine(task["readable"], task["writable"])


class _Answers:
    """A model that was loaded, and the memory that its logits go into."""

    def __init__(self, task: dict[str, Any]) -> None:
        import torch  # noqa: PLC0415 - its threads are confined as well

        torch.set_num_threads(task["threads"])
        self._torch, self._vocab, self._device = torch, task["vocab"], torch.device(task["device"])
        script = _load(Path(task["script"]))
        model = script.build(task["vocab"], task["seq_len"], self._device)
        state = torch.load(task["checkpoint"], map_location=self._device, weights_only=True)
        model.load_state_dict(state)
        self._model = model.eval()
        self._memory = mapped(task["memory"], self._device)

    def answer(self, stream: io.BufferedRWPair, *, rows: int, length: int, at: list[int] | None) -> None:
        """Leave the logits of `rows` rows of `length` tokens, or of one place in each, and say so."""
        torch = self._torch
        sent = bytearray(stream.read(2 * rows * length))
        tokens = torch.frombuffer(sent, dtype=torch.int16).view(rows, length).to(self._device).long()
        with torch.no_grad():
            logits = self._model(tokens)
        if logits.shape != (rows, length, self._vocab):
            wanted = f"({rows}, {length}, {self._vocab})"
            _tell(stream, error=f"the model gave logits of shape {tuple(logits.shape)}, not {wanted}")
            return
        logits = logits if at is None else logits[torch.arange(rows), at]
        self._memory[: logits.numel()].view(logits.shape).copy_(logits)
        _tell(stream, ready=True)


def mapped(memory: int, device: "torch.device") -> "torch.Tensor":
    """Map shared memory, an open file, as a row of float32; for CUDA pinned, where it copies far faster."""
    import torch  # noqa: PLC0415 - not before this process is held back

    row = torch.frombuffer(mmap.mmap(memory, os.fstat(memory).st_size), dtype=torch.float32)
    if device.type == "cuda":
        cuda = torch.cuda.cudart()  # type: ignore[no-untyped-call]
        cuda.cudaHostRegister(row.data_ptr(), row.nbytes, 0)  # refused, it is slow, and right
    return row


def _load(script: Path) -> ModuleType:
    """Import a file by its path: the folder that it lies in may not be listed here."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None  # it is Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module
    spec.loader.exec_module(module)
    return module


def _tell(stream: io.BufferedRWPair, **said: object) -> None:
    stream.write(json.dumps(said).encode() + b"\n")
    stream.flush()


if __name__ == "__main__":
    raise SystemExit(main())
