"""The kinds of failures of agents, read from messages as the three programs print them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from autoresearch.engine.agents.failures import failing, failure
from autoresearch.engine.agents.named_times import named_time
from autoresearch.engine.ports.agent import Failing
from autoresearch.events.kinds.candidate_events import AgentFailure
from autoresearch.events.values import why


HERE = timezone(timedelta(hours=-5))
AT = datetime(2026, 3, 8, 21, 4, 5, tzinfo=HERE)  # 02:04:05 of the ninth in UTC
MESSAGES = [
    # claude
    (
        'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        "transient",
    ),
    ("API Error: Unable to connect to API (ConnectionRefused)", "transient"),
    ("API Error: Connection error.", "transient"),
    ("API Error: Request timed out.", "transient"),
    (
        'API Error: 500 {"type":"error","error":{"type":"api_error","message":"Internal server error"}}',
        "transient",
    ),
    ("API Error: Rate limit reached", "transient"),
    ("Claude AI usage limit reached|1773036000", "limited"),
    ("5-hour limit reached ∙ resets 3am", "limited"),
    ("You've hit your limit · resets 3pm (America/New_York)", "limited"),
    ("Credit balance is too low", "limited"),
    ("Invalid API key · Please run /login", "permanent"),
    ("Invalid API key · Fix external API key", "permanent"),
    ("Not logged in · Please run /login", "permanent"),
    (
        'API Error: 401 {"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
        "permanent",
    ),
    ("OAuth token has expired. Please obtain a new token", "permanent"),
    (
        "There's an issue with the selected model (claude-nope). It may not exist or you may not have access",
        "permanent",
    ),
    ("it was not permitted to use Bash", "unusable"),
    # codex
    ("Reconnecting... waiting for network (Connection failed: error sending request)", "transient"),
    ("stream disconnected before completion: Transport error: network error", "transient"),
    ("exceeded retry limit, last status: 429 Too Many Requests", "transient"),
    ("unexpected status 503 Service Unavailable: upstream connect error", "transient"),
    ("We're currently experiencing high demand, which may cause temporary errors.", "transient"),
    ("You've hit your usage limit. Upgrade to Pro or try again in 5 hours 12 minutes.", "limited"),
    ("You've hit your usage limit. Try again at Mar 10th, 2026 3:15 PM.", "limited"),
    ("Quota exceeded. Check your plan and billing details.", "limited"),
    ("unexpected status 401 Unauthorized: Missing bearer or basic authentication in header", "permanent"),
    ("The 'gpt-nope' model is not supported when using Codex with a ChatGPT account.", "permanent"),
    ("Sandbox was denied: Landlock is not supported by this kernel", "permanent"),
    ("error: unexpected argument '--nope' found", "permanent"),
    # opencode, and the services behind it
    ("Unexpected server error. Check server logs for details.", "transient"),
    ("Too Many Requests", "transient"),
    ("Cannot connect to API: The socket connection was closed unexpectedly", "transient"),
    ("ProviderModelNotFoundError", "permanent"),
    ("Model not found: openai/gpt-nope. Did you mean: gpt-5?", "permanent"),
    ("Incorrect API key provided: sk-***. You can find your API key in your account.", "permanent"),
    ("OpenAI API key is missing. Pass it using the 'apiKey' parameter", "permanent"),
    (
        "You exceeded your current quota, please check your plan and billing details.",
        "limited",
    ),
    (
        "Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000. Please try again in 1.898s.",
        "transient",
    ),
    ("This request requires more credits; insufficient credits", "limited"),
    # shells, of a command of the user's own that is not there
    ("sh: 0: cannot open review.sh: No such file", "permanent"),
    ("zsh: can't open input file: review.sh", "permanent"),
    ("review.sh: line 3: sgpt: command not found", "permanent"),
    ("sh: 3: sgpt: not found\nno answer", "permanent"),
    ("/bin/sh: sgpt: not found", "permanent"),
    # nobody knows
    ("sh: the page was not found", "transient"),
    ("something else went wrong", "transient"),
]
TIMES = [
    ("You've reached your usage limit; it resets at 3 am", "2026-03-09T03:00:00-05:00"),
    ("5-hour limit reached ∙ resets 11pm", "2026-03-08T23:00:00-05:00"),
    ("You've hit your limit · resets 3pm (America/New_York)", "2026-03-09T15:00:00-04:00"),
    ("You've hit your limit · resets 3:30am (UTC)", "2026-03-09T03:30:00+00:00"),
    ("resets at 12 am", "2026-03-09T00:00:00-05:00"),
    ("resets at 23:30", "2026-03-08T23:30:00-05:00"),
    ("weekly limit reached ∙ resets Mar 12 at 5pm", "2026-03-12T17:00:00-05:00"),
    ("Try again at Mar 10th, 2026 3:15 PM.", "2026-03-10T15:15:00-05:00"),
    ("try again in 5 hours 12 minutes", "2026-03-09T02:16:05-05:00"),
    ("or try again in 3 days 1 hour 9 minutes.", "2026-03-11T22:13:05-05:00"),
    ("Please try again in 6m0s.", "2026-03-08T21:10:05-05:00"),
    ("Please try again in 1.5s", "2026-03-08T21:04:06.500-05:00"),
    ("please wait 30 seconds", "2026-03-08T21:04:35-05:00"),
    ("Claude AI usage limit reached|1773036000", "2026-03-09T06:00:00+00:00"),
    ('{"type":"usage_limit_reached","resets_at":1773036000}', "2026-03-09T06:00:00+00:00"),
    ('{"type":"usage_limit_reached","resets_in_seconds":3600}', "2026-03-08T22:04:05-05:00"),
    ("HTTP 429, retry-after: 120", "2026-03-08T21:06:05-05:00"),
    ("Retry-After: Mon, 09 Mar 2026 07:28:00 GMT", "2026-03-09T07:28:00+00:00"),
    ("limit is reset at 2026-03-09T04:00:00Z", "2026-03-09T04:00:00+00:00"),
    ("available again after 2026-03-09 04:00 UTC", "2026-03-09T04:00:00+00:00"),
    ("resets 2026-03-09 04:00", "2026-03-09T04:00:00-05:00"),
]
UNNAMED = [
    "You've reached your usage limit",
    "2026-03-09T04:00:00Z ERROR overloaded",  # when it was printed
    "Claude AI usage limit reached|1700000000",  # long over
    "resets Feb 31 at 3 am",
    "try again in 99999999999 days",
    "retried 3 times",
]


def read(message: str, code: str = "agent_said", **inputs: int) -> Failing:
    return failing(why(code, message, **inputs), error=message, tail="", answer="", at=AT)


@pytest.mark.parametrize(("message", "kind"), MESSAGES)
def test_a_message_has_its_kind(message: str, kind: str):
    """What a program says of its own failure tells whether waiting helps, and who does where it does not."""
    assert kind == read(message).kind


@pytest.mark.parametrize(("message", "at"), TIMES)
def test_a_named_time_is_read(message: str, at: str):
    """A time that a message names is that instant, in the zone it names or the machine's own."""
    assert datetime.fromisoformat(at) == named_time(message, AT)


