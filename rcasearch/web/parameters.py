"""What a query may say, as JSON Schema, from the same constants that ``rcasearch.query`` validates with.

``tests/web/test_contract.py`` holds the two together from both sides. The validator also takes what is clearly meant: a number in
quotes, spaces around a date, q for text and k for limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from rcasearch.query import DAY, IGNORED, MAX_LIMIT, MAX_VALUES, ORDERS, QUERY_KEYS
from rcasearch.settings import Settings
from rcasearch.web.contract import Parameter, Schema

PAGE_MAX, PAGE_DEFAULT = 200, 50
OFFSET_MAX = 10_000_000
# Something besides what Python calls white space, and NUL, which is read as a space.
_NOT_BLANK = r"[^\s\u0000\u001c-\u001f\u0085]"
_LISTS = {
    "service": "Only incidents of any of these services.",
    "severity": "Only of any of these severities, in any spelling: SEV1, P1, critical.",
    "tag": "Only with any of these tags.",
    "status": "Only of any of these statuses.",
}
_DAYS = {
    "since": "Only on or after this day: 2025-11-16, 2025-11, 2025, or an age such as 90d, 2w, 6m or 2y.",
    "until": "Only on or before this day, in the same spellings.",
}
_TEXT = "What is seen, or the alert, log or stack trace as it is."
_LIMIT = "Incidents in the answer."
_IGNORE = (
    "What the text was read as, in read_as, and is not to count: a source, service, signature or concept with its name, as in "
    "service:checkout. A service or signature is as if it did not stand in the text; of a source, the text is read as it stands."
)
ID = Parameter(
    "incident_id",
    {"type": "string", "minLength": 1},
    "The id of an incident, also as its document writes it, or its file name. A slash in it may stand as it is or as %2F.",
    True,
    "path",
)

RECURRENCE_ID = Parameter(
    "recurrence_id", {"type": "string", "minLength": 1}, "The id of a recurrence, or of one of its incidents.", True, "path"
)


def search_parameters(settings: Settings) -> Sequence[Parameter]:
    """A query in an address."""
    text = Parameter("q", text_schema(settings), f"{_TEXT} Also by the name text.", required=True)
    return text, *posted_parameters(settings)


def posted_parameters(settings: Settings) -> Sequence[Parameter]:
    """What stands in the address beside a payload."""
    return Parameter("ignore", _several(IGNORED), _IGNORE), *similar_parameters(settings)


def similar_parameters(settings: Settings) -> Sequence[Parameter]:
    """A limit and filters in an address."""
    return Parameter("limit", _number(settings.limit, 1, MAX_LIMIT), f"{_LIMIT} Also by the name k."), *filter_parameters()


def listing_parameters(_: Settings) -> Sequence[Parameter]:
    """A page of a listing and filters in an address."""
    offset = Parameter("offset", _number(0, 0, OFFSET_MAX), "Incidents to pass over.")
    return offset, Parameter("limit", _number(PAGE_DEFAULT, 1, PAGE_MAX), "Incidents on the page."), *filter_parameters()


def recurrence_order() -> tuple[Parameter, ...]:
    """Which recurrences, and in which order, in an address."""
    told = "By the last time, by how often, or by the minutes that all incidents of a failure took; most first."
    offset = Parameter("offset", _number(0, 0, OFFSET_MAX), "Failures to pass over.")
    return offset, Parameter("order", {"type": "string", "enum": list(ORDERS), "default": ORDERS[0]}, told)


def recurrences_parameters(_: Settings) -> Sequence[Parameter]:
    """A page of the recurrences, their order, and filters in an address."""
    limit = Parameter("limit", _number(PAGE_DEFAULT, 1, PAGE_MAX), "Failures on the page.")
    return *recurrence_order(), limit, *filter_parameters()


def recurrences_page_parameters(_: Settings) -> Sequence[Parameter]:
    """The same for people, whose pages are of one size."""
    return *recurrence_order(), *filter_parameters()


def filter_parameters() -> tuple[Parameter, ...]:
    """Filters in an address, lists as names given several times."""
    lists = (Parameter(name, _several(), told) for name, told in _LISTS.items())
    return *lists, *(Parameter(name, _day(), told) for name, told in _DAYS.items())


def box_parameters(settings: Settings) -> Sequence[Parameter]:
    """The search page's text, limit and filters in an address; the text may be missing."""
    text = Parameter("q", {"type": "string", "maxLength": settings.max_query_chars}, _TEXT)
    return text, *posted_parameters(settings)


