"""What the settings say of an agent at a step: its model and its words on the command line. Pure."""

from autoresearch.events.setting import for_step, model_for
from autoresearch.events.settings import RunConfig


def model_of(config: RunConfig, agent: str, step: str) -> str:
    """Return the model that an agent is asked to use; "" leaves it its own."""
    another = bool(config.review_agent) and not isinstance(config.agent_model, dict)
    if step == "review" and (config.review_model or another):
        return config.review_model
    return model_for(config.agent_model, agent, step)


def args_of(config: RunConfig, agent: str, step: str) -> tuple[str, ...]:
    """Return more words for the command line; those of all steps are not for another program's review."""
    if step == "review" and config.review_agent and not isinstance(config.agent_args, dict):
        return ()
    return for_step(config.agent_args, agent, step, ())
