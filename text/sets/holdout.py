"""The holdout of a data set: documents that no training and no validation uses, scored once a run.

It is a data set of its own beside the one that it belongs to, with that one's tokens, and no part of its
data_id: whether there is one changes no score. The more often it is looked at, the less it says.
"""

import contextlib
from array import array
from collections.abc import Iterable
from pathlib import Path

from text.errors import NotReady
from text.sets import datasets, sources
from text.sets.datasets import FULL, SMALL, Dataset
from text.sets.tokenizer import Tokenizer


EMBEDDED = ("sotu", "sotu-full")  # data sets of the embedded text, whose holdout are the addresses since
WAY_OUT = "python prepare.py --dataset {name} --holdout PATH"


def find(data: Dataset) -> Dataset:
    """Return the holdout of a data set; that of the embedded text is made where it is missing.

    Raises: NotReady: there is none, or it was made for another state of the data set.
    """
    if data.name in EMBEDDED:
        return ensure(data, *sources.later())
    msg = f"data set {data.name!r} has no holdout; run: {WAY_OUT.format(name=data.name)}"
    try:
        found = datasets.find(_name(data))
    except NotReady:
        raise NotReady(msg) from None
    if not _belongs(found, data):
        raise NotReady(msg)
    return found


def ensure(data: Dataset, texts: Iterable[str], digest: str, source: str) -> Dataset:
    """Return the holdout of a data set that holds these texts, made where it is missing or another one."""

    def build(folder: Path) -> None:
        profile = FULL if data.profile == FULL.name else SMALL
        tokenizer = Tokenizer.load(data.folder / "tokenizer.txt")
        origin = {"corpus_sha256": digest, "split": "holdout", "of": data.data_id}
        stream = tokenizer.stream(texts)
        datasets.write(
            folder, profile, tokenizer, array("H"), stream, stride=data.stride, source=source, **origin
        )

    def fits(found: Dataset) -> bool:
        return _belongs(found, data) and found.identity["corpus_sha256"] == digest

    # Looked for first: who scores may not write here, not even to wait for others.
    with contextlib.suppress(NotReady):
        found = datasets.find(_name(data))
        if fits(found):
            return found
    return datasets.ensure(_name(data), build, fits=fits)


def _name(data: Dataset) -> str:
    return f"{data.name}.holdout"


def _belongs(found: Dataset, data: Dataset) -> bool:
    return found.identity.get("of") == data.data_id
