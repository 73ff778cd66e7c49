import contextlib
import errno
import hashlib
import http.server
import json
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prepare
from text.errors import NotPossible, NotReady
from text.sets import climbmix, datasets, download, sources
from text.sets.datasets import Dataset
from text.trials.budget import Budget


ROOT = Path(prepare.__file__).parent


def test_the_embedded_text_is_the_known_one(sotu: list[tuple[str, str]]) -> None:
    """The embedded text has its sha256 and holds 233 documents in the order of their names."""
    raw = lzma.decompress(sources.SOTU.read_bytes())
    assert sources.SOTU_SHA256 == hashlib.sha256(raw).hexdigest()
    assert 233 == len(sotu)
    assert sorted(name for name, _ in sotu) == [name for name, _ in sotu]


def test_the_split_is_fixed(sotu: list[tuple[str, str]]) -> None:
    """15 whole documents, 694,293 bytes, are for validation, and none of them is in the training text."""
    val = [text for i, (_, text) in enumerate(sotu) if sources.is_validation(i)]
    train = {text for i, (_, text) in enumerate(sotu) if not sources.is_validation(i)}
    assert (15, 694_293) == (len(val), sum(len(text.encode()) for text in val))
    assert not train.intersection(val)


def test_the_default_is_prepared_and_named(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Preparing the embedded text gives the same data_id everywhere, and --check tells it in one object."""
    assert 3 == prepare.main(["--check"])
    before = json.loads(capsys.readouterr().out)
    assert (False, None) == (before["ready"], before["data_id"])
    assert [f"data set 'sotu' is not prepared - {cache / 'sotu'}; run: python prepare.py"] == before[
        "missing"
    ]
    assert 0 == prepare.main([])
    capsys.readouterr()
    assert 0 == prepare.main(["--check"])
    assert json.loads(capsys.readouterr().out) == {
        "ready": True,
        "missing": [],
        "dataset": "sotu",
        "data_id": "c3c50374c1bb297c",
        "profile": "small",
        "inputs": [
            str(cache / "sotu" / name) for name in ("manifest.json", "tokenizer.txt", "train.bin", "val.bin")
        ],
    }
    assert 694_293 == datasets.find("sotu").eval_bytes


def test_the_embedded_text_comes_in_the_shapes_of_the_full_profile(cache: Path) -> None:
    """`sotu-full` has the rows and the vocabulary of the full profile, and the same data_id everywhere."""
    assert 0 == prepare.main(["--dataset", "sotu-full"])
    data = datasets.find("sotu-full")
    assert ("full", 8192, 2048, 2048) == (data.profile, data.vocab, data.seq_len, data.stride)
    assert "54a2f085e81420b4" == data.data_id


FILES = {"train.bin": "flipped", "val.bin": "cut", "tokenizer.txt": "gone", "manifest.json": "cut"}


@contextlib.contextmanager
def damaged(target: Path, how: str) -> Iterator[None]:
    """Change, cut or take away a file for as long as the block lasts."""
    whole = target.read_bytes()
    if how == "gone":
        target.unlink()
    else:
        target.write_bytes(whole[:-1] if how == "cut" else b"~" + whole[1:])
    try:
        yield
    finally:
        target.write_bytes(whole)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_is_seen(mini: Dataset, file: str, how: str) -> None:
    """A file that is changed, cut or gone is missed."""
    with damaged(mini.folder / file, how), pytest.raises(NotReady, match="mini"):
        datasets.find("mini")
    assert mini == datasets.find("mini")


@pytest.mark.parametrize(("file", "how"), FILES.items())
def test_damage_is_mended(mini: Dataset, file: str, how: str) -> None:
    """Preparing again what was damaged gives the same data set."""
    with damaged(mini.folder / file, how):
        assert mini == datasets.ensure("mini", lambda folder: sources.build_text(folder, Path(mini.source)))


def test_a_users_set_mends_itself(mini: Dataset) -> None:
    """A data set of the user's own text is built again from the text that its manifest names."""
    (mini.folder / "val.bin").unlink()
    assert 0 == prepare.main(["--dataset", "mini"])
    assert mini == datasets.find("mini")


def test_two_prepare_at_once(cache: Path) -> None:
    """Two that prepare at the same time both end well, with one undamaged data set."""
    command = [sys.executable, str(ROOT / "prepare.py")]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [0, 0] == [one.wait() for one in both]
    assert "c3c50374c1bb297c" == datasets.find("sotu").data_id


def test_looking_is_quick() -> None:
    """Importing prepare.py does not import torch."""
    code = "import sys, prepare; sys.exit('torch' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode


def test_own_text_says_how_it_is_selected(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], sotu: list[tuple[str, str]]
) -> None:
    """A file of one's own becomes a data set named after it, which AUTORESEARCH_DATASET selects."""
    path = tmp_path / "My Böok.txt"
    path.write_text("\n\n".join(text[:20_000] for _, text in sotu[40:60]), encoding="utf-8")
    assert 0 == prepare.main(["--text", str(path)])
    assert "export AUTORESEARCH_DATASET=my-b-ok" in capsys.readouterr().out
    data = datasets.find("my-b-ok")
    assert "small" == data.profile
    assert data.eval_bytes > 8_000


