"""What the tests of the core share: the seeded corpus indexed by the fake encoder, and the real encoder, once a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rcasearch.encoders import Encoder, load_encoder
from rcasearch.search import Searcher
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus
from tests.core.oracle import Oracle
from tests.core.probes import Probes, read_probes


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real model that comes with the installation."""
    return load_encoder("all-MiniLM-L6-v2")


@pytest.fixture(scope="session")
def fake() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture(scope="session")
def seeded_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred documents. Read only."""
    return write_corpus(tmp_path_factory.mktemp("seeded") / "documents")


@pytest.fixture(scope="session")
def seeded_index(seeded_corpus: Path, fake: FakeEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their index. Read only."""
    index = tmp_path_factory.mktemp("seeded-index") / "index"
    build_with(fake, seeded_corpus, index)
    return index


@pytest.fixture(scope="session")
def seeded_searcher(seeded_index: Path, fake: FakeEncoder) -> Iterator[Searcher]:
    searcher = searcher_with(fake, seeded_index)
    yield searcher
    searcher.close()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty documents. Read only."""
    return write_corpus(tmp_path_factory.mktemp("small") / "documents", 20)


@pytest.fixture(scope="session")
def pristine(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their index. Read only: a test that changes it takes a copy."""
    index = tmp_path_factory.mktemp("pristine") / "index"
    build_with(FakeEncoder(), small, index)
    return index


@pytest.fixture
def index(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(pristine, tmp_path / "index")


@pytest.fixture(scope="session")
def oracle(seeded_corpus: Path, fake: FakeEncoder) -> Oracle:
    """The same corpus as plain lists."""
    return Oracle.read(seeded_corpus, fake)


@pytest.fixture(scope="session")
def probes() -> Probes:
    """What people might ask who look for a concept of the shipped lexicon."""
    return read_probes()
