"""What a text or payload was understood as, as text for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.text import Text

from rcasearch.model import Entities, Filters, Source, Symptom, Understood
from rcasearch.sheet import Sheet
from rcasearch.wording import clean, cut, grouped, one_line, plural

SOURCES: dict[Source, str] = {
    "text": "a text",
    "log": "a log",
    "kubernetes": "Kubernetes",
    "alertmanager": "Alertmanager",
    "grafana": "Grafana",
    "pagerduty": "a PagerDuty webhook",
    "pagerduty_event": "a PagerDuty event",
    "opsgenie": "Opsgenie",
    "datadog": "Datadog",
    "cloudwatch": "CloudWatch",
    "sentry": "Sentry",
    "cloudevent": "a CloudEvent",
    "json": "JSON of no known sender",
}
_SHOWN = 600
_MOST = 6


def understood_as_text(understood: Understood, width: int = 80, color: bool = False) -> str:
    """Who sent it, then each symptom with whom it names, then the filters that it suggests."""
    sheet = Sheet(width, color)
    sheet.line(Text(f"Understood as {source_in_words(understood)}", "bold"))
    for symptom in understood.symptoms:
        sheet.line()
        _symptom(sheet, symptom)
    if understood.suggested:
        sheet.line()
        sheet.field("Suggested", [suggested_in_words(understood.suggested)], indent=0)
    return sheet.text()


def source_in_words(understood: Understood) -> str:
    """Who sent it, how many symptoms it tells of in how many alerts, and whether all of it is over."""
    alerts = sum(symptom.count for symptom in understood.symptoms)
    count = len(understood.symptoms)
    many = f": {plural(count, 'symptom')} in {plural(alerts, 'alert')}" if alerts > 1 else ""
    return f"{SOURCES[understood.source]}{many}{', resolved' if understood.status == 'resolved' else ''}"


def ignored_in_words(ignored: str) -> str:
    """One of the things that a query ignores, as people call it."""
    kind, _, name = ignored.partition(":")
    return SOURCES.get(name, name) if kind == "source" else f"{kind} {name}"  # type: ignore[call-overload]


def suggested_in_words(suggested: Filters) -> str:
    """Filters as flags of the command line."""
    given = [("--service", name) for name in suggested.services] + [("--severity", name) for name in suggested.severities]
    return " ".join(f"{flag} {shlex.quote(one_line(value))}" for flag, value in given)


def _symptom(sheet: Sheet, symptom: Symptom) -> None:
    lines = cut(clean(symptom.text).strip(), _SHOWN).splitlines()
    sheet.field("Resolved" if symptom.status == "resolved" else "Symptom", lines, indent=0)
    if symptom.count > 1:
        sheet.field("Alerts", [str(symptom.count)], indent=0)
    for label, values in _named(symptom.entities):
        sheet.field(label, [", ".join(grouped([one_line(value) for value in values], _MOST))], indent=0)


def _named(entities: Entities) -> Sequence[tuple[str, Sequence[str]]]:
    """The labels and values of what is named, without those that are not."""
    rows: list[tuple[str, Sequence[str]]] = [
        ("Service", entities.services),
        ("Workload", entities.workloads),
        ("Namespace", entities.namespaces),
        ("Host", entities.hosts),
        ("Region", entities.regions),
        ("Signature", entities.signatures),
        ("Severity", (entities.severity,) if entities.severity else ()),
        ("Runbook", entities.runbook_urls),
    ]
    return [(label, values) for label, values in rows if values]