@pytest.mark.parametrize("message", UNNAMED)
def test_what_names_no_time_to_come_names_none(message: str):
    """A time that is over, that no calendar has, or that only says when it was printed, is not waited for."""
    assert named_time(message, AT) is None


@pytest.mark.parametrize(
    ("code", "inputs", "kind"),
    [
        ("not_installed", {}, "permanent"),
        ("agent_not_run", {}, "permanent"),
        ("agent_exit", {"exit_code": 126}, "permanent"),
        ("agent_exit", {"exit_code": 127}, "permanent"),
        ("agent_exit", {"exit_code": 1}, "transient"),
        ("agent_killed", {}, "transient"),
        ("output_unreadable", {}, "transient"),
        ("agent_no_answer", {}, "unusable"),
        ("answer_empty", {}, "unusable"),
        ("answer_no_proposal", {}, "unusable"),
        ("branch_harmed", {}, "unusable"),
        ("agent_silent", {}, "silent"),
        ("agent_fell_silent", {}, "silent"),
        ("agent_deadline", {}, "silent"),
    ],
)
def test_a_failure_without_words_has_the_kind_of_its_code(code: str, inputs: dict[str, int], kind: str):
    """Where a program says nothing of its own, how it ended tells the kind."""
    assert kind == failing(why(code, **inputs), error="", tail="", answer="", at=AT).kind


