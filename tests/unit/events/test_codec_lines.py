"""One line of a history and one recorded event."""

from hashlib import sha256
from typing import Any, get_args

import orjson
import pytest

from autoresearch.events.catalog import AgentAsked, Event, LoopsRequested, NoteAdded, TailHealed
from autoresearch.events.encoding import codec
from autoresearch.events.encoding.upcasters import UPCASTERS
from autoresearch.events.errors import CorruptHistory, InvalidInput, UnknownEvent, WrongValue
from autoresearch.events.values import Request
from tests.golden.samples import AT, sample


ENVELOPE = codec.envelope(at=AT, by=b'"runner"')


def _line(
    event: Any, *, seq: int = 1, tx: tuple[int, int] | None = None, envelope: bytes = ENVELOPE
) -> bytes:
    index, size = tx or (0, 1)
    after = codec.Position(seq=seq - index - 1, offset=0, hash=codec.NO_HASH)
    return list(codec.chain([codec.payload(event)] * size, envelope, after=after))[index][1]


def test_a_line_is_exactly_this():
    """The bytes of a record are these, and its hash covers all that stands before the hash."""
    signed = (
        b'{"seq":7,"tx":[0,2],"type":"NoteAdded","v":1,"at":"2026-03-08T21:04:05.123Z",'
        b'"by":"runner","key":null,"data":{"text":"hi"}'
    )
    digest = sha256(b"0" * 64 + signed).hexdigest().encode()
    assert _line(NoteAdded(text="hi"), seq=7, tx=(0, 2)) == signed + b',"h":"' + digest + b'"}\n'


@pytest.mark.parametrize("cls", get_args(Event))
def test_every_event_comes_back_from_its_line(cls: Any):
    """A sample of every event is read from its line as it was written."""
    event = sample(cls)
    raw = _line(event)
    recorded = codec.parse(raw, end=len(raw))
    assert recorded.event == event
    assert (recorded.seq, recorded.at, recorded.by, recorded.key, recorded.tx) == (
        1,
        AT,
        "runner",
        None,
        None,
    )
    assert recorded.end == len(raw)
    assert recorded.hash == codec.chained(raw, seq=1, prev=codec.NO_HASH)


@pytest.mark.parametrize(
    "text",
    ["plain", '"', '\\"', ',"data":', '","tx":[0,2],"data":{', "\u2028", "\x00\x1f", "ünï", "\U0001f600"],
)
def test_the_envelope_is_read_without_parsing_whatever_it_holds(text: str):
    """Key and place in a batch are found in the raw line, whatever the strings in it imitate."""
    envelope = codec.envelope(at=AT, by=codec.text_field("by", text), key=codec.text_field("key", text))
    single, in_batch = (_line(NoteAdded(text=text), tx=tx, envelope=envelope) for tx in (None, (3, 10)))
    assert (codec.key_of(single), codec.tx_of(single)) == (text, None)
    assert (codec.key_of(in_batch), codec.tx_of(in_batch)) == (text, (3, 10))
    parsed = codec.parse(in_batch, end=1)
    assert (parsed.by, parsed.key, parsed.tx) == (text, text, (3, 10))


def test_a_line_without_a_key_has_none():
    """The usual line has no key."""
    assert codec.key_of(_line(NoteAdded(text='"key":"x"'))) is None


def test_a_line_fits_only_its_place():
    """The same bytes are refused under another number and behind another record."""
    raw = _line(NoteAdded(text="a"), seq=2)
    assert codec.chained(raw, seq=2, prev=codec.NO_HASH) is not None
    assert codec.chained(raw, seq=3, prev=codec.NO_HASH) is None
    assert codec.chained(raw, seq=2, prev="1" * 64) is None


@pytest.mark.parametrize(("name", "version"), [("MoonLanded", 1), ("NoteAdded", 2), ("NoteAdded", 99)])
def test_unknown_and_newer_events_stay_raw(name: str, version: int):
    """An event this program does not know is kept as it is, and readers that decide refuse it."""
    event = codec.decode(name, version, {"a": 1})
    assert event == codec.RawEvent(type=name, version=version, data={"a": 1})
    assert codec.event_type(event) == name
    recorded = codec.Recorded(seq=57, at=AT, by="x", key=None, tx=None, event=event, hash="", end=0)
    with pytest.raises(UnknownEvent, match=f"record 57 is {name} v{version}"):
        codec.require_known(recorded)


