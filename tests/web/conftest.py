"""The app over the tiny index, with no server in between, and a real server where one is needed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app

# The incident of the tiny corpus that the tests look at.
POOL = "2024-03-14-checkout-connection-pool-exhausted"
POOL_QUERY = "every worker waits for a database connection and checkout answers 503"


@pytest.fixture(scope="session")
def web_settings(tiny_index: Path) -> Settings:
    return Settings(index=str(tiny_index), max_body_bytes=65_536, max_query_chars=40_000)


@pytest.fixture(scope="session")
def app(tiny_searcher: Searcher, web_settings: Settings) -> Flask:
    return create_app(tiny_searcher, web_settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def no_index(tmp_path: Path) -> FlaskClient:
    """A client of an app whose index does not exist."""
    return create_app(None, Settings(index=str(tmp_path / "nothing"))).test_client()


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit status and what went to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def serving(index: Path, **settings: object) -> Iterator[Server]:
    """`rcasearch serve` on a free port."""
    variables = {f"RCASEARCH_{name.upper()}": str(value) for name, value in settings.items()}
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "RCASEARCH_INDEX": str(index), "RCASEARCH_PORT": "0", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "rcasearch", "serve"],
        env=environment,
        cwd=index.parent,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?(?=/ |/$)", line)
        assert found, line + (process.stderr.read() if process.stderr else "")
        yield Server(found[0], process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
