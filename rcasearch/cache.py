"""Vectors by content, kept between generations: what was encoded once is not encoded again, after an interrupted run neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rcasearch.errors import RcaSearchError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passages (model TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL, ids BLOB NOT NULL,
    spans BLOB NOT NULL, codes BLOB NOT NULL, PRIMARY KEY (model, hash)) WITHOUT ROWID;
DROP TABLE IF EXISTS entries;
CREATE TABLE IF NOT EXISTS bases (model TEXT PRIMARY KEY, passages INTEGER NOT NULL, basis BLOB NOT NULL) WITHOUT ROWID;
"""
_BATCH = 500
# Within the folder of an index, beside the generations.
CACHE = "embeddings.sqlite"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A passage as stored: ``vector`` (d,) float32; of its tokens ``ids`` (t,) int32, ``spans`` (t, 2) and ``codes`` (t, c) int8.

    The spans are where each token begins and ends in the text, uint16; where that is not known, both are 0.
    """

    vector: NDArray[np.float32]
    ids: NDArray[np.int32]
    spans: NDArray[np.uint16]
    codes: NDArray[np.int8]


class EmbeddingCache:
    """The passages that one model has encoded. Entries of other models are dropped when it opens."""

    def __init__(self, path: Path, model: str) -> None:
        self._model = model
        self._connection = _open(path)
        with self._connection:
            for table in ("passages", "bases"):
                self._connection.execute(f"DELETE FROM {table} WHERE model != ?", (model,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def known(self, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes that are here."""
        stored = {row[0] for row in self._connection.execute("SELECT hash FROM passages WHERE model = ?", (self._model,))}
        return stored.intersection(hashes)

    def get(self, hashes: Sequence[str], codes: int) -> list[Embedded]:
        """The entries of these hashes, in order; ``codes`` is the width of the token codes. Raises KeyError for a stranger."""
        found: dict[str, Embedded] = {}
        for start in range(0, len(hashes), _BATCH):
            batch = hashes[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            sql = f"SELECT hash, vector, ids, spans, codes FROM passages WHERE model = ? AND hash IN ({marks})"
            for key, vector, ids, spans, code in self._connection.execute(sql, (self._model, *batch)):
                found[key] = _embedded(vector, ids, spans, code, codes)
        return [found[key] for key in hashes]

    def vectors(self, hashes: Sequence[str], dimension: int) -> NDArray[np.float32]:
        """The vectors (n, d) of these hashes, in order. Raises KeyError for a stranger."""
        found = np.zeros((len(hashes), dimension), np.float32)
        for start in range(0, len(hashes), _BATCH):
            batch = hashes[start : start + _BATCH]
            sql = f"SELECT hash, vector FROM passages WHERE model = ? AND hash IN ({','.join('?' * len(batch))})"
            own = dict(self._connection.execute(sql, (self._model, *batch)))
            for row, key in enumerate(batch, start):
                found[row] = np.frombuffer(own[key], np.float32)
        return found

    def put(self, entries: Iterable[tuple[str, Embedded]]) -> None:
        """Keep these entries, on disk when this returns."""
        rows = [(self._model, key, *(part.tobytes() for part in (e.vector, e.ids, e.spans, e.codes))) for key, e in entries]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO passages VALUES (?, ?, ?, ?, ?, ?)", rows)

    def basis(self) -> tuple[int, bytes] | None:
        """How many passages the token basis was fitted on, and the basis as stored."""
        row = self._connection.execute("SELECT passages, basis FROM bases WHERE model = ?", (self._model,)).fetchone()
        return (int(row[0]), bytes(row[1])) if row else None

    def start_over(self, passages: int, basis: bytes) -> None:
        """Forget every entry and set a new token basis, fitted on so many passages."""
        with self._connection:
            self._connection.execute("DELETE FROM passages")
            self._connection.execute("INSERT OR REPLACE INTO bases VALUES (?, ?, ?)", (self._model, passages, basis))

    def keep_only(self, hashes: Iterable[str]) -> None:
        """Forget the passages that no document has any more."""
        gone = self.known(row[0] for row in self._connection.execute("SELECT hash FROM passages")) - set(hashes)
        with self._connection:
            self._connection.executemany("DELETE FROM passages WHERE hash = ?", ((key,) for key in gone))


def copy_cache(path: Path, target: Path) -> None:
    """Copy the cache at ``path`` as it stands now, without changing it. One that cannot be read is worth only time: no copy."""
    source = f"{path.resolve().as_uri()}?mode=ro"
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(source, uri=True)) as stored,
        closing(_connect(target)) as copied,
    ):
        stored.backup(copied)


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.OperationalError as error:
        raise RcaSearchError(
            f"The cache {path} cannot be opened: {error}.", "See that the folder is writable and has room."
        ) from None
    except sqlite3.DatabaseError:
        # A cache that cannot be read is worth nothing and costs only time to make again.
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _embedded(vector: bytes, ids: bytes, spans: bytes, codes: bytes, width: int) -> Embedded:
    return Embedded(
        np.frombuffer(vector, np.float32),
        np.frombuffer(ids, np.int32),
        np.frombuffer(spans, np.uint16).reshape(-1, 2),
        np.frombuffer(codes, np.int8).reshape(-1, width),
    )
