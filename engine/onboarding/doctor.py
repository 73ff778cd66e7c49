"""What a run in this repository, on this machine, would meet: each thing looked at, and nothing changed.

A finding is a code and its fields; its sentence and the way out are said where it is shown.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import field, frozen

from autoresearch.engine.control.launch import cannot_stay
from autoresearch.engine.control.start_point import unpulled
from autoresearch.engine.metrics import metric_file
from autoresearch.engine.metrics.metric import NUMBER, MetricReader
from autoresearch.engine.onboarding.init import printed_in, value_in
from autoresearch.engine.onboarding.trial import TrialGit, Trials
from autoresearch.engine.paths import METRIC, RunPaths
from autoresearch.engine.ports.jobs import Finished, JobOutput, Lost, Running
from autoresearch.engine.proposals.drop_folder import Bell
from autoresearch.engine.proposals.editable import files_at
from autoresearch.engine.runs.catalogue import latest_run
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.settings import load_config, settings_given
from autoresearch.engine.search.knobs import knobs, only_printed
from autoresearch.engine.system import disk, landlock
from autoresearch.engine.system.gpu import CardsUnknown, gpu_cards, gpu_names
from autoresearch.engine.system.interpreter import Interpreter, look_for
from autoresearch.engine.system.processes import run_command
from autoresearch.engine.training.spec import CPU
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError, InvalidInput, WayOut
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason


# fail: a run would not begin, or be untrue; info: so it is, and nobody has to do anything
State: TypeAlias = Literal["ok", "info", "warn", "fail"]

ASKED_WITHIN_S = 20.0
FEW = 5  # paths that are named
OLDEST_GIT = (2, 31)
LITTLE_ROOM = 2**30  # bytes
MOST_SKEW_S = 2.0
BUILT = 1_760_000_000  # seconds since 1970, in 2025: a clock before that was never set
MOST_LOG = 8 * 2**20


@frozen(kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str  # git, settings, interpreter, imports, data, metric, disk, devices, agent, sandbox ...
    state: State
    code: str
    inputs: dict[str, object] = field(factory=dict)
    reason: Reason | None = None


def look(trials: Trials, branch: str | None) -> Iterator[Finding]:
    """Yield what was found, in the order in which a run would meet it."""
    home = trials.home
    commit = trials.git.resolve("HEAD") or ""
    yield _git(home, commit, branch)
    if (refusal := cannot_stay()) is not None:
        assert isinstance(refusal.remedy, WayOut)  # as it is made
        told: dict[str, object] = {"said": str(refusal), **refusal.remedy.fields}
        yield Finding(check="runner", state="fail", code="runner_cannot_stay", inputs=told)
    try:
        file, given = settings_given(home)
        config = load_config(home)
    except InvalidInput as error:
        remedy = error.remedy if isinstance(error.remedy, str) else ""
        wrong: dict[str, object] = {"said": str(error), "remedy": remedy}
        yield Finding(check="settings", state="fail", code="settings_wrong", inputs=wrong)
    else:
        code = "settings" if given else "settings_none"
        inputs: dict[str, object] = {"file": file.name, "count": len(given)}
        yield Finding(check="settings", state="ok" if given else "warn", code=code, inputs=inputs)
        yield from _under(config, trials, commit, branch)
    yield from _elsewhere(home, trials.git, commit)
    yield _disk(home)
    yield _sandbox()
    yield _notifications(home)
    yield _clock(home)


def _under(config: RunConfig, trials: Trials, commit: str, branch: str | None) -> Iterator[Finding]:
    """Yield what hangs on the settings."""
    python = look_for(trials.home, config.python)
    try:
        checked = trials.setup(config, commit)
    except AutoresearchError as error:
        yield Finding(check="data", state="warn", code="checkout_none", inputs={"said": str(error)})
    else:
        yield from _setup(python, checked)
    yield _metric(trials, config, branch)
    yield _search(trials, config, commit)
    yield _devices(config)


def _search(trials: Trials, config: RunConfig, commit: str) -> Finding:
    """Say which constants the seeded search would try, and which not."""
    found = files_at(commit, config, trials.git)
    files = {name: content.decode(errors="replace") for name, content in found.items()}
    tried = tuple(one.name for one in knobs(files, train=config.train))
    printed = only_printed(files, train=config.train)
    inputs: dict[str, object] = {"tried": _few(tried), "printed": _few(printed)}
    code = "search_leaves_out" if printed else "search" if tried else "search_knows_none"
    return Finding(check="search", state="info" if printed or not tried else "ok", code=code, inputs=inputs)


def _git(home: Path, commit: str, branch: str | None) -> Finding:
    done = run_command.run(["git", "--version"], cwd=home, timeout_s=ASKED_WITHIN_S)
    said = done.stdout.decode(errors="replace").split()
    version = next((word for word in said if word[:1].isdigit()), "")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    inputs: dict[str, object] = {
        "version": version,
        "commit": commit,
        "branch": branch or "",
        "home": str(home),
    }
    is_old = numbers < OLDEST_GIT
    return Finding(
        check="git", state="fail" if is_old else "ok", code="git_old" if is_old else "git", inputs=inputs
    )


def _setup(python: Interpreter, checked: ev.SetupChecked) -> Iterator[Finding]:
    """Yield what a clean checkout told: its interpreter, what that imports from where, and its data."""
    inputs: dict[str, object] = {
        "words": " ".join(python.words),
        "source": python.source,
        "named": python.named,
        "version": checked.versions.get("python", ""),
        "torch": checked.versions.get("torch", ""),
    }
    lacking = next((one for one in checked.missing if one.code == python.lacks), None)
    if lacking is not None:
        yield Finding(check="interpreter", state="fail", code="reason", reason=lacking, inputs=inputs)
    elif not checked.versions and not checked.missing:
        yield Finding(check="interpreter", state="info", code="interpreter_silent", inputs=inputs)
    else:
        yield Finding(check="interpreter", state="ok", code="interpreter", inputs=inputs)
    foreign = [one for one in checked.missing if one.code == "imported_from_elsewhere"]
    if foreign:
        yield from (Finding(check="imports", state="fail", code="reason", reason=one) for one in foreign)
    elif folders := [path for path in checked.libraries if Path(path).is_dir()]:  # the others are programs
        own = list(checked.python_path) or ["."]
        libraries = [path for path in folders if "-packages" in path] or folders
        told: dict[str, object] = {"own": own, "libraries": libraries}
        yield Finding(check="imports", state="ok", code="imports", inputs=told)
    others = [one for one in checked.missing if one not in foreign and one != lacking]
    state: State = "warn" if checked.preparable else "fail"
    code = "data_to_prepare" if checked.preparable else "reason"
    yield from (Finding(check="data", state=state, code=code, reason=one) for one in others)
    if not others and lacking is None:
        shared: dict[str, object] = {"shared": list(checked.shared), "data_id": checked.data_id or ""}
        yield Finding(check="data", state="ok", code="data", inputs=shared)


def _elsewhere(home: Path, git: TrialGit, commit: str) -> Iterator[Finding]:
    """Yield what the commit only points to, and a run's checkouts do not have."""
    submodules = list(git.lacking_submodules(commit))
    if submodules:
        yield Finding(check="submodules", state="warn", code="submodules", inputs={"paths": submodules})
    if pointers := git.unserved_pointers(commit):
        yield Finding(check="lfs", state="fail", code="lfs_pointers", inputs={"paths": _few(pointers)})
    elif pointers := unpulled(home, git, commit):
        yield Finding(check="lfs", state="warn", code="lfs_unpulled", inputs={"paths": _few(pointers)})


