"""The search form and the filters: what is shown in it, and what is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rcasearch.errors import RcaSearchError
from rcasearch.model import Filters
from rcasearch.query import FILTER_KEYS, parse_filters
from rcasearch.web.addresses import filter_pairs
from rcasearch.web.live import Facets, live

FACETS = {"service": "services", "severity": "severities", "tag": "tags", "status": "statuses"}


@dataclass(frozen=True, slots=True)
class Form:
    """What the search form shows: the text, the values chosen and those to choose from."""

    text: str = ""
    chosen: dict[str, list[str]] = field(default_factory=dict)
    facets: Facets = field(default_factory=dict)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Every active filter as (parameter, value)."""
        return [(name, value) for name in FILTER_KEYS for value in self.chosen.get(name, [])]

    def options(self, name: str) -> list[tuple[str, int | None, bool]]:
        """(value, incidents, chosen) of one filter; a chosen value that no incident has is kept, without a number."""
        counts = self.facets.get(FACETS[name], ())
        chosen = self.chosen.get(name, [])
        folded = {value.casefold() for value in chosen}
        listed: list[tuple[str, int | None, bool]] = [(value, count, value.casefold() in folded) for value, count in counts]
        known = {value.casefold() for value, _ in counts}
        return [(value, None, True) for value in chosen if value.casefold() not in known] + listed


def filled_form(params: Mapping[str, object]) -> Form:
    """The form filled in with what was given, valid or not; without choices while no index is loaded."""
    chosen = {name: [str(value) for value in _list(params[name])] for name in FILTER_KEYS if name in params}
    try:
        facets = live().facets()
    except RcaSearchError:
        facets = {}
    return Form(str(params.get("q", "")), chosen, facets)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def filters_of(params: Mapping[str, object]) -> Filters:
    """The filters among the parameters. Raises InvalidQueryError."""
    return parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})


def as_params(filters: Filters) -> dict[str, object]:
    """Filters as the parameters they were read from."""
    params: dict[str, list[str]] = {}
    for name, value in filter_pairs(filters):
        params.setdefault(name, []).append(value)
    return {name: values if name in FACETS else values[0] for name, values in params.items()}


def without_dropped(params: dict[str, object]) -> dict[str, object]:
    """The parameters without the filter whose button was pressed: ``drop`` is ``service:checkout``, or ``all``."""
    drop = str(params.pop("drop", ""))
    if drop == "all":
        return {name: value for name, value in params.items() if name not in FILTER_KEYS}
    name, _, gone = drop.partition(":")
    if name in params:
        params[name] = [value for value in _list(params[name]) if value != gone]
    return {name: value for name, value in params.items() if value != []}
