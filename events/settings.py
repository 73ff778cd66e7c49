"""All settings of a run, each defined once: type, default, meaning, what it may hold, whether it decides.

A result may be compared with another only where the settings that decide agree. Reading them from a file is
engine/runs/settings.py; the page docs/config.md is made of the meanings here. Pure.
"""

import re
from typing import ClassVar

from attrs import frozen

from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.setting import (
    AGENTS,
    BY_STEP,
    GUARD,
    PYTHON,
    SEED,
    above_zero,
    all_inside,
    amount,
    are_named,
    by_step,
    is_guard,
    is_inside,
    one_of,
    setting,
)
from autoresearch.events.values import COMPARED, CONDITIONS


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

ANYWHERE = "/"  # in agent_writes
PLACES = "paths, absolute, from ~, or relative to the repository"
INSIDE = "paths relative to the repository, without .."


@frozen(kw_only=True)
class RunConfig:
    """All settings of a run, as `[tool.autoresearch]` of pyproject.toml gives them."""

    VALUE_VERSION: ClassVar[int] = 4
    train: tuple[str, ...] = setting(
        (PYTHON, "train.py"),
        f"The training command, a list or one string; `{PYTHON}` is your project's interpreter.",
        holds=bool,
        expected="a command",
        decides=True,
    )
    python: tuple[str, ...] = setting(
        (),
        f"What `{PYTHON}` stands for; empty: uv's where uv.lock or [tool.uv] is there, else `.venv` or `venv`"
        " of the repository, the active environment, conda's, poetry's; else autoresearch's own.",
        holds=are_named,
        expected="a program, and words that go before what it runs",
    )
    evaluate: tuple[str, ...] = setting(
        (),
        "The command that scores what a training left, in a process of its own; its number decides.",
        decides=True,
    )
    evaluate_timeout_s: float = above_zero(
        600.0, "Seconds after which an evaluation, or a guard's command, is ended."
    )
    evaluate_tolerance: float = amount(
        0.01,
        "By which part of it the number that a training printed may differ from the evaluation's.",
        decides=True,
    )
    prepare: tuple[str, ...] = setting(
        (PYTHON, "prepare.py"), "The command that prepares data; empty where there is nothing to prepare."
    )
    check: tuple[str, ...] = setting(
        (PYTHON, "prepare.py", "--check"),
        "The command that says whether data is ready (exit code 0); empty where nothing needs checking.",
    )
    editable: tuple[str, ...] = setting(
        ("train.py",),
        "What a change may touch: files, folders, or patterns (`src/**/*.py`), and new files in these.",
        holds=lambda paths: bool(paths) and all_inside(paths),
        expected=f"at least one file; {INSIDE}",
    )
    protected: tuple[str, ...] = setting(
        ("prepare.py", "program.md"),
        "The files that must be there and must not change.",
        holds=all_inside,
        expected=INSIDE,
    )
    shared: tuple[str, ...] = setting(
        (),
        "What git does not know in your checkout and a training reads, as data or a .env: it gets links.",
        holds=all_inside,
        expected=INSIDE,
    )
    kept: tuple[str, ...] = setting(
        (),
        "Files and folders of a training's checkout that one may leave to the next, as a compile cache.",
        holds=all_inside,
        expected=INSIDE,
    )
    artifacts: tuple[str, ...] = setting(
        (),
        "Patterns of files that a training leaves in its checkout or its job's folder and that are kept.",
        holds=all_inside,
        expected=INSIDE,
    )
    artifacts_newest: int = amount(
        2,
        "Of so many of the newest iterations, beside the best's, artifacts are kept.",
    )
    inputs: tuple[str, ...] = setting(
        (),
        "Files and folders outside the checkout that results hang on; hashed, and watched while it trains.",
        holds=are_named,
        expected=PLACES,
    )
    guidance_file: str = setting(
        "program.md",
        "The file that tells an agent what is worth trying.",
        holds=lambda path: not path or is_inside(path),
        expected="a relative path",
    )
    metric: MetricSpec = MetricSpec()
    metrics: tuple[str, ...] = setting(
        (),
        "Names of other numbers that a training prints, which are recorded beside the metric.",
        holds=are_named,
        expected="names",
    )
    guards: tuple[str, ...] = setting(
        (),
        "What has to hold for a candidate to be kept: a number within its bound (`peak_vram_mb < 60000`), or"
        " a command that exits with 0 in its checkout (`tests: pytest -q`); a baseline that fails one"
        " pauses the run.",
        holds=lambda guards: all(map(is_guard, guards)),
        expected="a name, one of < <= > >=, and a number; or a name, a colon and a command",
    )
    compare_on: tuple[str, ...] = setting(
        COMPARED,
        "The conditions, of those below, in which two results have to agree to be compared.",
        holds=lambda names: set(names) <= CONDITIONS.keys(),
        expected=f"names of {', '.join(CONDITIONS)}",
        decides=True,
    )
    keep_rule: str = setting("climb", "When a candidate is kept.")  # the rules: engine/verdicts/keep_rules.py
    seed_env: str = setting(
        "",
        "The environment variable that a training reads its seed from; what is compared has the same seed."
        " A script that has an option for it gets it in the command: `--seed={seed}`.",
        holds=lambda name: not name or bool(_VARIABLE.fullmatch(name)),
        expected="a name of letters, digits and _",
        decides=True,
    )
    noise: float = amount(
        0.0, "By how much trainings of the same code differ, a standard deviation; 0: the baseline shows it."
    )
    baseline_repeats: int = amount(
        0,
        "Under how many seeds the baseline is trained; 0: 3, from 60 loops on 5, where the rule asks for it.",
    )
    final: int = amount(
        3, "On how many fresh seeds best and baseline are compared when no loop is left; 0: on none."
    )
    holdout: tuple[str, ...] = setting(
        (),
        "The command that scores best and baseline, as the final trained them, on documents of no other use: "
        "as `evaluate`, once a run, and nothing is decided by it.",
    )
    consolidate: int = amount(0, "Fresh seeds on which each keep is compared with the one before; 0: none.")
    most_spent: float = amount(
        0.0,
        "By how many times the best's wall or CPU seconds a training may exceed them and be kept; 0: any.",
    )
    stop_losers: float = amount(
        0.0,
        "How far a training's loss may lie above its base's at the same point, past 30 % of the budget, "
        "before it is ended; 0: any.",
    )
    training_budget: str = setting(
        "", "Given to the training as AUTORESEARCH_BUDGET; empty leaves it its own default.", decides=True
    )
    expected_s: float = above_zero(300.0, "Seconds a training is expected to take at most.")
    timeout_s: float = amount(
        0.0,
        "Seconds after which a training is ended; 0 is twice `expected_s` plus 300 for starting up.",
    )
    prepare_timeout_s: float = above_zero(3600.0, "Seconds after which preparing data is ended.")
    exit_grace_s: float = amount(
        60.0,
        "Seconds without output and CPU use after which a training whose result is there is ended, and"
        " counted; 0: at its deadline, and not counted.",
    )
    count_killed_at_exit: bool = setting(
        False,  # noqa: FBT003
        "Whether a training counts that a fault in its own program (SIGSEGV, SIGABRT …) ends with its result"
        " printed.",
    )
    agent: str | tuple[str, ...] = setting(
        "auto",
        "The agent that proposes and applies: auto, opencode, codex, claude, gemini, aider, custom or none;"
        " or a list of them that take turns, with `search` where the search has its turn, too. A name may"
        " say the model: `codex:gpt-5.5`.",
        holds=bool,
        expected="a name, or a list of names",
    )
    agent_turns: str = one_of(
        ("round-robin", "by-gain"),
        "Who of several proposes next: round-robin, who was asked longest ago; or by-gain, who promises most"
        " gain for the money, by what each has gained and cost so far.",
    )
    device_hour_usd: float = amount(
        2.0, "What an hour of a device costs, in USD: part of what an idea costs, where turns go by gain."
    )
    agent_command: tuple[str, ...] = setting(
        (), "An agent of your own: a command that reads the prompt on its standard input."
    )
    agent_mode: str = one_of(
        ("plan", "edit"),
        "How an agent makes a change: plan, in two calls, of which one proposes and one edits; or edit, in"
        " one that edits and says what it did.",
    )
    agent_model: str | dict[str, str] = setting(
        "",
        f"The model the agent is asked to use, or a table of them ({BY_STEP}); empty leaves it its own.",
        holds=by_step,
        expected=f"a name, or a table by {BY_STEP}",
    )
    agent_args: tuple[str, ...] | dict[str, tuple[str, ...]] = setting(
        (),
        f"More words for the agent's command line, or a table of such lists ({BY_STEP}).",
        holds=by_step,
        expected=f"a list, or a table by {BY_STEP}",
    )
    agent_timeout_s: float = above_zero(3600.0, "Seconds after which an agent is ended.")
    agent_idle_s: float = amount(
        600.0,
        "Seconds without output and without CPU use after which an agent is ended.",
    )
    agent_writes: tuple[str, ...] = setting(
        (),
        "Where an agent may write beside its checkout, its TMPDIR and its program's own files in your home; "
        f"`{ANYWHERE}` is anywhere.",
        holds=are_named,
        expected=PLACES,
    )
    training_writes: tuple[str, ...] = setting(
        (),
        "Where a training that is evaluated may write beside its checkout, its job's folder, its TMPDIR and "
        f"~/.cache; `{ANYWHERE}` is anywhere. One that is not evaluated may write anywhere; but what "
        "`shared` names and this does not, it may only read.",
        holds=are_named,
        expected=PLACES,
    )
    when_agent_fails: str = one_of(
        ("search", "pause"),
        "What a failing agent means: search, which proposes until the agent is asked again after a wait; or"
        " pause, of the run, after `agent_failures` in a row.",
    )
    agent_failures: int = above_zero(
        3, "So many failures of an agent in a row pause the run, where `when_agent_fails` is pause."
    )
    ask_wait_s: float = amount(
        0.0, "Seconds that nothing new is proposed after an agent's question; 0: the run does not wait."
    )
    backlog: int = amount(
        50, "So many ideas for later may be open, which agents leave with what results taught; 0: none."
    )
    review: str = one_of(
        ("off", "before-training", "before-keep"),
        "Whether a second agent reviews each candidate, before it is trained or before it is kept, and may"
        " veto it.",
    )
    review_agent: str = setting(
        "",
        "The agent that reviews: " + ", ".join(AGENTS) + "; empty: the one that proposes, in a session of its"
        " own.",
        holds=lambda name: name in ("", *AGENTS),
        expected="empty, or one of " + ", ".join(AGENTS),
    )
    review_model: str = setting(
        "", "The model the reviewer is asked to use; empty: what `agent_model` says, else its own."
    )
    review_when_unavailable: str = one_of(
        ("go-on", "wait"),
        "What a review that cannot be had means: go-on without it, which is recorded; or wait until it can.",
    )
    approve: str = one_of(
        ("none", "human"),
        "Whether a human approves or vetoes what would be kept, before it is.",
    )
    approve_wait_s: float = amount(
        3600.0, "Seconds that a candidate waits for a human's word; 0: as long as it takes."
    )
    not_approved: str = one_of(
        ("discard", "keep"), "What becomes of a candidate about which nobody said a word in that time."
    )
    fix_attempts: int = amount(2, "How often an agent may mend a crashed candidate.")
    seed: int = setting(0, "The seed of the search that proposes where no agent does.")
    devices: tuple[str, ...] = setting(
        (),
        "The devices to train on, as CUDA_VISIBLE_DEVICES names them; empty: all that nvidia-smi lists.",
        holds=lambda names: all(_NAME.fullmatch(name) for name in names),
        expected="names of letters, digits, . _ -",
    )
    slots: int = amount(
        0, "Trainings at once, each in a checkout of its own, dealt out over the devices; 0: one a device."
    )
    prefetch: int = amount(
        1, "Iterations that are prepared while another one trains; 0: none. What was asked for goes first."
    )
    device_lock: str = setting(
        "auto",
        "What trainings of all runs wait for: auto (this machine's devices), a name of your own, or none.",
        holds=lambda name: bool(_NAME.fullmatch(name)),
        expected="a name of letters, digits, . _ -",
    )
    log_limit_mb: float = above_zero(
        64.0,
        "Megabytes of a job's output that are kept; beyond it, its head and its tail.",
    )
    env: dict[str, str] = setting({}, "Environment variables added to a training.", decides=True)

    @property
    def guarded(self) -> tuple[str, ...]:
        """Return the names of the numbers that guards look at."""
        return tuple(found["name"] for guard in self.guards if (found := GUARD.fullmatch(guard)))

    @property
    def guard_commands(self) -> tuple[str, ...]:
        """Return the guards that are commands, as they are written."""
        return tuple(guard for guard in self.guards if not GUARD.fullmatch(guard))

    @property
    def also_read(self) -> tuple[str, ...]:
        """Return the names of the numbers that are recorded beside the metric."""
        return tuple(dict.fromkeys((*self.metrics, *self.guarded)))

    @property
    def is_seeded(self) -> bool:
        """Say whether a training is told its seed: by a variable, or in its command."""
        return bool(self.seed_env) or any(SEED in word for word in self.train)

    @property
    def holds_trainings(self) -> bool:
        """Say whether trainings may write in places of their own alone: an evaluation is to be believed."""
        return bool(self.evaluate) and ANYWHERE not in self.training_writes

    @property
    def deadline_s(self) -> float:
        """Return the seconds after which a training is ended."""
        startup_s = 300.0  # importing torch and compiling a model, generously
        return self.timeout_s or 2 * self.expected_s + startup_s
