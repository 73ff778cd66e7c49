"""The command that looks at all that a run would meet, and changes nothing."""

from contextlib import suppress
from typing import Annotated

import typer

from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.onboarding import doctor
from autoresearch.engine.onboarding.agent_look import look_at_agents
from autoresearch.engine.onboarding.guard_look import look_at_guards
from autoresearch.engine.onboarding.trial import Trials
from autoresearch.engine.runs.settings import load_config
from autoresearch.events.errors import InvalidInput
from autoresearch.workflows.api.doctor import doctor_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages import doctor as page


def doctor_command(
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the agent one real question.")] = False,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> int:
    """Look at all that a run here would meet, a line each with the way out; code 1 where it would not begin.

    Git, settings, interpreter and what it imports from where, data as a clean checkout sees them, the metric
    in the newest log, disk, devices, sandbox, notifications, clock, guards that are commands, run on the code
    as it stands, agents. Nothing is changed.
    """
    here = opt.target(repo)
    trials = Trials(home=here.home, git=here.git, jobs=RealJobs())
    found = list(doctor.look(trials, here.git.current_branch()))
    with suppress(InvalidInput):  # said among the others
        found += look_at_guards(trials, load_config(here.home), here.git.resolve("HEAD") or "")
        found += look_at_agents(trials, load_config(here.home), ask=ask)
    if as_json:
        opt.print_object(doctor_object(found, page.finding_words))
    else:
        for line in page.doctor_lines(found):
            opt.say(line)
        opt.say(page.verdict_line(found))
    return int(any(one.state == "fail" for one in found))
