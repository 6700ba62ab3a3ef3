"""Sentry: webhooks of issue alerts, of issues and of metric alerts, and of its older plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rcasearch.alerts.alert import Alert, Json, has, is_over, mapping, mappings, text_of, texts
from rcasearch.alerts.labels import entities

_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")
_MOST_ERRORS = 4
_FILTER = re.compile(r"^Filter: *", re.MULTILINE)


def read_sentry(document: object) -> list[Alert] | None:
    """The alert of a webhook; None for any other document."""
    hook = mapping(document)
    data = mapping(hook.get("data"))
    event, issue, metric = (mapping(data.get(name)) for name in ("event", "issue", "metric_alert"))
    if metric and has(data, "description_title", "description_text", "web_url"):
        return [_metric_alert(hook, data, metric)]
    if has(event, "event_id", "exception", "culprit", "issue_id", "logentry", "metadata") >= 2:
        return [_error(event, text_of(event.get("issue_id")), resolved=False)]
    if has(issue, "shortId", "culprit", "metadata", "firstSeen", "project") >= 2:
        return [_error(issue, text_of(issue.get("id")), resolved=is_over(hook.get("action")) or is_over(issue.get("status")))]
    if (
        isinstance(hook.get("event"), dict)
        and has(hook, "culprit", "project_slug", "project_name", "triggering_rules", "level") >= 2
    ):
        return [_error({**hook, **mapping(hook["event"])}, text_of(hook.get("id")), resolved=False)]
    return None


def _metric_alert(hook: Json, data: Json, metric: Json) -> Alert:
    told = _FILTER.sub("", text_of(data.get("description_text")).replace("\\n", "\n"))
    projects = texts(metric.get("projects"))
    named = entities([("service", projects[0])] if len(projects) == 1 else [])
    return Alert(text_of(data.get("description_title")), (told,), named, is_over(hook.get("action")), text_of(metric.get("id")))


def _error(event: Json, identity: str, *, resolved: bool) -> Alert:
    errors = list(_errors(event))
    logged = text_of(mapping(event.get("logentry")).get("formatted"))
    said = (*errors, text_of(event.get("message")), logged, *_statuses(event))
    return Alert(text_of(event.get("title")) or (errors or [""])[-1], said, entities(_labels(event)), resolved, identity)


def _errors(event: Json) -> Iterator[str]:
    """The exceptions as "type: value", the one that was raised last first; what the metadata tell where there are none."""
    values = mappings(mapping(event.get("exception")).get("values")) or [mapping(event.get("metadata"))]
    for error in values[::-1][:_MOST_ERRORS]:
        yield ": ".join(filter(None, (text_of(error.get("type")), text_of(error.get("value")))))


def _tags(event: Json) -> Iterator[tuple[str, str]]:
    """The tags: pairs in an event, an object in others."""
    tags = event.get("tags")
    yield from ((name, text_of(value)) for name, value in mapping(tags).items())
    pairs = [pair for pair in tags if isinstance(pair, list) and len(pair) == 2] if isinstance(tags, list) else []
    yield from ((text_of(name), text_of(value)) for name, value in pairs)


def _statuses(event: Json) -> Iterator[str]:
    yield from (f"HTTP {value}" for name, value in _tags(event) if name == "http.status_code")


def _labels(event: Json) -> Iterator[tuple[str, str]]:
    yield from _tags(event)
    found = _PROJECT.search(text_of(event.get("url")))
    project = mapping(event.get("project"))
    names = (project.get("slug"), event.get("project_slug"), found[1] if found else "")
    yield "service", next((name for name in map(text_of, names) if name), "")
