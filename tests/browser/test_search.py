"""Searching in Chromium, as a person does: while typing, by mouse and by keyboard, and without JavaScript."""

from __future__ import annotations

from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import in_a_browser, one, wait
from tests.web.conftest import POOL, POOL_QUERY
from tests.web.test_pages import PASTE

pytestmark = in_a_browser

TRACE = "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available\n" + "".join(
    f"\tat com.example.checkout.Order{number}.save(Order{number}.java:{number})\n" for number in range(199)
)


def many(browser: Any, selector: str) -> list[Any]:
    found: list[Any] = browser.find_elements(By.CSS_SELECTOR, selector)
    return found


def until(browser: Any, script: str, *values: Any) -> Any:
    """Wait for a script to be true."""
    return WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(f"return {script}", *values))


def press(browser: Any, selector: str) -> None:
    """Press a button, wherever on the page it is."""
    browser.execute_script("arguments[0].focus({preventScroll: true}); arguments[0].click()", wait(browser, selector))


PASTE_INTO = """const box = document.getElementById('q'); box.focus(); box.select();
box.dispatchEvent(new Event('paste', {bubbles: true})); document.execCommand('insertText', false, arguments[0]);"""


def paste(browser: Any, text: str) -> None:
    """Put a text into the box in the place of what is in it, as the clipboard does."""
    browser.execute_script(PASTE_INTO, text)


def answered(browser: Any, words: str) -> None:
    """Wait for the answer to the words in the title."""
    until(browser, "document.title.startsWith(arguments[0]) && document.getElementById('verdict') !== null", words)


def search_open_and_go_back(browser: Any, site: str) -> None:
    browser.get(site)
    one(browser, "#q").send_keys(POOL_QUERY)
    one(browser, ".go").click()
    wait(browser, "article.hit")
    WebDriverWait(browser, 30).until(lambda driver: "q=every+worker" in driver.current_url)
    first = wait(browser, "article.hit")
    assert "never gave its connection back" in first.text
    assert "Rolled checkout back to release 2024.10." in first.text
    browser.get(first.find_element(By.CSS_SELECTOR, "h2 a").get_attribute("href"))
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
    one(plain_browser, '.facets button[value="checkout"]').click()
    wait(plain_browser, '.chip[name="drop"][value="service:checkout"]')
    assert len(many(plain_browser, "article.hit")) == 1
    one(plain_browser, '.chip[name="drop"][value="service:checkout"]').click()
    WebDriverWait(plain_browser, 30).until(lambda driver: len(many(driver, "article.hit")) == 8)
    assert "service=" not in plain_browser.current_url
    one(plain_browser, '.read button[name="ignore"]').click()
    assert one(plain_browser, '.chip[value^="ignore:"]').is_displayed()
    assert not any(button.is_displayed() for button in many(plain_browser, "button.copy, .keys"))
    one(plain_browser, ".as-markdown summary").send_keys(Keys.ENTER)
    assert "**Root cause**" in one(plain_browser, ".as-markdown textarea").get_attribute("value")


def test_type_then_filter_open_and_come_back_to_all_of_it(browser: Any, site: str) -> None:
    browser.get(site)
    one(browser, "#q").send_keys("checkout answers 503")
    answered(browser, "checkout answers 503")
    assert browser.current_url == f"{site}/?q=checkout+answers+503"
    assert browser.switch_to.active_element.get_attribute("id") == "q"
    press(browser, '.facets button[value="checkout"]')
    until(browser, "document.querySelectorAll('article.hit').length === 1")
    assert browser.switch_to.active_element.get_attribute("aria-pressed") == "true"
    assert browser.current_url.endswith("&service=checkout")
    press(browser, ".hit h2 a")
    wait(browser, ".document")
    browser.back()
    wait(browser, '.chip[name="drop"][value="service:checkout"]')
    assert one(browser, "#q").get_attribute("value") == "checkout answers 503"
    browser.back()
    until(browser, "document.querySelectorAll('article.hit').length > 1")
    assert browser.current_url == f"{site}/?q=checkout+answers+503"
    assert not many(browser, '.chip[name="drop"]')


def test_to_come_back_is_to_come_back_to_the_same_place(browser: Any, site: str) -> None:
    browser.get(site)
    one(browser, "#q").send_keys("checkout answers 503")
    answered(browser, "checkout answers 503")
    browser.execute_script("scrollTo({top: 700, behavior: 'instant'})")
    until(browser, "history.state.y === 700")
    press(browser, "#hit-2 h2 a")
    wait(browser, ".document")
    browser.back()
    wait(browser, "#hit-2")
    until(browser, "scrollY === 700")
    press(browser, '.facets button[value="checkout"]')
    wait(browser, '.chip[name="drop"][value="service:checkout"]')
    browser.back()
    wait(browser, "#hit-2")
    until(browser, "scrollY === 700")
    browser.back()
    until(browser, "document.body.classList.contains('home')")


