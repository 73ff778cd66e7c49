"""The loss of a training of which the history has no points, read from what it left."""

from pathlib import Path

from autoresearch.engine.paths import JobPaths
from autoresearch.workflows.web.curve import curve_left


def test_what_a_training_left_is_its_curve(tmp_path: Path):
    """Its progress.jsonl comes first, then the step lines of its log; where neither is, there is none."""
    assert () == curve_left(JobPaths(tmp_path))
    steps = [f"step {n:05d} ({n * 10.0:.1f}%) | loss: {9 - n / 2:.6f} | dt: 3ms" for n in range(11)]
    (tmp_path / "output.log").write_text("loading\n" + "\r".join(steps) + "\nval_bpb: 4.0\n")
    found = curve_left(JobPaths(tmp_path))
    assert (11, (0.0, 9.0), (100.0, 4.0)) == (len(found), found[0], found[-1])
    (tmp_path / "progress.jsonl").write_text('{"kind": "progress", "percent": 50.0, "loss": 3.5}\n{"kind"')
    assert ((50.0, 3.5),) == curve_left(JobPaths(tmp_path))