def box_body(settings: Settings) -> Schema:
    """The same as a form."""
    properties = {parameter.name: parameter.schema for parameter in box_parameters(settings)}
    lists = {name: _one_or_several() for name in _LISTS} | {"ignore": _one_or_several(IGNORED)}
    return {"type": "object", "properties": {**properties, **lists}, "additionalProperties": False}


def page_parameters(_: Settings) -> Sequence[Parameter]:
    """A page of the list of incidents for people."""
    return Parameter("offset", _number(0, 0, OFFSET_MAX), "Incidents to pass over."), *filter_parameters()


def document_parameters(_: Settings) -> Sequence[Parameter]:
    """An incident's page, and the lines to mark on it."""
    return ID, Parameter("lines", {"type": "string", "pattern": "^[0-9]{1,7}-[0-9]{1,7}$"}, "Lines to mark, as in 12-20.")


def search_body(settings: Settings) -> Schema:
    """A query as a JSON object."""
    properties = {
        "text": {**text_schema(settings), "description": f"{_TEXT} Also by the name q."},
        "limit": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": settings.limit,
            "description": f"{_LIMIT} Also by the name k.",
        },
        "ignore": {**_one_or_several(IGNORED, null=True), "description": _IGNORE},
        **{name: {**_one_or_several(null=True), "description": told} for name, told in _LISTS.items()},
        **{name: {**_day(), "type": ["string", "null"], "description": told} for name, told in _DAYS.items()},
    }
    assert set(properties) == set(QUERY_KEYS)
    return {
        "title": "SearchRequest",
        "description": "A query. An incident must match every filter, and any of the values of one.",
        "type": "object",
        "properties": properties,
        "required": ["text"],
        "additionalProperties": False,
        "examples": [{"text": "HikariPool-1 - Connection is not available", "limit": 3, "service": ["checkout-api"]}],
    }


def posted_body(settings: Settings) -> Schema:
    """A query, or the payload of a tool that alerts, which is recognised by its shape."""
    payload = {
        "title": "AlertPayload",
        "description": "What Alertmanager, Grafana, PagerDuty, Opsgenie, Datadog, CloudWatch, Sentry or a sender of CloudEvents "
        "posts, as it is, or other JSON in which a field tells what is wrong. The limit and the filters stand in the address.",
        "type": ["object", "array"],
    }
    return {"anyOf": [search_body(settings), payload]}


def batch_body(settings: Settings) -> Schema:
    """Several queries as a JSON object."""
    return {
        "title": "BatchRequest",
        "description": "Queries that are answered one by one, in order.",
        "type": "object",
        "properties": {
            "queries": {"type": "array", "items": search_body(settings), "minItems": 1, "maxItems": settings.max_batch}
        },
        "required": ["queries"],
        "additionalProperties": False,
    }


def text_schema(settings: Settings) -> Schema:
    """The text of a query: not blank, and not too long."""
    return {"type": "string", "pattern": _NOT_BLANK, "minLength": 1, "maxLength": settings.max_query_chars}


def _several(pattern: str = "") -> Schema:
    return {"type": "array", "items": _string(pattern), "maxItems": MAX_VALUES}


def _one_or_several(pattern: str = "", *, null: bool = False) -> Schema:
    return {"anyOf": [_string(pattern), _several(pattern), *([{"type": "null"}] if null else [])]}


def _string(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern} if pattern else {"type": "string"}


def _number(default: int, low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


def _day() -> Schema:
    return {"type": "string", "pattern": f"^(?:{DAY})?$"}