def test_each_search_that_was_asked_for_has_its_place_and_typing_takes_none(browser: Any, site: str) -> None:
    browser.get(site)
    box = one(browser, "#q")
    for words in ("disk full", " on search"):
        box.send_keys(words)
        answered(browser, box.get_attribute("value"))
        box.send_keys(Keys.CONTROL, Keys.ENTER)
    browser.back()
    answered(browser, "disk full –")
    assert box.get_attribute("value") == "disk full"
    browser.back()
    until(browser, "document.body.classList.contains('home')")
    assert box.get_attribute("value") == ""
    assert [heading.text for heading in many(browser, "h1")] == ["Has this happened before?"]
    browser.forward()
    answered(browser, "disk full –")
    browser.forward()
    answered(browser, "disk full on search –")


def test_the_verdict_is_told_to_who_cannot_see_it(browser: Any, site: str) -> None:
    browser.get(site)
    one(browser, "#q").send_keys(POOL_QUERY)
    until(browser, "document.getElementById('told').textContent.startsWith('Strong precedent. ')")
    assert one(browser, "#told").get_attribute("role") == "status"


def test_too_short_a_text_is_not_asked_and_an_empty_box_is_a_new_visit(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q=disk+full&severity=SEV2")
    asked = "performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length"
    box = one(browser, "#q")
    paste(browser, "ab")
    until(browser, "document.getElementById('state').textContent !== ''")
    assert browser.execute_script(f"return {asked}") == 0
    assert many(browser, "article.hit")
    box.send_keys(Keys.BACKSPACE, Keys.BACKSPACE)
    until(browser, "document.body.classList.contains('home')")
    assert browser.current_url == f"{site}/"
    assert not many(browser, 'input[type="hidden"], .chip')


# The first request is held up, and cannot be called off.
HELD_UP = """const real = window.fetch; window.asked = [];
window.fetch = async (address, options) => {
  window.asked.push(options.signal);
  if (window.asked.length > 1) return real(address, options);
  await new Promise((done) => setTimeout(done, 900));
  return real(address, {...options, signal: undefined}); };"""


def test_an_older_answer_never_comes_after_a_newer_one(browser: Any, site: str) -> None:
    browser.get(site)
    browser.execute_script(HELD_UP)
    box = one(browser, "#q")
    box.send_keys("disk full")
    until(browser, "window.asked.length === 1")
    box.send_keys(" on search")
    answered(browser, "disk full on search")
    assert browser.execute_script("return window.asked[0].aborted")
    until(browser, "performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length === 2")
    assert browser.title.startswith("disk full on search")


def test_a_server_that_is_gone_wipes_nothing_and_is_asked_again(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q=disk+full")
    browser.execute_script("window.real = fetch; window.fetch = () => Promise.reject(new TypeError('gone'))")
    one(browser, "#q").send_keys(" again")
    until(browser, "document.getElementById('state').textContent.startsWith('The server does not answer.')")
    assert many(browser, "article.hit")
    assert browser.title.startswith("disk full –")
    browser.execute_script("window.fetch = window.real")
    one(browser, "#q").send_keys(" now")
    answered(browser, "disk full again now")
    assert one(browser, "#state").text == ""


def test_what_is_wrong_is_said_beside_the_answer_from_before(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q=disk+full+on+search")
    dates = """for (const [name, day] of arguments[0]) document.querySelector(`[name="${name}"]`).value = day;"""
    browser.execute_script(dates, [["since", "2025-01-01"], ["until", "2024-01-01"]])
    one(browser, ".go").click()
    until(browser, "document.getElementById('state').textContent.startsWith('since (2025-01-01) is after until')")
    assert many(browser, "article.hit")
    [message] = browser.get_log("browser")
    assert "400 (BAD REQUEST)" in message["message"]


def test_a_paste_of_200_lines_finds_its_precedent_and_survives_a_reload(browser: Any, site: str) -> None:
    browser.get(site)
    paste(browser, PASTE)
    wait(browser, "article.hit")
    assert POOL in browser.page_source
    browser.refresh()
    wait(browser, "article.hit")
    assert one(browser, "#q").get_attribute("value").count("QueuePool limit") == 200
    assert one(browser, "#q").size["height"] < 300


def test_a_trace_of_200_lines_is_called_by_its_error(browser: Any, site: str) -> None:
    browser.get(site)
    paste(browser, TRACE)
    answered(browser, "java.sql.SQLTransientConnectionException")
    read = [chip.get_attribute("value") for chip in many(browser, '.read [name="ignore"]')]
    assert {"signature:SQLTransientConnectionException", "signature:HikariPool"} <= set(read)
    press(browser, '.read [value="signature:HikariPool"]')
    wait(browser, '.chip[value="ignore:signature:HikariPool"]')
    assert browser.switch_to.active_element.get_attribute("value") == "ignore:signature:HikariPool"
    browser.back()
    until(browser, "document.querySelector('.chip.gone') === null")


def test_a_text_too_long_for_an_address_comes_back_all_the_same(browser: Any, site: str) -> None:
    browser.get(site)
    noise = "Array.from({length: 1200}, (_, i) => (Math.imul(i + 1, 2654435761) >>> 0).toString(36)).join(' ')"
    paste(browser, "connection pool " + browser.execute_script(f"return {noise}"))
    wait(browser, "article.hit")
    assert browser.current_url == f"{site}/"
    one(browser, ".go").click()
    press(browser, ".hit h2 a")
    wait(browser, ".document")
    browser.back()
    wait(browser, "article.hit")
    assert one(browser, "#q").get_attribute("value").startswith("connection pool ")


def test_a_new_paste_forgets_what_was_left_out_of_the_old_one(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q=checkout+answers+503&ignore=signature:HTTP+503&service=checkout")
    assert many(browser, '[name="ignore"][type="hidden"]')
    paste(browser, "search answers 503")
    answered(browser, "search answers 503")
    assert "ignore=" not in browser.current_url
    assert browser.current_url.endswith("service=checkout")


def test_a_hit_is_copied_as_markdown_and_as_a_link(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    browser.execute_script(
        "Object.defineProperty(navigator.clipboard, 'writeText', {value: async (text) => { window.copied = text; }})"
    )
    press(browser, '[data-markdown="markdown-1"]')
    copied = until(browser, "window.copied")
    assert copied.startswith("### [")
    assert f"{site}/incidents/{POOL})" in copied
    assert one(browser, '[data-markdown="markdown-1"]').text == "Copied"
    press(browser, "#hit-1 [data-link]")
    until(browser, "window.copied === arguments[0]", f"{site}/incidents/{POOL}")


def test_a_passage_link_scrolls_to_the_marked_lines(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    link = wait(browser, ".passage a")
    line = link.get_attribute("href").split("#")[1]
    browser.get(link.get_attribute("href"))
    wait(browser, ".found")
    inside = "const top = document.getElementById(arguments[0]).getBoundingClientRect().top; return top >= 0 && top < innerHeight"
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(inside, line))


def test_the_keyboard_is_enough(browser: Any, site: str) -> None:
    browser.get(site)
    box = browser.switch_to.active_element
    assert box.get_attribute("id") == "q"
    box.send_keys("disk full j k ? /")
    answered(browser, "disk full j k ? /")
    assert browser.switch_to.active_element == box
    box.send_keys(Keys.ESCAPE)
    focused = "document.activeElement.closest('.hit')?.id"
    for key, hit in [("j", "hit-1"), ("j", "hit-2"), ("k", "hit-1"), ("k", "hit-1")]:
        browser.switch_to.active_element.send_keys(key)
        until(browser, f"{focused} === arguments[0]", hit)
    assert browser.execute_script("return document.activeElement.matches(':focus-visible')")
    browser.switch_to.active_element.send_keys("/")
    assert browser.switch_to.active_element == box
    box.send_keys(Keys.ESCAPE, "j")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element.tag_name == "body"
    browser.switch_to.active_element.send_keys("j")
    title = browser.switch_to.active_element.text
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait(browser, ".document")
    assert title in one(browser, "h1").text


def test_the_list_of_keys_opens_and_turns_them_off(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q=disk+full")
    one(browser, "body").send_keys("?")
    assert one(browser, "#keys").is_displayed()
    browser.switch_to.active_element.send_keys("j")
    assert browser.execute_script("return document.activeElement.closest('dialog') !== null")
    one(browser, "#single").click()
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not one(browser, "#keys").is_displayed()
    try:
        one(browser, "body").send_keys("j", "/", "?")
        assert browser.switch_to.active_element.tag_name == "body"
        assert not one(browser, "#keys").is_displayed()
    finally:
        browser.execute_script("localStorage.clear()")


def test_the_filters_and_the_way_to_the_content_are_within_reach_of_keys(browser: Any, site: str) -> None:
    browser.get(f"{site}/incidents")
    one(browser, "body").send_keys(Keys.TAB)
    assert "skip" in browser.switch_to.active_element.get_attribute("class")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    one(browser, "details.pick summary").send_keys(Keys.ENTER)
    assert one(browser, "details.pick .panel").is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not one(browser, "details.pick .panel").is_displayed()
