"""What `doctor` found, a line each with the way out."""

from collections.abc import Iterable, Iterator, Mapping

from autoresearch.engine.onboarding.doctor import Finding
from autoresearch.engine.system.interpreter import Interpreter
from autoresearch.events.errors import WayOut
from autoresearch.projections.words.wording import FOUND, say, short
from autoresearch.workflows.pages.python import interpreter_line
from autoresearch.workflows.pages.ways_out import PULL_LFS, program, worded


MARKS = {"ok": "ok  ", "info": "-   ", "warn": "warn", "fail": "FAIL"}
# What was found, and the way out; "" where there is nothing to do.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "git": ("git {version}; {home} at {commit}{branch}", ""),
    "git_old": ("git {version} is too old: 2.31 is needed", "install a newer git"),
    "runner_cannot_stay": ("{said}", "{install_or_stay}"),
    "settings": ("{file}: {count} set", ""),
    "settings_none": (
        "none: the defaults serve a repository with train.py and prepare.py",
        "`{program} init`",
    ),
    "settings_wrong": ("{said}", "{remedy}"),
    "interpreter": ("{told}  {versions}", ""),
    "interpreter_silent": ("{told}; the training is no Python's, or cannot be asked", ""),
    "imports": ("{own} of the run's checkout first; packages from {libraries}", ""),
    "data": ("a clean checkout has all that it needs{shared}", ""),
    "data_to_prepare": ("{reason}; the command `prepare` runs first", ""),
    "submodules": (
        "{paths}: not here, and empty in a run's checkouts",
        "git submodule update --init --recursive",
    ),
    "lfs_pointers": (
        "{paths}: in git LFS, and git here has no such filter: trainings would read pointers",
        f"git lfs install && {PULL_LFS}",
    ),
    "lfs_unpulled": (
        "{paths}: in git LFS, and not pulled here: trainings may read pointers",
        PULL_LFS,
    ),
    "guard": ("{guard}: holds on the code as it stands, {seconds:.1f} s", ""),
    "guard_fails": (
        "{guard}: fails on the code as it stands, before any training: {reason}",
        "mend that first: a run pauses behind its baseline, and keeps no candidate on which it fails",
    ),
    "guard_not_run": (
        "the commands of guards could not be tried: {said}",
        "try again when nothing is at work",
    ),
    "checkout_none": (
        "no clean checkout could be looked at: {said}",
        "try again when nothing else is at work",
    ),
    "metric": ("{name} = {value:g} in the log of iteration {iteration} of {run}", ""),
    "metric_no_run": (
        "{name}; there is no run yet, so no log to look into",
        "`{program} start --loops 0` trains the code as it stands and shows it",
    ),
    "metric_in_file": ("{name} is read from {file}; the best of {run} has {value:g}", ""),
    "metric_in_newest_file": ("{name} is read from {file}; iteration {iteration} left {value:g} there", ""),
    "metric_no_file_yet": ("{name} is read from {file}, key {key}; no training of {run} has ended yet", ""),
    "metric_no_file": (
        "iteration {iteration} of {run} wrote no {file}, in its checkout or its job's folder",
        "set metric.file to what the script writes; one that lay there before the training does not count",
    ),
    "metric_no_key": (
        "{file} of iteration {iteration} of {run} has no number under {key}; it has {keys}",
        "set metric.key to one of these",
    ),
    "metric_no_log": (
        "{name} is looked for in what a training prints; no training of {run} has ended yet",
        "",
    ),
    "metric_none": (
        "the log of iteration {iteration} of {run} has no {name}; it has {others}",
        "set metric.name to one of these, or let the script print `{name}: VALUE`",
    ),
    "disk": ("{free_gb} GB free at {home}", ""),
    "disk_little": (
        "only {free_gb} GB free at {home}",
        "make room; `{program} clean RUN` removes a run's checkouts",
    ),
    "disk_trouble": ("{said}", "make room, or make it writable"),
    "search": ("the seeded search tries {tried}", ""),
    "search_leaves_out": (
        "the seeded search tries {tried}, and leaves out {printed}: only what is printed is made of it",
        "where that is wrong, put the comment `# tune` behind each that it may try",
    ),
    "search_knows_none": ("the seeded search knows no constants in the files that may be edited", ""),
    "devices": ("{devices}; {cores} CPU cores", ""),
    "devices_unknown": (
        "{said}",
        "see what `nvidia-smi` says; `devices` in the settings names them without it",
    ),
    "agent": ("{name} {version}, login in {login}{wanted}", ""),
    "agent_no_login": (
        "{name} {version}, no login found{wanted}",
        "log in: start `{name}` once; --ask tries it",
    ),
    "reviewer_missing": (
        "{name} is to review and not on PATH",
        'install it, or set another review_agent, or review = "off"',
    ),
    "agent_missing": (
        "{name} is wanted and not on PATH{instead}",
        'install it, or set agent = "none"',
    ),
    "agent_command": ("a command of your own; --ask tries it", ""),
    "agent_uncommitted": (
        "agent_command runs {file}, which is not in commit {commit}: a run calls it in a checkout of that",
        "commit it: git add {file} && git commit",
    ),
    "nobody_reviews": ("review = {review!r}, and no agent is asked for anything", "{name_reviewer}"),
    "agent_unknown": ("{said}", "correct `agent` in the settings"),
    "agent_none": ("none is asked: the seeded search proposes, and you can", "--agent of `start` names one"),
    "question": ("{name} answered: {said}", ""),
    "question_failed": ("{name} could not be asked: {said}", "try it by hand in this folder"),
    "sandbox": ("Landlock {version}: agents and evaluated trainings are held to their folders", ""),
    "sandbox_none": (
        "no Landlock: nothing holds an agent to its checkout",
        "a Linux kernel from 5.13 on has it",
    ),
    "notifications": ("the file system tells of changes", ""),
    "notifications_none": (
        "{said}: folders are looked at every second",
        "more: sysctl fs.inotify.max_user_instances",
    ),
    "clock": ("it agrees with the disk's; zone {zone}", ""),
    "clock_skew": (
        "the disk's is {seconds:g} s ahead of it",
        "set the clock by NTP: ages of files are compared",
    ),
    "clock_unset": ("the clock was never set", "set it by NTP"),
    "reason": ("{reason}", ""),
}


