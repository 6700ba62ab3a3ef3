"""What happened again, in Chromium: compared, ordered, opened and read, wide and on a phone, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.browser.driving import in_a_browser, one, resize, served, wait
from tests.browser.test_axe import violations
from tests.recurring import BASKET, DISK, POOL, tiny_recurrences

pytestmark = in_a_browser
PATHS = ["/recurrences", "/recurrences?service=basket&order=count", f"/recurrences/{POOL}", f"/incidents/{BASKET}"]


@pytest.fixture(scope="module")
def again(tiny_searcher: Searcher, tiny_index: Path) -> Iterator[str]:
    """The address of a site on which two failures happened again."""
    made = tiny_recurrences(tiny_searcher)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Searcher, "recurrences", lambda self: made)
        app = create_app(tiny_searcher, Settings(index=str(tiny_index)))
        with served(app) as address:
            yield address


def compare_open_and_read(browser: Any, site: str) -> None:
    browser.get(f"{site}/recurrences")
    rows = browser.find_elements(By.CSS_SELECTOR, ".recurrence")
    assert [row.find_element(By.CSS_SELECTOR, "h2").text for row in rows] == [
        "connections & sessions run out",
        "nobody <looked> in time",
    ]
    assert "3 times, last" in rows[0].text
    assert "came back after 553 days" in rows[0].text
    rows[0].find_element(By.CSS_SELECTOR, "h2 a").click()
    wait(browser, ".times")
    assert browser.current_url == f"{site}/recurrences/{POOL}"
    one(browser, ".time h3 a").click()
    wait(browser, ".document")
    one(browser, ".again a").click()
    wait(browser, ".times")
    one(browser, ".back a").click()
    wait(browser, ".recurrences")


def test_compare_open_and_read(browser: Any, again: str) -> None:
    compare_open_and_read(browser, again)


def test_the_same_without_javascript(plain_browser: Any, again: str) -> None:
    compare_open_and_read(plain_browser, again)
    one(plain_browser, ".orders a:last-of-type").click()
    wait(plain_browser, ".orders a:last-of-type[aria-current]")
    one(plain_browser, "details.pick summary").click()
    one(plain_browser, 'input[name="service"][value="basket"]').click()
    one(plain_browser, ".go").click()
    wait(plain_browser, ".chip")
    assert "order=minutes" in plain_browser.current_url
    assert len(plain_browser.find_elements(By.CSS_SELECTOR, ".recurrence")) == 1


@pytest.mark.parametrize("path", PATHS)
def test_nothing_overflows_and_axe_finds_nothing(browser: Any, again: str, path: str) -> None:
    try:
        for width, scheme in ((3840, "light"), (1400, "dark"), (390, "light"), (320, "dark")):
            resize(browser, width, scheme)
            browser.get(again + path)
            browser.execute_script("document.querySelectorAll('details:not(.pick)').forEach((d) => (d.open = true))")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert violations(browser) == [], (width, scheme)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_day_stands_at_one_place_in_every_chart_and_dots_are_round(browser: Any, again: str) -> None:
    browser.get(f"{again}/recurrences")
    ticks = """return [...document.querySelectorAll('.chart')].map((c) => [...c.querySelectorAll('.tick line')]
      .map((t) => Math.round(t.getBoundingClientRect().x)))"""
    first, second = browser.execute_script(ticks)
    assert first == second
    assert first == sorted(set(first))
    shapes = """return [...document.querySelectorAll('.chart .dot > *')].map((d) => d.getBoundingClientRect())
      .map((b) => [b.width, b.height])"""
    for width, height in browser.execute_script(shapes):
        assert width == pytest.approx(height, abs=0.01)
        assert width >= 7


def test_the_open_actions_are_a_link_away(browser: Any, again: str) -> None:
    browser.get(f"{again}/recurrences")
    one(browser, ".open a").click()
    wait(browser, "#open")
    assert browser.current_url == f"{again}/recurrences/{POOL}#open"
    assert "overdue" in one(browser, ".actions").text


def test_an_unknown_one_leads_to_the_list(plain_browser: Any, again: str) -> None:
    plain_browser.get(f"{again}/recurrences/no-such-failure")
    assert "no-such-failure" in one(plain_browser, ".failure h1").text
    assert "/recurrences" in one(plain_browser, ".failure").text
    plain_browser.get(f"{again}/recurrences/{DISK}")
    assert one(plain_browser, "h1").text == "nobody <looked> in time"
