"""The map in Chromium: drawn, and used by mouse, by finger and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.driving import in_a_browser, one, resize, wait
from tests.web.conftest import POOL, POOL_QUERY

pytestmark = in_a_browser

# How many pixels of the map have a colour of the page.
HAVING = """const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim();
pen.fillRect(0, 0, 1, 1);
const wanted = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).join();
const map = document.getElementById('map');
const {data} = map.getContext('2d').getImageData(0, 0, map.width, map.height);
let found = 0;
for (let k = 0; k < data.length; k += 4) if (data[k + 3] && data.slice(k, k + 3).join() === wanted) found += 1;
return found;"""
TAKEN = """const map = document.getElementById('map');
const {data} = map.getContext('2d').getImageData(0, 0, map.width, map.height);
let hash = 0;
for (let k = 3; k < data.length; k += 4) hash = (hash * 31 + data[k] + data[k - 1]) | 0;
return hash;"""


@pytest.fixture
def shown(browser: Any, site: str) -> Any:
    """The map, with all its points."""
    browser.get(f"{site}/map")
    wait(browser, "#map[data-count='8']")
    return browser


@pytest.fixture
def dark(browser: Any) -> Iterator[Any]:
    resize(browser, 1200, "dark")
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def having(browser: Any, colour: str) -> int:
    return int(browser.execute_script(HAVING, colour))


def picture(browser: Any) -> int:
    """Something that changes with what is on the canvas, once it has been drawn."""
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    return int(browser.execute_script(TAKEN))


def focus_by_keyboard(browser: Any) -> Any:
    """Go to the map from the button before it."""
    one(browser, "#zoom-all").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("id") == "map"
    return browser.switch_to.active_element


def current(browser: Any) -> tuple[int, int]:
    """Where the point that is looked at stands, from the middle of the map."""
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    size = one(browser, "#map").size
    x, y = one(browser, "#map").get_attribute("data-at").split(",")
    return int(x) - size["width"] // 2, int(y) - size["height"] // 2


def test_the_points_are_drawn_in_the_colours_that_the_legend_tells(shown: Any) -> None:
    Select(one(shown, "#colour-by")).select_by_value("severity")
    picture(shown)
    entries = [entry.text.split("\n")[0] for entry in shown.find_elements(By.CSS_SELECTOR, ".legend button")]
    levels = [entry for entry in entries if entry.startswith("SEV")]
    assert len(levels) >= 2
    for level in levels:
        assert having(shown, f"--{level.lower()}") > 20, level
    assert having(shown, "--hue1") == 0


def test_another_colouring_is_another_picture(shown: Any) -> None:
    pictures = []
    for value in ("severity", "service", "family"):
        Select(one(shown, "#colour-by")).select_by_value(value)
        pictures.append(picture(shown))
    assert len(set(pictures)) == 3
    Select(one(shown, "#colour-by")).select_by_value("service")
    sizes = [int(entry.text) for entry in shown.find_elements(By.CSS_SELECTOR, ".legend small")]
    assert sum(sizes) == 8


def test_an_entry_of_the_legend_picks_its_points(shown: Any) -> None:
    Select(one(shown, "#colour-by")).select_by_value("service")
    before = picture(shown)
    entry = one(shown, ".legend button")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "true"
    assert picture(shown) != before
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    ActionChains(shown).move_to_element(one(shown, "h1")).perform()
    assert picture(shown) == before


def test_by_keyboard_from_point_to_point_and_into_an_incident(shown: Any) -> None:
    canvas = focus_by_keyboard(shown)
    told = {one(shown, "#said").get_attribute("textContent")}
    for key in [Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_LEFT, Keys.ARROW_UP] * 2:
        canvas.send_keys(key)
        told.add(one(shown, "#said").get_attribute("textContent"))
    assert len(told) >= 3
    title = one(shown, ".tip b").text
    assert title in one(shown, "#said").get_attribute("textContent")
    canvas.send_keys(Keys.ENTER)
    wait(shown, ".document")
    assert title in one(shown, "h1").text


def test_by_keyboard_in_and_out(shown: Any) -> None:
    canvas = focus_by_keyboard(shown)
    before = picture(shown)
    canvas.send_keys("++")
    assert picture(shown) != before
    canvas.send_keys("0")
    assert picture(shown) == before
    canvas.send_keys(Keys.ESCAPE)
    assert not one(shown, ".tip").is_displayed()


def test_the_pointer_shows_a_point_and_a_click_opens_it(shown: Any) -> None:
    focus_by_keyboard(shown).send_keys(Keys.ARROW_RIGHT)
    title, place = one(shown, ".tip b").text, current(shown)
    one(shown, "#zoom-all").send_keys("")
    shown.execute_script("document.activeElement.blur()")
    assert not one(shown, ".tip").is_displayed()
    ActionChains(shown).move_to_element_with_offset(one(shown, "#map"), *place).perform()
    assert one(shown, ".tip b").text == title
    ActionChains(shown).click().perform()
    wait(shown, ".document")
    assert title in one(shown, "h1").text


def test_dragging_moves_and_opens_nothing(shown: Any) -> None:
    one(shown, "#zoom-in").click()
    before = picture(shown)
    ActionChains(shown).move_to_element(one(shown, "#map")).click_and_hold().move_by_offset(90, 40).release().perform()
    assert picture(shown) != before
    assert shown.current_url.endswith("/map")
    one(shown, "#zoom-all").click()
    wheel = """const map = document.getElementById('map'), box = map.getBoundingClientRect();
    const at = {cancelable: true, clientX: box.left + 50, clientY: box.top + 50};
    const turn = (by) => map.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: by}));
    return [turn(100), turn(-100)];"""
    # Where all is shown already the page scrolls; otherwise the map keeps the wheel for itself.
    assert shown.execute_script(wheel) == [True, False]


def test_a_text_is_a_point_among_its_hits(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    wait(browser, "article.hit")
    browser.find_element(By.LINK_TEXT, "Show on the map").click()
    wait(browser, "#map[data-count='8']")
    assert having(browser, "--accent") > 50
    assert one(browser, ".among li").get_attribute("data-id") == POOL
    ActionChains(browser).move_to_element(one(browser, ".among li")).perform()
    WebDriverWait(browser, 10).until(lambda driver: one(driver, ".tip").is_displayed())
    assert one(browser, ".tip b").text in one(browser, ".among li").text


def test_the_map_is_drawn_in_the_colours_of_the_dark(dark: Any, site: str) -> None:
    dark.get(f"{site}/map")
    wait(dark, "#map[data-count='8']")
    Select(one(dark, "#colour-by")).select_by_value("severity")
    picture(dark)
    assert having(dark, "--sev1") > 20
    before = dark.execute_script("return getComputedStyle(document.documentElement).getPropertyValue('--sev1')")
    in_the_dark = picture(dark)
    dark.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert picture(dark) != in_the_dark
    dark.execute_script("dispatchEvent(new Event('afterprint'))")
    assert picture(dark) == in_the_dark
    resize(dark, 1200, "light")
    assert dark.execute_script("return getComputedStyle(document.documentElement).getPropertyValue('--sev1')") != before
    WebDriverWait(dark, 10).until(lambda driver: having(driver, "--sev1") > 20)


def test_a_small_screen_has_room_for_it(browser: Any, site: str) -> None:
    try:
        resize(browser, 320, "light")
        browser.get(f"{site}/map?q={POOL_QUERY}")
        wait(browser, "#map[data-count='8']")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
        assert one(browser, "#map").size["width"] >= 250
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_without_javascript_it_tells_the_same_in_words(plain_browser: Any, site: str) -> None:
    plain_browser.get(f"{site}/map?q={POOL_QUERY}")
    assert not one(plain_browser, "#map").is_displayed()
    assert "drawn by a script" in one(plain_browser, "main").text
    one(plain_browser, ".among li a").click()
    assert plain_browser.current_url == f"{site}/incidents/{POOL}"
