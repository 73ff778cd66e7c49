"""Applying `set` and `edits`, and judging what came of a change."""

import pytest

from autoresearch.engine.ports.repository import Diff
from autoresearch.engine.proposals import changes
from autoresearch.events.errors import InvalidInput
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Edit, Proposal, Scalar
from autoresearch.projections.words.wording import say


SOURCE = b"""# header: DEPTH = 9
DEPTH = 4  # layers; search: 2..8
LR: float = 3e-2   # keep me
BATCH = 2**11
NAME = "sdpa"
FLAG = True
NOTHING = None
BIG = 524_288
NEGATIVE = -1.5
PAIR = (1, 2)
if FLAG:
    HIDDEN = 1
"""


def proposal(*, set: dict[str, Scalar] | None = None, edits: tuple[Edit, ...] = ()) -> Proposal:  # noqa: A002
    """Return a proposal with this machine form."""
    return Proposal(
        status="ok", description="d", change_plan="p", commit_description="c", set=set or {}, edits=edits
    )


def applied(source: bytes, **form: dict[str, Scalar] | tuple[Edit, ...]) -> bytes:
    """Return what becomes of train.py."""
    done = changes.apply(proposal(**form), {"train.py": source}, ("train.py",))  # type: ignore[arg-type]
    return done.get("train.py", source)


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("DEPTH", 6, b"DEPTH = 4  #", b"DEPTH = 6  #"),
        ("DEPTH", 6.0, b"DEPTH = 4  #", b"DEPTH = 6  #"),
        ("DEPTH", 6.5, b"DEPTH = 4  #", b"DEPTH = 6.5  #"),
        ("LR", 0.04, b"= 3e-2   # keep", b"= 0.04   # keep"),
        ("LR", 1, b"= 3e-2 ", b"= 1.0 "),
        ("BATCH", 4096, b"2**11", b"2**12"),
        ("NAME", "flash", b'"sdpa"', b'"flash"'),
        ("NAME", 'a"b', b'"sdpa"', b"'a\"b'"),
        ("FLAG", False, b"FLAG = True", b"FLAG = False"),
        ("NOTHING", 3, b"NOTHING = None", b"NOTHING = 3"),
        ("NAME", None, b'"sdpa"', b"None"),
        ("BIG", 1000, b"524_288", b"1000"),
        ("NEGATIVE", 2, b"-1.5", b"2.0"),
    ],
)
def test_set_replaces_the_literal_alone(name: str, value: Scalar, old: bytes, new: bytes) -> None:
    """The literal of one constant changes, in its own manner, and no other byte does."""
    assert applied(SOURCE, set={name: value}) == SOURCE.replace(old, new)


@pytest.mark.parametrize(("name", "value"), [("BIG", 524288), ("LR", 0.03), ("DEPTH", 4.0), ("FLAG", True)])
def test_an_equal_value_leaves_the_file(name: str, value: Scalar) -> None:
    """A constant that is set to the value it has keeps its notation, and no file changes."""
    assert changes.apply(proposal(set={name: value}), {"train.py": SOURCE}, ("train.py",)) == {}


def test_several_constants_are_set_at_once() -> None:
    """All names of one `set` are replaced, whatever their lengths do to each other's places."""
    done = applied(SOURCE, set={"BIG": 1, "DEPTH": 12345678, "NAME": ""})
    assert b"DEPTH = 12345678  # layers" in done
    assert b'NAME = ""\n' in done
    assert b"BIG = 1\n" in done


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"DEPHT": 3}, "did you mean DEPTH"),
        ({"HIDDEN": 3}, "no constant HIDDEN"),
        ({"PAIR": 3}, "no constant PAIR"),
        ({"DEPTH": "deep"}, "DEPTH is 4, a number; 'deep' is a string"),
        ({"BATCH": "x"}, "BATCH is 2\\*\\*11, a number"),
        ({"FLAG": 1}, "FLAG is True, a boolean"),
        ({"NAME": 1}, 'NAME is "sdpa", a string'),
        ({"DEPTH": True}, "True is a boolean"),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, Scalar], reason: str) -> None:
    """An unknown name and another kind of value are refused with what would fit."""
    with pytest.raises(InvalidInput, match=reason):
        applied(SOURCE, set=values)


