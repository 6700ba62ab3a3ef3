"""Parameters of any surface -> Query. The only place that decides what is valid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query, clean_text, unique
from rcasearch.readers.values import level
from rcasearch.settings import Settings

MAX_LIMIT = 100
_ALIASES = {"q": "text", "k": "limit"}
_LISTS = {"service": "services", "severity": "severities", "tag": "tags", "status": "statuses"}
FILTER_KEYS = (*_LISTS, "since", "until")
QUERY_KEYS = ("text", "limit", *FILTER_KEYS)
_MAX_VALUES = 50
_AGO = re.compile(r"(\d{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def parse_query(params: Mapping[str, object], settings: Settings) -> Query:
    """The query that ``params`` describe: ``text`` (or ``q``), ``limit`` (or ``k``) and the keys of `parse_filters`.

    Raises InvalidQueryError naming the field for anything that is unknown, missing or out of range.
    """
    named = _named(params, QUERY_KEYS)
    filters = parse_filters({key: value for key, value in named.items() if key in FILTER_KEYS})
    return Query(_text(named.get("text"), settings), parse_limit(named.get("limit"), settings.limit), filters)


def parse_filters(params: Mapping[str, object]) -> Filters:
    """The filters that ``params`` describe: service, severity, tag, status (a string or a list of them), since, until."""
    named = _named(params, FILTER_KEYS)
    lists = {field: _values(named.get(key), key) for key, field in _LISTS.items()}
    lists["severities"] = unique(level(value) or value for value in lists["severities"])
    since, until = _day(named.get("since"), "since"), _day(named.get("until"), "until")
    if since and until and since > until:
        raise InvalidQueryError(f"since ({since}) is after until ({until}).", "Swap the two dates.", field="since")
    return Filters(**lists, since=since, until=until)


def parse_limit(value: object, default: int, *, field: str = "limit", low: int = 1, high: int = MAX_LIMIT) -> int:
    """A whole number from ``low`` to ``high``, ``default`` where there is none."""
    if value is None or value == "":
        return default
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}\s*", value, re.ASCII):
        number = int(value)
    if number is None or not low <= number <= high:
        given = f" is {value!r}; it" if isinstance(value, str) and len(value) <= 40 else ""
        raise InvalidQueryError(f"{field}{given} must be a whole number from {low} to {high}.", "Change it.", field=field)
    return number


def _named(params: Mapping[str, object], known: tuple[str, ...]) -> dict[str, object]:
    named = {_ALIASES.get(key, key): value for key, value in params.items()}
    unknown = sorted(str(key) for key in named if key not in known)
    if unknown:
        raise InvalidQueryError(
            f"Unknown parameter{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}.",
            f"Known parameters: {', '.join(known)}.",
            field=unknown[0],
        )
    if len(named) < len(params):
        raise InvalidQueryError("A parameter is given under two names.", "Use text or q, limit or k, not both.", field="text")
    return named


def _text(value: object, settings: Settings) -> str:
    text = clean_text(value) if isinstance(value, str) else ""
    if not text.strip():
        raise InvalidQueryError(
            "The query has no text.", "Describe what you see, or paste the alert, in the parameter text (or q).", field="text"
        )
    if len(text) > settings.max_query_chars:
        raise InvalidQueryError(
            f"The query has {len(text):,} characters; {settings.max_query_chars:,} are allowed.",
            "Paste the part around the error, or raise RCASEARCH_MAX_QUERY_CHARS.",
            field="text",
        )
    return text


def _values(value: object, field: str) -> tuple[str, ...]:
    given = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given):
        raise InvalidQueryError(f"{field} must be a string or a list of strings.", "Change it.", field=field)
    values = unique(filter(None, (clean_text(item).strip() for item in given)))
    if len(values) > _MAX_VALUES:
        raise InvalidQueryError(f"{field} has {len(values)} values; {_MAX_VALUES} are allowed.", "Name fewer.", field=field)
    return values


def _day(value: object, field: str) -> str | None:
    if value is None or value == "":
        return None
    day = _read_day(value.strip().lower(), field) if isinstance(value, str) else None
    if day is None:
        raise InvalidQueryError(
            f"{field} is {value!r}, which is no date.",
            "Write 2025-11-16, 2025-11, 2025, or an age such as 90d, 6m or 2y.",
            field=field,
        )
    return day.isoformat()


def _read_day(text: str, field: str) -> date | None:
    match = _DATE.fullmatch(text)
    try:
        if ago := _AGO.fullmatch(text):
            return date.today() - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
        if not match:
            return None
        year, month, day = (int(part) if part else None for part in match.groups())
        if field == "since":
            return date(year or 0, month or 1, day or 1)
        return date(year or 0, month or 12, day) if day else _last_day(year or 0, month or 12)
    except (ValueError, OverflowError):
        return None


def _last_day(year: int, month: int) -> date:
    return date(year, 12, 31) if month == 12 else date(year, month + 1, 1) - timedelta(days=1)
