"""What was measured of one engine and one corpus, and what `plan` makes its figures of: a JSON file.

Every time is a median, and the 95th percentile, of one client that waits for each answer; ``cpu_ms`` is the processor time that
the engine spends on it, or the server. Bytes are those of one row. Searches are of one query node with all rows on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(gt=0)]


class Corpus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The documents that bytes and times are of; ``distinct`` of the passages are encoded, and have tokens of their own."""

    name: str
    incidents: Count
    passages: Count
    distinct: Count


class Bytes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a row takes of a query node: of memory, with its vector's index, or of its disk, as it is stored."""

    head: Positive
    passage: Positive
    profile: Positive
    sketch: Positive
    record: Positive
    tokens: Positive


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search among so many ``rows`` in one segment."""

    rows: Count
    p50_ms: Positive
    p95_ms: Positive
    cpu_ms: Positive


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search that each query makes ``times`` over, at several numbers of rows, ascending."""

    of: Literal["heads", "passages", "profiles"]
    at: Annotated[tuple[Point, ...], Meta(min_length=1)]
    times: Positive = 1.0


class Fetch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A read of so many ``keys`` at once, that a query makes ``times`` over; less than one where some of it is remembered."""

    of: str
    keys: Count
    p50_ms: Positive
    p95_ms: Positive
    cpu_ms: Positive
    times: Positive = 1.0


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a search takes in rcasearch itself: the model, the comparison, the answer. Waiting for the engine apart."""

    p50_ms: Positive
    p95_ms: Positive
    cpu_ms: Positive


class Indexing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates a second: incidents that a core reads, passages that it encodes, rows that the engine takes, and rows that a core of
    the engine builds an index of.
    """

    read: Positive
    encode: Positive
    upsert: Positive
    build: Positive


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    machine: str
    engine: str
    corpus: Corpus
    bytes: Bytes
    searches: Annotated[tuple[Search, ...], Meta(min_length=1)]
    fetches: tuple[Fetch, ...]
    server: Server
    indexing: Indexing
    # What was taken from elsewhere, or reckoned and not measured; shown beside the figures.
    notes: tuple[str, ...] = ()


def read(path: Path) -> Measured:
    """The measurements of a file. Raises OSError, and msgspec.DecodeError that names what is wrong and where."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)
