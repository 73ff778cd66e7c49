"""attrs values to JSON and back."""

import math
from typing import Any, Literal, get_args

import pytest
from attrs import field, frozen

from autoresearch.events.catalog import CandidateDiscarded, Event
from autoresearch.events.encoding.shapes import structure, unstructure
from autoresearch.events.errors import InvalidInput, WrongValue
from autoresearch.events.metric_spec import AS_BEFORE, MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Edit, ProgressDigest, Proposal
from tests.golden.samples import sample
from tests.golden.script import AGENTS_BEFORE


@frozen(kw_only=True)
class Inner:
    """A value inside another."""

    number: int
    share: float | None = None


@frozen(kw_only=True)
class Outer:
    """Every shape that a value can have."""

    name: str
    flag: bool = False
    way: Literal["up", "down"] = "up"
    inner: Inner | None = None
    all: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (1, "a")
    by_name: dict[str, Inner] = field(factory=dict)
    scalar: str | int | float | bool | None = None


FULL = Outer(
    name="n",
    flag=True,
    way="down",
    inner=Inner(number=1, share=0.5),
    all=(Inner(number=2), Inner(number=3)),
    pair=(7, "b"),
    by_name={"x": Inner(number=4)},
    scalar=1.5,
)


def test_a_value_comes_back_equal():
    """Every shape survives the way to JSON and back."""
    assert structure(Outer, unstructure(FULL)) == FULL


def test_nested_values_become_plain_json_types():
    """What is written consists of dicts, lists, strings, numbers, booleans and None."""
    written = unstructure(FULL)
    assert written["all"] == [{"number": 2, "share": None}, {"number": 3, "share": None}]
    assert written["pair"] == [7, "b"]
    assert written["by_name"] == {"x": {"number": 4, "share": None}}


@pytest.mark.parametrize("cls", get_args(Event))
def test_every_event_comes_back_equal(cls: Any):
    """A sample of every event of the catalog survives the way to JSON and back."""
    event = sample(cls)
    assert structure(cls, unstructure(event)) == event


def test_missing_fields_take_their_defaults():
    """Settings that are not named keep their defaults of that version, those made by a factory included."""
    assert structure(RunConfig, {"v": 1}) == RunConfig(
        keep_rule="lower", final=0, metric=MetricSpec(pattern=AS_BEFORE), **AGENTS_BEFORE
    )
    assert structure(Outer, {"name": "n"}) == Outer(name="n")


def test_a_default_that_is_made_is_made_anew_each_time():
    """Two values do not share one default dict."""
    assert structure(RunConfig, {"v": 1}).env is not structure(RunConfig, {"v": 1}).env


def test_an_integer_may_stand_for_a_float():
    """A whole number in a float field is stored and read as a float."""
    assert type(structure(Inner, {"number": 1, "share": 2}).share) is float
    assert type(unstructure(Inner(number=1, share=2))["share"]) is float


def test_a_scalar_keeps_its_kind():
    """1, 1.0 and True stay three different scalars."""
    for value in (1, 1.0, True, "1", None):
        found = structure(Outer, unstructure(Outer(name="n", scalar=value))).scalar
        assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": 5}, "Outer.name must be a string, not 5"),
        ({"name": "n", "flag": 1}, "Outer.flag must be a boolean, not 1"),
        ({"name": "n", "way": "left"}, "Outer.way must be one of 'up', 'down', not 'left'"),
        ({"name": "n", "way": ["up"]}, "Outer.way must be one of"),
        ({"name": "n", "inner": {"number": "x"}}, "Inner.number must be an integer within 2**53, not 'x'"),
        ({"name": "n", "inner": {"number": True}}, "Inner.number must be an integer"),
        ({"name": "n", "inner": {"number": 2**53 + 1}}, "Inner.number must be an integer within 2**53"),
        ({"name": "n", "inner": {"number": 1, "share": math.nan}}, "Inner.share must be a finite number"),
        (
            {"name": "n", "inner": {"number": 1, "share": "0.5"}},
            "Inner.share must be a finite number or null",
        ),
        ({"name": "n", "inner": []}, "Outer.inner must be an object or null"),
        ({"name": "n", "all": {}}, "Outer.all must be a list"),
        ({"name": "n", "pair": [1]}, "Outer.pair must be a list"),
        ({"name": "n", "by_name": {5: {"number": 1}}}, "Outer.by_name must be a string, not 5"),
        ({"name": "n", "nome": "m"}, "Outer has no field 'nome'"),
        ({}, "Outer lacks 'name'"),
        ([], "Outer must be an object"),
        ({"name": "n", "inner": {"nummer": 1}}, "Inner has no field 'nummer', lacks 'number'"),
    ],
)
def test_wrong_data_is_refused_by_name(data: Any, says: str):
    """What does not fit is refused, and the field is named."""
    with pytest.raises(InvalidInput) as caught:
        structure(Outer, data)
    assert says in str(caught.value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_float_that_json_cannot_say_is_not_written(number: float):
    """NaN and infinity are refused as a ValueError that names the field."""
    with pytest.raises(ValueError, match=r"Inner\.share must be a finite number"):
        unstructure(Inner(number=1, share=number))
    with pytest.raises(ValueError, match=r"CandidateDiscarded\.inputs"):
        unstructure(CandidateDiscarded(iteration=1, rule="r", inputs={"a": number}))
    with pytest.raises(ValueError, match=r"ProgressDigest\.points"):
        unstructure(ProgressDigest(sha256="", lines=1, points=((0.0, number),)))


def test_a_wrong_value_is_not_written():
    """A literal, an integer, a list or a class that the annotation does not allow is refused on writing."""
    bad: list[Any] = [
        Outer(name="n", way="left"),  # type: ignore[arg-type]
        Outer(name=None),  # type: ignore[arg-type]
        Outer(name="n", inner=FULL),  # type: ignore[arg-type]
        Outer(name="n", all=[Inner(number=1)]),  # type: ignore[arg-type]
        Inner(number=2**53 + 1),
        Inner(number=-(2**53) - 1),
    ]
    for value in bad:
        with pytest.raises(WrongValue):
            unstructure(value)


def test_a_long_value_is_not_repeated_whole():
    """An error shows the beginning of what was found, not a megabyte of it."""
    with pytest.raises(WrongValue) as caught:
        structure(Inner, {"number": "x" * 2**20})
    assert len(str(caught.value)) < 200


def test_a_shape_without_a_form_in_json_is_our_own_mistake():
    """A class with a set in it is refused when it is first used, whatever the value."""

    @frozen(kw_only=True)
    class Odd:
        """Nothing that JSON can say."""

        members: frozenset[str]

    with pytest.raises(TypeError, match="has no form in JSON"):
        unstructure(Odd(members=frozenset()))


def test_a_proposal_is_read_as_people_write_it():
    """Edits and settings in a proposal become tuples and values."""
    read = structure(
        Proposal,
        {
            "status": "ok",
            "description": "d",
            "change_plan": "p",
            "commit_description": "c",
            "set": {"DEPTH": 8, "LR": 0.02},
            "edits": [{"file": "train.py", "search": "a", "replace": "b"}],
        },
    )
    assert read.edits == (Edit(file="train.py", search="a", replace="b"),)
    assert read.set == {"DEPTH": 8, "LR": 0.02}
