"""What is a proposal, what is refused, and in which words."""

import json
import time

import pytest

from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.engine.proposals import parse
from autoresearch.events.errors import InvalidInput, UsageRefused
from autoresearch.events.values import Edit
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong


WORDS = {"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c"}


def raw(**more: object) -> bytes:
    """Return a valid proposal's bytes, with more or other keys."""
    return json.dumps(WORDS | more).encode()


def without(name: str) -> bytes:
    """Return a proposal that lacks a key."""
    return json.dumps({key: value for key, value in WORDS.items() if key != name}).encode()


def test_the_four_words_are_a_proposal() -> None:
    """Four strings suffice, and leave the change to an agent."""
    found = parse.parse(raw())
    assert (found.status, found.description, found.change_plan, found.commit_description) == (
        "ok",
        "d",
        "p",
        "c",
    )
    assert found.is_prose


def test_each_machine_form_is_read() -> None:
    """Values, edits with and without a file, and a patch come through as they are."""
    assert parse.parse(raw(set={"A": 1, "B": 0.5, "C": "x", "D": None, "E": True})).set == {
        "A": 1,
        "B": 0.5,
        "C": "x",
        "D": None,
        "E": True,
    }
    edits = [{"search": "a", "replace": ""}, {"file": "b.py", "search": "c", "replace": "d\n"}]
    assert parse.parse(raw(edits=edits)).edits == (
        Edit(file="", search="a", replace=""),
        Edit(file="b.py", search="c", replace="d\n"),
    )
    assert parse.parse(raw(patch="--- a\n")).patch == "--- a\n"
    assert parse.parse(raw(status="need_input")).status == "need_input"


def test_empty_forms_are_no_forms() -> None:
    """An agent that fills in every key, two of them with nothing, has chosen the third."""
    assert parse.parse(raw(set={}, edits=[], patch="x\n")).patch == "x\n"
    assert parse.parse(raw(set={}, edits=[], patch="")).is_prose


def test_a_byte_order_mark_and_white_space_are_accepted() -> None:
    """A mark in front and blank lines around change nothing."""
    assert parse.parse(raw()) == parse.parse(b"\xef\xbb\xbf\n " + raw() + b"\r\n")


def test_one_line_fields_become_one_line() -> None:
    """Control characters in the one-line fields become a space; a plan keeps its lines."""
    found = parse.parse(
        raw(description=" a\r\n\tb\x1b[31m ", commit_description="c\u2028d\x7f", change_plan="1\n\t2")
    )
    assert (found.description, found.commit_description, found.change_plan) == ("a b [31m", "c d", "1\n\t2")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n\xef\xbb\xbf", "no JSON"),
        (b"{", "it is no JSON: .* line 1 column 2"),
        (b"[]", "it must be an object, not a list"),
        (b"null", "it must be an object, not null"),
        (b"nonsense", "it is no JSON"),
        (raw() + b" {}", "it is no JSON: Extra data"),
        (b"\xff\xfe{}", "not UTF-8: byte 0xff at offset 0"),
        (raw()[:-3] + b'\xfc"}', "not UTF-8"),
        (without("status"), "lacks status"),
        (without("change_plan"), "lacks change_plan"),
        (raw(status="maybe"), 'status must be ok or need_input, not "maybe"'),
        (raw(status=1), "status must be ok or need_input, not 1"),
        (raw(description=1), "description must be a string, not a number"),
        (raw(description=""), "description must not be empty"),
        (raw(change_plan=" \n"), "change_plan must not be empty"),
        (raw(commit_description="\x1b"), "commit_description holds nothing that can be printed"),
        (raw(commit_description="x" * 5000), "commit_description is too long: 5000, at most 4000"),
        (raw(description=None), "description must be a string, not null"),
        (raw(set=[]), "set must be an object, not a list"),
        (raw(set={"A": [1]}), "set.A must be a number or a string or a boolean or null, not a list"),
        (raw(set={"not a name": 1}), 'set names "not a name", which is no name of a constant'),
        (raw(set={"A": 2**53 + 1}), r"set.A is beyond 2\*\*53"),
        (raw(edits=[{"search": "a"}]), "edits.0 lacks replace"),
        (raw(edits=[{"search": "", "replace": "a"}]), "edits.0.search must not be empty"),
        (raw(edits=[{"search": "a", "replace": "b", "count": 1}]), 'edits.0 has the unknown key "count"'),
        (raw(patch=["x"]), "patch must be a string, not a list"),
        (raw(set={"A": 1}, patch="x"), "set and patch cannot go together"),
        (raw(description="a\0b"), "a text holds NUL"),
        (raw(change_plan="a\0b"), "a text holds NUL"),
        (raw(description="\ud800"), "half of a surrogate pair"),
        (raw(**{"\udfff": 1}), "half of a surrogate pair"),
        (raw()[:-1] + b', "status": "ok"}', 'the key "status" comes twice'),
        (raw()[:-1] + b', "set": {"A": 1, "A": 2}}', 'the key "A" comes twice'),
        (raw()[:-1] + b', "set": {"A": NaN}}', "NaN is no JSON"),
        (raw()[:-1] + b', "set": {"A": -Infinity}}', "-Infinity is no JSON"),
        (raw()[:-1] + b', "set": {"A": 1e999}}', "the number 1e999 is too large"),
        (raw()[:-1] + b', "set": {"A": ' + b"9" * 5000 + b"}}", "it is no JSON"),
        (b"[" * 100_000, "nested more than 20 deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested more than 20 deep"),
        (b" " * 10**6 + b"{", "it is 1,000,001 bytes long; a proposal has at most 1,000,000"),
        (
            json.dumps(WORDS | {"description": "a\nb"}).replace("\\n", "\n").encode(),
            "Invalid control character",
        ),
    ],
)
def test_what_is_refused(content: bytes, reason: str) -> None:
    """Everything that is no proposal is refused with its reason in one short line."""
    with pytest.raises(InvalidInput, match=reason) as caught:
        parse.parse(content)
    assert len(str(caught.value)) <= 300
    assert "\n" not in str(caught.value)


