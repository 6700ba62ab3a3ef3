"""Light, dark or as the system has it: remembered, without a flash, and without JavaScript as the system has it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from selenium.webdriver.support.ui import Select, WebDriverWait

from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.browser.driving import in_a_browser, one, resize, served

pytestmark = in_a_browser

LIGHT, DARK = "rgb(247, 246, 242)", "rgb(20, 22, 24)"
# When the first thing was drawn, and when the dark values were there.
MOMENTS = """return [performance.getEntriesByName('first-paint')[0].startTime,
  performance.getEntriesByType('resource').find((entry) => entry.name.includes('dark.css')).responseEnd]"""


def background(browser: Any) -> str:
    return str(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))


def choose(browser: Any, theme: str) -> None:
    Select(one(browser, "#theme")).select_by_visible_text(theme)


@pytest.fixture
def unset(browser: Any, site: str) -> Iterator[Any]:
    """The browser on a page, leaving no choice behind."""
    resize(browser, 1200, "light")
    browser.get(f"{site}/about")
    yield browser
    browser.execute_script("localStorage.clear()")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_a_choice_the_system_decides(unset: Any) -> None:
    assert background(unset) == LIGHT
    resize(unset, 1200, "dark")
    assert background(unset) == DARK


def test_a_choice_holds_against_the_system_and_for_every_page(unset: Any, site: str) -> None:
    choose(unset, "Dark")
    assert background(unset) == DARK
    unset.get(f"{site}/incidents")
    assert background(unset) == DARK
    assert one(unset, "#theme").get_attribute("value") == "dark"
    choose(unset, "Light")
    resize(unset, 1200, "dark")
    assert background(unset) == LIGHT
    choose(unset, "System")
    assert background(unset) == DARK


@pytest.fixture
def slow(tiny_index: Path) -> Iterator[str]:
    """The address of a server from which the dark values come late."""
    app = create_app(None, Settings(index=str(tiny_index)))
    app.before_request(lambda: time.sleep(0.5) if request.path.endswith("dark.css") else None)
    with served(app) as address:
        yield address


def test_a_choice_is_in_force_before_anything_is_drawn(unset: Any, slow: str) -> None:
    for _ in range(2):  # the second time with the choice, and without what the browser has kept
        unset.execute_cdp_cmd("Network.clearBrowserCache", {})
        unset.get(f"{slow}/docs")
        WebDriverWait(unset, 10).until(
            lambda driver: driver.execute_script("return performance.getEntriesByName('first-paint').length")
        )
        drawn, there = unset.execute_script(MOMENTS)
        assert there < drawn
        choose(unset, "Dark")


def test_what_nobody_could_have_chosen_counts_for_nothing(unset: Any) -> None:
    unset.execute_script("localStorage.setItem('rcasearch-theme', 'toString')")
    unset.refresh()
    assert background(unset) == LIGHT


def test_paper_is_white_whatever_was_chosen(unset: Any) -> None:
    choose(unset, "Dark")
    unset.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert background(unset) == "rgb(255, 255, 255)"
    assert not one(unset, "nav[aria-label='Main']").is_displayed()
    assert not one(unset, "#theme").is_displayed()
    unset.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_javascript_the_system_decides_and_nothing_is_offered(plain_browser: Any, site: str) -> None:
    for scheme, colour in (("light", LIGHT), ("dark", DARK)):
        resize(plain_browser, 1200, scheme)
        plain_browser.get(f"{site}/about")
        assert background(plain_browser) == colour
        assert not one(plain_browser, "#theme").is_displayed()
