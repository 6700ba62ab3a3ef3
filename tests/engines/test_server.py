"""The real server under what befalls servers: kill -9 amid writes, a stall, a wrong password, many writers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engines.conftest import Engine
from tests.engines.server import Server
from tests.engines.test_engine import count, make, row, rows, vectors

pymilvus: Any = pytest.importorskip("pymilvus")
pytestmark = pytest.mark.milvus_server

PROJECT = Path(__file__).parent.parent.parent
WRITER = """
import sys
from tests.engines.conftest import Engine
from tests.engines.test_engine import rows
uri, token, name, first, last = sys.argv[1:]
client = Engine("", uri, token, "").client()
written = rows(int(last))[int(first):]
for start in range(0, len(written), 100):
    client.upsert(name, written[start : start + 100])
"""


@pytest.fixture
def on_server(milvus_server: Server, request: pytest.FixtureRequest) -> Engine:
    return Engine("server", milvus_server.uri, milvus_server.token, f"t{abs(hash(request.node.name)):x}_")


def test_a_kill_amid_writes_loses_nothing_that_was_acknowledged(milvus_server: Server, on_server: Engine) -> None:
    client, name = on_server.client(), on_server.prefix + "kill"
    make(client, name, properties={"rcasearch.state": "filling"})
    acknowledged: list[str] = []
    some = threading.Event()

    def write() -> None:
        writer, vector = on_server.client(), vectors()[0]
        for start in range(0, 100_000, 50):
            batch = [row(number, vector) for number in range(start, start + 50)]
            try:
                writer.upsert(name, batch, timeout=5)
            except Exception:  # noqa: BLE001  # whatever a killed server makes of it: from here nothing was acknowledged
                return
            acknowledged.extend(line["id"] for line in batch)
            if len(acknowledged) >= 1000:
                some.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert some.wait(60)
    milvus_server.kill()
    thread.join(60)
    assert not thread.is_alive()
    client.close()
    milvus_server.restart()

    client = on_server.client()
    assert dict(client.describe_collection(name)["properties"])["rcasearch.state"] == "filling"
    client.load_collection(name)
    found: set[str] = set()
    while page := client.query(
        name, filter=f'id > "{max(found, default="")}"', limit=5000, output_fields=["id"], consistency_level="Strong"
    ):
        found |= {line["id"] for line in page}
    assert not {*acknowledged} - found
    on_server.drop()
    client.close()


def test_a_stalled_server_is_told_by_the_deadline_and_answers_again_after_it(milvus_server: Server, on_server: Engine) -> None:
    import grpc

    client, name = on_server.client(), on_server.prefix + "stall"
    make(client, name)
    client.upsert(name, rows(30))
    assert count(client, name) == 30
    with milvus_server.process.frozen():
        begun = time.monotonic()
        with pytest.raises((grpc.RpcError, pymilvus.MilvusException)):
            client.query(name, filter='id != ""', output_fields=["id"], timeout=1)
        assert time.monotonic() - begun < 5
    assert count(client, name) == 30
    on_server.drop()
    client.close()


def test_a_wrong_password_is_refused(milvus_server: Server) -> None:
    with pytest.raises(pymilvus.MilvusException):
        pymilvus.MilvusClient(uri=milvus_server.uri, token="root:wrong", timeout=5)
    with pytest.raises(pymilvus.MilvusException):
        pymilvus.MilvusClient(uri=milvus_server.uri, timeout=5).list_collections()


def test_two_writers_of_the_same_keys_leave_each_key_once(on_server: Engine) -> None:
    client, name = on_server.client(), on_server.prefix + "writers"
    make(client, name, num_shards=2)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, on_server.uri, on_server.token, name, first, last], cwd=PROJECT)
        for first, last in (("0", "2000"), ("1000", "3000"))
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert count(client, name) == 3000
    on_server.drop()
    client.close()
