"""Forgeries of an imported run: of its history, and of the copy of what it was read from."""

from pathlib import Path

from tests.forging.changes import Forgery, drop, put
from tests.forging.left import Gone, Spoilt
from tests.tampering import first


TABLE = (
    "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"
    "abc1234\t1.5\t1.0\tkeep\tbase\n"
    "abc1235\t1.4\t1.0\tkeep\twider\n"
    "abc1236\t1.6\t1.0\tdiscard\tworse\n"
)

FORGED = {
    "a number": Forgery(
        put("ResultImported", "metric", 0.5, iteration=2), "transitions", "ResultImported.metric"
    ),
    "a verdict": Forgery(
        put("ResultImported", "status", "discard", iteration=1), "transitions", "ResultImported.status"
    ),
    "what was tried": Forgery(
        put("ResultImported", "description", "clever"), "transitions", "ResultImported.description"
    ),
    "the digest of the table": Forgery(
        put("RunImported", "sha256", "0" * 64), "transitions", "RunImported.sha256"
    ),
    "a row left out": Forgery(drop("ResultImported", iteration=2), "transitions", "RunImported.rows"),
    "another number of rows": Forgery(put("RunImported", "rows", 9), "transitions", "RunImported.rows"),
    "a run with a base": Forgery(
        lambda records: first(records, "RunStarted")["data"].update(base_commit="f" * 40),
        "transitions",
        "RunStarted.by",
    ),
}

LEFT = {
    "the copied table": Spoilt(
        lambda world: world.paths.imported.joinpath("results.tsv").write_text(TABLE.replace("1.4", "0.4")),
        "transitions",
        "RunImported.sha256",
    ),
    "refs beside an imported run": Spoilt(
        lambda world: world.git.set_ref(
            f"refs/autoresearch/{world.paths.run_id}/1", world.git.resolve("HEAD") or "", old=None
        ),
        "commits",
        "RunStarted.base_commit",
    ),
}

GONE = {
    "the copied table": Gone(
        lambda world: Path(world.paths.imported / "results.tsv").unlink(), "transitions", "source_gone"
    ),
    "where an imported run was measured": Gone(lambda _: None, "commits", "imported"),
}
