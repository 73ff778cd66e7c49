"""Prepare the text that experiments learn from: once, before the first training. The door to `text/`.

`train.py` is what an experiment edits; this file and the package `text` are what makes two experiments
comparable, so none may edit them: the data, the tokens, the budget, the score, the report.

    python prepare.py                      the embedded State of the Union addresses; fetches nothing
    python prepare.py --text PATH          a file or a folder of your own UTF-8 text
    python prepare.py --dataset climbmix   the large public data set, for one big GPU
    python prepare.py --dataset sotu-full  the embedded text in that one's shapes: to try a GPU, not to score
    python prepare.py --holdout PATH       text for its holdout: no training and no validation uses it
    python prepare.py --check              one JSON object: is it ready, what is missing; exit code 0 or 3

Environment: AUTORESEARCH_CACHE (where data is kept), AUTORESEARCH_DATASET (which set is used; default:
sotu), AUTORESEARCH_BUDGET and AUTORESEARCH_SEED (defaults of a training), AUTORESEARCH_CPU_CAP (seconds;
0 = none), AUTORESEARCH_JOB_DIR (where a training leaves progress.jsonl and result.json; unset: nowhere).
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from text.errors import EXIT_NOT_READY, NotPossible, NotReady
from text.report import say, show
from text.sets import holdout
from text.sets.datasets import FULL, Dataset, active_dataset, cache_folder, ensure, find
from text.sets.sources import build_sotu, build_sotu_full, build_text, digest_of, read_all


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare a data set, or say if it is ready."""
    options = _options(argv)
    try:
        return _check(options.name) if options.check else _prepare(options)
    except NotPossible as error:
        say(f"prepare.py: {error}")
        return error.code
    except OSError as error:
        say(f"prepare.py: {error}; the data goes to {cache_folder()}, or where AUTORESEARCH_CACHE says")
        return 1
    except KeyboardInterrupt:
        say("prepare.py: interrupted; the same command goes on")
        return 130


def readiness(name: str) -> dict[str, Any]:
    """Return what `--check` prints."""
    try:
        data = find(name)
    except NotReady as error:
        return {"ready": False, "missing": [str(error)], "dataset": name, "data_id": None, "profile": None}
    read = [str(data.folder / file) for file in ("manifest.json", *data.files)]
    return {
        "ready": True,
        "missing": [],
        "dataset": name,
        "data_id": data.data_id,
        "profile": data.profile,
        "inputs": read,
    }


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Prepare the data of a training.")
    parser.add_argument("--dataset", help="sotu, sotu-full, climbmix, or your own")
    parser.add_argument("--text", type=Path, metavar="PATH", help="your own UTF-8 text: a file or a folder")
    parser.add_argument("--name", help="what to call that data set; default: from PATH")
    parser.add_argument(
        "--holdout",
        type=Path,
        metavar="PATH",
        help="UTF-8 text that best and baseline are scored on in the end",
    )
    parser.add_argument("--check", action="store_true", help="print one JSON object; exit 0 if ready, else 3")
    options = parser.parse_args(argv)
    name = options.dataset or active_dataset()
    if options.text:
        stem = re.sub(r"[^a-z0-9]+", "-", options.text.resolve().stem.lower())
        name = options.name or stem.strip("-") or "text"
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) or (options.text and name in BUILDERS):
        parser.error(f"{name!r} cannot name a data set; say --name, with letters, digits and dashes")
    options.name = name
    return options


def _check(name: str) -> int:
    answer = readiness(name)
    show(json.dumps(answer))
    return 0 if answer["ready"] else EXIT_NOT_READY


def _prepare(options: argparse.Namespace) -> int:
    name, text = options.name, options.text
    data = ensure(name, _builder(name, text), fits=None if text is None else lambda _: False)
    lines = [
        f"{name} is ready: {data.train_tokens:,} tokens to train on, {data.eval_bytes:,} bytes to score",
        f"data_id {data.data_id} in {data.folder}",
    ]
    if held := _holdout(data, options.holdout):
        lines.append(f"its holdout has {held.eval_bytes:,} bytes, in {held.folder}")
    if data.name != active_dataset():
        lines.append(f"to train on it: export AUTORESEARCH_DATASET={data.name}")
    if data.profile == FULL.name:
        lines.append(f'and in train.py: PROFILE = "{FULL.name}", committed')
    show("\n".join(lines))
    return 0


def _holdout(data: Dataset, text: Path | None) -> Dataset | None:
    """Prepare the holdout that is named, or embedded; None where there is neither."""
    if text is None:
        return holdout.find(data) if data.name in holdout.EMBEDDED else None
    documents = read_all(text.resolve())
    if not documents or data.name in holdout.EMBEDDED:
        msg = f"no text to hold out - {text}" if not documents else f"{data.name!r} has a holdout of its own"
        raise NotPossible(msg)
    return holdout.ensure(data, [words for _, words in documents], digest_of(documents), str(text.resolve()))


def _builder(name: str, text: Path | None) -> Callable[[Path], None]:
    if text is None and name in BUILDERS:
        return BUILDERS[name]
    if text is None:  # a set made from a user's text can be mended while the text is still there
        try:
            text = Path(json.loads((cache_folder() / name / "manifest.json").read_bytes())["source"])
        except (OSError, ValueError, KeyError):
            msg = f"data set {name!r} is not known; run: python prepare.py --text PATH --name {name}"
            raise NotReady(msg) from None
    source = text.resolve()
    return lambda folder: build_text(folder, source)


def _build_climbmix(folder: Path) -> None:
    from text.sets.climbmix import build_climbmix  # noqa: PLC0415 - what it imports would make --check slow

    build_climbmix(folder)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "sotu": build_sotu,
    "sotu-full": build_sotu_full,
    "climbmix": _build_climbmix,
}

if __name__ == "__main__":
    raise SystemExit(main())
