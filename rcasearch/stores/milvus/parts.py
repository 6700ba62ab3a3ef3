"""What is read from the engine by its key: blobs of incidents and of a tenant, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rcasearch.stores.milvus import filters
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.packing import count_of, damaged, joined, pieces
from rcasearch.stores.milvus.schema import LEAST_DIMENSION

# Rows asked for at once: some 20 kB each, below what the engine puts into one answer.
_BATCH = 256


class PartKey(NamedTuple):
    """Whose part it is, of which version of it, and what."""

    owner: str
    version: str
    what: str

    def row(self, tenant: str, piece: int) -> str:
        """The key of the row that holds a piece of it."""
        return f"{tenant}/{self.owner}.{self.version}.{self.what}#{piece}"


class Parts:
    """The parts of one tenant in a generation."""

    def __init__(self, engine: Engine, collection: str, tenant: str, consistency: str = "Bounded") -> None:
        self._engine, self._collection, self._tenant, self._consistency = engine, collection, tenant, consistency

    def get(self, keys: Sequence[PartKey]) -> list[bytes]:
        """The data of these parts. Raises IndexMismatchError where one is not there, EngineError."""
        found = self.find(keys)
        if missing := [key for key in keys if key not in found]:
            raise damaged(f"{len(missing)} of its parts are gone, the first is {missing[0].what} of {missing[0].owner}")
        return [found[key] for key in keys]

    def find(self, keys: Sequence[PartKey]) -> dict[PartKey, bytes]:
        """The data of those parts that are there. Raises IndexMismatchError for one that lost a piece, EngineError."""
        first = self._read([key.row(self._tenant, 0) for key in keys])
        texts: dict[PartKey, list[str]] = {}
        more: list[str] = []
        for key in keys:
            if (text := first.get(key.row(self._tenant, 0))) is not None:
                texts[key] = [text]
                more += [key.row(self._tenant, piece) for piece in range(1, count_of(text))]
        rest = self._read(more)
        for key, own in texts.items():
            own += [rest[row] for piece in range(1, count_of(own[0])) if (row := key.row(self._tenant, piece)) in rest]
        return {key: joined(own) for key, own in texts.items()}

    def _read(self, rows: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(rows), _BATCH):
            chosen = f"{filters.is_in('tenant', [self._tenant])} and {filters.is_in('id', rows[start : start + _BATCH])}"
            asked: dict[str, Any] = {"filter": chosen, "output_fields": ["id", "data"], "consistency_level": self._consistency}
            found.update((one["id"], one["data"]) for one in self._engine.read("query", self._collection, **asked))
        return found

    def rows(self, key: PartKey, data: bytes) -> list[dict[str, Any]]:
        """The rows that hold a part."""
        common = {"tenant": self._tenant, "owner": key.owner, "version": key.version, "vector": [1.0] * LEAST_DIMENSION}
        return [{"id": key.row(self._tenant, number), "data": text, **common} for number, text in enumerate(pieces(data))]

    def put(self, parts: Iterable[tuple[PartKey, bytes]]) -> None:
        """Write parts; the one that is named last may be the one that makes the others count. Raises EngineError."""
        for batch in _batched(row for key, data in parts for row in self.rows(key, data)):
            self._engine.write("upsert", self._collection, batch)

    def remove(self, owners: Sequence[str], version: str | None = None) -> None:
        """Delete all parts of these owners, of one version only if it is named. Raises EngineError."""
        for start in range(0, len(owners), _BATCH):
            chosen = [filters.is_in("tenant", [self._tenant]), filters.is_in("owner", owners[start : start + _BATCH])]
            if version is not None:
                chosen.append(filters.is_in("version", [version]))
            self._engine.write("delete", self._collection, filter=" and ".join(chosen))


def _batched(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in batches of some 8 MB: the engine refuses requests of more than 64."""
    batch: dict[str, dict[str, Any]] = {}
    size = 0
    for row in rows:
        # A key named twice in one batch is refused by newer servers.
        batch[row["id"]] = row
        size += len(row["data"])
        if size >= 2**23 or len(batch) >= 1_000:
            yield list(batch.values())
            batch, size = {}, 0
    if batch:
        yield list(batch.values())
