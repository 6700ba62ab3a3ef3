"""Reading an incident in Chromium: where one is in it, its course, its passages, the way back, and on paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import in_a_browser, one, resize, wait
from tests.web.conftest import POOL, POOL_QUERY

pytestmark = in_a_browser

PAGE = f"/incidents/{POOL}"
# Whether an element stands within what is seen of the page.
SEEN = "const top = document.querySelector(arguments[0]).getBoundingClientRect().top; return top >= 0 && top < innerHeight"


def calm(browser: Any) -> Any:
    """The browser of somebody who wants no motion: what scrolls smoothly cannot be clicked on the way."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    return browser


@pytest.fixture
def wide(browser: Any) -> Iterator[Any]:
    resize(browser, 1400, "light")
    yield calm(browser)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def narrow(browser: Any) -> Iterator[Any]:
    resize(browser, 320, "light")
    yield calm(browser)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def until(browser: Any, script: str, *arguments: object) -> None:
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(script, *arguments))


def test_the_contents_stay_beside_the_document_and_mark_the_part_that_is_read(wide: Any, site: str) -> None:
    wide.get(site + PAGE)
    entries = wide.find_elements(By.CSS_SELECTOR, ".contents li a[href^='#L']")
    assert [entry.text for entry in entries] == [
        "Summary", "Impact", "Timeline", "Root Cause", "Resolution", "Lessons Learned", "Action Items",
    ]  # fmt: skip
    one(wide, ".contents a[href='#L35']").click()
    until(wide, SEEN, "#L35")
    until(wide, "return document.querySelector('.contents [aria-current]')?.textContent === 'Root Cause'")
    assert wide.execute_script(SEEN, ".contents")
    document, contents = one(wide, ".document").rect, one(wide, ".contents").rect
    assert contents["x"] + contents["width"] <= document["x"]


def test_on_a_phone_the_contents_are_folded_above_it_and_lead_to_the_rest_too(narrow: Any, site: str) -> None:
    narrow.get(site + PAGE)
    assert not one(narrow, ".contents ol").is_displayed()
    one(narrow, ".contents summary").click()
    assert one(narrow, ".contents ol").is_displayed()
    actions = one(narrow, ".contents a[href='#actions']")
    assert actions.text == "Action items, 1 overdue"
    actions.click()
    until(narrow, SEEN, "#actions")


def test_without_a_script_everything_can_be_gone_to(plain_browser: Any, site: str) -> None:
    calm(plain_browser).get(site + PAGE)
    one(plain_browser, ".contents a[href='#L41']").click()
    assert plain_browser.current_url.endswith("#L41")
    one(plain_browser, ".course summary").click()
    assert "Release 2024.11 of checkout reaches all pods" in one(plain_browser, ".events").text
    one(plain_browser, ".as-markdown summary").click()
    assert one(plain_browser, ".as-markdown textarea").get_attribute("value").startswith("### [Checkout answered 503")


def test_the_course_is_drawn_and_legible_on_a_phone(narrow: Any, site: str) -> None:
    narrow.get(site + PAGE)
    told = [" ".join(row.text.split()) for row in narrow.find_elements(By.CSS_SELECTOR, ".stretches li")]
    assert told == [
        "1 Detect to diagnose 29 min cause found after 29 min",
        "2 Mitigate 7 min mitigated after 36 min",
        "3 Resolve 11 min resolved after 47 min",
    ]
    # Words keep their size however narrow the drawing, and none stands on another.
    boxes = narrow.execute_script(
        "return [...document.querySelectorAll('.drawn text')].filter((one) => one.textContent)"
        ".map((one) => one.getBoundingClientRect()).map((box) => [box.left, box.right, box.top, box.bottom])"
    )
    assert all(bottom - top >= 11 and left >= 0 and right <= 320 for left, right, top, bottom in boxes)
    for i, (left, right, top, bottom) in enumerate(boxes):
        assert not any(a < right and left < b and c < bottom and top < d for a, b, c, d in boxes[i + 1 :])


