"""The keys of a terminal, told apart from its bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoresearch.workflows.live.keys import NAMES, PASTE_BEGINS, PASTE_ENDS, Decoder


UNKNOWN = (
    b"\x1bOP",
    b"\x1b[15~",
    b"\x1b[1;5A",
    b"\x1b[[A",
    b"\x1bx",
    b"\x00",
    b"\x04",
    b"\xc3\xa4",
    b"\x1b[<0;3;4M",
)
KEYS = st.sampled_from(
    [*NAMES.items(), (b"q", "q"), (b"j", "j"), (b"?", "?"), *((one, None) for one in UNKNOWN)]
)


def keys(*pieces: bytes) -> list[str]:
    """Return what bytes in these pieces are, and that nothing comes behind them."""
    decoder = Decoder()
    found = [key for piece in pieces for key in decoder.feed(piece)]
    return found + decoder.flush()


@pytest.mark.parametrize(("sent", "name"), NAMES.items())
def test_each_sequence_is_its_key(sent, name):
    """Both forms that terminals have for arrows, Home and End are known."""
    assert [name] == keys(sent)


@pytest.mark.parametrize("sent", UNKNOWN)
def test_an_unknown_key_is_passed_over_whole(sent):
    """No byte of a key that is not known is taken for another key."""
    assert ["j", "k"] == keys(b"j" + sent + b"k")


def test_the_escape_key_is_a_byte_that_nothing_follows():
    """Alone it is Escape, also before another sequence; half a sequence is nothing."""
    assert ["escape"] == keys(b"\x1b")
    assert ["escape", "up"] == keys(b"\x1b\x1b[A")
    assert ["j"] == keys(b"j\x1b[1")
    assert Decoder().feed(b"\x1b") == []


def test_pasted_text_is_no_keys():
    """Whatever is pasted, also with sequences in it, does nothing; what follows does."""
    assert ["up", "down"] == keys(b"\x1b[A" + PASTE_BEGINS + b"q\r\x1b[Blq" + PASTE_ENDS + b"\x1b[B")
    assert [] == keys(PASTE_BEGINS + b"qqq")


@given(st.lists(KEYS), st.data())
def test_cut_anywhere_the_keys_are_the_same(pressed, drawn):
    """However a terminal's bytes are cut into pieces, they are the keys that were pressed."""
    sent = b"".join(one for one, _ in pressed)
    cuts = sorted(drawn.draw(st.lists(st.integers(0, len(sent)))))
    ends = [0, *cuts, len(sent)]
    pieces = [sent[begin:end] for begin, end in pairwise(ends)]
    assert [name for _, name in pressed if name] == keys(*pieces)


@given(st.lists(st.binary()))
def test_any_bytes_are_keys_or_nothing(pieces):
    """No bytes break the decoder, and it keeps no more of them than a sequence has."""
    decoder = Decoder()
    known = {*NAMES.values(), "escape"}
    for piece in pieces:
        assert all(key in known or (len(key) == 1 and "!" <= key <= "~") for key in decoder.feed(piece))
        assert len(decoder._left) <= 64
    decoder.flush()