def _few(paths: tuple[str, ...]) -> list[str]:
    return [*paths[:FEW], f"{len(paths) - FEW} more"] if len(paths) > FEW else list(paths)


def _metric(trials: Trials, config: RunConfig, branch: str | None) -> Finding:
    """Say whether the newest log has the metric, and else which of its numbers could be meant."""
    found = latest_run(trials.home, branch)
    name = config.metric.name
    if found is None:
        return Finding(check="metric", state="info", code="metric_no_run", inputs={"name": name})
    best = load_run(found[0]).state.best if config.metric.file else None
    if best is not None:
        told = {"name": name, "run": found[0].run_id, "value": best.metric, "file": config.metric.file}
        return Finding(check="metric", state="ok", code="metric_in_file", inputs=told)
    if config.metric.file:
        return _metric_of_file(trials, config.metric, found[0])
    number, log = _newest_log(trials, found[0])
    inputs: dict[str, object] = {"name": name, "run": found[0].run_id, "iteration": number}
    if not log:
        return Finding(check="metric", state="info", code="metric_no_log", inputs=inputs)
    reader = MetricReader(config.metric)
    reader.feed(log)
    seen = reader.finish()
    if seen is not None and seen.value is not None:
        return Finding(check="metric", state="ok", code="metric", inputs=inputs | {"value": seen.value})
    others = [
        {"name": one.name, "line": one.line, "value": value_in(log, one.name)} for one in printed_in(log)[:5]
    ]
    return Finding(check="metric", state="fail", code="metric_none", inputs=inputs | {"others": others})


