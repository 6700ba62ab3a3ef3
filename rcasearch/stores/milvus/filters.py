"""Filters as expressions of the engine. Every text that goes into an expression goes through `literal`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rcasearch.model import Filters
from rcasearch.texts import clean_text

# Only these end a text, begin an escape in it or may not stand in it; all else stands for itself.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
# Every row has a key, and no key is empty.
NOTHING = 'id == ""'


def literal(text: str) -> str:
    """A text as the engine reads it in an expression, whatever stands in it."""
    return f'"{clean_text(text).translate(_ESCAPES)}"'


def is_in(field: str, values: Iterable[str]) -> str:
    """The rows whose ``field`` is one of the values; none where there are no values."""
    return f"{field} in [{named}]" if (named := _listed(values)) else NOTHING


def contains_any(field: str, values: Iterable[str]) -> str:
    """The rows whose list ``field`` holds one of the values; none where there are no values."""
    return f"array_contains_any({field}, [{named}])" if (named := _listed(values)) else NOTHING


def passing(filters: Filters, tenant: str, access: Sequence[str] | None) -> str:
    """The rows of a tenant that pass the filters and have one of the ``access`` keys, any where that is None.

    The rows have `tenant`, `access`, the lists `services` and `tags`, `severity`, `status` and `date`. All but the first two are
    in folded case; what is not known is empty.
    """
    found = [is_in("tenant", [tenant])]
    if access is not None:
        found.append(is_in("access", access))
    if filters.services:
        found.append(contains_any("services", _folded(filters.services)))
    if filters.severities:
        found.append(is_in("severity", _folded(filters.severities)))
    if filters.tags:
        found.append(contains_any("tags", _folded(filters.tags)))
    if filters.statuses:
        found.append(is_in("status", _folded(filters.statuses)))
    return " and ".join(found + _dated(filters))


def _dated(filters: Filters) -> list[str]:
    """The rows of the days between both bounds; one without a date is of no day."""
    found = [f"date >= {literal(filters.since)}"] if filters.since else []
    if filters.until:
        found.append(f'date != "" and date <= {literal(filters.until)}')
    return found


def _folded(values: Iterable[str]) -> list[str]:
    return [value.casefold() for value in values]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(literal(value) for value in dict.fromkeys(values))
