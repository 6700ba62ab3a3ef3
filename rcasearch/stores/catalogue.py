"""The catalogue of a generation: incidents, chunks and problems in one SQLite file, as `cataloguing` wrote it."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rcasearch.errors import IndexMismatchError, NotFoundError
from rcasearch.model import EVERYTHING, Chunk, Clearance, Filters, Incident, Outline, Page, Problem
from rcasearch.texts import clean_text

CATALOGUE = "catalogue.sqlite"
Read = TypeVar("Read")
Key = TypeVar("Key")
# The chunks of a document have the numbers from its own times this on.
CHUNKS_EACH = 2**32
_VERIFY = "`rcasearch info --verify` names what is damaged, and the command that makes it anew."

_NEWEST = "ORDER BY date IS NULL, date DESC, id"
FACETS = ("services", "severities", "tags", "statuses", "years")

# Names that mean a part of the tables of the same names, numbered anew: SQLite looks for a name among what is temporary first, so
# that no query over them can come upon another document. (A + keeps it from going through all of a table by these rows.)
_VIEWS = f"""
CREATE TEMP TABLE rows (row INTEGER PRIMARY KEY, doc INTEGER UNIQUE NOT NULL);
INSERT INTO temp.rows SELECT row_number() OVER (ORDER BY row) - 1, doc FROM main.rows WHERE doc NOT IN (SELECT doc FROM hidden);
CREATE TEMP VIEW incidents AS SELECT * FROM main.incidents WHERE +doc IN (SELECT doc FROM temp.rows);
CREATE TEMP VIEW labels AS SELECT * FROM main.labels WHERE +doc IN (SELECT doc FROM temp.rows);
CREATE TEMP VIEW access AS SELECT * FROM main.access WHERE +doc IN (SELECT doc FROM temp.rows);
CREATE TEMP VIEW links AS SELECT * FROM main.links WHERE +doc IN (SELECT doc FROM temp.rows) AND EXISTS
    (SELECT 1 FROM main.incidents AS target WHERE target.id = links.incident_id AND target.doc IN (SELECT doc FROM temp.rows));
