"""A number found by the metric's name alone, in the output of scripts that nobody wrote for this program."""

import time

import pytest

from autoresearch.engine.metrics.metric import Metric, MetricReader
from autoresearch.engine.metrics.nearest import nearest
from autoresearch.events.metric_spec import MetricSpec


def found(text: str, name: str = "accuracy", piece: int = 2**20) -> Metric | None:
    reader, data = MetricReader(MetricSpec(name=name)), text.encode()
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
    return reader.finish()


@pytest.mark.parametrize(
    "text",
    [
        "accuracy: 0.83",
        "accuracy = 0.83",
        "accuracy 0.83",
        "Accuracy -> 0.83",
        "METRIC accuracy=0.83",
        '{"accuracy": 0.83, "loss": 1}',
        '{"eval": {"accuracy": 0.83}}',
        "{'accuracy': 0.83, 'loss': 1}",
        "\x1b[32maccuracy:\x1b[0m \x1b[1m0.83\x1b[0m",
        "\r 50%|███  | 5/10 [00:01<00:01, 4.1it/s]accuracy: 0.83",
        "[rank0]: accuracy: 0.83",
        "(train_fn pid=12) accuracy: 0.83",
        "wandb: accuracy 0.83",
        "wandb: accuracy ▁▃▆█\nwandb: accuracy 0.83",
        "accuracy: 0.83,",
        "accuracy: 0.83±0.01",
        "accuracy: tensor(0.83, device='cuda:0')",
        "accuracy: np.float64(0.83)",
        "**accuracy**: 0.83",
        "2026-03-08 21:04:05 INFO accuracy: 0.83",
        "INFO:root:accuracy: 0.83",
        "[2026-01-01 10:00:00,123][__main__][INFO] - accuracy: 0.83",
        "2026-01-01 10:00:00.123 | INFO     | __main__:main:12 - accuracy: 0.83",
        "I1127 10:00:00.123456 139 train.py:42] accuracy: 0.83",
        "epoch 3 | loss: 0.1 | accuracy: 0.83",
        "step 10 loss=0.3 accuracy=0.83",
        "32/32 - 1s - loss: 0.3 - accuracy: 0.83",
        "Test accuracy: 0.83",
        "epoch loss accuracy\n1 0.5 0.8\n2 0.4 0.83",
        "| epoch | accuracy |\n|---|---|\n| 1 | 0.8 |\n| 2 | 0.83 |\nbye 3",
        "epoch,accuracy\r\n1,0.8\r\n2,0.83\r\n",
        "epoch  Val Loss  accuracy\n1      0.5       0.83\n",
        "│  accuracy  │  0.83  │",
        "accuracy: 0.5\naccuracy: 0.83",
        "accuracy: 0.83\nepoch 3 | accuracy: 0.9\r",  # a bar that is drawn once more
        "METRIC accuracy=0.83\naccuracy: 0.9",
    ],
)
@pytest.mark.parametrize("piece", [7, 2**20])
def test_a_number_is_found_by_its_name(text: str, piece: int) -> None:
    """Each form that scripts print gives the number, wherever the reading cuts it."""
    metric = found(text, piece=piece)
    assert metric is not None
    assert (0.83, None, False) == (metric.value, metric.unlike, metric.ranks_disagree)


@pytest.mark.parametrize(
    "text",
    [
        "val_accuracy: 0.3",
        "eval/accuracy: 0.4",
        "the accuracy: 0.3",
        "top5 accuracy: 0.9",
        "--accuracy 0.8",
        "accuracy of 3",
        "accuracy 3 times worse",
        "we compute accuracy\nwe took 10",
        "computing accuracy\nstep 10",
    ],
)
def test_what_only_looks_like_it_is_none(text: str) -> None:
    """Another name, an option and talk give no number."""
    assert found(text) is None


@pytest.mark.parametrize("text", ["1,234", "0,83", "12k", "8312/10000 (83%)", "1.2.3", "12:30:01", "n/a"])
def test_what_is_not_certain_is_no_number(text: str) -> None:
    """A thousand or a fraction, a unit, a share, a version, a time: the last word on it is no number."""
    metric = found(f"accuracy: 0.5\naccuracy: {text}\n")
    assert metric is not None
    assert metric.value is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234,567", 1234567.0), ("1,234.5", 1234.5), ("1_000", 1000.0), ("83.1%", 83.1), ("-1e-3", -0.001)],
)
def test_thousands_and_percentages_that_are_certain(text: str, value: float) -> None:
    """Thousands that cannot be a fraction lose their signs, and a percentage is as it was printed."""
    metric = found(f"accuracy: {text}\n")
    assert metric is not None
    assert value == metric.value


@pytest.mark.parametrize(
    "text",
    [
        "train accuracy: 0.9\ntest accuracy: 0.8",
        "accuracy: 83%\naccuracy: 0.8",
        '{"split": "train", "accuracy": 0.9}\n{"split": "val", "accuracy": 0.8}',
        '{"train": {"accuracy": 0.9}}\n{"val": {"accuracy": 0.8}}',
    ],
)
def test_numbers_of_different_things_are_told_apart(text: str) -> None:
    """Lines of other parts of the data, or in other units, do not pass for one another."""
    metric = found(text)
    assert metric is not None
    assert metric.unlike is not None


def test_a_dotted_name_is_a_path() -> None:
    """A name with dots is looked up in nested objects, and is a name of its own in lines."""
    for text in ('{"eval": {"accuracy": 0.83}, "accuracy": 0.1}', "eval.accuracy: 0.83"):
        metric = found(text, "eval.accuracy")
        assert metric is not None
        assert 0.83 == metric.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loss: 1\nthe accuracy is 0.83\n", "the accuracy is 0.83"),
        ("step 1 val-accuracy: 1\nstep 2 val-accuracy: 2\n", "step 2 val-accuracy: 2"),
        ("loss: 0.1\nacuracy: 0.83\n", "acuracy: 0.83"),
        ("loss: 0.1\n", ""),
    ],
)
def test_the_nearest_lines_are_named(text: str, said: str) -> None:
    """Where no line counts, those that hold the name are shown, else those of a name like it."""
    assert said == nearest([text.encode()], "accuracy")


@pytest.mark.parametrize(
    "text", ["1", "accuracy ", " ", "[", "a:", "accuracy:", "2026-01-01 ", "| accuracy "]
)
def test_a_hostile_line_takes_no_long_time(text: str) -> None:
    """A line of half a megabyte of any signs is read within seconds, and what is behind it, too."""
    begun = time.process_time()
    metric = found(f"INFO {text * (500_000 // len(text))} accuracy: 0.5\naccuracy: 0.83\n")
    assert metric is not None
    assert 0.83 == metric.value
    assert 5 > time.process_time() - begun