def _metric_of_file(trials: Trials, spec: MetricSpec, paths: RunPaths) -> Finding:
    """Say whether what the newest training left has the metric: the file that it wrote was taken from it."""
    key = spec.key or spec.name
    inputs: dict[str, object] = {"name": spec.name, "run": paths.run_id, "file": spec.file, "key": key}
    number, taken = _newest(trials, paths, lambda output: output.file(METRIC) or ())
    if not taken:
        number, log = _newest_log(trials, paths)
        code, state = ("metric_no_file", "fail") if log else ("metric_no_file_yet", "info")
        told = inputs | {"iteration": number}
        return Finding(check="metric", state=state, code=code, inputs=told)  # type: ignore[arg-type]  # of two
    said = metric_file.read(spec, spec.name, taken)
    told = inputs | {"iteration": number, "keys": said.keys or "nothing that can be read"}
    if said.text is None or not NUMBER.fullmatch(said.text):
        return Finding(check="metric", state="fail", code="metric_no_key", inputs=told)
    return Finding(
        check="metric", state="ok", code="metric_in_newest_file", inputs=told | {"value": float(said.text)}
    )


def _newest_log(trials: Trials, paths: RunPaths) -> tuple[int, bytes]:
    return _newest(trials, paths, lambda output: output.log())


def _newest(trials: Trials, paths: RunPaths, of: Callable[[JobOutput], Iterable[bytes]]) -> tuple[int, bytes]:
    """Return the end of what the newest training left that left any of it, and its iteration.

    One that runs, or was cut off, may not have come to its number; one that crashed says so by itself.
    """
    for number in range(load_run(paths).state.last_iteration, -1, -1):
        for training in range(9, 0, -1):
            end, job = b"", paths.job(number, "train", training).folder
            found = trials.jobs.look(job)
            if isinstance(found, Running | Lost) or (
                isinstance(found, Finished) and found.exit.exit_code != 0
            ):
                continue
            for piece in of(trials.jobs.output(job)):
                end = (end + piece)[-MOST_LOG:]
            if end:
                return number, end
    return 0, b""


def _disk(home: Path) -> Finding:
    trouble = disk.trouble(home)
    free = shutil.disk_usage(home).free
    inputs: dict[str, object] = {"free_gb": round(free / 2**30, 1), "home": str(home), "said": trouble}
    if trouble:
        return Finding(check="disk", state="fail", code="disk_trouble", inputs=inputs)
    little = free < LITTLE_ROOM
    return Finding(
        check="disk",
        state="warn" if little else "ok",
        code="disk_little" if little else "disk",
        inputs=inputs,
    )


def _devices(config: RunConfig) -> Finding:
    try:
        names = config.devices or gpu_names() or (CPU,)
        models = gpu_cards().models if names != (CPU,) else {}
    except CardsUnknown as error:
        return Finding(check="devices", state="fail", code="devices_unknown", inputs={"said": str(error)})
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    listed = [f"{name} ({models[name]})" if name in models else name for name in names]
    return Finding(check="devices", state="ok", code="devices", inputs={"devices": listed, "cores": cores})


def _sandbox() -> Finding:
    version = landlock.version()
    code, state = ("sandbox", "ok") if version else ("sandbox_none", "warn")
    return Finding(check="sandbox", state=state, code=code, inputs={"version": version})  # type: ignore[arg-type]  # of two


def _notifications(home: Path) -> Finding:
    bell = Bell(home)
    try:
        bell.watch([home])
        polls = bell.polls
    finally:
        bell.close()
    state: State = "warn" if polls else "ok"
    code = "notifications_none" if polls else "notifications"
    return Finding(check="notifications", state=state, code=code, inputs={"said": polls})


def _clock(home: Path) -> Finding:
    """Hold the time of day against that of the disk: a server's may be another."""
    probe = home / ".git"
    now = time.time()
    if now < BUILT:
        return Finding(check="clock", state="fail", code="clock_unset")
    newest = max((path.stat().st_mtime for path in (probe, home) if path.exists()), default=now)
    ahead = newest - now
    if ahead > MOST_SKEW_S:
        return Finding(check="clock", state="warn", code="clock_skew", inputs={"seconds": round(ahead, 1)})
    return Finding(check="clock", state="ok", code="clock", inputs={"zone": time.strftime("%Z")})
