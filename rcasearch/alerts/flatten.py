"""JSON of no known sender -> the texts in it that tell of a failure, judged by the names of their fields and by what they are.

A value may itself be JSON: it is read as well, as deep as anybody nests it on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rcasearch.alerts.alert import Alert, is_over
from rcasearch.alerts.labels import entities, key_of
from rcasearch.alerts.prose import is_prose
from rcasearch.texts import json_of

_TITLES = frozenset(
    "title headline subject alertname alert_name event_name rule_name monitor_name check_name summary problem".split()
)
_SAYING = frozenset(
    "message msg description desc text body content details detail reason error errors err exception cause output stderr opdata "
    "observation observations note notes failure fault symptom symptoms explanation warning hint".split()
)
# A number or a short code means nothing without the field's name.
_CODES = frozenset("code status_code http_status response_code error_code exit_code errno sqlstate".split())
_KINDS = frozenset({"type", "class", "kind", "name"})
_WRONG = frozenset({"error", "exception", "err", "cause"})
_STATES = frozenset("status state alert_status alert_state event_action action transition alert_transition".split())
# What is prose, and yet tells nothing: who and where, what asked and what draws.
_NOT_TOLD = re.compile(
    r"(?:^|_)(?:url|uri|link|href|id|uuid|token|hash|signature|time|timestamp|date|at|version|agent|ip|email|path|query|expr|sql"
    r"|image|icon|color|user|username|author|reporter|owner|team|footer|runbook|playbook|action|remediation|schema|tags?|labels?"
    r"|fingerprint|receiver|recipients?)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_FIELDS = 5_000
_MOST_TOLD = 20
_DEEPEST = 3
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Field:
    """A text or number of a document: the ``name`` of its field, what that stands in, how deep, and the value as text."""

    name: str
    within: str
    depth: int
    text: str


def read_json(document: object) -> list[Alert] | None:
    """What any JSON tells; None where it has no text that could tell anything."""
    found = fields(document)
    told = list(tell(found))
    if not told:
        return None
    resolved = any(field.depth <= 2 and field.name in _STATES and is_over(field.text) for field in found)
    titles = [field.text for field in found if field.name in _TITLES]
    first = titles[0] if titles else ""
    return [Alert(first, tuple(text for text in told if text != first), entities(_labels(found)), resolved)]


def fields(document: object) -> list[Field]:
    """The texts and numbers of a document in their order, names in lower case; at most 5,000."""
    found: list[Field] = []
    waiting: list[tuple[str, str, int, int, object]] = [("", "", 0, 0, document)]
    while waiting and len(found) < _MOST_FIELDS:
        name, within, depth, unpacked, value = waiting.pop()
        inner, unpacked = _unpacked(value, unpacked)
        if isinstance(inner, dict):
            waiting += [(_name(key), name, depth + 1, unpacked, item) for key, item in reversed(inner.items())]
        elif isinstance(inner, list):
            waiting += [(name, within, depth + 1, unpacked, item) for item in reversed(inner)]
        elif isinstance(inner, str | int | float) and not isinstance(inner, bool):
            found.append(Field(name, within, depth, str(inner).strip()))
    return found


def tell(found: Iterable[Field]) -> Iterator[str]:
    """What of the fields tells of a failure: titles first, then what speaks, then other prose; each once, twenty at most."""
    every = [field for field in found if any(map(str.isalnum, field.text))]
    ordered = [*_titles(every), *_spoken(every), *_other_prose(every)]
    yield from list(dict.fromkeys(ordered))[:_MOST_TOLD]


def speaks(found: Iterable[Field]) -> bool:
    """Whether a field of the document tells by its name that it says something."""
    return any(field.name in _TITLES or _says(field) for field in found if any(map(str.isalpha, field.text)))


def _titles(found: Sequence[Field]) -> Iterator[str]:
    yield from (field.text for field in found if field.name in _TITLES)


def _spoken(found: Sequence[Field]) -> Iterator[str]:
    for field in found:
        if field.name in _CODES:
            yield f"{field.name.replace('_', ' ')} {field.text}"
        elif _says(field):
            yield field.text


def _says(field: Field) -> bool:
    has_words = any(map(str.isalpha, field.text))
    return has_words and (_last(field.name) in _SAYING or (field.name in _KINDS and field.within in _WRONG))


def _other_prose(found: Sequence[Field]) -> Iterator[str]:
    yield from (field.text for field in found if is_prose(field.text) and not _NOT_TOLD.search(field.name))


def _labels(found: Iterable[Field]) -> Iterator[tuple[str, str]]:
    """The fields as labels: those within another one also with its name before theirs, as in service.name."""
    for field in found:
        yield field.name, field.text
        if field.within:
            yield f"{field.within}_{field.name}", field.text


def _last(name: str) -> str:
    return name.rsplit("_", 1)[-1]


def _name(key: object) -> str:
    return key_of(_CAMEL.sub("_", str(key)[:_LONGEST_NAME]))


def _unpacked(value: object, unpacked: int) -> tuple[Any, int]:
    """A text that is itself JSON, read, and how often that was done on the way to it; any other value as it is."""
    if not isinstance(value, str) or unpacked >= _DEEPEST or value.lstrip()[:1] not in ("{", "["):
        return value, unpacked
    try:
        return json_of(value), unpacked + 1
    except (ValueError, RecursionError):
        return value, unpacked
