"""A browser for the page of `serve`: Debian's chromium, where it and playwright are installed."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.seen import Seen
from tests.web.site import Site, repository, serving


CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A chromium without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of runs of every kind."""
    with serving(repository(tmp_path_factory.mktemp("site") / "repo")) as site:
        yield site


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open pages, and look at the end that none had an error or asked anybody but the server."""
    opened: list[Seen] = []

    def open_(path: str, *, of: Site | None = None, **options: Any) -> Seen:
        opened.append(Seen(browser, of or request.getfixturevalue("site"), path, **options))
        return opened[-1]

    yield open_
    for seen in opened:
        seen.context.close()
        assert [] == seen.wrong
        assert [] == [url for url in seen.asked if not url.startswith("http://127.0.0.1:")]
