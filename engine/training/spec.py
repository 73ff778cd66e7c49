"""How a training is started: its command, what it finds in its environment, and the place that it takes.

What a training gets, and what it may leave, is docs/training.md. Starts nothing itself.
"""

from pathlib import Path

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.metrics.by_name import mark_of
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.sealing.own_code import python_path
from autoresearch.engine.system import landlock
from autoresearch.engine.system.interpreter import surroundings, with_interpreter
from autoresearch.events.setting import guard_argv, with_seed
from autoresearch.events.settings import RunConfig


# Measured on two shared cores (2026-11): spinning threads cost a factor of three beside another job, and
# glibc's mmap of each large tensor a factor of 1.4; the results are bit-identical.
FAST_ON_CPU = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
}

NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}  # two candidates of one second and one size would share it
CACHE = "PYTHONPYCACHEPREFIX"  # where the baseline writes it: what it imported shows there
COMPILED = "TRITON_CACHE_DIR"  # what torch.compile makes for a card

CPU = "cpu"  # the device of a machine without cards, and of settings that want none


@frozen(kw_only=True)
class Training:
    """One training that is to be started."""

    run_id: str
    home: Path  # the user's repository
    iteration: int
    training: int
    slot: int
    device: str  # as CUDA_VISIBLE_DEVICES names it, or "cpu"
    commit: str
    job: Path  # its folder
    checkout: Path  # where the commit's files stand
    deadline_s: float
    places: tuple[str, ...]  # on its device
    python: tuple[str, ...] = ()  # what `{python}` stands for; none: the runner's own
    python_path: tuple[str, ...] = ()  # folders of the checkout that go before all others
    seed: int | None = None  # None: it is told none


def training_spec(config: RunConfig, one: Training) -> JobSpec:
    """Return how a training is run."""
    command = with_seed(with_interpreter(config.train, one.python), one.seed)
    metric = config.metric
    return JobSpec(
        writable=writable(config, one),
        name=f"training {one.iteration}.{one.training} of {one.run_id} in {one.home}",
        command=command,
        cwd=str(one.checkout.absolute()),
        env=surroundings(command, one.home, one.python) | environment(config, one),
        deadline_s=one.deadline_s,
        log_limit_bytes=int(config.log_limit_mb * 2**20),
        places=one.places,
        result_grace_s=config.exit_grace_s,
        result_marks=() if metric.file else (metric.pattern or mark_of(metric.name),),
        result_files=_written_last(config, one),
    )


def holdout_spec(config: RunConfig, one: Training, left: Path) -> JobSpec:
    """Return how what a training left is scored on the holdout: as it would be evaluated."""
    evaluated = evaluation_spec(replace(config, evaluate=config.holdout), one, left)
    return replace(evaluated, name=evaluated.name.replace("evaluation", "look at the holdout", 1))


def guard_spec(config: RunConfig, one: Training, guard: str, left: Path) -> JobSpec:
    """Return how the command of a guard is run: as an evaluation, but for the result that it would print."""
    evaluated = evaluation_spec(replace(config, evaluate=guard_argv(guard)), one, left)
    name = evaluated.name.replace("evaluation", "guard", 1)
    return replace(evaluated, name=name, result_marks=(), result_files=())


def _written_last(config: RunConfig, one: Training) -> tuple[str, ...]:
    own = [one.checkout / config.metric.file, one.job / config.metric.file] if config.metric.file else []
    return tuple(str(path.absolute()) for path in (JobPaths(one.job).result, *own))


def evaluation_spec(config: RunConfig, one: Training, left: Path) -> JobSpec:
    """Return how what a training left, in its job's folder, is evaluated: as it was trained, and where."""
    as_trained = training_spec(config, one)
    command = with_interpreter(config.evaluate, one.python)
    env = {name: value for name, value in as_trained.env.items() if name != CACHE}
    env |= surroundings(command, one.home, one.python)
    return replace(
        as_trained,
        name=as_trained.name.replace("training", "evaluation", 1),
        command=command,
        env=env | NO_BYTECODE | {"AUTORESEARCH_TRAIN_DIR": str(left.absolute())},
    )


def writable(config: RunConfig, one: Training) -> tuple[str, ...] | None:
    """Return the paths beneath which a training may write; None: anywhere, or this kernel cannot hold it."""
    if not config.holds_trainings or not landlock.version():
        return None
    own = [one.checkout, one.job, Path("~/.cache").expanduser(), Path("/dev")]
    if one.device != CPU:
        own.append(Path("/proc"))  # CUDA names its threads there (task/*/comm), and does not start without
    named = (one.home / Path(path).expanduser() for path in config.training_writes)
    return tuple(str(path.absolute()) for path in (*own, *named))


def environment(config: RunConfig, one: Training) -> dict[str, str]:
    """Return what is added to the environment of a training; the settings' own `env` has the last word."""
    env = {
        **FAST_ON_CPU,
        **_device(one.device, named=one.device in config.devices),
        "PYTHONUNBUFFERED": "1",
        **(NO_BYTECODE if one.iteration else {CACHE: str(JobPaths(one.job).bytecode.absolute())}),
        "AUTORESEARCH_RUN": one.run_id,
        "AUTORESEARCH_ITERATION": str(one.iteration),
        "AUTORESEARCH_ATTEMPT": str(one.training),
        "AUTORESEARCH_SLOT": str(one.slot),
        "AUTORESEARCH_COMMIT": one.commit,
        "AUTORESEARCH_JOB_DIR": str(one.job.absolute()),
    }
    if config.training_budget:
        env["AUTORESEARCH_BUDGET"] = config.training_budget
    if config.holds_trainings:
        temporary = JobPaths(one.job).temporary.absolute()
        env["TMPDIR"] = str(temporary)
        env[COMPILED] = str(temporary / "triton")  # by itself in the home, where it may not write
    if one.seed is not None and config.seed_env:
        env[config.seed_env] = str(one.seed)
    return env | config.env | python_path(one.python_path, one.checkout, config.env)


def _device(name: str, *, named: bool) -> dict[str, str]:
    """Return what lets a training see its own card alone, counted as nvidia-smi counts them.

    Where the settings name the CPU, it sees none; where no card was found, it is told nothing.
    """
    if name == CPU:
        return {"CUDA_VISIBLE_DEVICES": ""} if named else {}
    return {"CUDA_VISIBLE_DEVICES": name, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
