"""The holdout: documents that no training and no validation uses, beside the data set that they belong to."""

import json
import lzma
import math
from collections.abc import Callable
from pathlib import Path

import pytest

import prepare
from tests.training.test_evaluate import score
from text.errors import NotReady
from text.sets import datasets, holdout, sources
from text.sets.datasets import Dataset
from text.sets.loader import load_tokens


__all__ = ["score"]  # a fixture
TEXT = ["We go on, and nobody has read this before. " * 40, "Nor this, which is another one. " * 30]


def guessing(data: Dataset) -> float:
    """What a model scores to which all tokens are alike."""
    stream = load_tokens(data, "val.bin", data.val_tokens)
    return int((stream != data.bos).sum()) * math.log2(data.vocab) / data.eval_bytes


def test_the_embedded_holdout_is_no_text_of_training_or_validation(
    cache: Path,
    sotu: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four later addresses are held out: preparing makes them ready, once, and data set and data_id stay."""
    later, _, _ = sources.later()
    assert (4, 211_463) == (len(later), len(lzma.decompress(sources.LATER.read_bytes())))
    assert not {text for _, text in sotu} & set(later)
    assert 0 == prepare.main([])
    assert "its holdout has" in capsys.readouterr().out
    data = datasets.find("sotu")
    held = datasets.find("sotu.holdout")
    assert ("c3c50374c1bb297c", {"train.bin", "val.bin", "tokenizer.txt"}) == (data.data_id, set(data.files))
    monkeypatch.setattr(datasets, "ensure", None)  # who scores may be kept from writing there
    assert held == holdout.find(data)
    assert held.eval_bytes == sum(len(text.encode()) for text in later)
    assert (data.vocab, data.seq_len) == (held.vocab, held.seq_len)
    assert str(cache) in str(held.folder)


def test_a_text_of_ones_own_is_held_out(
    mini: Dataset, tmp_path: Path, score: Callable[..., tuple[int, str, str]]
) -> None:
    """Where a data set has none, evaluate.py says how to get one; then it is scored, and not the other."""
    code, _, err = score(more=("--split", "holdout"))
    assert (3, True) == (code, "data set 'mini' has no holdout" in err)
    for place, text in enumerate(TEXT):
        (tmp_path / f"{place}.txt").write_text(text)
    assert 0 == prepare.main(["--dataset", "mini", "--holdout", str(tmp_path / "0.txt")])
    held = holdout.find(mini)
    code, out, _ = score(more=("--split", "holdout"))
    assert (0, f"val_bpb:          {guessing(held):.6f}") == (code, out.splitlines()[-1])
    told = json.loads((tmp_path / "job" / "result.json").read_text())
    assert held.data_id == told["data_id"] != mini.data_id
    assert 0 == prepare.main(["--dataset", "mini", "--holdout", str(tmp_path / "1.txt")])
    assert held.data_id != holdout.find(mini).data_id


def test_a_holdout_of_another_state_is_none(mini: Dataset) -> None:
    """What was cut into the tokens of another state of the data set is not scored."""
    holdout.ensure(mini, TEXT, "0" * 64, "here")
    other = Dataset(**(vars(mini) | {"data_id": "0" * 16}))
    with pytest.raises(NotReady, match="has no holdout"):
        holdout.find(other)
    assert holdout.find(mini) is not None


def test_no_text_is_no_holdout(mini: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, and another text for the embedded set, are refused."""
    (tmp_path / "empty").mkdir()
    assert 1 == prepare.main(["--dataset", mini.name, "--holdout", str(tmp_path / "empty")])
    assert "no text to hold out" in capsys.readouterr().err
