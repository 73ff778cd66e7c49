"""Prepared tokens as tensors: mapped from their files, and the order in which an epoch takes its rows."""

from collections.abc import Iterator
from itertools import count

import torch
from torch import Tensor

from text.sets.datasets import Dataset


def load_tokens(data: Dataset, file: str, size: int) -> Tensor:
    """Map a file of tokens into memory, as int16: ids are below 32768, and few GPU operations take uint16."""
    return torch.from_file(str(data.folder / file), size=size, dtype=torch.int16)


def shuffled(total: int, rows: int, seed: int, device: torch.device) -> Iterator[tuple[int, Tensor]]:
    """Yield for ever the number of the epoch and which `rows` of `total` rows are next.

    Every epoch goes through all rows once, in an order that only the seed decides; rows that would not fill
    a batch wait for another epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    for epoch in count(1):
        order = torch.randperm(total, generator=generator).to(device)
        for first in range(0, total - rows + 1, rows):
            yield epoch, order[first : first + rows]
