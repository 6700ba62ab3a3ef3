"""What every store must answer, asked of the store on each engine: the same tests as those of the stores on disk."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from rcasearch.stores.base import Store
from tests.core.conftest import fake, oracle, seeded_corpus, seeded_index  # noqa: F401 - fixtures of the tests
from tests.core.test_store_contract import *  # noqa: F403 - the tests
from tests.engines import namespace
from tests.engines.conftest import Engine
from tests.engines.pushed import pushed

TIERS = ["lite", *(pytest.param(tier, marks=getattr(pytest.mark, f"milvus_{tier}")) for tier in namespace.TIERS)]


@pytest.fixture(scope="session")  # type: ignore[no-redef]
def close() -> float:
    """Vectors are stored in half precision."""
    return 3e-3


@pytest.fixture(scope="session", params=TIERS)  # type: ignore[no-redef]
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], Store]]:
    """What brings the index in a folder to the engine and opens it there."""
    uri, token = _engine(request)
    engine = Engine(str(request.param), uri, token, f"t{uuid.uuid4().hex[:8]}_")
    yield partial(pushed, uri=uri, token=token, prefix=engine.prefix)
    engine.drop()


def _engine(request: pytest.FixtureRequest) -> tuple[str, str]:
    if request.param == "lite":
        return request.getfixturevalue("milvus_lite_uri"), ""
    running = request.getfixturevalue(f"milvus_{request.param}")
    return running.uri, running.token
