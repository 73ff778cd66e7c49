"""Of a crash the line that names the error, through all that is printed behind it."""

from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.agents.prompts import LOG_LIMIT
from autoresearch.engine.asking.prompting import Prompting
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.training.crash import around, reason_line
from autoresearch.projections.run_state import Iteration, RunState


SHAPE = "RuntimeError: shape '[8, 2048, 6]' is invalid for input of size 98304"
HEAD = "Traceback (most recent call last):\n"
TRACE = f'{HEAD}  File "train.py", line 3, in <module>\n    x.view(8, 2048, 6)\n{SHAPE}\n'
CHAIN = TRACE.replace(SHAPE, "KeyError: 'x'")
HANDLING = "\nDuring handling of the above exception, another exception occurred:\n\n"
ROOT_OF = "\nThe above exception was the direct cause of the following exception:\n\n"
BANNER = "".join(
    f"[{rank}]:\n  time      : now\n  host      : localhost\n  rank      : {rank} (local_rank: {rank})\n"
    f"  exitcode  : -15 (pid: 1{rank})\n  error_file: <N/A>\n  traceback : Signal 15 received\n"
    for rank in range(8)
)
TORCHRUN = (
    'Traceback (most recent call last):\n  File "/usr/lib/python3/torch/launcher.py", line 1, in __call__\n'
    "    return launch(self._config, self._entrypoint, list(args))\n"
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    f"{'=' * 60}\ntrain.py FAILED\n{'-' * 60}\n{BANNER}{'=' * 60}\n"
)
RANKED = "".join(f"[rank1]: {line}\n" for line in TRACE.splitlines())
LOST_PEER = '[rank0]: Traceback (most recent call last):\n[rank0]:   File "a.py"\n[rank0]: '
LOST_PEER += "torch.distributed.DistBackendError: NCCL error: remote process exited\n"
WANDB = "wandb: Run summary:\nwandb:   loss 0.3\nwandb: View run at https://wandb.ai/x\n"
IGNORED = f'Exception ignored in: <function f at 0x1>\n{HEAD}  File "a.py"\nTypeError: None\n'
DYNAMO = "\nSet TORCHDYNAMO_VERBOSE=1 for the internal stack trace (please do this especially if you're"
DYNAMO += ' reporting a bug to PyTorch). For even more developer context, set TORCH_LOGS="+dynamo"\n\n\n'
DYNAMO += "You can suppress this exception and fall back to eager by setting:\n    import torch._dynamo\n"
DYNAMO += "    torch._dynamo.config.suppress_errors = True\n"
DENIED = "PermissionError: [Errno 13] Permission denied: '/srv/cache'"
COMPILED = f"{HEAD}  File 'train.py'\ntorch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:\n"
COMPILED += f"{DENIED}\n"
CUT = "    return compiled()\ntorch._dynamo.exc.Unsupported: call_function numpy"
WORKER = "RuntimeError: Caught RuntimeError in DataLoader worker process 0.\n"
WORKER += f'Original {HEAD}  File "a.py", line 1\n{SHAPE}\n\n'


@pytest.mark.parametrize(
    "log",
    [
        TRACE,
        f"\x1b[31m{TRACE}\x1b[0m",
        TRACE + BANNER + "=" * 60 + "\n",  # the case of a banner without its traceback
        TRACE + TORCHRUN,
        RANKED + TORCHRUN,
        RANKED + LOST_PEER + TORCHRUN,
        TRACE + WANDB,
        TRACE + IGNORED,
        TRACE + DYNAMO,
        TRACE + "train.py:3: UserWarning: slow\n  warn()\n" + " 50%|███  | 5/10 [00:01<00:01, 4.1it/s]\r",
        CHAIN + HANDLING + TRACE,
        CHAIN + ROOT_OF + TRACE + WANDB,
        WORKER + TORCHRUN,
        TRACE + "make: *** [Makefile:3: run] Error 1\n",
    ],
)
def test_the_exceptions_line_is_the_reason(log: str) -> None:
    """A launcher's banner, other ranks, footers, warnings and bars hide no exception, the last of a chain."""
    assert SHAPE == reason_line(log).text


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (
            "start\nbench: bench.c:12: main: Assertion `n > 0' failed.\nAborted (core dumped)\n",
            "bench: bench.c:12: main: Assertion `n > 0' failed.",
        ),
        (
            "1.0\nSegmentation fault (core dumped)\nmake: *** [run] Error 139\n",
            "Segmentation fault (core dumped)",
        ),
        (
            "bench.c:3:5: error: expected ';' before 'return'\n    3 | x\n",
            "bench.c:3:5: error: expected ';' before 'return'",
        ),
        ("error: no such file\nbye\n", "error: no such file"),
        (
            "terminate called after throwing an instance of 'std::runtime_error'\n  what():  no room\n",
            "what():  no room",
        ),
        (
            "Fatal Python error: Segmentation fault\n\nThread 0x1:\n  File x\n",
            "Fatal Python error: Segmentation fault",
        ),
        (
            '  File "train.py", line 3\n    x = \n        ^\nSyntaxError: invalid syntax\n',
            "SyntaxError: invalid syntax",
        ),
        (
            f'{HEAD}  File "a.py", line 1\n    assert n > 0\nAssertionError\n',
            "AssertionError at assert n > 0",
        ),
        ("step 1\nit broke\n", "it broke"),
        (COMPILED + DYNAMO, DENIED),
        (f"{CUT}\n{DYNAMO}", CUT.splitlines()[1]),
        ("validation error: 0.25\nit broke\n", "it broke"),
        (f"it broke\n{WANDB}{'=' * 40}\n", "it broke"),
        ("", ""),
    ],
)
def test_programs_of_other_languages_and_no_error_at_all(log: str, line: str) -> None:
    """An assertion, a fault, a compiler's error, else the last line that says anything."""
    assert line == reason_line(log).text


def test_the_context_is_around_the_error() -> None:
    """Of a long log as many characters as were asked for, and the whole traceback among them."""
    log = "step\n" * 20_000 + TRACE + TORCHRUN * 20
    shown = around(log, 12_000)
    assert 12_000 == len(shown)
    assert TRACE in shown
    assert "step\n" * 100 in shown
    assert log[-500:] == around("x" * 9000 + log[-500:], 500)


def test_an_agent_sees_the_error_and_not_the_end_alone(tmp_path: Path) -> None:
    """The prompt about a crash has 12,000 characters of the log, where the history has the last 4 KiB."""
    paths = RunPaths(home=tmp_path, folder=tmp_path / "mar8-r001")
    anything: Any = None
    prompting = Prompting(paths=paths, git=anything, jobs=RealJobs())
    log = "step\n" * 5000 + TRACE + BANNER * 4
    one = Iteration(
        number=3, base_commit="b", next_stage="triage", since="", trainings=2, log_tail=log[-4096:]
    )
    assert SHAPE not in one.log_tail
    assert one.log_tail == prompting._log_of_crash(RunState(), one)
    output = paths.job(3, "train", 2).output
    output.parent.mkdir(parents=True)
    output.write_text(log)
    shown = prompting._log_of_crash(RunState(), one)
    assert LOG_LIMIT == len(shown)
    assert SHAPE in shown
