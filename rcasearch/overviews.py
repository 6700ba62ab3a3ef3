"""What is computed of a whole generation once it is there: its families and its landscape."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from rcasearch.families import NEAR, Families, families
from rcasearch.landscape import Landscape, positions
from rcasearch.likeness import likeness, nearest
from rcasearch.stores.base import Store

# The generation in force, and the one before, which requests under way still read.
_KEPT = 2


@dataclass(frozen=True, eq=False, slots=True)
class Overview:
    """The families of a generation and its landscape."""

    families: Families
    landscape: Landscape


class Overviews:
    """The overviews of the newest generations, each computed when it is first asked for; asked from any thread."""

    def __init__(self) -> None:
        self._known: dict[str, Overview] = {}
        self._computing = threading.Lock()

    def of(self, store: Store) -> Overview:
        """The overview of a store."""
        with self._computing:
            name = store.info.id
            if name not in self._known:
                self._known[name] = overview(store)
                for old in sorted(self._known)[:-_KEPT]:
                    del self._known[old]
            return self._known[name]


def overview(store: Store) -> Overview:
    """The overview of a store, computed."""
    alike = likeness(store)
    near = nearest(alike, NEAR)
    found = families(store, alike, near)
    return Overview(found, Landscape(positions(alike.vectors, near), found.numbers, found.names))