def test_a_known_event_may_decide():
    """A record of a known event is handed through."""
    raw = _line(NoteAdded(text="a"))
    recorded = codec.parse(raw, end=len(raw))
    assert codec.require_known(recorded) is recorded
    assert codec.event_type(recorded.event) == "NoteAdded"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "NoteAdded v1: NoteAdded lacks 'text'"),
        ({"text": 1}, "NoteAdded v1: NoteAdded.text must be a string"),
        ({"text": "a", "more": 1}, "NoteAdded v1: NoteAdded has no field 'more'"),
    ],
)
def test_a_known_event_with_wrong_fields_is_damage(data: Any, says: str):
    """The error names the event, its version and the field."""
    with pytest.raises(CorruptHistory) as caught:
        codec.decode("NoteAdded", 1, data)
    assert says in str(caught.value)


def test_stored_events_have_all_their_fields():
    """A default does not stand in for a field that is missing in a history."""
    data = codec.unstructure(LoopsRequested(request=Request(loops=1)))
    assert isinstance(data["request"], dict)
    del data["request"]["agent"]
    with pytest.raises(CorruptHistory, match="Request lacks 'agent'"):
        codec.decode("LoopsRequested", 1, data)


@pytest.mark.parametrize(
    "raw",
    [b"[]", b"5", b"{}", b'{"seq":1}', b'{"seq":1,"at":"","by":"","key":null,"type":"X","v":1}', b"\xff"],
)
def test_what_is_no_record_is_damage(raw: bytes):
    """A line without a record's fields is refused as damage, whatever else it is."""
    with pytest.raises(CorruptHistory, match="not a record"):
        codec.parse(raw, end=1)


def test_half_a_surrogate_pair_is_refused_by_its_field():
    """Text that is not Unicode never reaches a history; the error says where it was."""
    with pytest.raises(InvalidInput, match=r"NoteAdded\.text holds half of a surrogate pair"):
        codec.payload(NoteAdded(text="a\ud800"))
    with pytest.raises(InvalidInput, match="'by' holds half"):
        codec.text_field("by", "\udfff")


def test_a_huge_event_is_refused():
    """More than a megabyte does not become one line."""
    with pytest.raises(InvalidInput, match="too large for a history"):
        codec.payload(NoteAdded(text="x" * 2**20))
    with pytest.raises(WrongValue, match="'key' is longer"):
        codec.text_field("key", "x" * 1001)


def test_what_is_no_event_is_refused():
    """A value object is not an event."""
    with pytest.raises(InvalidInput, match="Request is not an event"):
        codec.payload(Request(loops=1))  # type: ignore[arg-type]


def test_numbers_and_text_survive_exactly():
    """Floats round-trip to the last bit, and text keeps every character."""
    event = sample(TailHealed)
    data = codec.payload(event)[-1].removeprefix(codec.DATA_FIELD)
    assert orjson.loads(data) == codec.unstructure(event)
    asked = AgentAsked(
        iteration=0, step="apply", call=1, agent="\x00\u2028\U0001f600", prompt_sha256="", sandbox="none"
    )
    raw = _line(asked)
    assert raw.count(b"\n") == 1
    assert codec.parse(raw, end=0).event == asked


def test_upcasters_are_applied_step_by_step(monkeypatch: pytest.MonkeyPatch):
    """Data of version -1 goes through every step, in order, up to the version of the class."""
    steps = {
        ("NoteAdded", -1): lambda data: {"said": data["note"]},
        ("NoteAdded", 0): lambda data: {"text": data["said"] + "!"},
    }
    assert codec.decode("NoteAdded", -1, {"note": "hi"}, steps=steps) == NoteAdded(text="hi!")
    assert codec.decode("NoteAdded", 0, {"said": "hi"}, steps=steps) == NoteAdded(text="hi!")


@pytest.mark.parametrize("cls", get_args(Event))
def test_every_older_version_has_its_upcaster(cls: Any):
    """From version 1 on, each step to the current version of an event exists."""
    for version in range(1, cls.VERSION):
        assert (cls.__name__, version) in UPCASTERS
