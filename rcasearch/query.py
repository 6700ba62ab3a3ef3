"""Parameters of any surface -> Query. The only place that decides what is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

from rcasearch.alerts import understand, understand_document
from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Order, Query, Readable
from rcasearch.settings import Settings
from rcasearch.severities import level
from rcasearch.texts import clean_text, unique

MAX_LIMIT = 100
_ALIASES = {"q": "text", "k": "limit"}
_LISTS = {"service": "services", "severity": "severities", "tag": "tags", "status": "statuses"}
FILTER_KEYS = (*_LISTS, "since", "until")
# What stands beside a text, in an address as well.
OPTION_KEYS = ("limit", "ignore", *FILTER_KEYS)
QUERY_KEYS = ("text", *OPTION_KEYS)
_ONLY_OF_QUERIES = frozenset({"text", "q", "limit", "k", "since", "until", "ignore"})
READABLE: tuple[Readable, ...] = get_args(Readable)
IGNORED = f"^(?:{'|'.join(READABLE)}):"
MAX_VALUES = 50
ORDERS: tuple[Order, ...] = get_args(Order)
_DATE = r"((?!0000)[0-9]{4})(?:-(0?[1-9]|1[0-2])(?:-(0?[1-9]|[12][0-9]|3[01]))?)?"
_AGO = r"([0-9]{1,4}(?=[dwm])|[0-9]{1,3}(?=y))([dwmy])"
# A date or an age, for all who must tell what is one; not every month has the day it names.
DAY = f"{_DATE}|{_AGO}"
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def parse_query(params: Mapping[str, object], settings: Settings) -> Query:
    """The query that ``params`` describe: ``text`` (or ``q``), ``limit`` (or ``k``), ``ignore`` and the keys of `parse_filters`.

    Raises InvalidQueryError naming the field for anything that is unknown, missing or out of range.
    """
    named = full_names(params, QUERY_KEYS)
    filters = parse_filters({key: value for key, value in named.items() if key in FILTER_KEYS})
    text, limit = _text(named.get("text"), settings), parse_limit(named.get("limit"), settings.limit)
    return _read(Query(text, limit, filters, ignore=_ignored(named.get("ignore"))))


def parse_payload(document: object, params: Mapping[str, object], settings: Settings) -> Query | None:
    """The query of a payload that a sender posts as it is, with ``limit``, ``ignore`` and filters from beside it.

    None for what is no payload: parameters, and JSON of no known sender in which no field speaks or a name is one of a query's.
    The text of the query is what the payload tells, which is short, however long the payload. Raises as `parse_query` does.
    """
    understood = None if _is_query(document) else understand_document(document)
    if understood is None or (understood.source == "json" and _is_like_query(document)):
        return None
    named = full_names(params, OPTION_KEYS)
    filters = parse_filters({key: value for key, value in named.items() if key in FILTER_KEYS})
    limit, ignore = parse_limit(named.get("limit"), settings.limit), _ignored(named.get("ignore"))
    query = Query(understood.text, limit, filters, understood, ignore)
    ignored = understood.source in query.ignored("source")
    return _read(replace(query, text=json.dumps(document, ensure_ascii=False))) if ignored else query


def per_symptom(query: Query) -> tuple[Query, ...]:
    """One query for each symptom of a payload that is current, with the limit and filters of the query for all of them."""
    understood = query.understood
    if understood is None or len(understood.symptoms) == 1:
        return (query,)
    each = (replace(understood, symptoms=(symptom,)) for symptom in understood.current)
    return tuple(replace(query, text=one.text, understood=one) for one in each)


def parse_filters(params: Mapping[str, object]) -> Filters:
    """The filters that ``params`` describe: service, severity, tag, status (a string or a list of them), since, until."""
    named = full_names(params, FILTER_KEYS)
    lists = {field: _values(named.get(key), key) for key, field in _LISTS.items()}
    lists["severities"] = unique(level(value) or value for value in lists["severities"])
    since, until = _day(named.get("since"), "since"), _day(named.get("until"), "until")
    if since and until and since > until:
        raise InvalidQueryError(f"since ({since}) is after until ({until}).", "Swap the two dates.", field="since")
    return Filters(**lists, since=since, until=until)


def parse_limit(value: object, default: int, *, field: str = "limit", low: int = 1, high: int = MAX_LIMIT) -> int:
    """A whole number from ``low`` to ``high``, ``default`` where there is none."""
    if once(value, field) is None or value == "":
        return default
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}\s*", value, re.ASCII):
        number = int(value)
    if number is None or not low <= number <= high:
        given = f" is {value!r}; it" if isinstance(value, str) and len(value) <= 40 else ""
        raise InvalidQueryError(
            f"{field}{given} must be a whole number from {low} to {high}.",
            f"Write a number, as in {field}={default}.",
            field=field,
        )
    return number


def parse_order(value: object) -> Order:
    """By what recurrences are ordered; by the last time where nothing is given. Raises InvalidQueryError."""
    given = once(value, "order")
    for order in ORDERS:
        if given == order:
            return order
    if given is None:
        return ORDERS[0]
    shown = f"{str(given)[:40]!r}"
    raise InvalidQueryError(f"order is {shown}, which is none.", f"Write one of {', '.join(ORDERS)}.", field="order")


def full_names(params: Mapping[str, object], known: Sequence[str]) -> dict[str, object]:
    """The parameters by their full names: q is text and k is limit, where those are ``known``.

    Raises InvalidQueryError for names that are not known, and for one parameter under both its names.
    """
    pairs = [(full if (full := _ALIASES.get(key, key)) in known else key, value) for key, value in params.items()]
    named = dict(pairs)
    reject_unknown(named, known)
    if len(named) < len(params):
        raise InvalidQueryError("A parameter is given under two names.", "Use text or q, limit or k, not both.", field="text")
    return named


def reject_unknown(given: Iterable[str], known: Sequence[str]) -> None:
    """Raise InvalidQueryError naming every parameter that is not known, and those that are."""
    unknown = sorted({str(name) for name in given} - set(known))
    if not unknown:
        return
    message = f"Unknown parameter{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}."
    hint = f"Known parameters: {', '.join(known)}." if known else "Leave it out: there are no parameters here."
    raise InvalidQueryError(message, hint, field=unknown[0])


def once(value: object, field: str) -> object:
    """The value of a parameter that has one. Raises InvalidQueryError where it was given several times."""
    if isinstance(value, list | tuple) and len(value) > 1:
        times = "twice" if len(value) == 2 else f"{len(value)} times"
        raise InvalidQueryError(f"{field} is given {times}.", "Give it once.", field=field)
    return value


def _read(query: Query) -> Query:
    return replace(query, understood=understand(query.text, query.ignored("source")))


def _ignored(value: object) -> tuple[str, ...]:
    """What is to be ignored of the text, each with its kind and a colon before it."""
    if wrong := [one for one in _listed(value, "ignore") if not re.match(IGNORED, one)]:
        raise InvalidQueryError(
            f"ignore is {wrong[0][:40]!r}, which is nothing that a text is read as.",
            f"Write a kind ({', '.join(READABLE)}), a colon and a name, as in service:checkout.",
            field="ignore",
        )
    return _values(value, "ignore")


def _is_query(document: object) -> bool:
    return isinstance(document, dict) and {_ALIASES.get(name, name) for name in document} <= set(QUERY_KEYS)


def _is_like_query(document: object) -> bool:
    """Whether an object has what only queries have; a service, a severity and a status any payload may have."""
    return isinstance(document, dict) and not _ONLY_OF_QUERIES.isdisjoint(document)


def _text(value: object, settings: Settings) -> str:
    given = "" if once(value, "text") is None else value
    if not isinstance(given, str):
        raise InvalidQueryError("text must be a string.", "Put the description or the alert in quotes.", field="text")
    text = clean_text(given)
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
    return unique(filter(None, (clean_text(item).strip() for item in _listed(value, field))))


def _listed(value: object, field: str) -> list[str]:
    given = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given):
        raise InvalidQueryError(f"{field} must be a string or a list of strings.", "Write names in quotes.", field=field)
    if len(given) > MAX_VALUES:
        raise InvalidQueryError(f"{field} has {len(given)} values; {MAX_VALUES} are allowed.", "Name fewer.", field=field)
    return list(given)


def _day(value: object, field: str) -> str | None:
    if once(value, field) is None or value == "":
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
    match = re.fullmatch(_DATE, text)
    try:
        if ago := re.fullmatch(_AGO, text):
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
