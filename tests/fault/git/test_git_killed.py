"""Git, and whoever called it, killed at random instants."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from autoresearch.engine.git.repository import RealGit


ROUNDS = 8
WORK = """
import sys, itertools
from pathlib import Path
from autoresearch.engine.git.repository import RealGit
git, folder = RealGit(Path(sys.argv[1])), Path(sys.argv[2])
start = git.resolve("main")
print(flush=True)
for number in itertools.count():
    git.ensure_worktree(folder, start)
    git.reset(folder, start)
    (folder / "train.py").write_text(f"A = {sys.argv[3]}{number}\\n")
    commit = git.commit(folder, base=start, message=f"set {number}").hash
    git.set_ref(f"refs/autoresearch/x/{sys.argv[3]}{number}", commit, old=None)
    if number % 3 == 2:
        __import__("shutil").rmtree(folder)
"""


def children(pid: int) -> list[int]:
    """Return the processes that this one started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_any_instant_is_survived(tmp_path: Path) -> None:
    """Wherever git is killed in a candidate's making, the next call goes on and no commit is lost."""
    top = tmp_path / "repo"
    top.mkdir()
    (top / "train.py").write_text("A = 1\n")
    (top / ".gitignore").write_text("run\n")
    who = ("-c", "user.name=user", "-c", "user.email=user@localhost")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "start")):
        subprocess.run(["git", *command], cwd=top, check=True)
    folder = top / "run" / "worktree"
    git = RealGit(top)
    start = str(git.resolve("main"))
    dice = random.Random(5)  # noqa: S311 - instants, not secrets
    for number in range(ROUNDS):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORK, str(top), str(folder), str(number + 1)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(dice.uniform(0.0, 0.12))
        victims = [*children(worker.pid)] if number % 2 else []
        worker.kill()
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
        worker.wait()
        worker.stdout.close()

        git.ensure_worktree(folder, start)
        git.reset(folder, start)
        assert git.changes(folder, start).files == ()
        (folder / "train.py").write_text(f"A = {number}.5\n")
        commit = git.commit(folder, base=start, message="after").hash
        assert git.show(commit, "train.py") == f"A = {number}.5\n".encode()
    done = subprocess.run(["git", "fsck", "--no-dangling"], cwd=top, check=True, capture_output=True)
    assert b"missing" not in done.stdout + done.stderr