CREATE TEMP VIEW chunks AS SELECT * FROM main.chunks WHERE number / {CHUNKS_EACH} IN (SELECT doc FROM temp.rows);
CREATE TEMP VIEW problems AS SELECT * FROM main.problems WHERE doc IN (SELECT doc FROM temp.rows);
"""


def _damaged(what: object) -> IndexMismatchError:
    return IndexMismatchError(f"The catalogue of the index is damaged: {what}.", _VERIFY)


def _reading(kind: type[Read]) -> Callable[[bytes | str], Read]:
    """What reads records of a kind. It raises IndexMismatchError for one that is none."""
    decode = msgspec.json.Decoder(kind).decode

    def read(record: bytes | str) -> Read:
        try:
            return decode(record)
        except (msgspec.DecodeError, TypeError, UnicodeError) as error:
            raise _damaged(error) from None

    return read


_incident = _reading(Incident)
_chunk = _reading(Chunk)
_services = _reading(tuple[str, ...])
_problem = _reading(Problem)


def read_problems(folder: Path) -> tuple[Problem, ...]:
    """What was wrong with the documents of the generation in ``folder``. Raises IndexMismatchError."""
    try:
        catalogue = Catalogue(folder / CATALOGUE)
        with closing(catalogue):
            return catalogue.problems()
    except sqlite3.DatabaseError as error:
        raise _damaged(error) from error


class Catalogue:
    """A catalogue open for reading from any thread.

    One connection serves all threads, in turn: it stays good when the file is deleted under a newer generation, while one
    opened later would find nothing.
    """

    def __init__(self, path: Path, clearance: Clearance = EVERYTHING) -> None:
        """Open a catalogue as it is to a reader of that clearance: what that does not cover is not there."""
        self._path, self._clearance = path, clearance
        # The ids that links lead to and that are not there.
        self._unseen: frozenset[str] = frozenset()
        # The file never changes once it is published, so SQLite need not lock it.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        # A searcher that turns to a newer generation lets this one go when its last request ends.
        weakref.finalize(self, self._connection.close)
        self._lock = threading.Lock()
        self._query("SELECT 1 FROM rows LIMIT 1")
        if not clearance.unrestricted:
            self._restrict()

    def _restrict(self) -> None:
        self._query("PRAGMA temp_store = MEMORY")
        self._query("CREATE TEMP TABLE hidden (doc INTEGER PRIMARY KEY)")
        self._connection.executemany("INSERT INTO temp.hidden VALUES (?)", [(doc,) for doc in self._hidden(self._clearance)])
        self._connection.executescript(_VIEWS)
        self._unseen = frozenset(
            one for (one,) in self._query("SELECT incident_id FROM main.links EXCEPT SELECT id FROM temp.incidents")
        )

    def _hidden(self, clearance: Clearance) -> list[int]:
        """The numbers of the documents here that a reader of that clearance may not see."""
        if clearance.unrestricted:
            return []
        marks = ",".join("?" * len(clearance.labels))
        found = self._query(f"SELECT DISTINCT doc FROM access WHERE label NOT IN ({marks})", sorted(clearance.labels))
        return [doc for (doc,) in found]

    def seen_by(self, clearance: Clearance) -> Catalogue | None:
        """The catalogue as it is to a reader of that clearance; None where that is all of it. Raises IndexMismatchError."""
        if not self._hidden(clearance):
            return None
        try:
            return Catalogue(self._path, clearance)
        except sqlite3.OperationalError as error:
            raise IndexMismatchError(
                f"The catalogue of the index at {self._path.parent.parent} cannot be opened again: {error}.", "Try again."
            ) from None

    def rows_of(self, other: Catalogue) -> list[int]:
        """The rows here of what stands in the ``other``, which is a part of this one, in the order of its rows."""
        row = dict(self._query("SELECT doc, row FROM rows"))
        return [row[doc] for (doc,) in other._query("SELECT doc FROM rows ORDER BY row")]

    def labels(self) -> frozenset[str]:
        """The labels of all documents here."""
        return frozenset(label for (label,) in self._query("SELECT DISTINCT label FROM access"))

    def labels_by_row(self) -> list[tuple[str, ...]]:
        """The labels of each document here, by row."""
        found: dict[int, list[str]] = {}
        for row, label in self._query("SELECT row, label FROM access JOIN rows USING (doc) ORDER BY row, label"):
            found.setdefault(row, []).append(label)
        return [tuple(found.get(row, ())) for row in range(self.count())]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def count(self) -> int:
        return int(self._query("SELECT count(*) FROM rows")[0][0])

    def stamps(self) -> list[bytes]:
        """By row, what tells one document from another and from what it was: 16 bytes each."""
        return [stamp for (stamp,) in self._query("SELECT stamp FROM rows JOIN incidents USING (doc) ORDER BY row")]

    def rows(self, filters: Filters) -> list[int]:
        """The rows that pass, ascending."""
        where, values = _where(filters)
        return [row for (row,) in self._query(f"SELECT row FROM rows {where} ORDER BY row", values)]

    def row(self, key: str) -> int:
        key = clean_text(key)
        found = self._query(
            "SELECT row FROM incidents JOIN rows USING (doc) WHERE id = ? OR stem = ? ORDER BY id = ? DESC, row LIMIT 1",
            (key, key, key),
        )
        if not found:
            raise NotFoundError(
                f"No incident has the id {key!r}.", "`rcasearch search` shows the id of each hit; ids are case-sensitive."
            )
        return int(found[0][0])

    def incidents(self, rows: Sequence[int]) -> list[Incident]:
        found = self._by_row("incidents", "record", rows)
        return [self._shown(found[int(row)]) for row in rows]

    def outlines(self) -> list[Outline]:
        """What is known of every incident at a glance, by row."""
        found = self._query(
            "SELECT id, title, date, severity, level, status, services, minutes_to_mitigate, duration_minutes "
            "FROM rows JOIN incidents USING (doc) ORDER BY row"
        )
        return [
            Outline(own, title, date, severity, level, status, _services(services), mitigated, lasted)
            for own, title, date, severity, level, status, services, mitigated, lasted in found
        ]

    def chunks(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        """The chunks with these numbers within the incidents of these rows."""
        wanted = ",".join(["(?, ?)"] * len(places))
        sql = (
            f"WITH wanted (row, place) AS (VALUES {wanted}) SELECT row, place, record FROM wanted JOIN rows USING (row) "
            f"JOIN chunks ON number = doc * {CHUNKS_EACH} + place"
        )
        values = [int(value) for place in places for value in place]
        found = {(row, place): record for row, place, record in self._query(sql, values)} if places else {}
        found = _all_of(found, {(int(row), int(place)) for row, place in places})
        return [_chunk(found[int(row), int(place)]) for row, place in places]

    def serving(self, service: str) -> list[int]:
        """The rows of the incidents that list the service."""
        sql = "SELECT row FROM labels JOIN rows USING (doc) WHERE field = 'services' AND value = ?"
        return [row for (row,) in self._query(sql, [service.casefold()])]

    def source(self, row: int) -> str:
        return str(self._by_row("incidents", "source", [row])[int(row)])

    def linking_to(self, incident_id: str) -> list[Incident]:
        found = self._query(
            f"SELECT record FROM incidents WHERE doc IN (SELECT doc FROM links WHERE incident_id = ?) {_NEWEST}", (incident_id,)
        )
        return [self._shown(record) for (record,) in found]

    def links(self) -> list[tuple[int, int]]:
        """The pairs of rows of which the first links to the second."""
        return self._query(
            "SELECT linking.row, linked.row FROM links JOIN rows AS linking ON linking.doc = links.doc "
            "JOIN incidents ON incidents.id = incident_id JOIN rows AS linked ON linked.doc = incidents.doc ORDER BY 1, 2"
        )

    def problems(self, *, indexed: bool = False) -> tuple[Problem, ...]:
        """What is wrong with the documents; only with those that are ``indexed``, if asked."""
        where = "WHERE doc IS NOT NULL" if indexed else ""
        return tuple(_problem(record) for (record,) in self._query(f"SELECT record FROM problems {where} ORDER BY row"))

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        where, values = _where(filters)
        total = int(self._query(f"SELECT count(*) FROM incidents {where}", values)[0][0])
        found = self._query(f"SELECT record FROM incidents {where} {_NEWEST} LIMIT ? OFFSET ?", [*values, limit, offset])
        return Page(tuple(self._shown(record) for (record,) in found), total, offset, limit, self._facets(where, values))

    def _shown(self, record: bytes) -> Incident:
        """An incident whose links lead nowhere that is not here. Raises NotFoundError for one that must not be seen."""
        incident = _incident(record)
        if not self._clearance.covers(incident.access):
            raise NotFoundError("No such incident.")
        if self._unseen.isdisjoint(link.incident_id for link in incident.links):
            return incident
        links = (replace(link, incident_id=None) if link.incident_id in self._unseen else link for link in incident.links)
        return replace(incident, links=tuple(links))

    def _facets(self, where: str, values: Sequence[str]) -> dict[str, tuple[tuple[str, int], ...]]:
        counted = self._query(
            "SELECT field, min(shown), count(*) AS n FROM labels WHERE doc IN (SELECT doc FROM incidents "
            f"{where}) GROUP BY field, value ORDER BY n DESC, value",
            values,
        )
        return {facet: tuple((value, n) for field, value, n in counted if field == facet) for facet in FACETS}

    def _by_row(self, table: str, column: str, rows: Sequence[int]) -> dict[int, Any]:
        marks = ",".join("?" * len(rows))
        sql = f"SELECT row, {column} FROM rows JOIN {table} USING (doc) WHERE row IN ({marks})"
        return _all_of(dict(self._query(sql, [int(row) for row in rows])), {int(row) for row in rows})

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._connection.execute(sql, values).fetchall()
        except sqlite3.ProgrammingError:
            raise
        except (sqlite3.DatabaseError, UnicodeError) as error:
            raise _damaged(error) from None


def _all_of(found: dict[Key, Any], wanted: set[Key]) -> dict[Key, Any]:
    """What was found, where all is that was wanted."""
    if missing := wanted - found.keys():
        raise _damaged(f"it lacks {len(missing)} of the records that it should have")
    return found


def _where(filters: Filters) -> tuple[str, list[str]]:
    conditions: list[str] = []
    values: list[str] = []
    for field in ("services", "severities", "tags", "statuses"):
        if wanted := getattr(filters, field):
            marks = ",".join("?" * len(wanted))
            conditions.append(f"doc IN (SELECT doc FROM labels WHERE field = '{field}' AND value IN ({marks}))")
            values += [value.casefold() for value in wanted]
    for bound, comparison in ((filters.since, ">="), (filters.until, "<=")):
        if bound:
            conditions.append(f"doc IN (SELECT doc FROM incidents WHERE date {comparison} ?)")
            values.append(bound)
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values
