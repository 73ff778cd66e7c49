"""Moving through a run by keys: which page, which row, as of when."""

import io
import re

import pytest
from rich.console import Console

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.projections.words.wording import say
from autoresearch.workflows.api.run_now import as_it_stood
from autoresearch.workflows.live.browse import Browser
from autoresearch.workflows.live.follow import RunFollower
from autoresearch.workflows.live.text import wrapped
from tests import given as g
from tests.cli_helpers import make_repo, make_run


def closed(number: int) -> tuple[ev.Event, ...]:
    score = (g.trained(number, 1.6), g.row(number, 1.6), g.discarded(number))
    opened, _, *rest = g.candidate(number)
    return (opened, g.chosen(number, description=f"idea {number}"), *rest, g.training(number), *score)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A run of thirty iterations that goes on."""
    repo = make_repo(tmp_path_factory.mktemp("browse") / "repo")
    events = [event for number in range(1, 31) for event in closed(number)]
    made = make_run(repo, g.asked(40), g.runner_started(), *g.BASELINE, *events)
    log = made.job(30, "train", 1).output
    log.parent.mkdir(parents=True)
    log.write_bytes(b"".join(b"step %d\r" % number for number in range(100)) + b"\x1b[2Jred\tend\n")
    return made


class Look:
    """A browser, and what it shows in a terminal of a size."""

    def __init__(self, paths, *, width: int = 100, height: int = 30) -> None:
        self.browser, self.paths, self.size = Browser(paths, RealGit(paths.home)), paths, (width, height)
        self.browser.come(load(paths))

    def press(self, *keys: str) -> str:
        """Press keys, each on what is drawn; return what is drawn then."""
        shown = self._drawn()
        for key in keys:
            self.browser.press(key)
            shown = self._drawn()
        return shown

    def _drawn(self) -> str:
        width, height = self.size
        out = io.StringIO()
        console = Console(file=out, width=width, height=height, color_system="standard", force_terminal=True)
        seen = as_it_stood(self.paths, load(self.paths).run)
        console.print(self.browser.frame(console, seen))
        plain = Console(file=io.StringIO(), width=width, height=height)
        plain.print(self.browser.frame(plain, seen))
        self.lines = plain.file.getvalue().splitlines()
        return out.getvalue()

    @property
    def bar(self) -> str:
        """Return the row that stands out."""
        return next(line for line in self.press().splitlines() if re.search(r"\x1b\[(?:\d+;)*7m", line))


@pytest.mark.parametrize("width", [50, 86, 250])
@pytest.mark.parametrize("height", [20, 50])
@pytest.mark.parametrize("keys", [(), ("up",), ("enter",), ("l",), ("?",), ("left", "left")])
def test_each_page_is_as_high_as_the_terminal(paths, width, height, keys):
    """Nothing is wider than the terminal, and all of its height is used, on each page."""
    look = Look(paths, width=width, height=height)
    look.press(*keys)
    assert height == len(look.lines)
    assert width >= max(len(line) for line in look.lines)
    assert "? keys" in look.lines[-1]


@pytest.mark.parametrize("width", [50, 80, 120, 250])
@pytest.mark.parametrize("height", [15, 50])
def test_no_number_is_cut(tmp_path, width, height):
    """However long what was tried is told, number, status, metric and reason are whole."""
    opened, _, *rest = g.candidate(1)
    long = (opened, g.chosen(1, description="a long idea " * 30), *rest, g.training(1))
    begun = (g.asked(9), g.runner_started(), *g.BASELINE, *long)
    crashed = (
        g.trained(1, None, outcome="crashed"),
        g.row(1, None, outcome="crashed"),
        g.discarded(1),
    )
    look = Look(make_run(make_repo(tmp_path / "repo"), *begun, *crashed), width=width, height=height)
    look.press()
    assert "loop" in look.lines[0]
    assert ["0", "keep"] in [line.split()[:2] for line in look.lines]
    found = next(line for line in look.lines if line.split()[:2] == ["1", "crash"])
    assert say(g.BROKE)[:12] in found
    assert len(found) <= width
    assert any("1.500000" in line for line in look.lines)
    assert ("gain" in "".join(look.lines)) == (width >= 110)
    assert "? keys" in look.lines[-1]


def test_brackets_go_from_verdict_to_verdict(paths):
    """Back over verdicts alone, however many events lie between; on from the last one is live."""
    look = Look(paths)
    look.press("[", "[")
    assert "iteration 28 discarded" in look.lines[0]
    look.press("]")
    assert "iteration 29 discarded" in look.lines[0]
    look.press("]")  # the last event there is
    assert look.browser.is_at_rest
    look.press(*"[" * 40)
    assert "baseline" in look.lines[0]


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("no better: -0.000563 ± 0.000350", ["no better: ", "-0.000563 ± ", "0.000350"]),
        ("0123456789abcdef", ["0123456789ab", "cdef"]),
        ("two words in", ["two words in"]),
        ("", [""]),
        ("漢字漢字漢字漢字", ["漢字漢字漢字", "漢字"]),
    ],
)
def test_lines_break_between_words(line, pieces):
    """No number is broken in two where there is a space near; nothing is lost, and all fits."""
    assert pieces == wrapped(line, 12)
    assert line == "".join(pieces)
    assert line == "".join(wrapped(line, 1))


def test_the_bar_moves_and_the_table_with_it(paths):
    """Up and down, screens and both ends; below the newest row there is no bar, and the newest is meant."""
    look = Look(paths)
    look.press("up")
    assert "idea 29" in look.bar
    look.press("k", "j", "j")
    assert "idea 30" in look.bar
    look.press("page_up", "page_up")
    assert "idea 30" not in look.bar
    look.press("home", "up", "j")
    assert "idea 1" in look.bar
    assert "idea 30" not in "\n".join(look.lines)
    assert not look.browser.is_at_rest
    look.press("end")
    assert look.browser.is_at_rest
    assert "idea 30" in "\n".join(look.lines)


def test_an_experiment_opens_and_scrolls(paths):
    """Enter shows what `show` says of the chosen one, which scrolls from end to end; Esc goes back."""
    look = Look(paths, height=12)
    look.press("up", "enter")
    assert "iteration 29: discard" in "\n".join(look.lines)
    top = look.lines
    look.press("down")
    assert top != look.lines
    look.press("page_down", "page_down", "page_down", "page_down", "end", "down")
    end = look.lines
    assert "iteration 29 discarded" in "\n".join(end)
    look.press("home")
    assert top == look.lines
    look.press("escape")
    assert "idea 29" in look.bar


def test_what_is_opened_stays_while_the_run_goes_on(tmp_path):
    """A new iteration takes no page away from who reads; the log of now is that of the newest training."""
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(40), g.runner_started(), *g.BASELINE, *closed(1))
    look = Look(paths)
    look.press("enter")
    with EventLog(paths.history, durability="off") as log:
        log.append([g.opened(2)], by="test")
    look.browser.come(load(paths))
    look.press()
    assert "iteration 1: discard" in "\n".join(look.lines)
    look.press("escape", "l")
    assert look.lines[0].endswith("the log of iteration 1")


def test_a_log_shows_its_end_and_does_nothing_to_the_terminal(paths):
    """Of progress in one line each state is a line; what would steer the terminal is blank."""
    look = Look(paths)
    shown = look.press("l")
    assert "step 99" in shown
    assert "[2Jred" in shown
    assert "\x1b[2J" not in shown
    assert "step 1 " not in shown
    look.press("home")
    assert "step 0" in "\n".join(look.lines)


def test_back_in_time_each_page_is_as_of_then(paths):
    """Left and right go by one event, on from the last one is live; what came later is not to be seen."""
    look = Look(paths)
    last = load(paths).position.seq
    look.press("left")
    assert f"#{last - 1} " in look.lines[0]
    assert "recorded" in next(line for line in look.lines if "idea 30" in line)
    look.press("enter")
    assert "iteration 30: recorded" in "\n".join(look.lines)
    assert f"#{last} " not in "\n".join(look.lines)
    look.press("escape", "right")
    assert look.browser.is_at_rest
    look.press("left", "left", "0")
    assert look.browser.is_at_rest


def test_a_run_without_an_iteration_has_nothing_to_open(tmp_path):
    """Each key does nothing, or says that there is nothing yet."""
    look = Look(make_run(make_repo(tmp_path / "repo")))
    look.press("up", "down", "enter", "page_up", "home", "end", "left", "right", "x")
    assert look.browser.is_at_rest
    assert "no iteration has begun" in look.press("l")


def test_what_comes_while_the_past_is_shown_is_walked_to(tmp_path):
    """The past stands still while the run goes on; on from its last event is live."""
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(40), g.runner_started(), *g.BASELINE)
    look = Look(paths)
    look.press("left")
    then = look.lines[0]
    with EventLog(paths.history, durability="off") as log:
        log.append([g.opened(1)], by="test")
    look.browser.come(load(paths))
    look.press()
    assert then == look.lines[0]
    look.press("right")
    assert not look.browser.is_at_rest
    look.press("right")
    assert look.browser.is_at_rest


def test_records_that_were_withdrawn_end_the_past(tmp_path):
    """Where the disk refused what was walked through, it is live again, and the past is what stands there."""
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(40), g.runner_started(), *g.BASELINE)
    look, follower = Look(paths), RunFollower(paths, since=load(paths))
    with EventLog(paths.history, durability="off") as log:
        begin = log.head()
        log.append(g.candidate(1), by="test")
        follower.news()
        look.browser.come(follower.loaded, generation=follower.generation)
        look.press("left", "left")
        log._close_off(log._file.fd, begin)
        log.append([g.opened(1)], by="test")
    follower.news()
    look.browser.come(follower.loaded, generation=follower.generation)
    assert look.browser.is_at_rest
    look.press("left")
    assert "#10 " in look.lines[0]
