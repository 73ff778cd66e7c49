"""Run a program of ours and kill it, by SIGKILL, at its N-th instant: `crash_shim.py HOME FOLDER`.

With a folder it is the background runner of that run, with `repair` or `fork` behind it a repair or a fork of
it; without a folder it is a `start` that launches nothing.

An instant is right before each call that writes, syncs, renames, deletes, locks or starts something, in
the middle of each write, and right after each start. CRASH_AT is the number; CRASH_NOTE a file that gets
what was about to happen, or every instant where CRASH_AT is -1; CRASH_JOB (as 0001/train.1) takes the
supervisor of that job instead of the runner.
"""
# ruff: noqa: PLC0415, PTH100, PTH120 - a supervisor that imports what it does not need is not the one that is tested

import os
import sys


ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
AUDITED = frozenset(
    (
        *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.utime", "os.truncate", "os.link"),
        *("os.symlink", "os.fork", "os.exec", "os.posix_spawn", "os.kill", "os.killpg", "subprocess.Popen"),
        "fcntl.flock",
    )
)
SUPERVISE = f"import sys; sys.path.append({ROOT!r}); from tests.crash_shim import supervise; supervise()"


class Instants:
    """Counts the instants of this process, and ends it at one of them."""

    def __init__(self):
        self.at = int(os.environ["CRASH_AT"])
        self.note = os.open(os.environ["CRASH_NOTE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.count = 0
        self.pid = os.getpid()
        self.write = os.write

    def comes(self, what):
        """Live through an instant, or die."""
        if os.getpid() != self.pid:
            return
        now, self.count = self.count, self.count + 1
        if self.at in (-1, now):
            self.write(self.note, f"{now} {what}\n".encode(errors="replace"))
        if now == self.at:
            os.kill(self.pid, 9)

    def watch(self):
        """Begin to count."""
        sys.addaudithook(self._heard)
        for name in ("write", "pwrite"):
            setattr(os, name, self._torn(name, getattr(os, name)))
        for name in ("fsync", "fdatasync"):
            setattr(os, name, self._before(name, getattr(os, name)))

    def after(self, what, act):
        def acted(*args, **more):
            done = act(*args, **more)
            self.comes(f"after {what}")
            return done

        return acted

    def _heard(self, event, args):
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
            self.comes(f"open {args[0]}")
        elif event in AUDITED and not (event == "os.kill" and args[0] == self.pid):
            self.comes(f"{event} {str(args[:2])[:200]}")

    def _before(self, what, act):
        def acted(*args):
            self.comes(what)
            return act(*args)

        return acted

    def _torn(self, what, act):
        def acted(fd, data, *place):
            self.comes(what)
            if self.count == self.at and len(data) > 1:
                act(fd, memoryview(data)[: len(data) // 2], *place)
            self.comes(f"half a {what}")
            return act(fd, data, *place)

        return acted


def run(home, folder):
    """Be the background runner of a run."""
    import subprocess
    from pathlib import Path

    import autoresearch.engine.loop.assembly  # what is imported later would be counted too
    from autoresearch.engine.jobs import launcher
    from autoresearch.projections.words import event_text
    from autoresearch.workflows import background

    assert autoresearch.engine.loop.assembly
    assert event_text
    if "CRASH_JOB" in os.environ:
        launcher._SUPERVISE = ("-S", "-E", "-c", SUPERVISE)
    else:
        instants = Instants()
        subprocess.Popen.__init__ = instants.after("starting", subprocess.Popen.__init__)
        instants.watch()
    sys.exit(background.main(Path(home), Path(folder)))


def begin(home):
    """Be a start that asks for one loop."""
    import subprocess
    from pathlib import Path

    from autoresearch.engine.control.requests import StartOptions
    from autoresearch.engine.control.start import start
    from autoresearch.engine.git.repository import RealGit

    git, asked = RealGit(Path(home)), StartOptions(loops=1, stochastic=False)
    instants = Instants()
    subprocess.Popen.__init__ = instants.after("starting", subprocess.Popen.__init__)
    instants.watch()
    start(Path(home), asked, git=git, version="test")


def repair(home, folder):
    """Be a repair of a run."""
    import subprocess
    from pathlib import Path

    from autoresearch.engine.control.repair import repair
    from autoresearch.engine.git.repository import RealGit
    from autoresearch.engine.jobs.launcher import RealJobs
    from autoresearch.engine.paths import RunPaths

    git, paths = RealGit(Path(home)), RunPaths(home=Path(home), folder=Path(folder))
    instants = Instants()
    subprocess.Popen.__init__ = instants.after("starting", subprocess.Popen.__init__)
    instants.watch()
    repair(paths, git, RealJobs())


def fork(home, folder):
    """Be a fork of a run, as it stands."""
    import subprocess
    from pathlib import Path

    from autoresearch.engine.control.fork import fork
    from autoresearch.engine.git.repository import RealGit
    from autoresearch.engine.paths import RunPaths

    git, paths = RealGit(Path(home)), RunPaths(home=Path(home), folder=Path(folder))
    instants = Instants()
    subprocess.Popen.__init__ = instants.after("starting", subprocess.Popen.__init__)
    instants.watch()
    fork(Path(home), paths, git, at=None, branch=None, version="test")


def supervise():
    """Be the supervisor of a job; die where it is the one that shall."""
    from autoresearch.engine.jobs import supervisor

    if sys.argv[1].endswith(os.environ["CRASH_JOB"]):
        instants = Instants()
        os.posix_spawn = instants.after("spawning", os.posix_spawn)
        instants.watch()
    supervisor.main()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.path[:1] = [f"{ROOT}/src", ROOT]
    home, *folder = sys.argv[1:]
    named = {"repair": repair, "fork": fork}
    (named[folder[1]] if folder[1:] else run if folder else begin)(home, *folder[:1])
