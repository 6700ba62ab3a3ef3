"""The collections of a generation in the engine: what they are called, what they hold, how they are searched.

    heads     an incident a row: what it can be filtered by, and the mean of its passages
    passages  a passage a row
    profiles  an incident a row: how much of each failure concept it has
    parts     everything that is read by its key: of incidents, and of the corpus

An incident is what its head says that it is: the other rows are written under the version that the head names, before it does,
and taken away after it names another. So nobody sees half an incident, and nobody sees it gone while it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.packing import LONGEST

# Raised when what is stored changes its meaning.
LAYOUT = 1
HEADS, PASSAGES, PROFILES, PARTS = KINDS = ("heads", "passages", "profiles", "parts")
# The engine takes no vectors of one dimension, and no collection without vectors.
LEAST_DIMENSION = 2
# Up to so many passages, all are compared: that is exact, and fast enough.
EXACT_MOST = 20_000
_M, _CONSTRUCTION = 16, 200
_TENANTS = 64
_WORD, _LIST = 512, 1_024


@dataclass(frozen=True, slots=True)
class Generation:
    """The collections of one generation of the index ``name``."""

    name: str
    id: str

    def collection(self, kind: str) -> str:
        """What the collection of a kind is called."""
        return f"{self.name}_{self.id}_{kind}"

    @classmethod
    def of(cls, name: str, heads: str) -> Generation:
        """The generation whose collection of heads is called so."""
        return cls(name, heads.removeprefix(f"{name}_").removesuffix(f"_{HEADS}"))


def create(engine: Engine, generation: Generation, dimension: int, concepts: int, *, exact: bool) -> None:
    """Make the collections of a generation, those that are not there yet. Raises EngineError."""
    sizes = {HEADS: dimension, PASSAGES: dimension, PROFILES: concepts, PARTS: LEAST_DIMENSION}
    for kind in KINDS:
        name = generation.collection(kind)
        if not engine.read("has_collection", name):
            _create(engine, name, kind, max(sizes[kind], LEAST_DIMENSION), exact=exact or kind == PARTS)


def _create(engine: Engine, name: str, kind: str, dimension: int, *, exact: bool) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_WORD)
    # Before 2.4, what is upserted goes to a wrong partition (milvus issue 30607).
    apart = engine.lite or engine.version >= (2, 4)
    schema.add_field("tenant", DataType.VARCHAR, max_length=128, is_partition_key=apart)
    for field, length in _texts(kind).items():
        schema.add_field(field, DataType.VARCHAR, max_length=length)
    for field in _lists(kind):
        kept = {"element_type": DataType.VARCHAR, "max_capacity": _LIST, "max_length": _WORD}
        schema.add_field(field, DataType.ARRAY, **kept)
    for field in _numbers(kind):
        schema.add_field(field, DataType.INT64)
    if kind == HEADS:
        schema.add_field("terms", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4_096)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    index = MilvusClient.prepare_index_params()
    # Of vectors of length 1 the inner product is the cosine; and one of zeros is like nothing.
    how: dict[str, Any] = {"index_type": "FLAT"}
    if not exact:
        how = {"index_type": "HNSW", "params": {"M": _M, "efConstruction": _CONSTRUCTION}}
    index.add_index("vector", metric_type="IP", **how)
    partitions = {"num_partitions": _TENANTS} if apart else {}
    engine.write("create_collection", name, schema=schema, index_params=index, consistency_level="Bounded", **partitions)


def _texts(kind: str) -> dict[str, int]:
    """The text fields of a kind of rows, and how long they may be."""
    if kind == PARTS:
        return {"owner": _WORD, "version": 64, "data": LONGEST}
    found = {"version": 64, "access": 8_192, "date": 64, "severity": _WORD, "status": _WORD}
    if kind == PASSAGES:
        found |= {"owner": _WORD}
    if kind == HEADS:
        found |= {"incident": 4_096, "stem": 4_096, "outline": LONGEST}
    return found


def _lists(kind: str) -> tuple[str, ...]:
    if kind == PARTS:
        return ()
    return ("services", "tags", "links") if kind == HEADS else ("services", "tags")


def _numbers(kind: str) -> tuple[str, ...]:
    return ("tells",) if kind == PASSAGES else ()
