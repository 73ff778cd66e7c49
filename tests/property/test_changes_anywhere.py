"""`set` on arbitrary sources."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from autoresearch.engine.proposals import changes, constants
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Proposal, Scalar


NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = NUMBERS | st.booleans() | st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
COMMENTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def sources(draw: st.DrawFn) -> tuple[list[str], str]:
    """Draw the lines of a file of constants N0, N1 and so on, with comments, and its line end."""
    values = draw(st.lists(SCALARS, min_size=1, max_size=6))
    spaces = draw(st.sampled_from([" = ", "=", ": object  =\t"]))
    lines = [
        f"N{number}{spaces}{value!r}{draw(st.sampled_from(['', ' ']))}#{draw(COMMENTS)}"
        for number, value in enumerate(values)
    ]
    return lines, draw(LINE_ENDS)


@given(source=sources(), which=st.integers(0, 5), value=NUMBERS, mark=st.booleans())
def test_every_other_byte_stays(source: tuple[list[str], str], which: int, value: Scalar, mark: bool) -> None:  # noqa: FBT001
    """Setting one constant changes its literal only, and reading it again gives the value."""
    lines, end = source
    index = which % len(lines)
    lines[index] = f"N{index} = 7 # {lines[index].partition('#')[2]}"
    raw = (b"\xef\xbb\xbf" if mark else b"") + end.join(lines).encode()
    name = f"N{index}"
    proposal = Proposal(
        status="ok", description="d", change_plan="p", commit_description="c", set={name: value}
    )
    done = changes.apply(proposal, {"t.py": raw}, ("t.py",)).get("t.py", raw)
    before, after = (next(one for one in constants.find(text) if one.name == name) for text in (raw, done))
    assert raw[: before.start] == done[: after.start]
    assert raw[before.end :] == done[after.end :]
    assert after.value == value
    assert ast.dump(ast.parse(raw)).count("Assign") == ast.dump(ast.parse(done)).count("Assign")


@given(source=sources())
def test_all_constants_are_found(source: tuple[list[str], str]) -> None:
    """Every constant is found where it stands, with the value that Python gives it."""
    lines, end = source
    raw = end.join(lines).encode()
    world: dict[str, object] = {}
    exec(compile(raw, "t", "exec"), world)  # noqa: S102 - our own literals
    found = constants.find(raw)
    assert len(lines) == len(found)
    assert [repr(world[one.name]) for one in found] == [repr(one.value) for one in found]
    assert [repr(ast.literal_eval(one.text)) for one in found] == [repr(one.value) for one in found]


@given(st.binary(max_size=200))
def test_any_bytes_have_constants_or_a_reason(raw: bytes) -> None:
    """Whatever a file holds, its constants are found as they are written, or it is refused by name."""
    found, refused = (), ""
    try:
        found = constants.find(raw)
    except InvalidInput as error:
        refused = str(error)
    assert refused.startswith("it is not ") or not refused
    assert all(raw[one.start : one.end].decode() == one.text for one in found)