def test_brackets_in_strings_are_no_depth() -> None:
    """A plan may hold any number of brackets and quotes."""
    plan = '[{"\\' * 1000
    assert parse.parse(raw(change_plan=plan)).change_plan == plan


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "Here it is:\n```json\n{}\n```\nGood luck {{!",
        '{{"status": "thinking"}} and then {} done.',
        'I looked at {{x: 1}} and at {{"a": [1, {{"b": 2}}]}}.\n\n{}',
        '{}\n{{"tokens": 12}}',
        "\ufeff{}\n}}}}",
    ],
)
def test_a_proposal_is_found_in_an_answer(answer: str) -> None:
    """Whatever an agent says around it, the proposal is found."""
    assert parse.parse(raw()) == parse.parse_text(answer.format(raw().decode()))


def test_the_last_proposal_of_an_answer_counts() -> None:
    """Of two proposals in one answer the later one is meant."""
    answer = f"{raw().decode()} no, better: {raw(description='better').decode()}"
    assert parse.parse_text(answer).description == "better"


def test_line_breaks_in_an_answers_strings_are_forgiven() -> None:
    """A raw line break inside a string, which agents write and JSON forbids, is read."""
    assert parse.parse_text(raw(change_plan="1\n2").decode().replace("\\n", "\n")).change_plan == "1\n2"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "holds no JSON object"),
        ("I cannot do this.", "holds no JSON object"),
        ("{ { ", "holds no JSON object"),
        ('{"status": "ok"}', "lacks description, change_plan, commit_description"),
        ('{"a": 1} {"status": "ok", "b": 1}', "it"),
    ],
)
def test_an_answer_without_a_proposal(answer: str, reason: str) -> None:
    """An answer with no proposal in it is refused, about the last object where there is one."""
    with pytest.raises(InvalidInput, match=reason):
        parse.parse_text(answer)


@pytest.mark.parametrize("answer", ["{" * 10**6, '{"a":' * 10**5, '{"' * 10**5, "[" * 10**6])
def test_hostile_answers_take_no_time(answer: str) -> None:
    """An answer made to be slow to read is refused within two seconds."""
    began = time.process_time()
    with pytest.raises(InvalidInput):
        parse.parse_text(answer)
    assert time.process_time() - began < 2


def test_fields_of_a_command() -> None:
    """The options of a command make the same proposal as a file."""
    found = parse.from_fields(
        "d", "p", "c", ["A=1", "B = 0.5", "C=sdpa", "D='1'", "E=True", "F=None", "G=a=b"]
    )
    assert found == parse.parse(
        raw(set={"A": 1, "B": 0.5, "C": "sdpa", "D": "1", "E": True, "F": None, "G": "a=b"})
    )


def test_a_description_alone_suffices() -> None:
    """A plan and a commit line that were not given say what the description says."""
    found = parse.from_fields("more layers", "", "", [])
    assert (found.change_plan, found.commit_description) == ("more layers", "more layers")


@pytest.mark.parametrize("setting", ["A", "=1", "a b=1", ""])
def test_a_setting_is_name_and_value(setting: str) -> None:
    """An option that is not NAME=VALUE is a usage error."""
    with pytest.raises(UsageRefused) as refused:
        parse.from_fields("d", "", "", [setting])
    assert f"--set {setting}: expected NAME=VALUE" == what_is_wrong(refused.value)


def test_a_setting_is_given_once_and_scalar() -> None:
    """A name given twice, and a value that is a list, are refused."""
    with pytest.raises(UsageRefused) as refused:
        parse.from_fields("d", "", "", ["A=1", "A=2"])
    assert "--set A was given twice" == what_is_wrong(refused.value)
    with pytest.raises(InvalidInput, match="use an edit"):
        parse.from_fields("d", "", "", ["A=(1, 2)"])
    with pytest.raises(InvalidInput, match="finite"):
        parse.from_fields("d", "", "", ["A=1e999"])
    with pytest.raises(InvalidInput, match="description must not be empty"):
        parse.from_fields("", "p", "c", [])


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Set A", "Set A"),
        ("  a\n\nb\tc\x1b[0m ", "a b c [0m"),
        ("# not a comment", "not a comment"),
        ("--amend", "amend"),
        ("", "autoresearch: a change without a name"),
        ("\n\x00#-", "autoresearch: a change without a name"),
        ("x" * 72, "x" * 72),
        ("x" * 73, "x" * 71 + "…"),
        ("\ud800 ü", "? ü"),
    ],
)
def test_a_commit_subject_is_one_safe_line(text: str, subject: str) -> None:
    """Any text becomes one line that git takes for a subject."""
    assert commit_subject(text) == subject


def test_identity_is_of_the_bytes() -> None:
    """The same bytes are the same proposal, others are another one."""
    assert parse.identity(b"a") == parse.identity(b"a")
    assert parse.identity(b"a") != parse.identity(b"a ")
    assert len(parse.identity(b"")) == 64
