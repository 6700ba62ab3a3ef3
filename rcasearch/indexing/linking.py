"""Links between documents, resolved from the hashes of what each is called and of what each link names.

The same answers as `readers.links.resolve_links` gives, for ten thousand documents in a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    changed, problems = unique_ids([row.path for row in rows], [row.id for row in rows])
    ids = [changed.get(number, row.id) for number, row in enumerate(rows)]
    names, owners = _names(rows, changed)
    sizes = np.array([len(row.wanted) // (8 * WANTED) for row in rows], np.int64)
    wanted = np.frombuffer(b"".join(row.wanted for row in rows), np.int64).reshape(-1, WANTED)
    documents = np.repeat(np.arange(len(rows)), sizes)
    first = np.cumsum(sizes) - sizes
    found: dict[int, dict[int, str]] = {}
    for link, name in _met(wanted, names):
        document = int(documents[link])
        called = owners[np.searchsorted(names, name, "left") : np.searchsorted(names, name, "right")].tolist()
        best = min(called, key=lambda one: nearness(rows[one].path, rows[document].path))
        found.setdefault(document, {})[link - int(first[document])] = ids[best]
    return ids, found, problems


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
