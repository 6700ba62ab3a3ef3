"""The site and the browsers of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.browser.driving import console, start


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