def test_other_text_is_another_data_id(mini: Dataset, cache: Path, tmp_path: Path) -> None:
    """One more word in one document, and scores are no longer compared."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for path in Path(mini.source).iterdir():
        (texts / path.name).write_bytes(path.read_bytes())
    path.write_text(path.read_text(encoding="utf-8") + " again", encoding="utf-8")
    other = datasets.ensure("other", lambda folder: sources.build_text(folder, texts))
    assert mini.data_id != other.data_id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"too short", "too little text"),
        (b"\xff\xfe" * 200_000, "too little text"),
        (None, "cannot read the text"),
    ],
)
def test_unusable_text_is_refused(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    """Text that is missing, too short, or not UTF-8 ends with one line that says so."""
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    assert 1 == prepare.main(["--text", str(path)])
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_full_disk_is_said(
    mini: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no room on the disk preparing ends with one line, which names a way out, and leaves no pieces."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert 1 == prepare.main(["--text", mini.source, "--name", "mini"])
    assert "AUTORESEARCH_CACHE" in capsys.readouterr().err.splitlines()[-1]
    assert [".lock"] == [path.name for path in (cache / "mini").iterdir()]


@given(st.text(alphabet="ab \n", min_size=1, max_size=500))
def test_cutting_loses_nothing(text: str) -> None:
    """The pieces of a text, joined, are the text, and none is longer than twice the size asked for."""
    pieces = list(sources.cut(text, size=16))
    assert text == "".join(pieces)
    assert all(16 <= len(piece) <= 33 for piece in pieces[:-1])


@given(st.lists(st.integers(1, 40), max_size=60))
@settings(max_examples=200)
def test_packed_rows_are_full_and_begin_with_a_document(lengths: list[int]) -> None:
    """Every packed row is full and begins with a BOS, and what is in it was in the documents."""
    documents = [[0, *range(1, length)] for length in lengths]
    rows = climbmix.pack(documents, width=16, waiting=5)
    assert 0 == len(rows) % 16
    assert all(rows[i] == 0 for i in range(0, len(rows), 16))
    assert all(b in {0, a + 1} for a, b in pairwise(rows))
    assert len(rows) <= sum(lengths)


def test_best_fit_fills_a_row_without_cutting() -> None:
    """Documents of 10, 6 and 4 fill a row of 16 with 10 and 6: the longest that fits goes next."""
    rows = climbmix.pack([[0] * 4, [1] * 6, [2] * 10], width=16)
    assert [2] * 10 + [1] * 6 == list(rows)


class Shards(http.server.BaseHTTPRequestHandler):
    """A hub that names digests, knows ranges, and breaks off its first answers."""

    files: dict[str, bytes] = {}  # noqa: RUF012 - set by each test
    digest: str | None = None
    break_offs = 0
    ranges: list[str | None] = []  # noqa: RUF012

    def do_HEAD(self) -> None:
        data = self.files.get(self.path)
        self.send_response(200 if data is not None else 404)
        self.send_header("X-Linked-Size", str(len(data or b"")))
        self.send_header("X-Linked-ETag", f'"{self.digest or hashlib.sha256(data or b"").hexdigest()}"')
        self.end_headers()

    def do_GET(self) -> None:
        data, wanted = self.files[self.path], self.headers.get("Range")
        self.ranges.append(wanted)
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        if Shards.break_offs:
            Shards.break_offs -= 1
            data = data[: (begin + len(data)) // 2]
        self.wfile.write(data[begin:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    """The address of a small hub."""
    Shards.files, Shards.digest, Shards.break_offs, Shards.ranges = {"/a": os.urandom(100_000)}, None, 0, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shards) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_broken_download_goes_on_where_it_stopped(hub: str, tmp_path: Path) -> None:
    """A download that breaks off is asked for from the byte it got to, and its sha256 is right in the end."""
    Shards.break_offs = 2
    digest = download.download(f"{hub}/a", tmp_path / "a")
    assert Shards.files["/a"] == (tmp_path / "a").read_bytes()
    assert hashlib.sha256(Shards.files["/a"]).hexdigest() == digest
    assert [None, "bytes=50000-", "bytes=75000-"] == Shards.ranges


def test_a_whole_file_is_not_fetched_again(hub: str, tmp_path: Path) -> None:
    """What is there and has its digest is not downloaded twice."""
    (tmp_path / "a").write_bytes(Shards.files["/a"])
    download.download(f"{hub}/a", tmp_path / "a")
    assert [] == Shards.ranges


def test_a_wrong_digest_is_refused(hub: str, tmp_path: Path) -> None:
    """A file whose digest is not the one the hub names is never taken."""
    Shards.digest = "0" * 64
    with pytest.raises(NotPossible, match="cannot fetch"):
        download.download(f"{hub}/a", tmp_path / "a", attempts=2)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("url", ["{hub}/missing", "http://127.0.0.1:9/a"])
def test_no_network_is_a_clear_error(hub: str, tmp_path: Path, url: str) -> None:
    """Without an answer, the error names the address and the way out."""
    with pytest.raises(NotPossible, match=r"cannot fetch .* embedded text"):
        download.download(url.format(hub=hub), tmp_path / "a", attempts=2)


def test_climbmix_in_miniature(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    sotu: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The large data set is packed into rows of 2,049 tokens from BOS on; its last shard is scored."""

    def texts(path: Path, limit: float = 0) -> Sequence[str]:
        which = int(path.stem[-5:])
        return [text[:9000] for _, text in (sotu[12:14] if which == climbmix.VAL else sotu[which::20])]

    monkeypatch.setattr(climbmix, "TRAIN", range(2))
    monkeypatch.setattr(climbmix, "download", lambda url, path: path.name)
    monkeypatch.setattr(climbmix, "_documents", texts)
    monkeypatch.setattr(climbmix, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(climbmix, "find_spec", lambda _: True)
    assert 0 == prepare.main(["--dataset", "climbmix"])
    data = datasets.find("climbmix")
    assert ("full", 2048, 2049, "seconds:300") == (data.profile, data.seq_len, data.stride, data.budget)
    assert sum(len(text.encode()) for text in texts(Path(f"{climbmix.VAL:05d}"))) == data.eval_bytes
    rows = memoryview((data.folder / "train.bin").read_bytes()).cast("H")
    assert {data.bos} == {rows[i] for i in range(0, len(rows), 2049)}
    said = capsys.readouterr().out
    assert "export AUTORESEARCH_DATASET=climbmix" in said
    assert 'and in train.py: PROFILE = "full", committed' in said


def test_without_pyarrow_climbmix_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where pyarrow is missing, the error names the extra that brings it."""
    monkeypatch.setattr(climbmix, "find_spec", lambda _: None)
    assert 1 == prepare.main(["--dataset", "climbmix"])
    assert "autoresearch[climbmix]" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "5", "tokens", "tokens:0", "tokens:-3", "steps:10", "seconds:1.5"])
def test_a_budget_is_tokens_or_seconds(text: str) -> None:
    """A budget that is not tokens:N or seconds:N is refused."""
    with pytest.raises(Exception, match="neither tokens:N nor seconds:N"):
        Budget.parse(text)


def test_a_budget_may_hold_underscores() -> None:
    """tokens:1_048_576 is about a million tokens, and str() gives the plain form."""
    assert "tokens:1048576" == str(Budget.parse("tokens:1_048_576"))
