"""Failures that happened again as plain values: the one shape that the page, the API, agents and the command line share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from urllib.parse import quote

from rcasearch import shapes
from rcasearch.errors import NotFoundError
from rcasearch.model import ActionItem, Answer, Fix, Incident, Order, Recurrence
from rcasearch.readers.ids import slug
from rcasearch.render import action_item_as_dict, incident_url, summary_as_dict
from rcasearch.wording import cut, late, one_line, paragraphs

# A fix is told in a line; the document tells the rest.
FIX_CHARS = 120
_MEASURES: dict[Order, Callable[[shapes.Recurrence], int]] = {
    "last": lambda _: 0,
    "count": lambda one: one["count"],
    "minutes": lambda one: one["total_minutes"] or 0,
}


def recurrences_as_dicts(found: Iterable[Recurrence], today: date) -> tuple[shapes.Recurrence, ...]:
    """Failures that happened again, in their order. What is overdue depends on ``today``."""
    return tuple(recurrence_as_dict(one, today) for one in found)


def recurrence_as_dict(recurrence: Recurrence, today: date) -> shapes.Recurrence:
    """A failure that happened again: how often, from when to when, where, how long, and how its fixes fared."""
    dates, minutes = recurrence.dates, recurrence.minutes
    incidents = {incident.id: incident for incident in recurrence.incidents}
    return {
        "id": recurrence.id,
        "url": recurrence_url(recurrence.id),
        "name": recurrence.name,
        "terms": list(recurrence.terms),
        "count": len(incidents),
        "first": dates[0] if dates else None,
        "last": dates[-1] if dates else None,
        "services": list(recurrence.services),
        "total_minutes": sum(minutes) if minutes else None,
        "median_minutes": recurrence.median_minutes,
        "timed": len(minutes),
        "fixes": [fix_as_dict(fix, incidents[fix.incident_id]) for fix in recurrence.fixes],
        "open_action_items": [open_action_as_dict(*named, today) for named in recurrence.open_action_items],
        "linked": [list(pair) for pair in recurrence.linked],
        "incidents": [summary_as_dict(incident) for incident in incidents.values()],
    }


def fix_as_dict(fix: Fix, incident: Incident) -> shapes.Fix:
    """What fixed an incident, in one line, and how that fared."""
    return {
        "incident_id": incident.id,
        "date": incident.date,
        "url": incident_url(incident.id),
        "text": _in_one_line(incident.resolution),
        "held": fix.held,
        "days": fix.days,
    }


def _in_one_line(resolution: Answer | None) -> str:
    if resolution is None:
        return ""
    steps = [one_line(step) for step in resolution.steps]
    return cut("; ".join(step.rstrip(".") for step in steps) or " ".join(paragraphs(resolution.text)), FIX_CHARS)


def open_action_as_dict(incident_id: str, item: ActionItem, today: date) -> shapes.OpenAction:
    """A follow-up that nobody recorded as done, and whether that was due."""
    told = action_item_as_dict(item)
    return {**told, "incident_id": incident_id, "url": incident_url(incident_id), "overdue": bool(late(item.due, today))}


def recurrence_url(recurrence_id: str) -> str:
    """The relative address of the page of a failure that happened again."""
    return "/recurrences/" + quote(recurrence_id, safe="")


def page_of(
    found: Sequence[shapes.Recurrence], index_id: str, limit: int, offset: int = 0, order: Order = "last"
) -> shapes.Recurrences:
    """One page of ``found``, which come by the last time, in another order where that is asked for."""
    ordered = sorted(found, key=_MEASURES[order], reverse=True)
    return {
        "total": len(found),
        "offset": offset,
        "limit": limit,
        "order": order,
        "index_id": index_id,
        "recurrences": ordered[offset : offset + limit],
    }


def one_of(found: Iterable[shapes.Recurrence], wanted: str) -> shapes.Recurrence:
    """The failure of that id, or the one that the incident of that id belongs to, also as its document writes the id.

    Raises NotFoundError.
    """
    names = {wanted, slug(wanted)}
    for recurrence in found:
        if any(summary["id"] in names for summary in recurrence["incidents"]):
            return recurrence
    raise NotFoundError(
        f"No failure that happened again has an incident with the id {wanted!r}.",
        "`rcasearch recurrences` and the page /recurrences list all failures that did.",
    )
