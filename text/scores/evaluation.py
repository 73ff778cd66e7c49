"""The score: bits a byte over the validation documents, and a look that the model sees no token too early."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from text.errors import Diverged, NotPossible
from text.sets.datasets import Dataset
from text.sets.loader import load_tokens
from text.sets.tokenizer import Tokenizer


ROUNDING = 0.1  # logits; bfloat16 rounds one of 15 to within 0.06

Logits = Callable[[Tensor], Tensor]  # from tokens of shape (B, T) to (B, T, vocab)


def evaluate(logits: Logits, data: Dataset, device: torch.device) -> float:
    """Return val_bpb: the bits that the model needs for a byte of the validation documents.

    The documents stand one after the other, in windows of seq_len tokens. Every byte is scored exactly once,
    given what stands before it in its window; BOS costs no bits and counts no bytes.

    Raises: NotPossible: the model sees tokens that it has to predict.
    """
    length = token_bytes(data, device)
    inputs, targets = windows(data, device)
    nats, scored = 0.0, 0
    with torch.no_grad():
        check_causality(logits, inputs[0].to(device), data.vocab)
        for some_inputs, some_targets in zip(inputs, targets, strict=True):
            wanted = some_targets.to(device).flatten()
            size = length[wanted]
            predicted = logits(some_inputs.to(device)).float().view(-1, data.vocab)
            loss = functional.cross_entropy(predicted, wanted, reduction="none")
            nats += (loss * (size > 0)).sum().item()
            scored += int(size.sum().item())
    assert scored == data.eval_bytes  # else this function is wrong
    if not math.isfinite(nats):
        raise Diverged("nan", "the trained model gives no finite loss on the validation documents")
    return nats / math.log(2) / scored


def check_causality(logits: Logits, inputs: Tensor, vocab: int) -> None:
    """Change the second half of every row: what the model says about the first must not change with it.

    `inputs` are tokens of shape (B, T).

    Raises: NotPossible: the model sees tokens that it has to predict.
    """
    half = inputs.shape[1] // 2
    other = inputs.clone()
    other[:, half:] = (other[:, half:] + 1) % vocab
    change = (logits(inputs)[:, :half].float() - logits(other)[:, :half].float()).abs().max().item()
    if change > ROUNDING:
        msg = f"the model looks ahead: later tokens change its logits by {change:.2g}; mend its attention"
        raise NotPossible(msg)


def token_bytes(data: Dataset, device: torch.device) -> Tensor:
    """Return how many bytes of text each token stands for; BOS stands for none."""
    tokenizer = Tokenizer.load(data.folder / "tokenizer.txt")
    return torch.tensor([len(token) for token in tokenizer.token_bytes()], device=device)


def windows(data: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return inputs and targets of shape (batches, rows, seq_len), filled up with BOS."""
    logits_at_once = 2**28 if device.type == "cuda" else 2**24  # 1 GiB, 64 MiB
    rows = max(1, logits_at_once // (data.vocab * data.seq_len))
    stream = load_tokens(data, "val.bin", data.val_tokens).long()
    missing = -(len(stream) - 1) % (rows * data.seq_len)
    stream = torch.cat([stream, stream.new_full((missing,), data.bos)])
    return stream[:-1].view(-1, rows, data.seq_len), stream[1:].view(-1, rows, data.seq_len)
