"""The real cluster when one of its parts dies."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.engines.cluster import Cluster
from tests.engines.conftest import Engine
from tests.engines.test_engine import count, make, rows, vectors

pymilvus: Any = pytest.importorskip("pymilvus")
pytestmark = pytest.mark.milvus_cluster


def test_searches_go_on_when_a_query_node_is_killed(milvus_cluster: Cluster) -> None:
    engine = Engine("cluster", milvus_cluster.uri, "", "killed_")
    client, name = engine.client(), engine.prefix + "passages"
    make(client, name, num_shards=2)
    client.upsert(name, rows(900))
    client.flush(name)
    client.release_collection(name)
    client.load_collection(name, replica_number=2)
    assert count(client, name) == 900
    stop, right, wrong, failed, stalls = threading.Event(), [0], [0], [0], [0.0]
    asked = vectors(900)

    def search() -> None:
        own, number = engine.client(), 0
        while not stop.is_set():
            number = (number + 1) % 900
            begun = time.monotonic()
            try:
                found = own.search(
                    name, data=[asked[number]], limit=1, search_params={"params": {"ef": 64}}, output_fields=["date"], timeout=10
                )[0]
            except Exception:  # noqa: BLE001  # counted: what dies is allowed some
                failed[0] += 1
            else:
                same = bool(found) and found[0]["entity"]["date"] == 1_700_000_000 + number
                right[0], wrong[0] = right[0] + same, wrong[0] + (not same)
            stalls[0] = max(stalls[0], time.monotonic() - begun)

    thread = threading.Thread(target=search)
    thread.start()
    time.sleep(3)
    milvus_cluster.kill("querynode-2")
    time.sleep(30)
    stop.set()
    thread.join(30)
    print(f"right {right[0]}, wrong {wrong[0]}, failed {failed[0]}, worst stall {stalls[0]:.1f} s")
    assert count(client, name) == 900
    assert wrong[0] == 0
    assert right[0] > 20 * failed[0]
    milvus_cluster.revive("querynode-2")
    assert count(client, name) == 900
    engine.drop()
    client.close()
