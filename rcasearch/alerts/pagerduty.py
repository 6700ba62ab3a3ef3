"""PagerDuty: webhooks of version 3, incidents of its API, and events of version 2 on their way to it."""

from __future__ import annotations

from collections.abc import Iterator

from rcasearch.alerts.alert import Alert, Json, has, is_over, mapping, text_of
from rcasearch.alerts.flatten import fields, tell
from rcasearch.alerts.labels import entities, joined
from rcasearch.alerts.prometheus import from_template
from rcasearch.model import NO_ENTITIES, Entities

_NOTE = "incident_note"


def read_webhook(document: object) -> list[Alert] | None:
    """What a webhook of version 3, or an incident as the API gives it, tells; None for any other document."""
    event = mapping(mapping(document).get("event"))
    data = mapping(event.get("data"))
    if data and has(event, "event_type", "resource_type", "occurred_at", "agent") >= 2:
        resolved = text_of(event.get("event_type")).endswith(".resolved")
        return [_note(data, resolved) if data.get("type") == _NOTE else _incident(data, resolved)]
    incident = mapping(mapping(document).get("incident"))
    if incident.get("type") == "incident" and has(incident, "incident_key", "urgency", "escalation_policy", "service") >= 2:
        return [_incident(incident, resolved=False)]
    return None


def read_event(document: object) -> list[Alert] | None:
    """What an event of version 2 tells; None for any other document."""
    payload = mapping(mapping(document).get("payload"))
    action = mapping(document).get("event_action")
    if not isinstance(action, str) or has(mapping(document), "routing_key", "dedup_key", "payload") < 2:
        return None
    details = payload.get("custom_details")
    told, named = _details(details)
    labels = [("service", text_of(payload.get("component"))), ("severity", text_of(payload.get("severity")))]
    where = entities([*labels, (_kind_of_source(payload), text_of(payload.get("source")))])
    identity = text_of(mapping(document).get("dedup_key"))
    return [Alert(text_of(payload.get("summary")), told, joined([where, named]), is_over(action), identity)]


def _kind_of_source(payload: Json) -> str:
    """A source with a dot in it is a machine, another one what runs on it."""
    return "host" if "." in text_of(payload.get("source")) else "workload"


def _incident(data: Json, resolved: bool) -> Alert:
    service = text_of(mapping(data.get("service")).get("summary"))
    priority = text_of(mapping(data.get("priority")).get("summary"))
    body = mapping(data.get("body")).get("details")
    told, named = _details(body)
    where = entities([("service", service), ("severity", priority)])
    over = resolved or is_over(data.get("status"))
    return Alert(text_of(data.get("title")), (*told, text_of(data.get("description"))), joined([where, named]), over, _id(data))


def _note(data: Json, resolved: bool) -> Alert:
    incident = mapping(data.get("incident"))
    return Alert(text_of(incident.get("summary")), (text_of(data.get("content")),), NO_ENTITIES, resolved, _id(incident))


def _id(incident: Json) -> str:
    return text_of(incident.get("id"))


def _details(details: object) -> tuple[tuple[str, ...], Entities]:
    """What free details tell: a text, an object, or what Alertmanager's template makes of its alerts."""
    alerts = [alert for text in _templated(details) for alert in from_template(text) or ()]
    if alerts:
        return tuple(part for alert in alerts for part in (alert.title, *alert.details)), joined(a.entities for a in alerts)
    if isinstance(details, str):
        return (details,), NO_ENTITIES
    flat = fields(details)
    return tuple(tell(flat)), entities((field.name, field.text) for field in flat)


def _templated(details: object) -> Iterator[str]:
    yield from (value for value in (details, mapping(details).get("firing")) if isinstance(value, str))
