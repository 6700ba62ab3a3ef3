"""What several tests share: a small corpus, and an index of it made with the real model, once a session."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rcasearch.search import Searcher

os.environ["HF_HUB_OFFLINE"] = "1"

DATA = Path(__file__).parent / "data"
PROJECT = Path(__file__).parent.parent


def _exports() -> Path:
    """A folder of exported models for these tests, another one when the code that makes them changes."""
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "rcasearch" / "encoders").glob("*.py")):
        digest.update(path.read_bytes())
    return PROJECT / ".cache" / f"exports-{digest.hexdigest()[:16]}"


os.environ["RCASEARCH_CACHE"] = str(_exports())


@pytest.fixture(scope="session")
def tiny_corpus() -> Path:
    """Eight incidents in several layouts; the file name of each tells what failed. Read only."""
    return DATA / "corpus"


@pytest.fixture(scope="session")
def tiny_queries() -> Path:
    """Five judged queries over the tiny corpus."""
    return DATA / "queries.jsonl"


@pytest.fixture(scope="session")
def tiny_index(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the tiny corpus. Read only: a test that writes makes its own."""
    from rcasearch.index import build
    from rcasearch.settings import Settings

    index = tmp_path_factory.mktemp("tiny") / "index"
    build([tiny_corpus], Settings(index=str(index)))
    return index


@pytest.fixture(scope="session")
def tiny_searcher(tiny_index: Path) -> Iterator[Searcher]:
    """A searcher over the tiny index, the same for every test."""
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings

    searcher = Searcher.open(Settings(index=str(tiny_index)))
    yield searcher
    searcher.close()


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def seeds_searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """A searcher over the seeds. To index them takes most of a minute: for tests of what is found."""
    from rcasearch.index import build
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings

    folder = _shared(tmp_path_factory) / "seeds"
    folder.mkdir(exist_ok=True)
    settings = Settings(index=str(folder / "index"))
    # The first process makes it; to the others it is an index of which nothing changed.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build([PROJECT / "seeds"], settings)
    searcher = Searcher.open(settings)
    yield searcher
    searcher.close()


@pytest.fixture(scope="session")
def hostile_searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """A searcher over documents that mean harm: see tests/hostile.py."""
    from rcasearch.index import build
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings
    from tests import hostile

    folder = tmp_path_factory.mktemp("hostile")
    settings = Settings(index=str(folder / "index"))
    build([hostile.write(folder / "docs")], settings)
    searcher = Searcher.open(settings)
    yield searcher
    searcher.close()
