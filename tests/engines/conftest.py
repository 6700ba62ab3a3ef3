"""Engines for tests: milvus-lite anywhere; a real server and a real cluster only in a namespace (see namespace.py).

A test that asks for `engine` runs on each of the three. What listens on all interfaces is never started outside of a namespace:
tests marked for it are left out of a plain run, in which test_tiers.py runs them in one.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.engines import lite, namespace
from tests.engines.cluster import Cluster
from tests.engines.server import Server

if TYPE_CHECKING:
    from pymilvus import MilvusClient

# The client would read settings from a file .env in any folder above.
os.environ["PYTHON_DOTENV_DISABLED"] = "1"
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Engine:
    """Where an engine is, and a prefix that all names of one test begin with."""

    tier: str
    uri: str
    token: str
    prefix: str

    def client(self, *, seconds: float = SECONDS) -> MilvusClient:
        """A client of its own, to be closed by who asked for it."""
        from pymilvus import MilvusClient

        # It tells every error that it raises on standard error as well, with a traceback.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        return MilvusClient(uri=self.uri, token=self.token, timeout=seconds)

    def drop(self) -> None:
        """Take away what the test made: aliases first, since newer servers keep what an alias names."""
        client = self.client()
        for name in client.list_collections():
            if name.startswith(self.prefix):
                for alias in client.list_aliases(name).get("aliases", []):
                    client.drop_alias(alias)
                client.drop_collection(name)
        client.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    elsewhere = {f"milvus_{tier}" for tier in namespace.TIERS if tier != namespace.tier_inside()}
    left_out = [item for item in items if elsewhere & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def milvus_lite_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A milvus-lite server that all tests of this process share."""
    if why := lite.missing():
        pytest.skip(why)
    with lite.serving(tmp_path_factory.mktemp("lite")) as uri:
        yield uri


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server that all tests of a run share: one that kills it must start it again. For `milvus_server` tests."""
    assert namespace.tier_inside() == "server", "a test that wants the real server is to be marked milvus_server"
    with Server(tmp_path_factory.mktemp("server"), users=True) as server:
        yield server


@pytest.fixture(scope="session")
def milvus_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The real cluster that all tests of a run share: one that kills a node must revive it. For `milvus_cluster` tests."""
    assert namespace.tier_inside() == "cluster", "a test that wants the cluster is to be marked milvus_cluster"
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(params=["lite", *(pytest.param(tier, marks=getattr(pytest.mark, f"milvus_{tier}")) for tier in namespace.TIERS)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn, with names of this test's own that are taken away after it."""
    if request.param == "lite":
        uri, token = request.getfixturevalue("milvus_lite_uri"), ""
    else:
        running = request.getfixturevalue(f"milvus_{request.param}")
        uri, token = running.uri, running.token
    engine = Engine(request.param, uri, token, f"t{uuid.uuid4().hex[:12]}_")
    yield engine
    engine.drop()
