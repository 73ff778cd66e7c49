"""Which model an agent is asked to use at a step, by the settings. Pure."""

from autoresearch.events.setting import model_for
from autoresearch.events.settings import RunConfig


def model_of(config: RunConfig, agent: str, step: str) -> str:
    """Return the model that an agent is asked to use; "" leaves it its own."""
    another = bool(config.review_agent) and not isinstance(config.agent_model, dict)
    if step == "review" and (config.review_model or another):
        return config.review_model
    return model_for(config.agent_model, agent, step)
