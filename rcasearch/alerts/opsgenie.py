"""Opsgenie: the webhook of an action on an alert."""

from __future__ import annotations

from collections.abc import Iterator

from rcasearch.alerts.alert import Alert, Json, has, is_over, mapping, text_of, texts
from rcasearch.alerts.flatten import fields, tell
from rcasearch.alerts.labels import entities, joined
from rcasearch.alerts.prometheus import from_template


def read_opsgenie(document: object) -> list[Alert] | None:
    """The alert of an action; None for any other document."""
    alert = mapping(mapping(document).get("alert"))
    action = mapping(document).get("action")
    if not isinstance(action, str) or has(alert, "alertId", "tinyId", "alias", "message", "entity") < 2:
        return None
    description = text_of(alert.get("description"))
    templated = from_template(description) or []
    texts_beside = [part for one in templated for part in (one.title, *one.details)] or [description]
    named = joined([entities(_labels(alert)), *(one.entities for one in templated)])
    details = (*texts_beside, *_of_sentence(alert), *tell(fields(alert.get("details"))))
    identity = text_of(alert.get("alias")) or text_of(alert.get("alertId"))
    return [Alert(text_of(alert.get("message")), details, named, is_over(action), identity)]


def _labels(alert: Json) -> Iterator[tuple[str, str]]:
    """Tags such as service:checkout, the details, and the entity where it is a name."""
    for tag in texts(alert.get("tags")):
        name, colon, value = tag.partition(":")
        if colon:
            yield name, value
    yield from ((field.name, field.text) for field in fields(alert.get("details")))
    yield "severity", text_of(alert.get("priority"))
    entity = text_of(alert.get("entity"))
    if entity and " " not in entity:
        yield "workload", entity


def _of_sentence(alert: Json) -> Iterator[str]:
    entity = text_of(alert.get("entity"))
    if " " in entity:
        yield entity
