"""What was asked to plain dicts: the query, what it was understood as, and the filters in force or on offer."""

from __future__ import annotations

from rcasearch import shapes
from rcasearch.model import Entities, Filters, Query, Results, Symptom, Understood


def read_as_dict(results: Results) -> shapes.ReadAs:
    """What the query was read as telling of, and the filters that it suggests."""
    understood = results.query.understood
    return {
        "concepts": list(results.concepts),
        "services": list(results.services),
        "source": understood.source if understood else None,
        "symptoms": [symptom_as_dict(symptom) for symptom in understood.symptoms] if understood else [],
        "suggested": filters_as_dict(results.suggested),
    }


def understood_as_dict(understood: Understood) -> shapes.Understood:
    """What a text or payload was understood as."""
    return {
        "source": understood.source,
        "status": understood.status,
        "symptoms": [symptom_as_dict(symptom) for symptom in understood.symptoms],
        "suggested": filters_as_dict(understood.suggested),
    }


def symptom_as_dict(symptom: Symptom) -> shapes.Symptom:
    """One failure that a payload tells of."""
    return {
        "text": symptom.text,
        "key": symptom.key,
        "status": symptom.status,
        "count": symptom.count,
        "entities": entities_as_dict(symptom.entities),
    }


def entities_as_dict(entities: Entities) -> shapes.Entities:
    """What an alert names."""
    return {
        "services": list(entities.services),
        "workloads": list(entities.workloads),
        "namespaces": list(entities.namespaces),
        "hosts": list(entities.hosts),
        "regions": list(entities.regions),
        "signatures": list(entities.signatures),
        "runbook_urls": list(entities.runbook_urls),
        "severity": entities.severity,
    }


def query_as_dict(query: Query) -> shapes.Query:
    """What was asked, after validation."""
    filters = filters_as_dict(query.filters)
    return {"text": query.text, "limit": query.limit, "filters": filters, "ignore": list(query.ignore)}


def filters_as_dict(filters: Filters) -> shapes.Filters:
    """Every filter, set or not."""
    return {
        "services": list(filters.services),
        "severities": list(filters.severities),
        "tags": list(filters.tags),
        "statuses": list(filters.statuses),
        "since": filters.since,
        "until": filters.until,
    }
