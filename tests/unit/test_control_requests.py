import pytest
from attrs import evolve

from autoresearch.engine.control.requests import StartOptions, request_of
from autoresearch.engine.control.start_point import uncommitted
from autoresearch.engine.git.names import check_branch
from autoresearch.events.errors import UsageRefused
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import LOOP_STAGES, TOP_STAGES, Request
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong
from autoresearch.workflows.pages.ways_out import worded


CONFIG = RunConfig(agent="none")


def request(**words):
    return request_of(StartOptions(**words), config=CONFIG)


def test_nothing_said_is_one_loop_of_everything():
    """Without a word, one loop is asked for, with all stages."""
    asked = request()
    assert (1, TOP_STAGES, LOOP_STAGES) == (asked.loops, asked.stages, asked.loop_stages)


@pytest.mark.parametrize(
    ("words", "stages", "loop_stages", "loops"),
    [
        ({"only": "setup,baseline"}, ("setup", "baseline"), LOOP_STAGES, 0),
        ({"only": "baseline, setup"}, ("setup", "baseline"), LOOP_STAGES, 0),
        ({"only": "loop"}, ("loop",), LOOP_STAGES, 1),
        ({"only": "train"}, ("loop",), ("train",), 1),
        ({"only": "setup,train,decide"}, ("setup", "loop"), ("train", "decide"), 1),
        ({"only": "loop", "loop_only": "decide,train,record"}, ("loop",), ("train", "record", "decide"), 1),
        ({"loop_only": "propose"}, TOP_STAGES, ("propose",), 1),
        ({"from_stage": "baseline"}, ("baseline", "loop"), LOOP_STAGES, 1),
        ({"to_stage": "baseline"}, ("setup", "baseline"), LOOP_STAGES, 0),
        ({"from_stage": "setup", "to_stage": "setup"}, ("setup",), LOOP_STAGES, 0),
        ({"loops": 0}, TOP_STAGES, LOOP_STAGES, 0),
        ({"loops": 7, "only": "loop"}, ("loop",), LOOP_STAGES, 7),
    ],
)
def test_stages_are_what_was_said_in_their_own_order(words, stages, loop_stages, loops):
    """A request holds just the stages that were named, in the order in which they are done."""
    asked = request(**words)
    assert (stages, loop_stages, loops) == (asked.stages, asked.loop_stages, asked.loops)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"only": "bseline"}, "did you mean baseline?"),
        ({"loop_only": "trian"}, "did you mean train?"),
        ({"loop_only": "baseline"}, "the stages are propose"),
        ({"from_stage": "lop"}, "did you mean loop?"),
        ({"to_stage": "train"}, "the stages are setup, baseline, loop"),
        ({"only": " , "}, "--only names no stage"),
        ({"from_stage": "loop", "to_stage": "setup"}, "comes after"),
        ({"only": "loop", "from_stage": "setup"}, "cannot go with"),
        ({"only": "train", "loop_only": "train"}, "name them in one of the two"),
        ({"only": "setup", "loop_only": "train"}, "leave out"),
        ({"only": "setup", "loops": 3}, "leave the loop out"),
        ({"loops": -1}, "expected 0 to"),
        ({"loops": 10**30}, "expected 0 to"),
        ({"agent": "none", "stochastic": False}, "contradict"),
        ({"agent": "opencod"}, "did you mean opencode?"),
        ({"timeout_s": 0.0}, "--timeout 0: expected more than 0"),
        ({"timeout_s": float("nan")}, "--timeout nan"),
        ({"timeout_s": float("inf")}, "--timeout inf"),
    ],
)
def test_what_is_misspelt_or_contradicts_is_refused(words, says):
    """A wrong word is a usage error that names the nearest right one, or what contradicts."""
    with pytest.raises(UsageRefused) as refused:
        request(**words)
    assert says in f"{what_is_wrong(refused.value)} {worded(refused.value.remedy)}"
    assert refused.value.remedy


def test_no_stochastic_asks_no_agent():
    """--no-stochastic outweighs the configured agent."""
    asked = request_of(StartOptions(stochastic=False), config=RunConfig(agent="codex"))
    assert (False, "none") == (asked.stochastic, asked.agent)


def test_the_named_agent_outweighs_the_configured_one():
    """--agent is taken before the setting."""
    assert "codex" == request_of(StartOptions(agent="codex"), config=RunConfig(agent="claude")).agent
    assert "claude" == request_of(StartOptions(), config=RunConfig(agent="claude")).agent


