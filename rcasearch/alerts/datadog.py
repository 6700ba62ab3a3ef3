"""Datadog: the webhook of a monitor, as it comes by default or in a payload of the user's own, and events of its API."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rcasearch.alerts.alert import Alert, Json, has, is_over, mapping, text_of, texts
from rcasearch.alerts.labels import entities

_DEFAULT = ("body", "last_updated", "event_type", "title", "date", "org")
# Variables by whose names people call the fields of their own payloads.
_VARIABLES = (
    "aggreg_key alert_cycle_key alert_id alert_metric alert_priority alert_query alert_scope alert_status alert_title "
    "alert_transition alert_type event_msg event_title event_type org_id org_name hostname text_only_msg"
).split()
_API_EVENT = ("alert_type", "source_type_name", "aggregation_key", "date_happened", "device_name")
_ON = re.compile(r"^(?:\s*\[[^\[\]]*\])*\s*\[[^\[\]{}]* on \{([^{}]*)\}[^\[\]]*\]")
_OVER = re.compile(r"^(?:\s*\[[^\[\]]*\])*?\s*\[\s*recovered\b", re.IGNORECASE)
# Below what its author wrote, a monitor adds its graph, its query and its links.
_ADDED = re.compile(r"\[!\[Metric Graph\]|^The monitor (?:was last|last) |^\[\[Monitor Status\]", re.MULTILINE)


def read_datadog(document: object) -> list[Alert] | None:
    """The alert of a monitor or an event; None for any other document."""
    event = {key.lstrip("$").lower(): value for key, value in mapping(document).items()}
    if not _is_one(event):
        return None
    title = _first(event, "alert_title", "event_title", "title")
    over = is_over(event.get("alert_transition")) or event.get("alert_type") == "success" or bool(_OVER.match(title))
    body = _ADDED.split(_first(event, "text_only_msg", "event_msg", "body", "text"), maxsplit=1)[0]
    identity = _first(event, "alert_cycle_key", "aggreg_key", "aggregation_key", "alert_id")
    return [Alert(title, (body,), entities(_labels(event, title)), over, identity)]


def _is_one(event: Json) -> bool:
    default = "event_type" in event and has(event, *_DEFAULT) >= 4 and isinstance(event.get("title"), str)
    own = (
        has(event, *_VARIABLES) >= 3
        and has(event, "alert_title", "event_title", "event_msg", "title", "body", "text_only_msg") > 0
    )
    return default or own or (has(event, "title", "text") == 2 and has(event, *_API_EVENT) >= 1)


def _first(event: Json, *names: str) -> str:
    return next((text for name in names if (text := text_of(event.get(name)))), "")


def _labels(event: Json, title: str) -> Iterator[tuple[str, str]]:
    """The tags, those of the scope in the title, and the fields that name whom."""
    scope = _ON.match(title)
    tags = [text_of(event.get("alert_scope")), *texts(event.get("tags")), scope[1] if scope else ""]
    for tag in (part for text in tags for part in text.split(",")):
        name, colon, value = tag.strip().partition(":")
        if colon:
            yield name, value
    yield "host", _first(event, "hostname", "host")
    yield "severity", _first(event, "alert_priority", "priority").removeprefix("normal").removeprefix("low")
