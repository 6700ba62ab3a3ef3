"""The pages in Chromium, as a person meets them: with and without JavaScript, wide and narrow, by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.web.conftest import POOL, POOL_QUERY
from tests.web.test_pages import PASTE

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install -c constraints.txt selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not on the PATH"),
]
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run --disable-dev-shm-usage --window-size=1200,900"
).split()


@pytest.fixture(scope="session")
def site(tiny_searcher: Searcher, tiny_index: Path) -> Iterator[str]:
    """The address of the app, served from this process."""
    server = make_server("127.0.0.1", 0, create_app(tiny_searcher, Settings(index=str(tiny_index))), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def start(profile: Path, *, javascript: bool = True) -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(60)
    return driver


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(shared_browser: Any) -> Iterator[Any]:
    """A browser whose console must stay silent: a violation of the security policy would be written there."""
    shared_browser.get_log("browser")
    yield shared_browser
    assert [entry["message"] for entry in shared_browser.get_log("browser")] == []


@pytest.fixture
def plain_browser(tmp_path: Path) -> Iterator[Any]:
    """A browser that runs no JavaScript."""
    driver = start(tmp_path, javascript=False)
    yield driver
    driver.quit()


def one(browser: Any, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, selector)


def wait(browser: Any, selector: str) -> Any:
    return WebDriverWait(browser, 30).until(lambda driver: one(driver, selector))


def search_open_and_go_back(browser: Any, site: str) -> None:
    browser.get(site)
    one(browser, "#q").send_keys(POOL_QUERY)
    one(browser, ".go").click()
    first = wait(browser, "article.hit")
    assert "q=every+worker" in browser.current_url
    assert "never gave its connection back" in first.text
    assert "Rolled checkout back to release 2024.10." in first.text
    first.find_element(By.CSS_SELECTOR, "h2 a").click()
    wait(browser, ".document")
    assert browser.current_url == f"{site}/incidents/{POOL}"
    assert "Every worker waited for a database" in one(browser, ".document").text
    browser.back()
    wait(browser, "article.hit")
    assert one(browser, "#q").get_attribute("value") == POOL_QUERY


def test_search_read_and_go_back(browser: Any, site: str) -> None:
    search_open_and_go_back(browser, site)


def test_the_same_without_javascript(plain_browser: Any, site: str) -> None:
    search_open_and_go_back(plain_browser, site)
    one(plain_browser, "details.pick summary").click()
    box = one(plain_browser, 'input[name="service"][value="checkout"]')
    box.click()
    one(plain_browser, ".go").click()
    wait(plain_browser, ".chip")
    assert len(plain_browser.find_elements(By.CSS_SELECTOR, "article.hit")) == 1
    one(plain_browser, ".chip").click()
    WebDriverWait(plain_browser, 30).until(lambda driver: len(driver.find_elements(By.CSS_SELECTOR, "article.hit")) == 8)
    assert "service=" not in plain_browser.current_url
    assert not plain_browser.find_elements(By.CSS_SELECTOR, "button.copy")


def test_a_paste_of_200_lines_finds_its_precedent_and_survives_a_reload(browser: Any, site: str) -> None:
    browser.get(site)
    browser.execute_script("document.getElementById('q').value = arguments[0]", PASTE)
    one(browser, ".go").click()
    wait(browser, "article.hit")
    assert POOL in browser.page_source
    browser.refresh()
    wait(browser, "article.hit")
    assert one(browser, "#q").get_attribute("value").count("QueuePool limit") == 200
    assert one(browser, "#q").size["height"] < 300


def test_a_passage_link_scrolls_to_the_marked_lines(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    link = wait(browser, ".passage a")
    line = link.get_attribute("href").split("#")[1]
    link.click()
    wait(browser, ".found")
    inside = "const top = document.getElementById(arguments[0]).getBoundingClientRect().top; return top >= 0 && top < innerHeight"
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(inside, line))


def test_the_keyboard_is_enough(browser: Any, site: str) -> None:
    browser.get(site)
    assert browser.switch_to.active_element.get_attribute("id") == "q"
    browser.switch_to.active_element.send_keys("disk full", Keys.CONTROL, Keys.ENTER)
    wait(browser, "article.hit")
    one(browser, "body").send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "q"
    browser.get(f"{site}/incidents")
    one(browser, "body").send_keys(Keys.TAB)
    assert "skip" in browser.switch_to.active_element.get_attribute("class")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    one(browser, "details.pick summary").send_keys(Keys.ENTER)
    assert one(browser, "details.pick .panel").is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not one(browser, "details.pick .panel").is_displayed()


def resize(browser: Any, width: int, scheme: str) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


PATHS = ["/", f"/?q={POOL_QUERY}", "/incidents?tag=database", f"/incidents/{POOL}?lines=34-38", "/about", "/docs"]

# Every text in the page whose contrast with what lies behind it is under WCAG's AA.
FAINT = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data]; };
const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = (rgb) => { const [x, y, z] = rgb.map(linear);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
const behind = (element) => { for (let e = element; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
  if (c[3] > 250) return c; } return [255, 255, 255]; };
const faint = [];
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('');
  if (!text || !element.checkVisibility() || element.closest('.vh, .skip, svg')) continue;
  const style = getComputedStyle(element), [a, b] = [light(rgba(style.color)), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${text.slice(0, 40)}`);
}
return faint;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 900, 1600, 3840])
def test_nothing_overflows_and_everything_is_legible(browser: Any, site: str, width: int, scheme: str) -> None:
    resize(browser, width, scheme)
    try:
        for path in PATHS:
            browser.get(site + path)
            browser.execute_script("document.querySelectorAll('details:not(.pick)').forEach((d) => (d.open = true))")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
            assert browser.execute_script(FAINT) == [], path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_field_has_a_name_and_every_landmark_is_there(browser: Any, site: str) -> None:
    nameless = """return [...document.querySelectorAll('a, button, input, textarea, select, summary')].filter((e) => {
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
