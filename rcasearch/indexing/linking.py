"""Links between documents, resolved from the hashes of what each is called and of what each link names.

The same answers as `readers.links.resolve_links` gives, for ten thousand documents in a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rcasearch.indexing.documents import Row
from rcasearch.indexing.work import WANTED, name_hash
from rcasearch.model import Problem
from rcasearch.readers.links import Name, name_key, nearness, unique_ids

Hashes = NDArray[np.int64]
# Where the id stands among the names that `readers.links.answers` gives.
_ID = 2


def resolve(rows: Sequence[Row]) -> tuple[list[str], dict[int, dict[int, str]], list[Problem]]:
    """The id that each document gets; by document and link the id that it leads to; a Problem for each id that was taken."""
    changed, problems = unique_ids([row.path for row in rows], [row.id for row in rows], [row.access for row in rows])
    ids = [changed.get(number, row.id) for number, row in enumerate(rows)]
    names, owners = _names(rows, changed)
    sizes = np.array([len(row.wanted) // (8 * WANTED) for row in rows], np.int64)
    wanted = np.frombuffer(b"".join(row.wanted for row in rows), np.int64).reshape(-1, WANTED)
    documents = np.repeat(np.arange(len(rows)), sizes)
    first = np.cumsum(sizes) - sizes
    found: dict[int, dict[int, str]] = {}
    for link, target in _led(rows, _Links(wanted, documents), names, owners).items():
        document = int(documents[link])
        found.setdefault(document, {})[link - int(first[document])] = ids[target]
    return ids, found, problems


class _Links(NamedTuple):
    """What links name (l, `WANTED`), and the document (l,) that each stands in."""

    wanted: Hashes
    documents: Hashes


def _led(rows: Sequence[Row], links: _Links, names: Hashes, owners: Hashes) -> dict[int, int]:
    """The document that each link leads to: one that everybody sees who sees the link, before any other."""
    everyone = np.ones(len(rows), np.bool_)
    led = _targets(rows, links, names, owners, everyone)
    for labels in {row.access for row in rows} if any(row.access for row in rows) else ():
        own = np.array([row.access == labels for row in rows])
        open_to_all = np.array([set(row.access).issubset(labels) for row in rows])
        kept = open_to_all[owners]
        led |= _targets(rows, links, names[kept], owners[kept], own)
    return led


def _targets(rows: Sequence[Row], links: _Links, names: Hashes, owners: Hashes, own: NDArray[np.bool_]) -> dict[int, int]:
    """The documents, of those that are called something, that the links lead to which stand in a document of one's ``own``."""
    asked = np.flatnonzero(own[links.documents])
    found = {}
    for place, name in _met(links.wanted[asked], names):
        link = int(asked[place])
        origin = rows[int(links.documents[link])].path
        called = owners[np.searchsorted(names, name, "left") : np.searchsorted(names, name, "right")].tolist()
        found[link] = min((nearness(rows[one].path, origin), one) for one in called)[1]
    return found


def _names(rows: Sequence[Row], changed: dict[int, str]) -> tuple[Hashes, NDArray[np.int64]]:
    """The hashes of all names, ascending, and the document that each is the name of."""
    sizes = np.array([len(row.answers) // 8 for row in rows], np.int64)
    names = np.frombuffer(b"".join(row.answers for row in rows), np.int64).copy()
    first = np.cumsum(sizes) - sizes
    for number, new in changed.items():
        names[first[number] + _ID] = name_hash(Name(_ID, name_key(new)))
    order = np.argsort(names, kind="stable")
    return names[order], np.repeat(np.arange(len(rows)), sizes)[order]


def _met(wanted: Hashes, names: Hashes) -> list[tuple[int, int]]:
    """The links that name a document, and the first of their names that does."""
    if not len(names):
        return []
    places = np.searchsorted(names, wanted).clip(max=len(names) - 1)
    met = (names[places] == wanted) & (wanted != 0)
    links = np.flatnonzero(met.any(axis=1))
    return list(zip(links.tolist(), wanted[links, met[links].argmax(axis=1)].tolist(), strict=True))
