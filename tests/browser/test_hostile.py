"""Documents that mean harm, in Chromium: nothing runs, nothing is asked for elsewhere, nothing leaves the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from rcasearch.search import Searcher
from rcasearch.web import create_app
from tests import hostile
from tests.browser.driving import in_a_browser, one, resize, served
from tests.web.test_hostile import PAGES, addresses

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def victim(hostile_searcher: Searcher) -> Iterator[str]:
    with served(create_app(hostile_searcher, hostile_searcher.settings)) as address:
        yield address


# Whatever waits for a hand: folded parts are opened, and everything is hovered, focused and clicked that does not lead away.
TEASE = """
document.querySelectorAll('details').forEach((one) => (one.open = true));
for (const element of document.querySelectorAll('main *')) {
  for (const name of ['mouseover', 'mouseenter', 'pointermove', 'focusin', 'animationstart', 'toggle', 'error', 'load']) {
    element.dispatchEvent(new Event(name, {bubbles: false}));
  }
}
"""


def test_nothing_runs_nothing_is_fetched_and_nothing_overflows(browser: Any, victim: str, hostile_searcher: Searcher) -> None:
    try:
        for address in addresses(hostile_searcher):
            resize(browser, 320, "light")
            browser.get(victim + address)
            browser.execute_script(TEASE)
            assert browser.execute_script(f"return typeof globalThis.{hostile.FLAG}") == "undefined", address
            names = browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
            assert all(name.startswith(victim) for name in names), (address, names)
            assert browser.current_url == victim + address
            assert one(browser, "main").is_displayed()
            for width in (320, 1400):
                resize(browser, width, "light")
                assert browser.execute_script("return document.documentElement.scrollWidth") <= width, address
            forget_missing_pages(browser, address)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def forget_missing_pages(browser: Any, address: str) -> None:
    """Of a page that is not there, the browser itself writes to its console."""
    if address == "/no-such-page":
        assert all("404" in entry["message"] for entry in browser.get_log("browser"))


def test_links_of_a_hostile_document_run_nothing(browser: Any, victim: str, hostile_searcher: Searcher) -> None:
    [found] = [own for own in hostile_searcher.incidents(limit=100).incidents if own.path == "links.md"]
    browser.get(f"{victim}/incidents/{found.id}")
    for link in browser.find_elements(By.CSS_SELECTOR, ".document a, .document span"):
        href = link.get_attribute("href")
        assert href is None or href.startswith(("http://", "https://", "mailto:")), href
        browser.execute_script(
            "arguments[0].addEventListener('click', (event) => event.preventDefault()); arguments[0].click()", link
        )
    assert browser.execute_script(f"return typeof globalThis.{hostile.FLAG}") == "undefined"
    assert len(browser.window_handles) == 1


def test_they_are_read_without_javascript_too(plain_browser: Any, victim: str) -> None:
    for address in PAGES:
        plain_browser.get(victim + address)
        assert one(plain_browser, "main").text
        assert not plain_browser.find_elements(
            By.CSS_SELECTOR, "main img, main iframe, main script:not([src], [type='application/json'])"
        )
