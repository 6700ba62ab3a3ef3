"""A page without an index waits for one: it goes on by itself, and loses nothing of what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.live import IndexLoadingError
from tests.browser.driving import console, in_a_browser, one, served, wait
from tests.web.conftest import POOL_QUERY

pytestmark = in_a_browser


class Starting:
    """A server whose index comes when the test says so."""

    def __init__(self, searcher: Searcher, address: str) -> None:
        self.address, self._searcher, self._there = address, searcher, False

    def searcher(self) -> Searcher:
        if not self._there:
            raise IndexLoadingError("The index is being loaded.", "Try again in a few seconds.")
        return self._searcher

    def load(self) -> None:
        self._there = True


@pytest.fixture
def starting(tiny_searcher: Searcher, tiny_index: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starting]:
    app = create_app(tiny_searcher, Settings(index=str(tiny_index)))
    with served(app) as address:
        found = Starting(tiny_searcher, address)
        monkeypatch.setattr(app.extensions["rcasearch"], "searcher", found.searcher)
        yield found


@pytest.fixture
def waiting(shared_browser: Any) -> Iterator[Any]:
    """A browser whose console may tell of answers without an index, and of nothing else."""
    console(shared_browser)
    yield shared_browser
    assert [told for told in console(shared_browser) if "503" not in told] == []


def test_it_goes_on_with_what_was_asked(waiting: Any, starting: Starting) -> None:
    waiting.get(f"{starting.address}/?q={POOL_QUERY}")
    assert one(waiting, "h1").text == "The index is being loaded."
    assert one(waiting, "#q").get_attribute("value") == POOL_QUERY
    starting.load()
    wait(waiting, "article.hit")
    assert one(waiting, "#q").get_attribute("value") == POOL_QUERY


def test_it_leaves_alone_what_is_being_typed(waiting: Any, starting: Starting) -> None:
    waiting.get(starting.address)
    one(waiting, "#q").send_keys("half a sen")
    starting.load()
    WebDriverWait(waiting, 10).until(lambda driver: "search when you are ready" in one(driver, "#waiting").text)
    assert one(waiting, "#q").get_attribute("value") == "half a sen"


def test_it_asks_with_a_text_that_no_address_holds(waiting: Any, starting: Starting) -> None:
    text = POOL_QUERY + " ".join(f"{number:x}" for number in range(10**9, 10**9 + 3_000_000, 1009))
    waiting.get(starting.address)
    waiting.execute_script("document.getElementById('q').value = arguments[0]; document.querySelector('form.ask').submit()", text)
    wait(waiting, "#waiting[data-sent]")
    starting.load()
    wait(waiting, "article.hit")
    assert one(waiting, "#q").get_attribute("value") == text


def test_without_javascript_it_offers_no_box_that_would_be_emptied(plain_browser: Any, starting: Starting) -> None:
    plain_browser.get(starting.address)
    assert not one(plain_browser, "#q").is_displayed()
    starting.load()
    WebDriverWait(plain_browser, 15).until(lambda driver: one(driver, "#q").is_displayed())