def test_a_name_must_be_assigned_once() -> None:
    """A constant that is assigned twice, in one file or in two, needs an edit."""
    with pytest.raises(InvalidInput, match="assigned 2 times"):
        applied(b"A = 1\nA = 2\n", set={"A": 3})
    with pytest.raises(InvalidInput, match=r"assigned 2 times \(a.py, b.py\)"):
        changes.apply(proposal(set={"A": 3}), {"a.py": b"A = 1", "b.py": b"A = 1"}, ("a.py", "b.py"))


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (b"A = 1\r\nB = 2\r\n", b"A = 1\r\nB = 9\r\n"),
        (b"A = 1\rB = 2\r", b"A = 1\rB = 9\r"),
        (b"\xef\xbb\xbfB = 2", b"\xef\xbb\xbfB = 9"),
        ("Ü = 'ü'; B = 2 # ü\n".encode(), "Ü = 'ü'; B = 9 # ü\n".encode()),
        (b"'''\n\x0c\n\xe2\x80\xa8'''\nB = 2", b"'''\n\x0c\n\xe2\x80\xa8'''\nB = 9"),
        (b"B = (\n    2\n)  # why\n", b"B = (\n    9\n)  # why\n"),
        (b"B: int=2", b"B: int=9"),
        (b"A = 1;B=2;C=3", b"A = 1;B=9;C=3"),
    ],
)
def test_line_ends_marks_and_odd_characters_stay(source: bytes, result: bytes) -> None:
    """Whatever surrounds the literal is the same afterwards, byte for byte."""
    assert applied(source, set={"B": 9}) == result


@pytest.mark.parametrize(
    ("source", "value", "result"),
    [
        (b"B = 2**19  # of tokens\n", "2**18", b"B = 2**18  # of tokens\n"),
        (b"B = 2**19\n", "4 * (1024 + 1)", b"B = 4 * (1024 + 1)\n"),
        (b"B = 2**19\n", 1024, b"B = 2**10\n"),
        (b"B = 2**19\n", 1000, b"B = 1000\n"),
        (b"B = 8\n", "2**4", b"B = 2**4\n"),
        (b"B = 8\n", "32 / 2", b"B = 16\n"),
        (b"B = 0.5\n", "-1/4", b"B = -1/4\n"),
        (b"B = 0.5\n", "2**2", b"B = 4.0\n"),
        (b"B = '2**19'\n", "2**18", b"B = '2**18'\n"),
    ],
)
def test_arithmetic_is_a_number(source: bytes, value: str | float, result: bytes) -> None:
    """An expression of numbers is understood where a number is, and written as the human wrote it."""
    assert result == applied(source, set={"B": value})


def test_arithmetic_that_comes_to_the_same_is_no_change() -> None:
    """The value is compared, not how it is written."""
    assert b"B = 2**19\n" == applied(b"B = 2**19\n", set={"B": 524288})
    assert b"B = 2**19\n" == applied(b"B = 2**19\n", set={"B": "2 ** 19"})


@pytest.mark.parametrize(
    "value", ["9**9**9", "10**400", "1/0", "(-1)**0.5", "2 # c", "2\n**3", "x**2", "2**", ""]
)
def test_arithmetic_that_is_no_usable_number_is_refused(value: str) -> None:
    """What is no number, too large, or would take for ever is refused at once."""
    with pytest.raises(InvalidInput, match="a number"):
        applied(b"B = 2**19\n", set={"B": value})


PROFILES = b"""PROFILE = "small"
if PROFILE == "small":
    DEPTH = 2  # search: 1..4
    SHORT = 1
elif PROFILE == "full":
    DEPTH = 9  # search: 8..12
    CAP = 15.0
else:
    OTHER = 3
if DEPTH > 2:
    UNDECIDED = 1
"""


def test_set_reaches_the_profile_in_use() -> None:
    """Of a name that every profile assigns, the one in use is set, and the others stay as they are."""
    assert PROFILES.replace(b"DEPTH = 2", b"DEPTH = 3") == applied(PROFILES, set={"DEPTH": 3})
    full = PROFILES.replace(b'"small"\n', b'"full"\n')
    assert full.replace(b"DEPTH = 9", b"DEPTH = 10") == applied(full, set={"DEPTH": 10})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("CAP", "CAP is not in use: it counts where PROFILE is 'full', and PROFILE is 'small'"),
        ("OTHER", "OTHER is not in use: it counts where PROFILE is not 'small', and PROFILE is 'small'"),
        ("UNDECIDED", "no constant UNDECIDED in"),
    ],
)
def test_a_constant_that_is_not_in_use_is_refused(name: str, reason: str) -> None:
    """What only another profile assigns is refused, and the reason says which profile would use it."""
    with pytest.raises(InvalidInput) as refused:
        applied(PROFILES, set={name: 1})
    assert str(refused.value).startswith(reason)


def test_only_python_in_utf8_has_constants() -> None:
    """A file that is not Python, or not UTF-8, is named."""
    with pytest.raises(InvalidInput, match=r"train.py: it is not Python"):
        applied(b"A = = 1", set={"A": 2})
    with pytest.raises(InvalidInput, match=r"train.py: it is not UTF-8"):
        applied(b"# coding: latin-1\nA = '\xfc'", set={"A": "b"})


