"""What the store leans on, asked of each engine by the plain client: what is refused, kept, found and told there."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.engines.conftest import Engine

pymilvus: Any = pytest.importorskip("pymilvus")

DIMS = 16
ROWS = 300
LITERALS = ("plain", 'a "quoted" word', "C:\\temp\\", "a\nb", "tab\there", "it's", "50%_x {y}", "ключ é 漢 😀", "\\n", '\\"')


def make(client: Any, name: str, **more: Any) -> None:
    """A collection with a field of each kind that the store has, indexed and loaded."""
    kinds = pymilvus.DataType
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", kinds.VARCHAR, is_primary=True, max_length=128)
    schema.add_field("incident", kinds.VARCHAR, max_length=512)
    schema.add_field("services", kinds.ARRAY, element_type=kinds.VARCHAR, max_capacity=64, max_length=128)
    schema.add_field("codes", kinds.ARRAY, element_type=kinds.INT8, max_capacity=4096)
    schema.add_field("date", kinds.INT64)
    schema.add_field("facts", kinds.JSON)
    schema.add_field("part", kinds.VARCHAR, max_length=65_535)
    schema.add_field("vector", kinds.FLOAT_VECTOR, dim=DIMS)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE", params={"M": 16, "efConstruction": 200})
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Bounded", **more)


def vectors(count: int = ROWS) -> npt.NDArray[np.float32]:
    drawn = np.random.default_rng(7).standard_normal((count, DIMS)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def row(number: int, vector: npt.NDArray[np.float32], **changed: Any) -> dict[str, Any]:
    return {
        "id": f"incident-{number // 3:05d}#{number % 3}",
        "incident": f"incident-{number // 3:05d}",
        "services": [f"service-{number % 7}", "päyment"] if number % 5 else [],
        "codes": [number % 256 - 128, 127, -128],
        "date": 1_700_000_000 + number,
        "facts": {"n": number, "list": [1, "é"]},
        "part": base64.b64encode(number.to_bytes(4, "big") * 16).decode(),
        "vector": vector,
        **changed,
    }


def rows(count: int = ROWS) -> list[dict[str, Any]]:
    return [row(number, vector) for number, vector in enumerate(vectors(count))]


def count(client: Any, name: str, condition: str = 'id != ""') -> int:
    found = client.query(name, filter=condition, output_fields=["count(*)"], consistency_level="Strong")
    return int(found[0]["count(*)"])


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_what_was_acknowledged_is_read_as_it_was_written(engine: Engine) -> None:
    client, name = engine.client(), engine.prefix + "passages"
    make(client, name, num_shards=2)
    written = rows()
    written[0]["part"] = base64.b64encode(random.Random(1).randbytes(49_000)).decode()
    written[1]["part"] = "z" * 65_535
    client.upsert(name, written)
    kept = ["id", "incident", "services", "codes", "date", "facts", "part"]
    wanted = [line["id"] for line in written]
    found = client.query(name, filter=f"id in {json.dumps(wanted)}", output_fields=kept, consistency_level="Strong")
    by_id = {line["id"]: {key: line[key] for key in kept} for line in found}
    assert by_id == {line["id"]: {key: line[key] for key in kept} for line in written}

    client.upsert(name, [row(5, vectors()[5], date=1, services=["other"])])
    client.delete(name, filter='incident in ["incident-00000", "incident-00002"]')
    assert count(client, name) == ROWS - 6
    changed = client.query(name, filter="date < 1000", output_fields=["id"], consistency_level="Strong")
    assert [line["id"] for line in changed] == [written[5]["id"]]
    with pytest.raises(pymilvus.MilvusException):
        client.upsert(name, [row(9, vectors()[9], part="z" * 65_536)])
    client.close()


def test_a_search_finds_the_nearest_among_what_a_filter_lets_through(engine: Engine) -> None:
    client, name = engine.client(), engine.prefix + "search"
    make(client, name)
    written = rows()
    client.upsert(name, written)
    asked = vectors(ROWS + 1)[ROWS]
    for condition, passes in (
        ("", lambda line: True),
        ('array_contains(services, "service-3")', lambda line: "service-3" in line["services"]),
        (
            'array_contains_any(services, ["service-1", "service-2"]) and date >= 1700000100',
            lambda line: {"service-1", "service-2"} & {*line["services"]} and line["date"] >= 1_700_000_100,
        ),
        ("array_length(services) == 0", lambda line: not line["services"]),
        ('incident not in ["incident-00001"] and not (date > 1700000250)', lambda line: line["date"] <= 1_700_000_250),
    ):
        allowed = [
            line for line in written if passes(line) and not ("not in" in condition and line["incident"] == "incident-00001")
        ]
        best = sorted(allowed, key=lambda line: -float(line["vector"] @ asked))[:10]
        found = client.search(
            name,
            data=[asked],
            anns_field="vector",
            limit=10,
            filter=condition,
            output_fields=["incident"],
            search_params={"metric_type": "COSINE", "params": {"ef": ROWS}},
            consistency_level="Strong",
        )[0]
        assert [hit["id"] for hit in found] == [line["id"] for line in best], condition
        assert [hit["distance"] for hit in found] == pytest.approx([float(line["vector"] @ asked) for line in best], abs=1e-4)
        assert [hit["entity"]["incident"] for hit in found] == [line["incident"] for line in best]
    client.close()


def test_properties_change_while_a_collection_is_loaded(engine: Engine) -> None:
    client, name = engine.client(), engine.prefix + "properties"
    make(client, name, properties={"rcasearch.fingerprint": "a" * 2000, "rcasearch.state": "filling"})
    client.alter_collection_properties(name, {"rcasearch.state": "published", "rcasearch.shards": "1/2"})
    read = dict(client.describe_collection(name)["properties"])
    assert {key: value for key, value in read.items() if key.startswith("rcasearch.")} == {
        "rcasearch.fingerprint": "a" * 2000,
        "rcasearch.state": "published",
        "rcasearch.shards": "1/2",
    }
    client.close()


def test_an_alias_turns_from_one_generation_to_the_next(engine: Engine) -> None:
    client, alias = engine.client(), engine.prefix + "live"
    for generation in ("g1", "g2"):
        make(client, engine.prefix + generation)
        client.upsert(engine.prefix + generation, rows(30 if generation == "g1" else 60))
    with pytest.raises(pymilvus.MilvusException):
        client.alter_alias(engine.prefix + "g1", alias)
    client.create_alias(engine.prefix + "g1", alias)
    assert client.describe_collection(alias)["collection_name"] == engine.prefix + "g1"
    assert count(client, alias) == 30
    with pytest.raises(pymilvus.MilvusException):
        client.create_alias(engine.prefix + "g2", alias)
    client.alter_alias(engine.prefix + "g2", alias)
    assert client.describe_alias(alias)["collection_name"] == engine.prefix + "g2"
    assert count(client, alias) == 60
    client.drop_collection(engine.prefix + "g1")
    assert count(client, alias) == 60
    client.drop_alias(alias)
    with pytest.raises(pymilvus.MilvusException):
        count(client, alias)
    client.close()


def test_pages_by_key_are_complete_and_in_order(engine: Engine) -> None:
    client, name = engine.client(), engine.prefix + "pages"
    make(client, name, num_shards=2)
    client.upsert(name, rows())
    assert count(client, name) == ROWS
    seen: list[str] = []
    while page := client.query(name, filter=f'id > "{seen[-1] if seen else ""}"', limit=37, output_fields=["id"]):
        seen += [line["id"] for line in page]
    assert seen == sorted(line["id"] for line in rows())
    client.close()


def test_a_literal_is_found_as_it_was_written(engine: Engine) -> None:
    client, name = engine.client(), engine.prefix + "literals"
    make(client, name)
    client.upsert(name, [row(n, vectors()[n], incident=text, services=[text]) for n, text in enumerate(LITERALS)])
    for number, text in enumerate(LITERALS):
        for condition in (
            f"incident == {quoted(text)}",
            f"incident in [{quoted(text)}]",
            f"array_contains(services, {quoted(text)})",
        ):
            found = client.query(name, filter=condition, output_fields=["id"], consistency_level="Strong")
            assert [line["id"] for line in found] == [row(number, vectors()[0])["id"]], condition
    client.close()


def test_a_tenant_as_partition_key_needs_a_server_that_routes_upserts_by_it(engine: Engine) -> None:
    """Before 2.4 an upsert goes where the primary key says, and a filter by the partition key then misses most of it."""
    client, name = engine.client(), engine.prefix + "tenants"
    kinds = pymilvus.DataType
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", kinds.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("tenant", kinds.VARCHAR, max_length=64, is_partition_key=True)
    schema.add_field("vector", kinds.FLOAT_VECTOR, dim=4)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="COSINE", params={})
    client.create_collection(name, schema=schema, index_params=index)
    client.upsert(name, [{"id": f"i{n}", "tenant": f"t{n % 3}", "vector": [1.0, n, 0.0, 0.0]} for n in range(300)])
    old = client.get_server_version().startswith(("v2.2", "v2.3"))
    assert count(client, name) == 300
    assert (count(client, name, 'tenant == "t1"') < 100) == old
    client.close()


def test_errors_are_of_two_kinds(engine: Engine) -> None:
    import grpc

    client, name = engine.client(), engine.prefix + "errors"
    with pytest.raises(pymilvus.MilvusException):
        client.query(name, filter='id != ""', output_fields=["id"])
    make(client, name)
    client.upsert(name, rows())
    with pytest.raises(pymilvus.MilvusException):
        client.query(name, filter="id ==", output_fields=["id"])
    with pytest.raises(grpc.RpcError) as told:
        client.query(name, filter='id != ""', output_fields=["part"], consistency_level="Strong", timeout=0.0005)
    assert told.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    with pytest.raises(pymilvus.MilvusException):
        pymilvus.MilvusClient(uri="http://127.0.0.1:9", timeout=2)
    client.close()