def test_the_last_lines_are_read_where_there_is_no_error():
    """A plain command tells of its limit in what it printed; the line before its end counts as well."""
    tail = "working\nYou've reached your usage limit; it resets at 3 am\nbye\n"
    said = failing(why("agent_exit", "bye", exit_code=1), error="", tail=tail, answer="", at=AT)
    assert Failing(kind="limited", named=datetime(2026, 3, 9, 3, tzinfo=HERE)) == said


def test_an_answer_that_is_the_words_of_the_program_is_read():
    """A program that prints its limit in the place of an answer, and calls that a success, is limited."""
    said = "Claude AI usage limit reached|1773036000"
    assert "limited" == failing(why("answer_no_proposal"), error="", tail="", answer=said, at=AT).kind
    long = f"{said} {'and so on ' * 50}"
    assert "unusable" == failing(why("answer_no_proposal"), error="", tail="", answer=long, at=AT).kind


def test_a_silent_one_that_told_of_its_trouble_has_that_kind():
    """A program that was ended while it reconnects waits for the network, and is not called silent."""
    assert "transient" == read("Reconnecting... 3/5", "agent_fell_silent").kind


def test_a_rate_limit_of_hours_is_a_limit():
    """What names a time beyond any wait of a passing trouble is waited for as a limit is."""
    assert "limited" == read("Rate limit reached. Please try again in 2 hours").kind


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        ("transient", [30, 60, 120, 240, 480, 960, 1800, 1800]),
        ("silent", [30, 60, 120, 240, 480, 960, 1800, 1800]),
        ("limited", [900, 1800, 3600, 3600]),
        ("unusable", [None, None, 30, 60, 120]),
        ("permanent", [None, None, None]),
    ],
)
def test_the_wait_grows(kind: str, waits: list[int | None]):
    """Each failure in a row doubles the wait, up to its most; of a permanent one no wait is named."""
    found = [failure(Failing(kind=kind), in_a_row=before, at=AT).retry_at for before in range(len(waits))]
    wanted = [None if wait is None else AT + timedelta(seconds=wait) for wait in waits]
    assert wanted == [datetime.fromisoformat(at) if at else None for at in found]


def test_a_named_time_is_the_time():
    """A limit is waited for until the time it names, and no longer for having been named before."""
    three = datetime(2026, 3, 9, 8, tzinfo=UTC)
    for before in (0, 5):
        found = failure(Failing(kind="limited", named=three), in_a_row=before, at=AT)
        assert AgentFailure(kind="limited", retry_at="2026-03-09T08:00:00.000Z") == found


def test_a_time_named_too_near_is_not_asked_at_without_end():
    """Seconds that a rate limit names do not shorten the wait, which grows with each failure in a row."""
    soon = Failing(kind="transient", named=AT + timedelta(seconds=2))
    assert "2026-03-09T02:08:05.000Z" == failure(soon, in_a_row=3, at=AT).retry_at
    limit = Failing(kind="limited", named=AT + timedelta(seconds=2))
    assert "2026-03-09T02:04:35.000Z" == failure(limit, in_a_row=0, at=AT).retry_at
