"""A JSON document -> who sent it and the alerts in it. A sender is recognised by its shape, never by one key alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rcasearch.alerts import aws, cloudevents, datadog, kubernetes, opsgenie, pagerduty, prometheus, sentry
from rcasearch.alerts.alert import Alert
from rcasearch.alerts.flatten import read_json
from rcasearch.model import Source
from rcasearch.texts import json_of

Sent = tuple[Source, list[Alert]]
Reader = Callable[[object], list[Alert] | None]

# The first that recognises a document reads it: Grafana's have all that Alertmanager's have.
_READERS: tuple[tuple[Source, Reader], ...] = (
    ("grafana", prometheus.read_grafana),
    ("alertmanager", prometheus.read_alertmanager),
    ("pagerduty", pagerduty.read_webhook),
    ("pagerduty_event", pagerduty.read_event),
    ("opsgenie", opsgenie.read_opsgenie),
    ("cloudwatch", aws.read_alarm),
    ("cloudwatch", aws.read_event),
    ("sentry", sentry.read_sentry),
    ("datadog", datadog.read_datadog),
    ("kubernetes", kubernetes.read_event),
)
_MOST_ENVELOPES = 4
_MOST_DOCUMENTS = 500


def read_document(document: object) -> Sent | None:
    """Who sent a document and what it tells; of a list of documents all that is told. None where nothing in it tells anything."""
    known = read_known(document)
    if known:
        return known
    told = read_json(document)
    return ("json", told) if told else None


def read_known(document: object, envelopes: int = 0) -> Sent | None:
    """The same for senders that are known; None for any other document."""
    for source, read in _READERS:
        if alerts := read(document):
            return source, alerts
    if envelopes < _MOST_ENVELOPES and (opened := _opened(document, envelopes + 1)):
        return opened
    return _each(document) if isinstance(document, list) else None


def parsed(text: str) -> Any:
    """The object or list that a text is as JSON; None for any other text."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "[") or stripped[-1:] not in ("}", "]"):
        return None
    try:
        return json_of(stripped)
    except (ValueError, RecursionError):
        return None


def _opened(document: object, envelopes: int) -> Sent | None:
    """What an envelope holds: the message of SNS is whoever sent it, an event of CloudEvents says so itself."""
    if (message := aws.message_of(document)) is not None:
        subject, text = message
        inner = parsed(text)
        return _inside(inner, envelopes) or ("json", [Alert(subject, (text,) if inner is None else ())])
    if cloudevents.is_event(document):
        data = cloudevents.data_of(document)
        inner = parsed(data) if isinstance(data, str) else data
        told = _inside(inner, envelopes)
        return "cloudevent", told[1] if told else [Alert("", (str(data),))]
    return None


def _inside(inner: object, envelopes: int) -> Sent | None:
    if inner is None:
        return None
    told = read_json(inner)
    return read_known(inner, envelopes) or (("json", told) if told else None)


def _each(documents: list[Any]) -> Sent | None:
    """What the documents of a list tell, if each is of a known sender: of one, or of several as JSON."""
    sent = [read_known(one, _MOST_ENVELOPES - 1) for one in documents[:_MOST_DOCUMENTS] if isinstance(one, dict)]
    known = [one for one in sent if one]
    if not known or len(known) < len(sent):
        return None
    sources = {source for source, _ in known}
    return known[0][0] if len(sources) == 1 else "json", [alert for _, alerts in known for alert in alerts]
