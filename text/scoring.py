"""The score of a model that is asked in another process: the targets and the sums are here, the model is not.

One process is given whole windows, in an order that nobody can foresee. Another one is given the beginnings
of some of them, cut off at every place, and never what follows: where the two differ, the model has seen
tokens that it was to predict.
"""

import math
import secrets
from dataclasses import dataclass

import torch
from torch import Tensor

from text.asking import AskedModel
from text.datasets import Dataset
from text.errors import Diverged, NotPossible
from text.evaluation import ROUNDING, token_bytes, windows


CUTS = 128  # places at which windows are cut off, each once
ROWS = 4  # windows that are cut off at each
ROUNDING_ON_CPU = 0.01  # of log probabilities; float32 rounds them to within 0.0001
GAIN = 0.005  # nats a token that whole windows may be better by than their beginnings; 0.002 bits a byte


@dataclass(frozen=True)
class Beginnings:
    """Windows that were cut off, and what the model said of the token that comes next."""

    window: Tensor  # (N,): which
    cut: Tensor  # (N,): after so many tokens
    said: Tensor  # (N, vocab): log probabilities


class Scorer:
    """The windows of a data set, and what a model's answers about them are worth."""

    def __init__(self, data: Dataset, device: torch.device) -> None:
        self._data, self._device = data, device
        self._length = token_bytes(data, device)
        inputs, targets = windows(data, device)
        self.rows = inputs.shape[1]  # windows at once
        self._inputs, self._targets = inputs.flatten(0, 1), targets.flatten(0, 1)

    def ask_beginnings(self, model: AskedModel) -> Beginnings:
        """Ask for the token after each of many beginnings.

        Raises: NotPossible: of the model.
        """
        total, seq_len = self._inputs.shape
        # The shorter ones first: nobody has seen what follows. The last is whole, beside others than before.
        cuts = sorted([*_drawn(seq_len - 1, CUTS - 1), seq_len - 1])
        rows = torch.tensor([_drawn(total, ROWS) for _ in cuts])
        said = []
        for cut, chosen in zip(cuts, rows, strict=True):
            logits = model.logits(self._inputs[chosen, : cut + 1], self._data.vocab, last=True)
            said.append(logits.log_softmax(-1).cpu())
        places = torch.tensor(cuts).repeat_interleave(rows.shape[1])
        return Beginnings(rows.flatten(), places, torch.cat(said))

    def bits_per_byte(self, model: AskedModel, beginnings: Beginnings) -> float:
        """Return val_bpb of all windows, if they agree with their beginnings.

        Raises:
            Diverged: a loss is not finite.
            NotPossible: the model looks ahead, or its process fails.
        """
        nats, scored = 0.0, 0
        again = torch.empty_like(beginnings.said)
        order = torch.tensor(_drawn(len(self._inputs), len(self._inputs)))
        for chosen in order.view(-1, self.rows):
            said = model.logits(self._inputs[chosen], self._data.vocab).log_softmax(-1)
            wanted = self._targets[chosen].to(self._device)
            size = self._length[wanted]
            loss = -said.gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
            nats += (loss * (size > 0)).sum(dtype=torch.float64).item()
            scored += int(size.sum().item())
            for row, window in enumerate(chosen):
                of_it = (beginnings.window == window).nonzero().flatten()
                again[of_it] = said[row, beginnings.cut[of_it]].cpu()
        assert scored == self._data.eval_bytes  # else this function is wrong
        if not math.isfinite(nats):
            raise Diverged("nan", "the trained model gives no finite loss on the validation documents")
        self._compare(beginnings, again)
        return nats / math.log(2) / scored

    def _compare(self, beginnings: Beginnings, again: Tensor) -> None:
        """Hold what was said of whole windows against what was said of their beginnings.

        Raises: NotPossible: the model looks ahead.
        """
        change = torch.where(again == beginnings.said, 0.0, (again - beginnings.said).abs())
        wanted = self._targets[beginnings.window, beginnings.cut].unsqueeze(1)
        gain = (again.gather(1, wanted) - beginnings.said.gather(1, wanted)).mean().item()
        most = ROUNDING if self._device.type == "cuda" else ROUNDING_ON_CPU
        changed = change.max().item()
        if not (changed <= most and gain <= GAIN):
            msg = (
                f"the model looks ahead: tokens that come later change what it says by {changed:.2g}, "
                f"and make it better by {gain:.2g} nats a token; mend its attention"
            )
            raise NotPossible(msg)


def _drawn(total: int, count: int) -> list[int]:
    """Draw so many of the numbers below `total`, each once at most, as nobody can foresee."""
    return secrets.SystemRandom().sample(range(total), min(count, total))
