"""The site and the browsers of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.browser.driving import console, served, start


@pytest.fixture(scope="session")
def site(tiny_searcher: Searcher, tiny_index: Path) -> Iterator[str]:
    """The address of the app over the tiny index."""
    with served(create_app(tiny_searcher, Settings(index=str(tiny_index)))) as address:
        yield address


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
    assert console(shared_browser) == []


@pytest.fixture
def plain_browser(tmp_path: Path) -> Iterator[Any]:
    """A browser that runs no JavaScript."""
    driver = start(tmp_path, javascript=False)
    yield driver
    driver.quit()
