"""What the settings say of an agent at a step, beside its model: its words on the command line. Pure."""

from autoresearch.events.setting import for_step
from autoresearch.events.settings import RunConfig


def args_of(config: RunConfig, agent: str, step: str) -> tuple[str, ...]:
    """Return more words for the command line; those of all steps are not for another program's review."""
    if step == "review" and config.review_agent and not isinstance(config.agent_args, dict):
        return ()
    return for_step(config.agent_args, agent, step, ())
