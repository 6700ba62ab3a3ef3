"""Failures that happened again: incidents whose authors linked them and that have the same cause, as groups.

Nothing is clustered: a group is what such pairs join, each of them told by `rcasearch.relations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rcasearch.model import Filters, Incident, Recurrence
from rcasearch.relations import Side, causes, side
from rcasearch.stores.base import Store


def recurrences(store: Store, filters: Filters) -> tuple[Recurrence, ...]:
    """Every failure that happened again and of which an incident passes the filters; the one that did so last comes first."""
    selection = store.select(filters)
    passing = None if selection.rows is None else set(selection.rows.tolist())
    groups = [group for group in joined(_same(store)) if passing is None or passing & group]
    found = [_recurrence(store.incidents_at(sorted(group))) for group in groups]
    found.sort(key=lambda one: one.incidents[0].id)
    return tuple(sorted(found, key=lambda one: (one.dates[-1:], len(one.incidents)), reverse=True))


def _recurrence(incidents: Iterable[Incident]) -> Recurrence:
    told = tuple(sorted(incidents, key=_age))
    return Recurrence(told[0].id, told[0].title, (), told)


def joined(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """The groups that pairs join: two are in one group where a chain of pairs leads from one to the other."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while (above := parent.setdefault(row, row)) != row:
            parent[row] = row = parent[above]
        return row

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, set[int]] = {}
    for row in parent:
        groups.setdefault(root(row), set()).add(row)
    return list(groups.values())


def _same(store: Store) -> Iterator[tuple[int, int]]:
    """The rows of linked incidents that have the same cause."""
    sides: dict[int, Side] = {}
    for pair in store.links():
        for row in pair:
            if row not in sides:
                sides[row] = _side(store, row)
        if causes(sides[pair[0]], sides[pair[1]]) == "same":
            yield pair


def _side(store: Store, row: int) -> Side:
    [incident], [told] = store.incidents_at([row]), store.passages_at([row])
    return side(incident, store.concept_profiles(np.array([row]))[0], told.kinds, told.vectors)


def _age(incident: Incident) -> tuple[bool, str, str]:
    return incident.date is None, incident.date or "", incident.id
