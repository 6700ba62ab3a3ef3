"""The catalogue of a generation: incidents, chunks and problems in one SQLite file, written once, then read only."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from rcasearch.errors import IndexMismatchError, NotFoundError
from rcasearch.model import Chunk, Document, Filters, Incident, Page, Problem
from rcasearch.texts import clean_text

CATALOGUE = "catalogue.sqlite"
_SCHEMA = """
CREATE TABLE incidents (row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, stem TEXT NOT NULL, title TEXT NOT NULL, date TEXT,
    severity TEXT, level TEXT, status TEXT, record BLOB NOT NULL, source TEXT NOT NULL);
CREATE INDEX incidents_stem ON incidents (stem);
CREATE INDEX incidents_date ON incidents (date);
CREATE TABLE labels (field TEXT NOT NULL, value TEXT NOT NULL, shown TEXT NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (field, value, row)) WITHOUT ROWID;
CREATE TABLE links (incident_id TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (incident_id, row)) WITHOUT ROWID;
CREATE TABLE chunks (row INTEGER PRIMARY KEY, incident INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX chunks_incident ON chunks (incident);
CREATE TABLE problems (row INTEGER PRIMARY KEY, record BLOB NOT NULL);
"""
_encode = msgspec.json.Encoder().encode
_incident = msgspec.json.Decoder(Incident).decode
_chunk = msgspec.json.Decoder(Chunk).decode
_problem = msgspec.json.Decoder(Problem).decode

_NEWEST = "ORDER BY date IS NULL, date DESC, id"
FACETS = ("services", "severities", "tags", "statuses", "years")


def write(path: Path, documents: Sequence[Document], chunks: Sequence[Sequence[Chunk]], problems: Iterable[Problem]) -> None:
    """A new catalogue at ``path``: incident i of ``documents`` in row i, with the chunks ``chunks[i]``."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + _SCHEMA)
        for row, document in enumerate(documents):
            _insert_incident(connection, row, document)
        pairs = [(row, chunk) for row, own in enumerate(chunks) for chunk in own]
        connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?)", ((number, row, _encode(chunk)) for number, (row, chunk) in enumerate(pairs))
        )
        connection.executemany("INSERT INTO problems VALUES (?, ?)", ((i, _encode(p)) for i, p in enumerate(problems)))
        connection.execute("COMMIT")
    finally:
        connection.close()


def _insert_incident(connection: sqlite3.Connection, row: int, document: Document) -> None:
    incident = document.incident
    values = (row, incident.id, incident.stem, incident.title, incident.date, incident.severity, incident.level, incident.status)
    connection.execute(
        "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, _encode(incident), clean_text(document.source)),
    )
    labels = [(field, value.casefold(), value, row) for field, value in _labels(incident)]
    connection.executemany("INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?)", labels)
    targets = {link.incident_id for link in incident.links if link.incident_id and link.incident_id != incident.id}
    connection.executemany("INSERT INTO links VALUES (?, ?)", ((target, row) for target in sorted(targets)))


def _labels(incident: Incident) -> list[tuple[str, str]]:
    labels = [("services", service) for service in incident.services] + [("tags", tag) for tag in incident.tags]
    severity = incident.level or incident.severity
    single = (("severities", severity), ("statuses", incident.status), ("years", incident.date and incident.date[:4]))
    return labels + [(field, value) for field, value in single if value]


def read_problems(folder: Path) -> tuple[Problem, ...]:
    """What was wrong with the documents of the generation in ``folder``. Raises IndexMismatchError."""
    try:
        catalogue = Catalogue(folder / CATALOGUE)
        with closing(catalogue):
            return catalogue.problems()
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        raise IndexMismatchError(f"The catalogue of the index at {folder.parent} cannot be read: {error}.") from error


