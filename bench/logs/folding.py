"""Folding a history whole, in a module that loads no peer: its memory is measured too."""

from pathlib import Path
from typing import Any

from autoresearch.events.encoding.codec import Position
from autoresearch.events.log.read import blocks
from autoresearch.projections.fold import Projection, fold_lines


def fold(path: Path, *projections: Projection[Any]) -> None:
    """Fold states out of a history, every line checked."""
    begin = [one.initial() for one in projections]
    fold_lines(projections, blocks(path, Position.start()), since=begin, deciding=True)
