"""What the full profile does on a GPU, in at most eight minutes: `python -m bench.gpu --out FILE`.

For a bare machine: no network, of packages torch alone. The text is the embedded one in the full profile's
shapes. Each section is a process of its own, with a deadline; what one dies of is written into the one JSON
file beside what the others found, at once, so that a kill leaves what was measured. Without a GPU the same
code runs in miniature.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.gpu.program import ROOT, Found
from text.files import write_atomic


# In the order of what one would miss most, with the seconds that each may take.
SECTIONS = {
    "machine": 90,
    "data": 90,
    "attention": 90,
    "train": 200,
    "kernel varlen-fa2": 120,
    "kernel varlen-fa3": 120,
    "nan": 120,
    "runner": 270,
    "kernel sdpa-full": 120,
    "kernel sdpa": 120,
}
LEAST_S = 15  # less is not worth a start
LIMIT_S = 470.0  # of all sections; where more is given, each may take more in proportion


def main(argv: Sequence[str] | None = None) -> int:
    """Measure section after section; return 0 where all of them came to their end."""
    options = _options(argv)
    if options.section:
        return _answer(options)
    begun = time.monotonic()
    seen: Found = {"argv": sys.argv[1:], "limit_s": options.limit_s, "sections": {}}
    with tempfile.TemporaryDirectory(prefix="bench-gpu-", ignore_cleanup_errors=True) as folder:
        for name in options.only or SECTIONS:
            left = options.limit_s - (time.monotonic() - begun)
            limit = min(SECTIONS[name] * max(1.0, options.limit_s / LIMIT_S), left)
            _say(f"{name}: at most {limit:.0f} s")
            seen["sections"][name] = (
                _measured(name, options, Path(folder), limit)
                if limit >= LEAST_S
                else {"skipped": f"{left:.0f} s are left of {options.limit_s:.0f}"}
            )
            seen["seconds"] = round(time.monotonic() - begun, 1)
            write_atomic(options.out, json.dumps(seen, indent=1).encode())
            _say(json.dumps(seen["sections"][name], indent=1)[:3000])
    return 1 if any("error" in one for one in seen["sections"].values()) else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description="Measure the full profile.")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), help="where the JSON goes")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="seconds for all of it; default: 470")
    parser.add_argument("--dataset", default="sotu-full", help="default: sotu-full, prepared if need be")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--section", choices=SECTIONS, help=argparse.SUPPRESS)
    parser.add_argument("--section-s", type=float, default=90.0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _measured(name: str, options: argparse.Namespace, folder: Path, limit_s: float) -> Found:
    """Run one section in a process of its own; return what it found, or what it died of."""
    words = ["--section", name, "--section-s", str(limit_s), "--out", str(folder / "section.json")]
    words += ["--dataset", options.dataset, "--device", options.device]
    defaults = {"AUTORESEARCH_CACHE": str(folder / "cache")}
    always = {"TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"), "PYTHONUNBUFFERED": "1"}
    (folder / "section.json").unlink(missing_ok=True)
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "bench.gpu", *words],
        cwd=ROOT,
        env=defaults | dict(os.environ) | always,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, told = process.communicate(timeout=limit_s)
        why = f"it ended with {process.returncode}" if process.returncode else ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, told = process.communicate()
        why = f"it took longer than {limit_s:.0f} s"
    finally:
        if process.poll() is None:  # interrupted
            os.killpg(process.pid, signal.SIGKILL)
    found: Found = {"seconds": round(time.monotonic() - begun, 1)}
    if (folder / "section.json").exists():
        found["found"] = json.loads((folder / "section.json").read_bytes())
    if why:
        found |= {"error": why, "stderr": told.decode(errors="replace")[-4000:]}
    return found


def _answer(options: argparse.Namespace) -> int:
    """Be the process of one section; what it finds is written down while it goes on."""
    from bench.gpu import runner, sections  # noqa: PLC0415 - only here is torch needed

    by_name: dict[str, Callable[..., Found]] = {
        "machine": sections.machine,
        "data": sections.data,
        "attention": sections.attention,
        "train": sections.training,
        "kernel": sections.kernel,
        "nan": sections.nan,
        "runner": runner.runner,
    }

    def keep(found: Found) -> None:
        write_atomic(options.out, json.dumps(found).encode())

    section, *arguments = options.section.split()
    scale = sections.scale(options.device, options.dataset, options.section_s)
    keep(by_name[section](scale, keep, *arguments))
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