# Of a reason that keeps a run from training, by its code.
WAYS_OUT: Mapping[str, str] = {
    "not_in_commit": "`{program} init` writes the settings of a repository without it; or commit it",
    "shared_is_not_there": "make it, or take it out of `shared`",
    "imported_from_elsewhere": "uninstall it, or commit the module; docs/training.md says how code is found",
    "check_failed": "see what the command says by hand; check = [] where nothing needs checking",
    "check_not_run": "correct `check` in the settings; [] where nothing needs checking",
}


def doctor_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield a line for each finding, and one for its way out."""
    for one in findings:
        said, way_out = finding_words(one)
        yield f"{MARKS[one.state]}  {one.check:14} {said}"
        if way_out:
            yield f"{'':20} {way_out}"


def finding_words(one: Finding) -> tuple[str, str]:
    """Return what was found as a sentence, and the way out, "" for none."""
    fields = _fields(one)
    said, way_out = SENTENCES[one.code]
    if one.reason is not None:
        way_out = WAYS_OUT.get(one.reason.code, way_out)
    return said.format(**fields).rstrip(), way_out.format(**fields)


def verdict_line(findings: Iterable[Finding]) -> str:
    """Say whether a run could begin."""
    states = [one.state for one in findings]
    failed, warned = states.count("fail"), states.count("warn")
    if failed:
        return f"{failed} would stop a run, or make it untrue"
    return f"a run can begin{f'; {warned} to know of' if warned else ''}: `{program()} start --loops 10`"


def _fields(one: Finding) -> Mapping[str, object]:
    given = dict(one.inputs)
    fields: dict[str, object] = {
        **given,
        "program": program(),
        "reason": say(one.reason) if one.reason else "",
    }
    match one.code:
        case "git" | "git_old":
            branch = given["branch"]
            fields |= {
                "commit": short(str(given["commit"])),
                "branch": f" on {branch}" if branch else ", detached",
            }
        case "interpreter" | "interpreter_silent":
            words = str(given["words"]).split()
            python = Interpreter(words=tuple(words), source=str(given["source"]), named=str(given["named"]))
            torch = f", torch {given['torch']}" if given["torch"] else ""
            version = f"Python {given['version']}{torch}" if given["version"] else ""
            fields |= {"told": interpreter_line(python), "versions": version}
        case "settings_wrong":
            fields |= {"remedy": given["remedy"] or "correct it; docs/config.md has all settings"}
        case "search" | "search_leaves_out":
            fields |= {name: _listed(given[name]) for name in ("tried", "printed")}
        case "nobody_reviews":
            fields |= {"name_reviewer": worded(WayOut("name_reviewer"))}
        case "runner_cannot_stay":
            fields |= {"install_or_stay": worded(WayOut("install_or_stay", source=str(given["source"])))}
        case "data":
            shared = _listed(given["shared"])
            fields |= {"shared": f"; shared: {shared}" if shared else ""}
        case "metric_none":
            others = given["others"]
            assert isinstance(others, list)  # as the look makes it
            told = "; ".join(
                f"{other['name']} = {other['value']:g} ({other['line'][:60]})" for other in others
            )
            fields |= {"others": told or "no number with a name"}
        case "agent" | "agent_no_login":
            wanted = f", which a run asks: {FOUND[str(given['why'])]}" if given["is_wanted"] else ""
            fields |= {"wanted": wanted}
        case "agent_missing":
            instead = "a run pauses" if given["pauses"] else "the seeded search proposes in its place"
            fields |= {"instead": f": {instead}"}
        case _:
            fields |= {key: _listed(value) for key, value in given.items() if isinstance(value, list)}
    return fields


def _listed(value: object) -> str:
    assert isinstance(value, list)  # as the look makes it
    return ", ".join(str(one) for one in value)
