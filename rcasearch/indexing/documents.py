"""The documents as they were read, kept between generations beside them: what did not change is not read again.

One SQLite file. What of a document depends on all the others (lines, marks and what comes with them) is empty until it is
made, and is emptied in the same transaction that tells what it was made with: whenever the process ends, what is there is right.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.cache import make_way, told_as
from rcasearch.indexing.work import DamagedError, Read, word_hashes
from rcasearch.model import Problem
from rcasearch.seals import seal, unseal
from rcasearch.services import ServiceNames

# Within the folder of an index, beside the generations.
DOCUMENTS = "documents.sqlite"
_SCHEMA = """
CREATE TABLE documents (doc INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, path TEXT NOT NULL, id TEXT NOT NULL,
    services BLOB NOT NULL, access BLOB NOT NULL, problems BLOB NOT NULL, answers BLOB NOT NULL, wanted BLOB NOT NULL,
    lines BLOB, marks BLOB, passages BLOB, kinds BLOB, terms BLOB, counts BLOB);
CREATE TABLE records (doc INTEGER PRIMARY KEY, record BLOB NOT NULL, words BLOB NOT NULL);
CREATE TABLE vocabulary (number INTEGER PRIMARY KEY, term BLOB NOT NULL);
"""
_MADE_WITH = "CREATE TABLE IF NOT EXISTS made_with (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
_SET = "INSERT OR REPLACE INTO made_with VALUES (?, ?)"
_BATCH = 500
_names = msgspec.msgpack.Decoder(tuple[tuple[str, ...], tuple[str, ...]]).decode
_texts = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_problems = msgspec.msgpack.Decoder(tuple[Problem, ...]).decode
_guarded = partial(told_as, DamagedError, msgspec.DecodeError)
_pack = msgspec.msgpack.Encoder().encode


class Row(NamedTuple):
    """A document as it is kept, all but its text. ``id`` is empty for a file that holds no incident."""

    doc: int
    key: bytes
    path: str
    id: str
    services: tuple[str, ...]
    access: tuple[str, ...]
    problems: tuple[Problem, ...]
    answers: bytes
    wanted: bytes
    lines: bytes | None
    marks: bytes | None
    passages: bytes | None
    kinds: bytes | None
    terms: bytes | None
    counts: bytes | None


class Marks(NamedTuple):
    """What finishing a document gives to keep; ``terms`` are numbers in the vocabulary (int32), ``counts`` int32."""

    doc: int
    marks: bytes
    passages: bytes
    kinds: bytes
    terms: bytes
    counts: bytes


class DocumentCache:
    """The documents that were read under one ``version`` of the code and its settings; those of another are dropped.

    Raises DamagedError where it cannot be read, and sqlite3.OperationalError where it cannot be written.
    """

    def __init__(self, path: Path, version: str) -> None:
        make_way(path)
        with _guarded():
            self._connection = sqlite3.connect(path)
            # What is no text any more is found out by its seal.
            self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;")
            self._connection.executescript(_MADE_WITH)
        if self._made_with("version") != version.encode():
            with self._writing() as write:
                # Another version may have kept them in tables of another form.
                for table in ("documents", "records", "vocabulary"):
                    write(f"DROP TABLE IF EXISTS {table}")
                write("DELETE FROM made_with")
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    write(statement)
                write(_SET, ("version", seal(version.encode(), "version")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def keep_only(self, keys: Iterable[bytes]) -> set[bytes]:
        """Forget all other documents; those of the keys that are here."""
        held = dict(self._read("SELECT key, doc FROM documents"))
        gone = [(held.pop(key),) for key in held.keys() - set(keys)]
        if gone:
            with self._writing_many() as write:
                write("DELETE FROM documents WHERE doc = ?", gone)
                write("DELETE FROM records WHERE doc = ?", gone)
        return set(held)

    def put(self, read: Sequence[tuple[bytes, Read]]) -> None:
        """Keep what was read, on disk when this returns."""
        first = self._read("SELECT coalesce(max(doc), 0) + 1 FROM documents")[0][0]
        rows = [_sealed_row(doc, key, one) for doc, (key, one) in enumerate(read, first)]
        texts = [(doc, one.record, seal(one.words, doc)) for doc, (_, one) in enumerate(read, first)]
        with self._writing_many() as write:
            write("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL, NULL)", rows)
            write("INSERT INTO records VALUES (?, ?, ?)", texts)

    def rows(self, keys: Sequence[bytes]) -> list[Row]:
        """The documents of these keys, in their order. All must be here."""
        found = {row[1]: row for row in self._read("SELECT * FROM documents")}
        if missing := set(keys) - found.keys():
            raise DamagedError(f"{len(missing)} documents are missing")
        with _guarded():
            return [_row(found[key]) for key in keys]

    def records(self, docs: Sequence[int]) -> Iterator[bytes]:
        """The packed records of these documents, a few at a time."""
        for start in range(0, len(docs), _BATCH):
            batch = docs[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            found = dict(self._read(f"SELECT doc, record FROM records WHERE doc IN ({marks})", list(batch)))
            if len(found) < len(set(batch)):
                raise DamagedError("some records are missing")
            yield from (found[doc] for doc in batch)

    def name_services(self, services: ServiceNames) -> list[int]:
        """Set the services that lines are masked with; the documents whose lines have to be masked again."""
        told = _pack((services.names, sorted(services.masked)))
        before = self._made_with("services")
        if before == told:
            return []
        stale = self._naming(services.differing(_services(before))) if before else []
        with self._writing_many() as write:
            write("UPDATE documents SET lines = NULL, marks = NULL WHERE doc = ?", stale)
            write(_SET, [("services", seal(told, "services"))])
        return [doc for (doc,) in stale]

    def _naming(self, names: Sequence[str]) -> list[tuple[int]]:
        """The documents in which all words of one of the names stand; seldom one in which they do not."""
        parts = [np.fromiter(word_hashes(name), np.uint32) for name in names]
        found: list[tuple[int]] = []
        with _guarded():
            for doc, words in self._connection.execute("SELECT doc, words FROM records") if parts else ():
                own = np.frombuffer(unseal(words, doc), np.uint32)
                if any(np.isin(part, own).all() for part in parts):
                    found.append((doc,))
        return found

    def put_lines(self, lines: Sequence[tuple[bytes, int]]) -> None:
        """Keep the (masked lines, document) pairs."""
        with self._writing_many() as write:
            write("UPDATE documents SET lines = ? WHERE doc = ?", ((seal(own, doc), doc) for own, doc in lines))

    def lines(self) -> NDArray[np.int64] | None:
        """The boilerplate that documents are marked with; None before there is any to tell."""
        kept = self._made_with("lines")
        return None if kept is None else np.frombuffer(kept, np.int64)

    def set_lines(self, lines: NDArray[np.int64], stale: Sequence[int]) -> None:
        """Set the boilerplate; the documents whose marks depend on what changed in it are marked again."""
        if not stale and self._made_with("lines") == lines.tobytes():
            return
        with self._writing_many() as write:
            write("UPDATE documents SET marks = NULL WHERE doc = ?", [(doc,) for doc in stale])
            write(_SET, [("lines", seal(lines.tobytes(), "lines"))])

    def vocabulary(self) -> list[str]:
        """The terms by their numbers."""
        held = self._read("SELECT number, term FROM vocabulary ORDER BY number")
        with _guarded():
            return [unseal(term, number).decode() for number, term in held]

    def put_marks(self, marks: Sequence[Marks], new_terms: Sequence[tuple[int, str]]) -> None:
        """Keep what documents were finished to, and the terms that are new in them with their numbers."""
        rows = [
            (*own, seal(one.counts, one.doc, *own), one.doc)
            for one, own in ((one, (one.marks, one.passages, one.kinds, one.terms)) for one in marks)
        ]
        terms = ((number, seal(term.encode(), number)) for number, term in new_terms)
        with self._writing_many() as write:
            write("INSERT INTO vocabulary VALUES (?, ?)", terms)
            write("UPDATE documents SET marks = ?, passages = ?, kinds = ?, terms = ?, counts = ? WHERE doc = ?", rows)

    def forget_terms(self) -> None:
        """Forget the vocabulary, and with it the marks of all documents: most of its terms stand in none any more."""
        with self._writing() as write:
            write("UPDATE documents SET marks = NULL")
            write("DELETE FROM vocabulary")

    def _made_with(self, name: str) -> bytes | None:
        found = self._read("SELECT value FROM made_with WHERE name = ?", (name,))
        with _guarded():
            return unseal(found[0][0], name) if found else None

    def _read(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with _guarded():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[Callable[..., object]]:
        with _guarded(), self._connection:
            yield self._connection.execute

    @contextmanager
    def _writing_many(self) -> Iterator[Callable[[str, Iterable[Any]], object]]:
        with _guarded(), self._connection:
            yield self._connection.executemany


def key_of(path: str, digest: bytes, again: int) -> bytes:
    """What a document is kept under: its path, its content, and how many of the same path came before it."""
    name = path.encode()
    return hashlib.blake2b(name + b"\0" + digest + again.to_bytes(4, "little"), digest_size=16).digest()


def _sealed_row(doc: int, key: bytes, one: Read) -> tuple[bytes | str | int, ...]:
    """A document's columns up to the last that does not depend on others, which is sealed with all of them."""
    packed = map(_pack, (one.services, one.access, one.problems))
    columns: tuple[bytes | str | int, ...] = (doc, key, one.seen.path, one.id, *packed, one.answers)
    return (*columns, seal(one.wanted, *columns))


def _row(columns: Sequence[Any]) -> Row:
    """A document as it is kept. Raises BrokenSealError and what decoding raises."""
    doc, wanted = columns[0], unseal(columns[8], *columns[:8])
    lines, marks = columns[9], tuple(columns[10:])
    if lines is not None:
        lines = unseal(lines, doc)
    # What it was finished to counts for nothing once its marks are gone.
    if marks[0] is not None:
        marks = (*marks[:-1], unseal(marks[-1], doc, *marks[:-1]))
    told = (_texts(columns[4]), _texts(columns[5]), _problems(columns[6]))
    return Row._make((*columns[:4], *told, columns[7], wanted, lines, *marks))


def remove(path: Path) -> None:
    """Delete the cache at ``path``."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _services(told: bytes) -> ServiceNames:
    names, masked = _names(told)
    return ServiceNames(names, frozenset(masked))