@pytest.mark.parametrize("name", ["autoresearch/mar10", "autoresearch/mar10-2", "main", "a.b/c", "größer"])
def test_good_branch_names_pass(name):
    """What git takes for a branch is taken."""
    check_branch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "/x",
        "x/",
        "a//b",
        "a..b",
        "a b",
        "a\tb",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "@",
        "HEAD",
        *("a@{b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a\x00b", "a\u202eb"),
    ],
)
def test_bad_branch_names_are_refused(name):
    """What git would not take is refused before anything is created."""
    with pytest.raises(UsageRefused):
        check_branch(name)


BEFORE = Request(loops=9, stochastic=False, auto_prepare=False, timeout_s=60.0, prefetch=3)
ASKED_AGENT = evolve(BEFORE, stochastic=True, agent="codex")


@pytest.mark.parametrize(
    ("options", "before", "expected"),
    [
        (StartOptions(loops=2), BEFORE, evolve(BEFORE, loops=2)),
        (StartOptions(loops=2), ASKED_AGENT, evolve(ASKED_AGENT, loops=2)),
        (
            StartOptions(loops=2),
            evolve(ASKED_AGENT, agent="none"),
            evolve(ASKED_AGENT, loops=2, agent="none"),
        ),
        (StartOptions(loops=2, stochastic=False), ASKED_AGENT, evolve(BEFORE, loops=2)),
        (StartOptions(loops=2, agent="claude"), BEFORE, evolve(ASKED_AGENT, loops=2, agent="claude")),
        (
            StartOptions(loops=2, stochastic=True, auto_prepare=True, timeout_s=5.0, prefetch=0),
            BEFORE,
            Request(loops=2, agent="opencode", timeout_s=5.0, prefetch=0),
        ),
    ],
)
def test_what_a_request_does_not_say_is_taken_over(options, before, expected):
    """Who proposes, preparing data, the deadline and the prefetch stay until they are said anew."""
    made = request_of(options, config=RunConfig(agent="opencode"), before=before)
    assert expected == evolve(made, agent_found="")


def test_a_request_says_why_its_agent_is_asked():
    """Named, or as before; what `auto` found first stays the reason of those that follow."""
    config = RunConfig(agent="opencode")

    def found(before, **said):
        return request_of(StartOptions(loops=2, **said), config=config, before=before).agent_found

    assert "named" == found(None)
    assert "before" == found(ASKED_AGENT)
    assert "logged_in" == found(evolve(ASKED_AGENT, agent_found="logged_in"))
    assert "named" == found(evolve(ASKED_AGENT, agent_found="logged_in"), agent="claude")
    assert "" == found(None, stochastic=False)


def test_a_command_that_is_gone_is_replaced_by_nobody():
    """A run that asked a command of the user's own asks no other program, unless one is named."""
    before = evolve(ASKED_AGENT, agent="custom")
    with pytest.raises(UsageRefused) as refused:
        request_of(StartOptions(loops=2), config=RunConfig(agent="opencode"), before=before)
    assert "no agent_command any more" in what_is_wrong(refused.value)
    assert "--agent NAME" in worded(refused.value.remedy)
    there = RunConfig(agent="opencode", agent_command=("mine",))
    assert "custom" == request_of(StartOptions(loops=2), config=there, before=before).agent
    named = request_of(StartOptions(loops=2, agent="codex"), config=RunConfig(), before=before)
    assert "codex" == named.agent


def test_without_a_request_before_the_settings_count():
    """The first request has the settings' agent and prefetch."""
    made = request_of(StartOptions(loops=1), config=RunConfig(agent="claude", prefetch=2))
    assert ("claude", True, True, 2) == (made.agent, made.stochastic, made.auto_prepare, made.prefetch)


def test_the_script_of_the_agents_command_is_a_file_whose_edits_are_no_part_of_the_run():
    """What is read from the run's commit is named where it was edited since; a path from outside is not."""

    class Edited:
        def modified(self, paths: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(path for path in paths if path.endswith(".sh"))

    def named(*words: str) -> tuple[str, ...]:
        return uncommitted(Edited(), RunConfig(agent_command=words))

    assert ("agent.sh",) == named("sh", "-e", "./agent.sh")
    assert () == named("sh", "/opt/agent.sh")
    assert () == named("agent.sh")
