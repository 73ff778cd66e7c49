"""The texts of the small profile: the embedded addresses, and a user's own."""

import hashlib
import lzma
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from text.errors import NotPossible
from text.report import say
from text.sets import datasets
from text.sets.datasets import FULL, SMALL, Profile
from text.sets.tokenizer import Tokenizer


CORPUS = Path(__file__).resolve().parents[2] / "corpus"
SOTU = CORPUS / "sotu.tsv.xz"
SOTU_MERGES = CORPUS / "sotu.bpe4096.txt"
SOTU_SHA256 = "05a28442573a25cbd442335e374428917cf4a1d1739b74024701dee113196231"  # of the text, unpacked
LATER = CORPUS / "sotu-later.tsv.xz"  # the addresses since, for the holdout
LATER_SHA256 = "dc11358d410437b61531951126aa6678da65529f041c86b883f4ff6dcb29bce5"
LEAST_TEXT = 200_000  # characters: enough for a vocabulary, and for a few batches
LEAST_FILES = 32  # fewer are cut into pieces
EVERY = 16  # of so many documents one is for validation
SPLIT = f"index % {EVERY} == {EVERY // 2}"


def is_validation(index: int) -> bool:
    """Tell if the document at this place belongs to validation: whole documents, evenly over all years."""
    return index % EVERY == EVERY // 2


def build_sotu(folder: Path) -> None:
    """Prepare the embedded text: documents in the order of the years, whole documents to either side."""
    texts, digest = _embedded()
    try:
        tokenizer = Tokenizer.load(SOTU_MERGES)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    _write(folder, SMALL, texts, tokenizer, "embedded", corpus_sha256=digest, split=SPLIT)


def build_sotu_full(folder: Path) -> None:
    """Prepare the embedded text in the full profile's shapes: to see that profile run where no network is.

    Two million tokens are an epoch of two seconds on a big GPU: a score on them says little.
    """
    texts, digest = _embedded()
    tokenizer = Tokenizer.train((text for i, text in enumerate(texts) if not is_validation(i)), FULL.vocab)
    _write(folder, FULL, texts, tokenizer, "embedded", corpus_sha256=digest, split=SPLIT)


def build_text(folder: Path, source: Path) -> None:
    """Prepare a user's own text.

    The files of a folder, in the order of their paths, are the documents. If there are fewer than 32, each is
    cut into pieces of 8,192 characters or a little more, and the pieces are the documents.
    """
    documents = read_all(source)
    whole = len(documents) >= LEAST_FILES
    if not whole:
        documents = [(f"{name}#{i}", part) for name, text in documents for i, part in enumerate(cut(text))]
    if sum(len(text) for _, text in documents) < LEAST_TEXT:
        msg = f"too little text to learn from - {source}; it takes {LEAST_TEXT:,} characters of UTF-8 text"
        raise NotPossible(msg)
    digest = digest_of(documents)
    texts = [text for _, text in documents]
    train = [text for i, text in enumerate(texts) if not is_validation(i)]
    every = 1 + sum(map(len, train)) // 16_000_000  # learning takes a CPU second a megabyte: 16 are enough
    say(f"learning {SMALL.vocab:,} tokens from {len(train[::every]):,} documents")
    tokenizer = Tokenizer.train(train[::every], SMALL.vocab)
    split = f"{SPLIT}, files" if whole else f"{SPLIT}, pieces"
    _write(folder, SMALL, texts, tokenizer, str(source), corpus_sha256=digest, split=split)


def later() -> tuple[list[str], str, str]:
    """Return the addresses that came after the embedded text, their digest, and where they are from."""
    texts, digest = _unpacked(LATER, LATER_SHA256)
    return texts, digest, "embedded"


def digest_of(documents: Iterable[tuple[str, str]]) -> str:
    """Return the digest of documents, each a name and a text."""
    found = hashlib.sha256()
    for name, text in documents:
        found.update(f"{name}\0{text}\0".encode())
    return found.hexdigest()


def cut(text: str, size: int = 8192) -> Iterator[str]:
    """Cut a text after an empty line, else a line, else a word, that ends between `size` and twice `size`."""
    begin = 0
    while len(text) - begin > 2 * size:
        for border in ("\n\n", "\n", " ", ""):
            if (at := text.find(border, begin + size, begin + 2 * size)) >= 0:
                break
        yield text[begin : at + len(border)]
        begin = at + len(border)
    yield text[begin:]


def read_all(source: Path) -> list[tuple[str, str]]:
    """Return the names and texts of a file or a folder, hidden files left out."""
    files = sorted(p for p in source.rglob("[!.]*") if p.is_file()) if source.is_dir() else [source]
    documents = [(str(p.relative_to(source.parent)), text) for p in files if (text := _read(p))]
    if skipped := len(files) - len(documents):
        say(f"skipped {skipped:,} of {len(files):,} files: empty, or not UTF-8")
    return documents


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        msg = f"cannot read the text - {path} ({error.strerror}); --text takes a file or a folder"
        raise NotPossible(msg) from None


def _embedded() -> tuple[list[str], str]:
    """Return the embedded documents and the sha256 of the text that they are."""
    return _unpacked(SOTU, SOTU_SHA256)


def _unpacked(file: Path, wanted: str) -> tuple[list[str], str]:
    try:
        raw = lzma.decompress(file.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise _unreadable(error) from None
    digest = hashlib.sha256(raw).hexdigest()
    if digest != wanted:
        msg = f"the embedded text is damaged - {file}; run: git checkout -- corpus"
        raise NotPossible(msg)
    return [line.partition("\t")[2] for line in raw.decode().split("\n")[:-1]], digest


def _unreadable(error: Exception) -> NotPossible:
    return NotPossible(f"the embedded text cannot be read - {CORPUS} ({error}); run: git checkout -- corpus")


def _write(
    folder: Path, profile: Profile, texts: Sequence[str], tokenizer: Tokenizer, source: str, **origin: str
) -> None:
    say(f"encoding {len(texts):,} documents")
    train = tokenizer.stream(text for i, text in enumerate(texts) if not is_validation(i))
    val = tokenizer.stream(text for i, text in enumerate(texts) if is_validation(i))
    datasets.write(folder, profile, tokenizer, train, val, stride=profile.seq_len, source=source, **origin)
