"""The score of a model that is asked in another process: the targets and the sums are here, the model is not.

One process is given whole windows, in an order that nobody can foresee. Another one is given the beginnings
of some of them, cut off at many places, and never what follows, but tokens drawn at random instead, up to the
next of a few lengths: where the two differ, the model has seen tokens that it was to predict. So few lengths,
since a GPU's libraries look for a kernel at each new one: 128 of them took two minutes (H200, 2026-11).
"""

import itertools
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from text.errors import Diverged, NotPossible
from text.scores.asking import AskedModel
from text.scores.evaluation import ROUNDING, token_bytes, windows
from text.sets.datasets import Dataset


LENGTHS = 8  # of the beginnings, with what fills them up
CUTS = 16  # places of each length at which windows are cut off
ROWS = 4  # windows that are cut off at each; so many of one length are asked for at least at once
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

    @property
    def beginnings_at_once(self) -> int:
        """Of how many beginnings the model says at once what comes next."""
        return max(ROWS, min(self.rows, CUTS * ROWS))

    def ask_beginnings(self, model: AskedModel) -> Beginnings:
        """Ask for the token after each of many beginnings.

        Raises: NotPossible: of the model.
        """
        said, asked = [], []
        drawn = self._windows_drawn()
        # The shorter ones first: nobody has seen what follows. The last are whole, beside others than before.
        for length, cuts in _stretches(self._inputs.shape[1]):
            wanted = [(window, cut) for cut in cuts for window in itertools.islice(drawn, ROWS)]
            for some in _batches(wanted, self.beginnings_at_once):
                window, cut = torch.tensor(some).T
                logits = model.logits(self._filled_up(window, cut, length), self._data.vocab, at=cut)
                said.append(logits.log_softmax(-1).cpu())
                asked.append((window, cut))
        windows_asked, places = (torch.cat(part) for part in zip(*asked, strict=True))
        return Beginnings(windows_asked, places, torch.cat(said))

    def _windows_drawn(self) -> Iterator[int]:
        """Draw windows for ever, none again before each was drawn."""
        while True:
            yield from _drawn(len(self._inputs), len(self._inputs))

    def _filled_up(self, window: Tensor, cut: Tensor, length: int) -> Tensor:
        """Return windows of `length` tokens, random ones after the place of each where it is cut off."""
        random = torch.randint(self._data.vocab, (len(window), length))
        is_known = torch.arange(length) <= cut.unsqueeze(1)
        return torch.where(is_known, self._inputs[window, :length], random)

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


def _stretches(seq_len: int) -> list[tuple[int, list[int]]]:
    """Return each length, and places to cut at that the one before does not have; the last is among them."""
    ends = sorted({math.ceil(seq_len * (number + 1) / LENGTHS) for number in range(LENGTHS)})
    found = []
    for begin, end in zip([0, *ends], ends, strict=False):
        cuts = [begin + place for place in _drawn(end - begin, CUTS)]
        found.append((end, sorted(cuts)))
    last, cuts = found[-1]
    found[-1] = last, [*cuts[:-1], seq_len - 1]
    return found


def _batches(asked: list[tuple[int, int]], most: int) -> list[list[tuple[int, int]]]:
    """Deal out (window, cut) in order, no window twice at once: its longer beginning shows what follows."""
    batches: list[list[tuple[int, int]]] = [[]]
    for window, cut in asked:
        if len(batches[-1]) == most or any(window == other for other, _ in batches[-1]):
            batches.append([])
        batches[-1].append((window, cut))
    return batches


def _drawn(total: int, count: int) -> list[int]:
    """Draw so many of the numbers below `total`, each once at most, as nobody can foresee."""
    return secrets.SystemRandom().sample(range(total), min(count, total))
