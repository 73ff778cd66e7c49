import pytest

from autoresearch.engine.agents.programs import PROGRAMS, adapter, resolve
from autoresearch.events.errors import UsageRefused
from autoresearch.events.settings import RunConfig


PLAIN = RunConfig()
OWN = RunConfig(agent_command=("my-agent",))


def nothing(_: str) -> None:
    """Find no program."""


def everything(program: str) -> str:
    """Find every program."""
    return f"/usr/bin/{program}"


def test_auto_takes_opencode_where_it_is_installed() -> None:
    """With opencode on PATH, auto is opencode."""
    assert resolve("auto", PLAIN, which=everything) == "opencode"


def test_auto_asks_nobody_where_nothing_is_installed() -> None:
    """Without a program, auto is none."""
    assert resolve("auto", PLAIN, which=nothing) == "none"


def test_auto_prefers_the_users_own_command() -> None:
    """A command that the user set goes before an installed program."""
    assert resolve("auto", OWN, which=everything) == "command"


@pytest.mark.parametrize("name", ["none", "opencode", "codex", "claude"])
def test_a_known_name_is_itself_even_when_not_installed(name: str) -> None:
    """What was named is taken; that it is missing is recorded when it is asked."""
    assert resolve(name, PLAIN, which=nothing) == name


@pytest.mark.parametrize("name", ["", "opncode", "Codex", "gemini", "opencode "])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    """The remedy lists every name that would have been right."""
    with pytest.raises(UsageRefused) as refused:
        resolve(name, PLAIN, which=everything)
    assert refused.value.remedy == "use one of auto, none, opencode, codex, claude, command"


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    """A slip of one letter is recognised."""
    with pytest.raises(UsageRefused, match="did you mean opencode"):
        resolve("opncode", PLAIN)


def test_the_command_agent_needs_a_command() -> None:
    """The agent 'command' without a command is refused with the setting's name."""
    with pytest.raises(UsageRefused) as refused:
        resolve("command", PLAIN)
    assert "agent_command" in refused.value.remedy


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_name_has_its_adapter(name: str) -> None:
    """An adapter is called what it was resolved by."""
    assert adapter(name).name == name
