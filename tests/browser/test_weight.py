"""What a page weighs over the real server, headers and all, and that what was fetched once is not fetched again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import in_a_browser
from tests.browser.pages import ANSWERS
from tests.web.conftest import serving

pytestmark = in_a_browser

FIRST_PAGE, ANY_PAGE = 100_000, 400_000
FETCHED = """return performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .map((entry) => [new URL(entry.name).pathname, entry.transferSize])"""


@pytest.fixture(scope="module")
def server(tiny_index: Path) -> Iterator[str]:
    with serving(tiny_index, workers=1) as found:
        yield found.url


def fetched(browser: Any, address: str) -> dict[str, int]:
    """The bytes that came over the line for each part of a page."""
    browser.get(address)
    return {name: size for name, size in browser.execute_script(FETCHED) if size}


def test_the_first_page_is_light_and_its_parts_come_once(shared_browser: Any, server: str) -> None:
    shared_browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    first = fetched(shared_browser, f"{server}/")
    assert {"/", "/static/base.css", "/static/theme.js", "/static/base.js"} <= set(first)
    assert sum(first.values()) < FIRST_PAGE
    assert set(fetched(shared_browser, f"{server}/")) == {"/"}


def test_no_page_is_heavy(shared_browser: Any, server: str) -> None:
    for path in ANSWERS:
        shared_browser.execute_cdp_cmd("Network.clearBrowserCache", {})
        found = fetched(shared_browser, server + path)
        assert sum(found.values()) < ANY_PAGE, (path, found)
