"""Alertmanager (webhook version 4), its API and that of Prometheus, and Grafana: alerts with labels and annotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from rcasearch.alerts.alert import Alert, Json, has, is_over, mapping, mappings, text_of
from rcasearch.alerts.labels import entities
from rcasearch.alerts.prose import is_prose

# What people write in them, in the order in which it tells most.
_TELLING_FIRST = ("summary", "title", "description", "message")
_TELLING_LABELS = "reason error exception error_type error_code code status_code response_code http_status grpc_code".split()
# What to do, and where to look: no part of what is wrong.
_ELSEWHERE = re.compile(
    r"url|link|runbook|playbook|dashboard|panel|query|expr|image|action|remediation|mitigation|next_?steps|^__"
)
_PAIR = re.compile(r"^\s*-\s([\w.]{1,100})\s?[=:]\s(.{0,4000})$")
_GRAFANA = ("orgId", "title", "state", "message", "appVersion")


def read_alertmanager(document: object) -> list[Alert] | None:
    """The alerts of a webhook of Alertmanager, or of a list as its API and that of Prometheus give it; None for others."""
    listed = document if isinstance(document, list) else mapping(mapping(document).get("data")).get("alerts")
    if listed:
        alerts = mappings(listed)
        dated = all(_is_alert(one) and has(one, "startsAt", "activeAt") for one in alerts)
        return _alerts(alerts, "") if dated and alerts else None
    group = mapping(document)
    alerts = mappings(group.get("alerts"))
    told = has(
        group, "groupKey", "receiver", "groupLabels", "commonLabels", "externalURL", "version", "status", "truncatedAlerts"
    )
    return _alerts(alerts, text_of(group.get("groupKey"))) if told >= 2 and alerts and all(map(_is_alert, alerts)) else None


def read_grafana(document: object) -> list[Alert] | None:
    """The alerts of a webhook of Grafana: Alertmanager's with more beside; None for any other document."""
    group = mapping(document)
    if has(group, *_GRAFANA) < 2 or not mappings(group.get("alerts")):
        return None
    return read_alertmanager(document)


def from_template(text: str) -> list[Alert] | None:
    """The alerts in a text that a template of Prometheus or Grafana made: "Labels:" and "Annotations:", an item a line."""
    if "Labels:" not in text or "Annotations:" not in text:
        return None
    found: list[tuple[dict[str, str], dict[str, str]]] = []
    for part in re.split(r"^[^\S\n]*+Labels:[^\S\n]*$", text, flags=re.MULTILINE)[1:]:
        labels, _, annotations = part.partition("Annotations:")
        found.append((dict(_pairs(labels)), dict(_pairs(annotations))))
    return [_alert(labels, annotations, resolved=False, group="") for labels, annotations in found] or None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    return ((match[1], match[2].strip()) for line in text.splitlines() if (match := _PAIR.match(line)))


def _is_alert(alert: Json) -> bool:
    return (
        isinstance(alert.get("labels"), dict)
        and has(alert, "annotations", "startsAt", "status", "fingerprint", "activeAt", "state") >= 2
    )


def _alerts(alerts: Iterable[Json], group: str) -> list[Alert]:
    return [_alert(_told(one.get("labels")), _told(one.get("annotations")), resolved=_over(one), group=group) for one in alerts]


def _told(labels: object) -> dict[str, str]:
    return {str(name): told for name, value in mapping(labels).items() if (told := text_of(value))}


def _over(alert: Json) -> bool:
    # Alertmanager's API gives an object, whose state is active, suppressed or unprocessed; Prometheus a state.
    return is_over(alert.get("status")) or is_over(alert.get("state"))


def _alert(labels: Mapping[str, str], annotations: Mapping[str, str], *, resolved: bool, group: str) -> Alert:
    named = entities([*labels.items(), *annotations.items()])
    details = [*_annotated(annotations), *_labelled(labels)]
    return Alert(labels.get("alertname", ""), tuple(details), named, resolved, f"{group}/{labels.get('alertname', '')}")


def _annotated(annotations: Mapping[str, str]) -> Iterator[str]:
    known = {name.lower(): text for name, text in annotations.items()}
    yield from (known[name] for name in _TELLING_FIRST if name in known)
    others = (text for name, text in known.items() if name not in _TELLING_FIRST and not _ELSEWHERE.search(name))
    yield from (text for text in others if is_prose(text))


def _labelled(labels: Mapping[str, str]) -> Iterator[str]:
    """Labels that tell what is wrong: a number not without the label's name."""
    told = ((name, labels[name]) for name in _TELLING_LABELS if name in labels)
    yield from (f"{name.replace('_', ' ')} {value}" if value.isdigit() else value for name, value in told)
