"""Signing in and out in a real browser: the cookie goes where it must, and a link from another site finds its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect
from selenium.webdriver.common.by import By

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import TokenFile
from rcasearch.tokens.upkeep import add
from rcasearch.web import create_app
from tests.browser.driving import in_a_browser, served, start

pytestmark = in_a_browser


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def closed(tiny_searcher: Searcher, tiny_index: Path, file: TokenFile) -> Iterator[str]:
    with served(
        create_app(tiny_searcher, Settings(index=str(tiny_index), tokens_file=str(file.path), anonymous="nothing"))
    ) as site:
        yield site


def heading(driver: Any) -> str:
    return str(driver.find_element(By.TAG_NAME, "h1").text)


def send(driver: Any, token: str) -> None:
    driver.find_element(By.ID, "token").send_keys(token)
    driver.find_element(By.CSS_SELECTOR, ".sign-in button").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_signs_in_reads_asks_and_signs_out(closed: str, file: TokenFile, tmp_path: Path, javascript: bool) -> None:
    given = add(file, "ana@example.com", ("read",), (), 1, datetime.now(UTC))[0]
    driver = start(tmp_path / "profile", javascript=javascript)
    try:
        driver.get(f"{closed}/incidents?tag=database")
        assert heading(driver) == "Sign in to go on."
        send(driver, "rcas_none")
        assert heading(driver) == "The token is not known here."
        send(driver, given)
        assert driver.current_url == f"{closed}/incidents?tag=database"
        assert "Signed in as ana@example.com" in driver.find_element(By.TAG_NAME, "footer").text
        # A form of the page is one of ours.
        driver.get(closed)
        driver.find_element(By.ID, "q").send_keys("checkout waits for a connection")
        driver.find_element(By.CSS_SELECTOR, ".go").click()
        assert "/?q=" in driver.current_url or driver.find_elements(By.ID, "answer")
        _by_a_link_from_elsewhere(driver, f"{closed}/about")
        driver.find_element(By.CSS_SELECTOR, ".who button").click()
        assert driver.current_url == f"{closed}/sign-in"
        driver.get(f"{closed}/about")
        assert heading(driver) == "Sign in to go on."
    finally:
        driver.quit()


def _by_a_link_from_elsewhere(driver: Any, address: str) -> None:
    """Another site, as the name of the same machine is one to a browser: it sends its visitor here without the cookie."""
    other = Flask("other")
    other.add_url_rule("/", "go", lambda: f'<a id="go" href="{address}">go</a>')
    other.add_url_rule("/away", "away", lambda: redirect(address))
    with served(other) as site:
        for path in ("/", "/away"):
            driver.get("about:blank")
            driver.get(site.replace("127.0.0.1", "localhost") + path)
            if path == "/":
                driver.find_element(By.ID, "go").click()
            driver.implicitly_wait(5)
            assert driver.find_elements(By.CSS_SELECTOR, ".who button")
            driver.implicitly_wait(0)
            assert driver.current_url == address
