"""Searching in Chromium, as a person does: with and without JavaScript, by mouse and by keyboard."""

from __future__ import annotations

from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import in_a_browser, one, wait
from tests.web.conftest import POOL, POOL_QUERY
from tests.web.test_pages import PASTE

pytestmark = in_a_browser


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