def edit(search: str, replace: str, file: str = "") -> Edit:
    """Return one edit."""
    return Edit(file=file, search=search, replace=replace)


def test_edits_apply_in_order() -> None:
    """A later edit sees what an earlier one wrote."""
    assert applied(b"a b\n", edits=(edit("a", "c"), edit("c b", "d"))) == b"d\n"


def test_edits_of_lines_fit_other_line_ends() -> None:
    """A search of several lines fits a file whose lines end in CRLF, which then still do."""
    assert applied(b"a\r\nb\r\nc\r\n", edits=(edit("a\nb", "x\ny\nz"),)) == b"x\r\ny\r\nz\r\nc\r\n"


def test_a_replacement_is_no_pattern() -> None:
    """Backslashes and braces in an edit are only characters."""
    assert applied(b"a.b\n", edits=(edit("a.b", r"\1{x}\n"),)) == b"\\1{x}\\n\n"


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ((edit("DEPTH = 5", "x"),), r"edit 1 of train.py: .* does not occur; line 2 is nearest: DEPTH = 4"),
        ((edit("FLAG = True\nNO", "x"), edit("zzz", "")), "edit 2 of train.py"),
        ((edit('NAME = "sdpa"\nFLAG = False', "x"),), "its first line is line 5, the rest differs"),
        ((edit("= ", "x"),), r"occurs \d+ times"),
        ((edit("1", "2", "prepare.py"),), "an edit is for prepare.py; only train.py may change"),
    ],
)
def test_an_edit_must_fit_exactly_once(edits: tuple[Edit, ...], reason: str) -> None:
    """A search that occurs never or often, or in another file, is refused with a hint."""
    with pytest.raises(InvalidInput, match=reason):
        applied(SOURCE, edits=edits)


def test_overlapping_occurrences_count() -> None:
    """A text that overlaps itself is not unique."""
    with pytest.raises(InvalidInput, match="occurs 2 times"):
        applied(b"aaa", edits=(edit("aa", "b"),))


def test_an_edit_names_its_file_where_there_are_two() -> None:
    """With two editable files an edit says which; and the file must exist."""
    files = {"a.py": b"1", "b.py": b"1"}
    with pytest.raises(InvalidInput, match="names no file"):
        changes.apply(proposal(edits=(edit("1", "2"),)), files, ("a.py", "b.py"))
    done = changes.apply(proposal(edits=(edit("1", "2", "b.py"),)), files, ("a.py", "b.py"))
    assert done == {"b.py": b"2"}
    with pytest.raises(InvalidInput, match="does not exist"):
        changes.apply(proposal(edits=(edit("1", "2", "c.py"),)), files, ("a.py", "b.py", "c.py"))


def diff(*files: str, text: bytes = b"", insertions: int = 1) -> Diff:
    """Return a diff of these files."""
    return Diff(text=text, sha256="", files=files, insertions=insertions, deletions=0)


CONFIG = RunConfig()


@pytest.mark.parametrize(
    ("change", "files", "reason"),
    [
        (diff("train.py"), {"train.py": b"A = 1\n"}, ""),
        (
            diff("prepare.py", "train.py"),
            {"train.py": b""},
            "it touches prepare.py; only train.py may change",
        ),
        (diff("a", "b", "c", "d", "train.py"), {"train.py": b""}, "it touches a, b, c and 1 more; only"),
        (diff("train.py"), {}, "train.py is gone, or no longer a plain file"),
        (diff("train.py", text=b"x\nnew mode 120000\n"), {"train.py": b""}, "no longer a plain file"),
        (diff(insertions=0), {"train.py": b""}, "it changes nothing"),
        (
            diff("train.py", insertions=0, text=b"old mode 100644\nnew mode 100755\n"),
            {"train.py": b""},
            "nothing",
        ),
        (diff("train.py"), {"train.py": b"A = 1\nB = (\n"}, "train.py does not compile: line 2"),
        (diff("train.py"), {"train.py": b"return 1\n"}, "train.py does not compile: line 1"),
        (diff("train.py"), {"train.py": b"A = '\0'\n"}, "does not compile"),
        (diff("train.py"), {"train.py": b"(" * 10_000}, "does not compile"),
        (diff("train.py"), {"train.py": b"A = '\\d'\n"}, ""),
    ],
)
def test_what_may_be_trained(change: Diff, files: dict[str, bytes], reason: str) -> None:
    """Only a change of editable, plain, compiling files is trained; else the reason is named."""
    found = changes.check_candidate(change, files, CONFIG)
    assert reason in say(found)
    assert bool(reason) == (found is not None)
