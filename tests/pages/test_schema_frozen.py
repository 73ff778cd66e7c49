"""The frozen schemas and the golden lines, against the classes of today."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from attrs import frozen

from autoresearch.events import catalog
from autoresearch.events.catalog import Event
from autoresearch.events.encoding import schema
from autoresearch.events.encoding.codec import NO_HASH, RawEvent, chained, decode, parse
from autoresearch.events.errors import InvalidInput
from tests.golden.samples import FOLDER, golden_line, name_of, sample


GOLDEN = sorted(FOLDER.glob("*.jsonl"))
VERSIONED = {"config": "RunConfig", "request": "Request"}  # by the field that holds it


def fits(data: object, name: str) -> None:
    """Validate against a frozen schema."""
    frozen_schema = json.loads((schema.FOLDER / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(frozen_schema)
    jsonschema.validate(data, frozen_schema)


def test_what_is_written_as_an_event_is_registered():
    """Each class with a version that the catalog gives stands in its union: none was forgotten there."""
    versioned = {one for one in vars(catalog).values() if "VERSION" in getattr(one, "__dict__", ())}
    assert versioned == set(get_args(Event))


def test_the_schemas_are_fresh():
    """Every event of today has its schema file, and none differs; `make reference` writes them."""
    assert schema.check() == ()


@pytest.mark.parametrize("cls", get_args(Event))
def test_every_event_has_a_golden_line_that_is_still_written_so(cls: Any):
    """The bytes of a sample event are the golden ones: `python -m tests.golden.samples` adds new versions."""
    assert (FOLDER / name_of(cls)).read_bytes() == golden_line(cls)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_lines_are_read_for_ever(path: Path):
    """A line of any version that was ever written is a known event today, and its hash still fits."""
    raw = path.read_bytes()
    assert chained(raw, seq=1, prev=NO_HASH) is not None
    assert not isinstance(parse(raw, end=len(raw)).event, RawEvent)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_lines_fit_their_frozen_schema(path: Path):
    """The data of a golden line, and each value in it, validates against the schema of its version."""
    line = json.loads(path.read_bytes())
    fits(line["data"], f"{line['type']}.v{line['v']}")
    for name, value in line["data"].items():
        if isinstance(value, dict) and "v" in value:
            fits(value, f"{VERSIONED[name]}.v{value['v']}")


@pytest.mark.parametrize("cls", get_args(Event))
def test_schema_and_reader_refuse_the_same(cls: Any):
    """A field too many, or one too few, is refused by the schema as it is by the reader."""
    validator = jsonschema.Draft202012Validator(schema.schema(cls))
    data = json.loads(golden_line(cls))["data"]
    assert validator.is_valid(data)
    assert decode(cls.__name__, cls.VERSION, data) == sample(cls)
    assert not validator.is_valid({**data, "surplus": 1})
    for name in data:
        assert not validator.is_valid({key: value for key, value in data.items() if key != name})


def test_a_changed_class_does_not_change_a_frozen_schema(tmp_path: Path):
    """Writing refuses when a file is there that says otherwise, and touches nothing."""
    assert len(schema.write(tmp_path)) == len(get_args(Event)) + len(schema.versioned_values())
    assert schema.write(tmp_path) == ()
    one = tmp_path / "NoteAdded.v1.json"
    one.write_text("{}")
    (tmp_path / "RunStopped.v1.json").unlink()
    assert set(schema.check(tmp_path)) == {"NoteAdded.v1.json", "RunStopped.v1.json"}
    with pytest.raises(InvalidInput, match=r"NoteAdded\.v1\.json"):
        schema.write(tmp_path)
    assert one.read_text() == "{}"
    assert not (tmp_path / "RunStopped.v1.json").exists()


def test_a_frozen_schema_may_be_described_better(tmp_path: Path):
    """Other words about an event are written without a new version, since they accept what was accepted."""
    schema.write(tmp_path)
    one = tmp_path / "NoteAdded.v1.json"
    fresh = one.read_bytes()
    one.write_text(json.dumps({**json.loads(fresh), "description": "what was said of it before"}))
    assert schema.check(tmp_path) == ("NoteAdded.v1.json",)
    assert schema.write(tmp_path) == ("NoteAdded.v1.json",)
    assert one.read_bytes() == fresh


def test_a_class_that_has_no_schema_is_named():
    """A field that JSON cannot say is refused."""

    @frozen(kw_only=True)
    class Odd:
        """Nothing that JSON can say."""

        members: frozenset[str]

    with pytest.raises(InvalidInput, match="has no schema"):
        schema.schema(Odd)
