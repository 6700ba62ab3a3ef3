"""Writing the catalogue of a generation, from nothing or from that of an earlier one.

A document keeps its number from one catalogue to the next, and the row that it is addressed by stands apart: a document that
comes or goes moves the rows of others, and nothing else of them is written again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from rcasearch.model import Chunk, Document, Incident, Problem
from rcasearch.stores.catalogue import CHUNKS_EACH
from rcasearch.texts import clean_text

_SCHEMA = """
CREATE TABLE incidents (doc INTEGER PRIMARY KEY, stamp BLOB UNIQUE NOT NULL, id TEXT UNIQUE NOT NULL, stem TEXT NOT NULL,
    title TEXT NOT NULL, date TEXT, severity TEXT, level TEXT, status TEXT, services TEXT NOT NULL,
    minutes_to_mitigate INTEGER, duration_minutes INTEGER, record BLOB NOT NULL, source TEXT NOT NULL);
CREATE INDEX incidents_stem ON incidents (stem);
CREATE INDEX incidents_date ON incidents (date);
CREATE TABLE rows (row INTEGER PRIMARY KEY, doc INTEGER UNIQUE NOT NULL);
CREATE TABLE labels (field TEXT NOT NULL, value TEXT NOT NULL, shown TEXT NOT NULL, doc INTEGER NOT NULL,
    PRIMARY KEY (field, value, doc)) WITHOUT ROWID;
CREATE INDEX labels_doc ON labels (doc);
CREATE TABLE access (label TEXT NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (label, doc)) WITHOUT ROWID;
CREATE INDEX access_doc ON access (doc);
CREATE TABLE links (incident_id TEXT NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (incident_id, doc)) WITHOUT ROWID;
CREATE INDEX links_doc ON links (doc);
CREATE TABLE chunks (number INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE problems (row INTEGER PRIMARY KEY, doc INTEGER, record BLOB NOT NULL);
"""
_TABLES = ("incidents", "labels", "access", "links")
_encode = msgspec.json.Encoder().encode
_chunk = msgspec.json.Decoder(Chunk).decode
_BATCH = 500
# Of an earlier catalogue, at most this share may be empty: then it is worth writing anew.
_EMPTY = 0.25


class Entry(NamedTuple):
    """An incident for the catalogue: the columns after its stamp, (field, value, shown) labels, ids it links to, chunks.

    ``access`` are the labels that who sees it must hold.
    """

    columns: tuple[str | bytes | int | None, ...]
    labels: tuple[tuple[str, str, str], ...]
    links: tuple[str, ...]
    chunks: tuple[bytes, ...]
    access: tuple[str, ...] = ()


def entry(document: Document, chunks: Sequence[Chunk]) -> Entry:
    """A document, and the chunks of it that tell anything, for the catalogue."""
    incident = document.incident
    named = (incident.id, incident.stem, incident.title, incident.date, incident.severity, incident.level, incident.status)
    services = _encode(incident.services).decode()
    facts = (*named, services, incident.milestones.mitigated, incident.duration_minutes)
    labels = tuple((field, value.casefold(), value) for field, value in _labels(incident))
    links = {link.incident_id for link in incident.links if link.incident_id and link.incident_id != incident.id}
    columns = (*facts, _encode(incident), clean_text(document.source))
    access = tuple(sorted({label.casefold() for label in incident.access}))
    return Entry(columns, labels, tuple(sorted(links)), tuple(map(_encode, chunks)), access)


def chunk_of(one: Entry, place: int) -> Chunk:
    """The chunk with this number within an incident."""
    return _chunk(one.chunks[place])


def _labels(incident: Incident) -> list[tuple[str, str]]:
    labels = [("services", service) for service in incident.services] + [("tags", tag) for tag in incident.tags]
    severity = incident.level or incident.severity
    single = (("severities", severity), ("statuses", incident.status), ("years", incident.date and incident.date[:4]))
    return labels + [(field, value) for field, value in single if value]


def worth_copying(path: Path) -> bool:
    """Whether little of a catalogue is empty, where documents were taken out."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        empty, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    return bool(empty <= _EMPTY * pages)


class Cataloguing:
    """A catalogue that is being written. What is written is there when the block ends without an error."""

    def __init__(self, path: Path) -> None:
        """The catalogue at ``path``, which may be a copy of an earlier one."""
        new = not path.exists()
        self._connection = sqlite3.connect(path, isolation_level=None)
        # What is taken out of a document is overwritten: a secret in it is not to live on in the copy.
        self._connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;")
        self._connection.executescript("PRAGMA cache_size = -65536; BEGIN;")
        if new:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self._connection.execute(statement)
        self._next = self._number("SELECT coalesce(max(doc), 0) + 1 FROM incidents")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._connection.execute("COMMIT")
        self._connection.close()

    def stamps(self) -> dict[bytes, int]:
        """What is known of each document by who wrote it, and its number."""
        return dict(self._connection.execute("SELECT stamp, doc FROM incidents").fetchall())

    def remove(self, docs: Iterable[int]) -> None:
        """Take documents out."""
        gone = [(doc,) for doc in docs]
        for table in _TABLES:
            self._connection.executemany(f"DELETE FROM {table} WHERE doc = ?", gone)
        spans = ((doc * CHUNKS_EACH, (doc + 1) * CHUNKS_EACH) for (doc,) in gone)
        self._connection.executemany("DELETE FROM chunks WHERE number >= ? AND number < ?", spans)

    def add(self, stamped: Sequence[tuple[bytes, Entry]]) -> list[int]:
        """Put documents in, each with its stamp; their numbers."""
        docs = list(range(self._next, self._next + len(stamped)))
        self._next += len(stamped)
        pairs = list(zip(docs, stamped, strict=True))
        labels = [(*label, doc) for doc, (_, one) in pairs for label in one.labels]
        write = self._connection.executemany
        write(f"INSERT INTO incidents VALUES (?, ?{', ?' * 12})", ((doc, stamp, *one.columns) for doc, (stamp, one) in pairs))
        write("INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?)", labels)
        write("INSERT INTO access VALUES (?, ?)", ((label, doc) for doc, (_, one) in pairs for label in one.access))
        write("INSERT INTO links VALUES (?, ?)", ((target, doc) for doc, (_, one) in pairs for target in one.links))
        chunks = ((doc * CHUNKS_EACH + place, record) for doc, (_, one) in pairs for place, record in enumerate(one.chunks))
        write("INSERT INTO chunks VALUES (?, ?)", chunks)
        return docs

    def arrange(self, docs: Sequence[int], problems: Iterable[tuple[int | None, Problem]]) -> None:
        """Set which document stands in which row, and what is wrong with the documents: with which, where it is one of them."""
        self._connection.execute("DELETE FROM rows")
        self._connection.executemany("INSERT INTO rows VALUES (?, ?)", enumerate(docs))
        self._connection.execute("DELETE FROM problems")
        told = ((number, doc, _encode(one)) for number, (doc, one) in enumerate(problems))
        self._connection.executemany("INSERT INTO problems VALUES (?, ?, ?)", told)

    def chunks(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        """The chunks with these numbers within the documents of these numbers."""
        numbers = [doc * CHUNKS_EACH + place for doc, place in places]
        found: dict[int, bytes] = {}
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            found.update(self._connection.execute(f"SELECT number, record FROM chunks WHERE number IN ({marks})", batch))
        return [_chunk(found[number]) for number in numbers]

    def _number(self, sql: str) -> int:
        found: tuple[Any, ...] = self._connection.execute(sql).fetchone()
        return int(found[0])
