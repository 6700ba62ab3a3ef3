"""What an index comes to as a whole: its families and its landscape, computed once and kept in a file beside the generation.

The file is a cache. `rcasearch index` writes it when the generation is published, where it costs little or most of the documents
are new; one that is missing, damaged or made by other code is computed by whoever asks first, and kept in memory alone where the
folder cannot be written.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from rcasearch.durable import write_whole
from rcasearch.families import Families, families, same_cause
from rcasearch.gathering import MOST, groups, marks_of, places, sampled, surroundings
from rcasearch.inputs import code
from rcasearch.landscape import Landscape
from rcasearch.likeness import likeness
from rcasearch.patience import held
from rcasearch.stores.base import Store
from rcasearch.stores.manifests import read_plain

# The generation in force, and the one before, which requests under way still read.
_KEPT = 2
# Up to so many incidents, an overview takes about a second.
_FEW = 2_000
# Beside the generations as well; held by the process that computes.
LOCK = "overview.lock"
# Some 100 bytes an incident.
_LARGEST = 2**30


@dataclass(frozen=True, eq=False, slots=True)
class Overview:
    """The families of a generation and its landscape."""

    families: Families
    landscape: Landscape


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """What the file holds, after a SHA-256 of it: ``numbers`` int32, ``positions`` float32. ``made_with`` names the code."""

    made_with: str
    index_id: str
    numbers: bytes
    positions: bytes
    names: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    linked: tuple[tuple[int, int], ...]


_unpack = msgspec.msgpack.Decoder(_Stored).decode


class Overviews:
    """The overviews of the newest generations; asked from any thread."""

    def __init__(self) -> None:
        self._known: dict[Path, Overview] = {}
        self._computing = threading.Lock()

    def of(self, store: Store) -> Overview:
        """The overview of a store. Raises OverviewPendingError where another thread computes it and takes long."""
        name = store.overview_file
        if (known := self._known.get(name)) is not None:
            return known
        with held(self._computing):
            if name not in self._known:
                found = overview(store)
                self._known = {name: found, **dict(list(self._known.items())[: _KEPT - 1])}
            return self._known[name]


def worthwhile(incidents: int, changed: int) -> bool:
    """Whether to work it out ahead for an index of so many incidents, of whose documents so many ``changed``.

    It is computed of all incidents each time: with many that stay, it is left to whoever asks first.
    """
    return incidents <= _FEW or (incidents <= MOST and 2 * changed > incidents)


def overview(store: Store) -> Overview:
    """The overview of a store: as it is kept, or else computed, by one process at a time, and kept."""
    path = store.overview_file
    if (kept := _read(path, store)) is not None:
        return kept
    with _alone(path.parent):
        # Another process may have computed it meanwhile.
        if (kept := _read(path, store)) is not None:
            return kept
        found = computed(store)
        with suppress(OSError):
            write_whole(path, _packed(found, store))
        return found


def computed(store: Store, most: int = MOST) -> Overview:
    """The overview of a store, computed; of more than ``most`` incidents, from a sample of so many to which others are added."""
    alike, linked = likeness(store), same_cause(store)
    marks = marks_of([outline.id for outline in store.outlines()])
    around = surroundings(alike, sampled(marks, linked, most))
    found = families(store, groups(alike, around, linked), linked)
    return Overview(found, Landscape(places(alike, around, marks), found.numbers, found.names))


@contextmanager
def _alone(index: Path) -> Iterator[None]:
    """Wait until no other process computes; where no file can be locked, nobody waits."""
    try:
        handle = (index / LOCK).open("a")
    except OSError:
        yield
        return
    with handle:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _packed(found: Overview, store: Store) -> bytes:
    told, numbers, points = found.families, found.families.numbers, found.landscape.positions
    linked = tuple((one, other) for one, other in told.linked)
    stored = _Stored(code(), store.info.id, numbers.tobytes(), points.tobytes(), told.names, told.terms, linked)
    data = msgspec.msgpack.encode(stored)
    return hashlib.sha256(data).digest() + data


def _read(path: Path, store: Store) -> Overview | None:
    """The overview in a file; None where it is not there, not whole, of other code or of another index."""
    try:
        data = read_plain(path, _LARGEST)
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        stored = _unpack(data[32:])
    except (OSError, msgspec.DecodeError):
        return None
    if (stored.made_with, stored.index_id) != (code(), store.info.id):
        return None
    numbers = np.frombuffer(stored.numbers, np.int32)
    if len(numbers) != store.info.incidents:
        return None
    points = np.frombuffer(stored.positions, np.float32).reshape(-1, 2)
    return Overview(Families(numbers, stored.names, stored.terms, stored.linked), Landscape(points, numbers, stored.names))
