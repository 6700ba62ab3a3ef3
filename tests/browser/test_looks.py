"""How every page looks and reads: no overflow, named fields, headings in order, nothing from elsewhere."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import in_a_browser, resize
from tests.browser.pages import PATHS
from tests.web.conftest import POOL_QUERY

pytestmark = in_a_browser

WIDTHS = (3840, 1600, 900, 360, 320)


def fits(browser: Any, width: int) -> bool:
    """Asked of the document: on a phone, the window grows with what overflows it."""
    return int(browser.execute_script("return document.documentElement.scrollWidth")) <= width


@pytest.mark.parametrize("path", PATHS)
def test_nothing_overflows_however_wide_the_window(browser: Any, site: str, path: str) -> None:
    resize(browser, WIDTHS[0], "light")
    try:
        browser.get(site + path)
        browser.execute_script("document.querySelectorAll('details:not(.pick)').forEach((d) => (d.open = true))")
        for width in WIDTHS:
            resize(browser, width, "light")
            # What is drawn by a script follows the window a moment later.
            WebDriverWait(browser, 10).until(partial(fits, width=width), f"wider than {width}")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_field_has_a_name_and_every_landmark_is_there(browser: Any, site: str) -> None:
    nameless = """const fields = 'a, button, input:not([type=hidden]), textarea, select, summary';
      return [...document.querySelectorAll(fields)].filter((e) => {
      const label = e.labels && e.labels[0] ? e.labels[0].textContent : '';
      return !(label + e.textContent + (e.getAttribute('aria-label') || '')).trim(); }).map((e) => e.outerHTML)"""
    order = "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    for path in PATHS:
        browser.get(site + path)
        assert browser.execute_script(nameless) == [], path
        assert len(browser.find_elements(By.CSS_SELECTOR, "main, header.top, nav[aria-label='Main'], footer.foot")) == 4
        levels = browser.execute_script(order)
        assert levels.count(1) == 1, path
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)
        identifiers = browser.execute_script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(identifiers) == len(set(identifiers)), path


def test_the_page_asks_for_nothing_from_elsewhere(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    names = browser.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert names
    assert all(name.startswith(site + "/static/") for name in names)
