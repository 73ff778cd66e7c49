from pathlib import Path

import pytest

from autoresearch.engine.agents.known import (
    LOGINS,
    NONE,
    PROGRAMS,
    Found,
    adapter,
    find,
    find_all,
    resolve,
)
from autoresearch.events.errors import UsageRefused
from autoresearch.events.settings import RunConfig


PLAIN = RunConfig()
OWN = RunConfig(agent_command=("my-agent",))


def nothing(_: str) -> None:
    """Find no program."""


def everything(program: str) -> str:
    """Find every program."""
    return f"/usr/bin/{program}"


@pytest.fixture(autouse=True)
def _no_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable logs a program in."""
    for _, variables in LOGINS.values():
        for one in variables:
            monkeypatch.delenv(one, raising=False)


@pytest.mark.parametrize("name", ["opencode", "codex", "claude", "gemini", "aider"])
def test_auto_takes_the_one_that_is_there(name: str, tmp_path: Path) -> None:
    """Whichever program is on PATH, auto is that one, and says that it is not logged in."""
    there = lambda one: one if one == name else None  # noqa: E731
    assert Found(agent=name, why="installed") == find("auto", PLAIN, which=there, home=str(tmp_path))


def test_auto_takes_the_first_that_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several, one with a login goes before those without; which login it is, is said."""
    assert "opencode" == find("auto", PLAIN, which=everything, home=str(tmp_path)).agent
    monkeypatch.setenv("GEMINI_API_KEY", "x")
    found = find("auto", PLAIN, which=everything, home=str(tmp_path))
    assert Found(agent="gemini", why="logged_in", login="$GEMINI_API_KEY") == found
    login = tmp_path / ".codex" / "auth.json"
    login.parent.mkdir()
    login.write_text("{}")
    found = find("auto", PLAIN, which=everything, home=str(tmp_path))
    assert Found(agent="codex", why="logged_in", login="~/.codex/auth.json") == found


def test_auto_asks_nobody_where_nothing_is_installed() -> None:
    """Without a program, auto is none."""
    assert Found(agent="none", why="nothing_installed") == find("auto", PLAIN, which=nothing)


def test_auto_prefers_the_users_own_command() -> None:
    """A command that the user set goes before an installed program."""
    assert Found(agent="custom", why="own_command") == find("auto", OWN, which=everything)


@pytest.mark.parametrize("name", ["none", "opencode", "codex", "claude", "gemini", "aider"])
def test_a_known_name_is_itself_even_when_not_installed(name: str) -> None:
    """What was named is taken; that it is missing is recorded when it is asked."""
    assert Found(agent=name, why="named") == find(name, PLAIN, which=nothing)


@pytest.mark.parametrize("name", ["", "opncode", "Codex", "gpt", "opencode "])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    """The remedy lists every name that would have been right."""
    with pytest.raises(UsageRefused) as refused:
        find(name, PLAIN, which=everything)
    assert (
        refused.value.remedy
        == "use one of auto, none, search, opencode, codex, claude, gemini, aider, custom"
    )


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    """A slip of one letter is recognised."""
    with pytest.raises(UsageRefused, match="did you mean opencode"):
        resolve("opncode", PLAIN)


def test_a_list_names_who_take_turns() -> None:
    """A list, or names with commas, is resolved one by one; a name may say its model."""
    listed = ["codex:gpt-5.5", "claude", "search"]
    assert listed == [one.agent for one in find_all("codex:gpt-5.5, claude,search", PLAIN)]
    assert listed == [one.agent for one in find_all(tuple(listed), PLAIN)]
    assert ["custom", "codex"] == [one.agent for one in find_all(("auto", "custom", "codex"), OWN)]
    assert "codex" == adapter("codex:gpt-5.5").name


@pytest.mark.parametrize("names", ["search", ("search",), "none"])
def test_the_search_alone_is_no_agent(names: str | tuple[str, ...]) -> None:
    """Where only the search has turns, nobody is asked."""
    assert [NONE] == [one.agent for one in find_all(names, PLAIN)]


@pytest.mark.parametrize(
    "names", ["codex,", "codex,codex", "none,codex", "codex:", "search:big", ",", "codex;claude"]
)
def test_what_is_no_list_of_agents_is_refused(names: str) -> None:
    """An empty name, one twice, none beside others, and a model of nobody's are refused."""
    with pytest.raises(UsageRefused):
        find_all(names, PLAIN)


def test_the_command_agent_needs_a_command() -> None:
    """The agent 'custom' without a command is refused with the setting's name."""
    with pytest.raises(UsageRefused) as refused:
        resolve("custom", PLAIN)
    assert "agent_command" in refused.value.remedy


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_name_has_its_adapter(name: str) -> None:
    """An adapter is called what it was resolved by."""
    assert adapter(name).name == name


def test_the_earlier_name_of_custom_means_the_same() -> None:
    """What was asked as "command" before is asked as "custom"."""
    assert "custom" == resolve("command", OWN) == adapter("command").name
