"""Vectors by content, kept between generations: what was encoded once is not encoded again, after an interrupted run neither."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rcasearch.errors import RcaSearchError
from rcasearch.seals import BrokenSealError, seal, unseal

_SCHEMA = """
CREATE TABLE IF NOT EXISTS embedded (model TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL, ids BLOB NOT NULL,
    spans BLOB NOT NULL, codes BLOB NOT NULL, PRIMARY KEY (model, hash)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fitted (model TEXT PRIMARY KEY, passages INTEGER NOT NULL, basis BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sampled (model TEXT PRIMARY KEY, sample BLOB NOT NULL) WITHOUT ROWID;
DROP TABLE IF EXISTS entries;
DROP TABLE IF EXISTS passages;
DROP TABLE IF EXISTS bases;
"""
_TABLES = ("embedded", "fitted", "sampled")
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


class CacheDamagedError(Exception):
    """An entry is not what was put. `mend` takes it out."""


class EmbeddingCache:
    """The passages that one model has encoded. Entries of other models are dropped when it opens.

    Each method raises CacheDamagedError where it comes upon something that is not what was put.
    """

    def __init__(self, path: Path, model: str) -> None:
        self._model = model
        self._connection = _open(path)
        with _guarded(), self._connection:
            for table in _TABLES:
                self._connection.execute(f"DELETE FROM {table} WHERE model != ?", (model,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def known(self, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes that are here."""
        return {row[0] for row in self._read("SELECT hash FROM embedded WHERE model = ?", (self._model,))}.intersection(hashes)

    def get(self, hashes: Sequence[str], codes: int) -> list[Embedded]:
        """The entries of these hashes, in order; ``codes`` is the width of the token codes. Raises KeyError for a stranger."""
        found: dict[str, Embedded] = {}
        for start in range(0, len(hashes), _BATCH):
            batch = hashes[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            sql = f"SELECT hash, vector, ids, spans, codes FROM embedded WHERE model = ? AND hash IN ({marks})"
            for row in self._read(sql, (self._model, *batch)):
                found[row[0]] = _embedded(*_opened(*row), codes)
        return [found[key] for key in hashes]

    def vectors(self, hashes: Sequence[str], dimension: int) -> NDArray[np.float32]:
        """The vectors (n, d) of these hashes, in order. Raises KeyError for a stranger."""
        found = np.zeros((len(hashes), dimension), np.float32)
        for start in range(0, len(hashes), _BATCH):
            batch = hashes[start : start + _BATCH]
            sql = f"SELECT hash, vector FROM embedded WHERE model = ? AND hash IN ({','.join('?' * len(batch))})"
            own = dict(self._read(sql, (self._model, *batch)))
            with _guarded():
                for row, key in enumerate(batch, start):
                    found[row] = np.frombuffer(unseal(own[key], key), np.float32)
        return found

    def put(self, entries: Iterable[tuple[str, Embedded]]) -> None:
        """Keep these entries, on disk when this returns."""
        rows = [(self._model, key, *_sealed(key, entry)) for key, entry in entries]
        with _guarded(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO embedded VALUES (?, ?, ?, ?, ?, ?)", rows)

    def basis(self) -> tuple[int, bytes] | None:
        """How many passages the token basis was fitted on, and the basis as stored."""
        rows = self._read("SELECT passages, basis FROM fitted WHERE model = ?", (self._model,))
        with _guarded():
            return (rows[0][0], unseal(rows[0][1], rows[0][0])) if rows else None

    def sample(self) -> bytes:
        """What names the passages that the token basis was fitted on; empty where nobody can tell."""
        rows = self._read("SELECT sample FROM sampled WHERE model = ?", (self._model,))
        with _guarded():
            return unseal(rows[0][0], "sample") if rows else b""

    def start_over(self, passages: int, basis: bytes, sample: bytes = b"") -> None:
        """Forget every entry and set a new token basis, fitted on so many passages, which ``sample`` names."""
        with _guarded(), self._connection:
            write = self._connection.execute
            write("DELETE FROM embedded")
            write("INSERT OR REPLACE INTO fitted VALUES (?, ?, ?)", (self._model, passages, seal(basis, passages)))
            write("INSERT OR REPLACE INTO sampled VALUES (?, ?)", (self._model, seal(sample, "sample")))

    def keep_only(self, hashes: Iterable[str]) -> None:
        """Forget the passages that no document has any more."""
        gone = {row[0] for row in self._read("SELECT hash FROM embedded")} - set(hashes)
        with _guarded(), self._connection:
            self._connection.executemany("DELETE FROM embedded WHERE hash = ?", ((key,) for key in gone))

    def _read(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with _guarded():
            return self._connection.execute(sql, values).fetchall()


def mend(path: Path) -> None:
    """Take out of the cache at ``path`` what is not what was put: entries, or all of it. It costs only time."""
    try:
        with closing(_connect(path)) as connection:
            [(told,)] = connection.execute("PRAGMA integrity_check(1)")
            if told == "ok" and _mended(connection):
                return
    except sqlite3.DatabaseError as error:
        if not tells_of_damage(error):
            raise
    _remove(path)


def _mended(connection: sqlite3.Connection) -> bool:
    """Whether entries were found that were damaged, and could be taken out."""
    rows = connection.execute("SELECT model, hash, vector, ids, spans, codes FROM embedded")
    gone = [(model, key) for model, key, *parts in rows if not _is_whole(key, parts)]
    with connection:
        connection.executemany("DELETE FROM embedded WHERE model = ? AND hash = ?", gone)
    return bool(gone)


def _is_whole(key: str, parts: Sequence[bytes]) -> bool:
    try:
        return bool(_opened(key, *parts))
    except CacheDamagedError:
        return False


def make_way(path: Path) -> None:
    """Remove what stands where a file is to be kept and is none: a pipe, a device. Raises RcaSearchError for a folder."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise RcaSearchError(f"{path} is a folder, where a file is to be kept.", "Move it away, then run the command again.")
        if not stat.S_ISREG(mode):
            path.unlink()


def tells_of_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error says that a file is damaged, or that it has no such table; a full disk or a lock says nothing of it."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return not isinstance(error, sqlite3.ProgrammingError)


@contextmanager
def told_as(damaged: type[Exception], *unreadable: type[Exception]) -> Iterator[None]:
    """Raise ``damaged`` where a file turns out to be damaged: by SQLite, by a broken seal, or by one of these errors."""
    wrong: tuple[type[Exception], ...] = (BrokenSealError, *unreadable)
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not tells_of_damage(error):
            raise
        raise damaged(str(error)) from None
    except wrong as error:
        raise damaged(str(error)) from None


_guarded = partial(told_as, CacheDamagedError)


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
    make_way(path)
    try:
        return _connect(path)
    except sqlite3.OperationalError as error:
        if tells_of_damage(error):
            _remove(path)
            return _connect(path)
        raise RcaSearchError(
            f"The cache {path} cannot be opened: {error}.", "See that the folder is writable and has room."
        ) from None
    except sqlite3.DatabaseError:
        # A cache that cannot be read is worth nothing and costs only time to make again.
        _remove(path)
        return _connect(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    # What is no text any more is no key of anything.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;" + _SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _sealed(key: str, entry: Embedded) -> tuple[bytes, bytes, bytes, bytes]:
    """The parts of an entry: the vector with a checksum of its own, since it is read alone."""
    ids, spans, codes = (part.tobytes() for part in (entry.ids, entry.spans, entry.codes))
    return seal(entry.vector.tobytes(), key), ids, spans, seal(codes, key, ids, spans)


def _opened(key: str, vector: bytes, ids: bytes, spans: bytes, codes: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    with _guarded():
        return unseal(vector, key), ids, spans, unseal(codes, key, ids, spans)


def _embedded(vector: bytes, ids: bytes, spans: bytes, codes: bytes, width: int) -> Embedded:
    return Embedded(
        np.frombuffer(vector, np.float32),
        np.frombuffer(ids, np.int32),
        np.frombuffer(spans, np.uint16).reshape(-1, 2),
        np.frombuffer(codes, np.int8).reshape(-1, width),
    )