class Catalogue:
    """A catalogue open for reading from any thread.

    One connection serves all threads, in turn: it stays good when the file is deleted under a newer generation, while one
    opened later would find nothing.
    """

    def __init__(self, path: Path) -> None:
        # The file never changes once it is published, so SQLite need not lock it.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        # A searcher that turns to a newer generation lets this one go when its last request ends.
        weakref.finalize(self, self._connection.close)
        self._lock = threading.Lock()
        self._query("SELECT 1 FROM incidents LIMIT 1")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def count(self) -> int:
        return int(self._query("SELECT count(*) FROM incidents")[0][0])

    def rows(self, filters: Filters) -> list[int]:
        """The rows that pass, ascending."""
        where, values = _where(filters)
        return [row for (row,) in self._query(f"SELECT row FROM incidents i {where} ORDER BY row", values)]

    def row(self, key: str) -> int:
        key = clean_text(key)
        found = self._query(
            "SELECT row FROM incidents WHERE id = ? OR stem = ? ORDER BY id = ? DESC, row LIMIT 1", (key, key, key)
        )
        if not found:
            raise NotFoundError(
                f"No incident has the id {key!r}.", "`rcasearch search` shows the id of each hit; ids are case-sensitive."
            )
        return int(found[0][0])

    def incidents(self, rows: Sequence[int]) -> list[Incident]:
        marks = ",".join("?" * len(rows))
        found = dict(self._query(f"SELECT row, record FROM incidents WHERE row IN ({marks})", [int(row) for row in rows]))
        return [_incident(found[int(row)]) for row in rows]

    def chunks(self, numbers: Sequence[int]) -> list[Chunk]:
        """The chunks of these numbers, which count on over all incidents in their order."""
        marks = ",".join("?" * len(numbers))
        found = dict(self._query(f"SELECT row, record FROM chunks WHERE row IN ({marks})", numbers))
        return [_chunk(found[number]) for number in numbers]

    def serving(self, services: Sequence[str]) -> list[int]:
        """The rows of the incidents that list one of these services."""
        marks = ",".join("?" * len(services))
        sql = f"SELECT row FROM labels WHERE field = 'services' AND value IN ({marks})"
        return [row for (row,) in self._query(sql, [service.casefold() for service in services])]

    def source(self, row: int) -> str:
        return str(self._query("SELECT source FROM incidents WHERE row = ?", (int(row),))[0][0])

    def linking_to(self, incident_id: str) -> list[Incident]:
        found = self._query(
            f"SELECT record FROM incidents WHERE row IN (SELECT row FROM links WHERE incident_id = ?) {_NEWEST}", (incident_id,)
        )
        return [_incident(record) for (record,) in found]

    def links(self) -> list[tuple[int, int]]:
        return self._query("SELECT l.row, i.row FROM links l JOIN incidents i ON i.id = l.incident_id ORDER BY l.row, i.row")

    def problems(self) -> tuple[Problem, ...]:
        return tuple(_problem(record) for (record,) in self._query("SELECT record FROM problems ORDER BY row"))

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        where, values = _where(filters)
        total = int(self._query(f"SELECT count(*) FROM incidents i {where}", values)[0][0])
        found = self._query(f"SELECT record FROM incidents i {where} {_NEWEST} LIMIT ? OFFSET ?", [*values, limit, offset])
        return Page(tuple(_incident(record) for (record,) in found), total, offset, limit, self._facets(where, values))

    def _facets(self, where: str, values: Sequence[str]) -> dict[str, tuple[tuple[str, int], ...]]:
        counted = self._query(
            "SELECT field, min(shown), count(*) AS n FROM labels WHERE row IN (SELECT row FROM incidents i "
            f"{where}) GROUP BY field, value ORDER BY n DESC, value",
            values,
        )
        return {facet: tuple((value, n) for field, value, n in counted if field == facet) for facet in FACETS}

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def _where(filters: Filters) -> tuple[str, list[str]]:
    conditions: list[str] = []
    values: list[str] = []
    for field in ("services", "severities", "tags", "statuses"):
        if wanted := getattr(filters, field):
            marks = ",".join("?" * len(wanted))
            conditions.append(f"row IN (SELECT row FROM labels WHERE field = '{field}' AND value IN ({marks}))")
            values += [value.casefold() for value in wanted]
    for bound, comparison in ((filters.since, ">="), (filters.until, "<=")):
        if bound:
            conditions.append(f"date {comparison} ?")
            values.append(bound)
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values
