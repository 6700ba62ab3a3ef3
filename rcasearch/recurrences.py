"""Failures that happened again: the families of an index, and how their fixes fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from rcasearch.families import Families
from rcasearch.model import Filters, Fix, Incident, Recurrence
from rcasearch.stores.base import Store

Services = frozenset[str]


def recurrences(store: Store, families: Families, filters: Filters) -> tuple[Recurrence, ...]:
    """Every failure that happened again and of which an incident passes the filters; the one that did so last comes first."""
    selection = store.select(filters)
    own = families.numbers if selection.rows is None else families.numbers[selection.rows]
    newest = max((one.date for one in store.outlines() if one.date), default=None)
    found = [_recurrence(store, families, number, newest) for number in np.unique(own[own >= 0]).tolist()]
    found.sort(key=lambda one: one.incidents[0].id)
    return tuple(sorted(found, key=lambda one: (one.dates[-1:], len(one.incidents)), reverse=True))


def fixes(incidents: Sequence[Incident], newest: str | None) -> tuple[Fix, ...]:
    """How the fixes of incidents of one failure, oldest first, fared until the date of the ``newest`` incident on record."""
    hit = {incident.id: frozenset(map(str.casefold, incident.services)) for incident in incidents}
    return tuple(_fix(incident, incidents, hit, newest) for incident in incidents if incident.resolution)


def _recurrence(store: Store, families: Families, number: int, newest: str | None) -> Recurrence:
    rows = np.flatnonzero(families.numbers == number).tolist()
    told = dict(zip(rows, store.incidents_at(rows), strict=True))
    incidents = tuple(sorted(told.values(), key=_age))
    linked = tuple((told[one].id, told[other].id) for one, other in families.linked if one in told and other in told)
    name, terms = families.names[number], families.terms[number]
    return Recurrence(incidents[0].id, name, terms, incidents, fixes(incidents, newest), linked)


def _fix(fixed: Incident, incidents: Sequence[Incident], hit: Mapping[str, Services], newest: str | None) -> Fix:
    if not fixed.date or not newest:
        return Fix(fixed.id, None)
    later = (one for one in incidents if one.date and one.date > fixed.date)
    returned = next((one.date for one in later if _share_a_service(hit[fixed.id], hit[one.id])), None)
    return Fix(fixed.id, returned is None, _days(fixed.date, returned or newest))


def _share_a_service(one: Services, other: Services) -> bool:
    """Whether both list a service; an incident that lists none may have hit any."""
    return not one or not other or not one.isdisjoint(other)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _age(incident: Incident) -> tuple[bool, str, str]:
    return incident.date is None, incident.date or "", incident.id
