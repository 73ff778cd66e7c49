"""docs/audit.md, held against the tables of forgeries and slips, and against the checks of an audit."""

from typing import get_args

from autoresearch.engine.audit.report import Unseen
from autoresearch.workflows.pages.replay import NOT_SEEN
from tests.forging import decided, imported, left, recorded
from tests.forging.page import PAGE, page
from tests.golden.mutations import LETTING_MORE, MUTATIONS


# Of kinds that no story of a whole run comes to: their tests are named.
ELSEWHERE = {
    "code_gone": "contract/audit/test_audit_tampering.py",
    "curve_gone": "contract/training/test_early_stop.py",
    "other_search": "contract/audit/test_audit_tampering.py",
    "diff_gone": "contract/audit/test_left_files.py",
    "fork_gone": "contract/test_fork.py",
    "signature_unknown": "contract/git/test_signed_anchors.py",
}


def test_the_page_has_the_tables_of_the_tests():
    """The page is as `python -m tests.forging.page` writes it."""
    assert page() == PAGE.read_text()


def test_there_is_enough_of_them():
    """At least ninety forgeries and forty-five slips are tried."""
    forged = (decided.FORGED, recorded.FORGED, left.LEFT, imported.FORGED, imported.LEFT)
    assert sum(map(len, forged)) >= 90
    assert len(MUTATIONS | LETTING_MORE) >= 45


def test_each_thing_that_may_be_gone_is_taken_away_once():
    """Of every kind of thing that an audit may not see, one is taken away in a test, and has its sentence."""
    taken = {one.what for one in (*left.GONE.values(), *imported.GONE.values())}
    assert set(get_args(Unseen)) == taken | ELSEWHERE.keys() == NOT_SEEN.keys()
