"""What holds an agent back, as the settings and the kernel have it."""

from autoresearch.events.settings import ANYWHERE, RunConfig


def sandbox(config: RunConfig, version: int) -> str:
    """Return what holds an agent to its checkout, on a kernel with this version of Landlock (0: none).

    `landlock`, or why nothing does: `anywhere`, since the settings say so, or `no_landlock`.
    """
    if ANYWHERE in config.agent_writes:
        return "anywhere"
    return "landlock" if version else "no_landlock"
