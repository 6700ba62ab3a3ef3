"""The search form and the filters: what is shown in it, and what is read from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rcasearch.errors import InvalidQueryError, RcaSearchError
from rcasearch.model import NO_FILTERS, Filters
from rcasearch.query import FILTER_KEYS, parse_filters
from rcasearch.web.addresses import filter_pairs
from rcasearch.web.live import live
from rcasearch.web.view import Facets

FACETS = {"service": "services", "severity": "severities", "tag": "tags", "status": "statuses", "year": "years"}
_YEAR = re.compile(r"([0-9]{4})-01-01")


@dataclass(frozen=True, slots=True)
class Form:
    """What the search form shows: the text, the values chosen, those to choose from, and what of the text is ignored."""

    text: str = ""
    chosen: dict[str, list[str]] = field(default_factory=dict)
    facets: Facets = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def year(self) -> str | None:
        """The year that is asked for, where the dates are its first day and its last."""
        since, until = (self.chosen.get(name, [""])[0] for name in ("since", "until"))
        found = _YEAR.fullmatch(since)
        return found[1] if found and (since, until) == days_of(found[1]) else None

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Every active filter as (parameter, value); the two dates of a year as the year."""
        dates = ("since", "until") if self.year else ()
        chips = [(name, value) for name in FILTER_KEYS if name not in dates for value in self.chosen.get(name, [])]
        return [*chips, ("year", self.year)] if self.year else chips

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What a form sends besides the text and the dates: (parameter, value)."""
        lists = [(name, value) for name in FACETS for value in self.chosen.get(name, [])]
        limit = [("limit", str(self.limit))] if self.limit else []
        return [*lists, *(("ignore", one) for one in self.ignored), *limit]

    def options(self, name: str) -> list[tuple[str, int | None, bool]]:
        """(value, incidents, chosen) of one filter; a chosen value that no incident has is kept, without a number."""
        counts = self.facets.get(FACETS[name], ())
        chosen = [self.year] if name == "year" and self.year else self.chosen.get(name, [])
        folded = {value.casefold() for value in chosen}
        listed: list[tuple[str, int | None, bool]] = [(value, count, value.casefold() in folded) for value, count in counts]
        known = {value.casefold() for value, _ in counts}
        return [(value, None, True) for value in chosen if value.casefold() not in known] + listed

    def choices(self, name: str) -> list[tuple[str, int | None, bool]]:
        """The same for a list beside the answer: chosen ones first, years from the newest; nothing where there is no choice."""
        options = self.options(name)
        if name in ("year", "severity"):
            options.sort(key=lambda option: option[0], reverse=name == "year")
        choice = len(options) > 1 or any(chosen for _, _, chosen in options)
        return sorted(options, key=lambda option: not option[2]) if choice else []


def days_of(year: str) -> tuple[str, str]:
    """The first day and the last of a year."""
    return f"{year}-01-01", f"{year}-12-31"


def filled_form(params: Mapping[str, object]) -> Form:
    """The form filled in with what was given, valid or not; without choices while no index is loaded."""
    chosen = {name: [str(value) for value in _list(params[name])] for name in FILTER_KEYS if name in params}
    ignored = tuple(str(value) for value in _list(params.get("ignore", [])))
    limit = params.get("limit")
    return Form(str(params.get("q", "")), chosen, _facets(params), ignored, limit if isinstance(limit, int) else None)


def _facets(params: Mapping[str, object]) -> Facets:
    try:
        filters = filters_of(params)
    except InvalidQueryError:
        filters = NO_FILTERS
    try:
        return live().facets(filters)
    except RcaSearchError:
        return {}


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


def changed(params: dict[str, object]) -> dict[str, object]:
    """The parameters after the button that was pressed: ``drop`` is ``service:checkout``, or ``all``; ``year`` is a year."""
    if year := str(params.pop("year", "")):
        params["since"], params["until"] = days_of(year)
    return without_dropped(params)


def without_dropped(params: dict[str, object]) -> dict[str, object]:
    """The parameters without what ``drop`` names: ``service:checkout``, ``year:2025``, ``ignore:concept:NAME``, or ``all``."""
    drop = str(params.pop("drop", ""))
    name, _, gone = drop.partition(":")
    names = {"all": FILTER_KEYS, "year": ("since", "until")}.get(name, ())
    if name in params:
        params[name] = [value for value in _list(params[name]) if value != gone]
    return {name: value for name, value in params.items() if value != [] and name not in names}