def test_an_event_is_told_by_pointer_and_by_keyboard(wide: Any, site: str) -> None:
    wide.get(site + PAGE)
    one(wide, ".course summary").send_keys(Keys.ENTER)
    one(wide, ".course summary").send_keys(Keys.TAB)
    assert "Release 2024.11" in wide.switch_to.active_element.text
    assert len(wide.find_elements(By.CSS_SELECTOR, ".tick.now")) == 1
    assert one(wide, ".told").text.startswith("18:02 Release 2024.11")
    wide.switch_to.active_element.send_keys(Keys.ENTER)
    until(wide, "return location.hash === '#L28'")
    wide.execute_script(
        "const box = document.querySelectorAll('.tick')[3].getBoundingClientRect();"
        "document.querySelector('.drawn').dispatchEvent(new PointerEvent('pointermove', {clientX: box.left, clientY: box.top}))"
    )
    assert one(wide, ".told").text.startswith("18:31 Root cause identified")


def test_a_passage_is_gone_to_and_marked_and_the_way_back_keeps_the_answer(wide: Any, site: str) -> None:
    wide.get(f"{site}/?q={POOL_QUERY}")
    link = wait(wide, ".passage a")
    wide.execute_script("scrollTo(0, 120)")
    link.click()
    wait(wide, ".found")
    until(wide, SEEN, ".found")
    assert "marked" in one(wide, ".marked").text
    one(wide, ".contents a[href^='#L']").click()
    back = one(wide, ".back")
    assert back.text == "← Back to the results"
    back.click()
    wait(wide, "article.hit")
    assert one(wide, "#q").get_attribute("value") == POOL_QUERY
    until(wide, "return scrollY > 0")


def test_who_comes_from_elsewhere_is_offered_no_way_back(wide: Any, site: str) -> None:
    wide.get(f"{site}/?q={POOL_QUERY}")
    first = wide.current_window_handle
    wide.switch_to.new_window("tab")
    try:
        wide.get(site + PAGE)
        assert not wide.find_elements(By.CSS_SELECTOR, ".back")
    finally:
        wide.close()
        wide.switch_to.window(first)


def test_the_way_back_leads_past_other_incidents_to_the_list(wide: Any, site: str) -> None:
    wide.get(f"{site}/incidents?severity=SEV1")
    one(wide, f".rows a[href='{PAGE}']").click()
    wait(wide, ".document")
    one(wide, ".similar a").click()
    until(wide, "return location.pathname !== arguments[0]", PAGE)
    back = wait(wide, ".back")
    assert back.text == "← Back to the list"
    back.click()
    until(wide, "return location.pathname + location.search === '/incidents?severity=SEV1'")


def test_what_is_overdue_comes_first_and_says_by_how_much(browser: Any, site: str) -> None:
    browser.get(site + PAGE)
    first, second = browser.find_elements(By.CSS_SELECTOR, "aside .action")
    assert re.search(r"open · P2 · Checkout · due 11 Apr 2024 · overdue by \d+ (months|years)", first.text)
    assert second.text.endswith("done · P1 · Platform · due 28 Mar 2024")


def printed(browser: Any) -> bytes:
    return base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})["data"])


def test_it_prints_on_plain_pages(browser: Any, site: str) -> None:
    browser.get(f"{site}{PAGE}?lines=35-39")
    pdf = printed(browser)
    assert pdf.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 5
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        hidden = [".top nav", ".foot", ".skip", ".handing", ".contents", ".marked", ".told"]
        assert [
            name for name in hidden if browser.find_elements(By.CSS_SELECTOR, name) and one(browser, name).is_displayed()
        ] == []
        body, aside = one(browser, ".body").rect, one(browser, "aside").rect
        assert aside["y"] >= body["y"] + body["height"] - 1
        assert body["x"] == aside["x"]
        assert "Mira is paged" in one(browser, ".events").text
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_links_are_spelled_out_on_paper(browser: Any, site: str) -> None:
    browser.get(site + PAGE)
    browser.execute_script(
        "const link = document.createElement('a'); link.className = 'external'; link.href = 'https://example.org/runbook';"
        "link.textContent = 'runbook'; document.querySelector('.document').append(link)"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        told = "return getComputedStyle(document.querySelector('.document a.external'), '::after').content"
        assert "https://example.org/runbook" in browser.execute_script(told)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
