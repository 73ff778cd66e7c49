from hypothesis import given, settings
from hypothesis import strategies as st

from text.sets.sources import SOTU_MERGES, is_validation
from text.sets.tokenizer import PIECES, Tokenizer


SHIPPED = Tokenizer.load(SOTU_MERGES)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(ANY_TEXT)
def test_every_text_comes_back(text: str) -> None:
    """Decoding what was encoded gives the text, whatever it holds."""
    assert text == SHIPPED.decode(SHIPPED.encode(text))


@given(ANY_TEXT)
def test_pieces_leave_nothing_out(text: str) -> None:
    """The pieces of a text, joined, are the text."""
    assert text == "".join(PIECES.findall(text))


@given(ANY_TEXT)
@settings(max_examples=50)
def test_lengths_of_tokens_add_up(text: str) -> None:
    """The bytes of the tokens of a text are as many as its own, so that bits a byte are what they say."""
    table = SHIPPED.token_bytes()
    assert len(text.encode()) == sum(len(table[token]) for token in SHIPPED.encode(text))


def test_shipped_merges_are_what_training_gives(sotu: list[tuple[str, str]]) -> None:
    """Training on the training documents gives the shipped merges, to the byte."""
    trained = Tokenizer.train((text for i, (_, text) in enumerate(sotu) if not is_validation(i)), 4096)
    assert SOTU_MERGES.read_bytes() == trained.dumps()


def test_the_vocabulary_is_all_there_is() -> None:
    """The 4,096 tokens are 256 bytes, 3,839 merges, and BOS, which stands for no bytes."""
    assert (4096, 4095) == (SHIPPED.vocab, SHIPPED.bos)
    assert SHIPPED.token_bytes()[SHIPPED.bos] == b""


def test_of_equal_counts_the_smaller_pair_is_merged() -> None:
    """Where two pairs are equally frequent the smaller one is merged first."""
    assert [(97, 98), (99, 100)] == Tokenizer.train(["cd", "ab", "cd", "ab"], 259).merges


def test_no_merge_is_made_for_one_occurrence() -> None:
    """A text without repetition teaches no merges: the vocabulary is smaller than asked for."""
    assert 257 == Tokenizer.train(["abcdef"], 4096).vocab


def test_overlapping_pairs_are_merged_from_the_left() -> None:
    """In `aaaaa` the pair `aa` is merged twice, and one `a` is left."""
    tokenizer = Tokenizer([(97, 97)])
    assert [256, 256, 97] == tokenizer.encode("aaaaa")
