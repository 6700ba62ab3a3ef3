"""Light, dark or as the system has it: remembered, without a flash, and without JavaScript as the system has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.support.ui import Select

from tests.browser.driving import in_a_browser, one, resize

pytestmark = in_a_browser

LIGHT, DARK = "rgb(247, 246, 242)", "rgb(20, 22, 24)"
# What the page is painted with when its body begins, before any of it is drawn.
FIRST_PAINT = """new MutationObserver((_, observer) => { if (document.body) { observer.disconnect();
  window.first = getComputedStyle(document.body).backgroundColor; } }).observe(document, {childList: true, subtree: true})"""


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


def test_a_choice_is_in_force_before_anything_is_drawn(unset: Any, site: str) -> None:
    choose(unset, "Dark")
    script = unset.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_PAINT})
    try:
        unset.get(f"{site}/incidents")
        assert unset.execute_script("return window.first") == DARK
    finally:
        unset.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_what_nobody_could_have_chosen_counts_for_nothing(unset: Any) -> None:
    unset.execute_script("localStorage.setItem('rcasearch-theme', 'toString')")
    unset.refresh()
    assert background(unset) == LIGHT


def test_paper_is_white_whatever_was_chosen(unset: Any) -> None:
    choose(unset, "Dark")
    unset.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert background(unset) == "rgb(255, 255, 255)"
    assert not one(unset, "nav[aria-label='Main']").is_displayed()
    unset.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_javascript_the_system_decides_and_nothing_is_offered(plain_browser: Any, site: str) -> None:
    for scheme, colour in (("light", LIGHT), ("dark", DARK)):
        resize(plain_browser, 1200, scheme)
        plain_browser.get(f"{site}/about")
        assert background(plain_browser) == colour
        assert not one(plain_browser, "#theme").is_displayed()
