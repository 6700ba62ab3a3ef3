"""The links between a user's own incidents -> judged queries: the symptoms of one are the query, the linked ones its answers.

A link counts in both directions: *related* is mutual, and an old document seldom links to what came after it. So a recurrence
that names its precedent makes each of the two an answer for the other. Links to the incident itself do not count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rcasearch.errors import NotFoundError
from rcasearch.hiding import without_links
from rcasearch.judged import JudgedQuery
from rcasearch.model import Filters, Incident, Kind

KIND = "linked"
# What is seen of a failure: many documents have no section of symptoms, and their summary tells them. The impact, in customers
# and money more than in symptoms, is asked with where there is nothing else.
SYMPTOMS: tuple[frozenset[Kind], ...] = (frozenset({"summary", "symptoms", "detection"}), frozenset({"impact"}))


@dataclass(frozen=True, slots=True)
class LinkLabels:
    """How much the labels are worth: how many ``incidents`` there are, how many of them are ``linked`` by so many ``pairs``.

    ``dangling`` counts wiki links that name no incident, ``by_title`` the queries that had only their title to ask with, and
    ``out_of_time`` the linked incidents that the time split leaves without an answer or that have no date.
    """

    incidents: int
    linked: int
    pairs: int
    dangling: int
    by_title: int
    past_only: bool
    out_of_time: int


@dataclass(frozen=True, slots=True)
class LinkQueries:
    """The ``queries``, the incidents to ask, in path order and with their links ``hidden``, and what the labels are worth."""

    queries: tuple[JudgedQuery, ...]
    hidden: tuple[Incident, ...]
    labels: LinkLabels


def link_queries(incidents: Sequence[Incident], *, past_only: bool = False) -> LinkQueries:
    """Judged queries from the links of all incidents of an index; each leaves its own incident out.

    With ``past_only`` only the incidents dated before the query's may answer, as on the day itself.
    Raises NotFoundError where the links give no query.
    """
    ordered = sorted(incidents, key=lambda incident: (incident.path, incident.id))
    related = _related(ordered)
    hidden = tuple(without_links(incident, related[incident.id].values()) for incident in ordered)
    linked = [incident for incident in hidden if related[incident.id]]
    queries = [_query(incident, related[incident.id].values(), past_only) for incident in linked if _symptoms(incident)]
    kept = tuple(query for query in queries if query.relevant)
    labels = LinkLabels(
        incidents=len(ordered),
        linked=len(linked),
        pairs=sum(len(others) for others in related.values()) // 2,
        dangling=sum(link.dangling for incident in ordered for link in incident.links),
        by_title=sum(_is_title(incident) for incident in linked if incident.id in {query.without for query in kept}),
        past_only=past_only,
        out_of_time=len(queries) - len(kept),
    )
    if not kept:
        raise _nothing(labels)
    return LinkQueries(kept, hidden, labels)


def _related(incidents: Sequence[Incident]) -> dict[str, dict[str, Incident]]:
    """Id -> the incidents that it links to or that link to it, by id."""
    known = {incident.id: incident for incident in incidents}
    related: dict[str, dict[str, Incident]] = {key: {} for key in known}
    for incident in incidents:
        for target in (link.incident_id for link in incident.links):
            if target in known and target != incident.id:
                related[incident.id][target] = known[target]
                related[target][incident.id] = incident
    return related


def _query(incident: Incident, related: Collection[Incident], past_only: bool) -> JudgedQuery:
    text, filters = _symptoms(incident), Filters()
    if past_only:
        related = [other for other in related if incident.date and other.date and other.date < incident.date]
        filters = Filters(until=_day_before(incident.date)) if related and incident.date else filters
    relevant = dict.fromkeys(sorted(other.id for other in related), 1)
    return JudgedQuery(incident.id, text, KIND, relevant, filters, without=incident.id)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _symptoms(incident: Incident) -> str:
    """What the query says: the text of the symptom sections, the title where there is none."""
    for kinds in SYMPTOMS:
        told = "\n".join(section.text.strip("\n") for section in incident.sections if kinds & set(section.kinds))
        if told.strip():
            return told
    return incident.title.strip()


def _is_title(incident: Incident) -> bool:
    return _symptoms(incident) == incident.title.strip()


def _nothing(labels: LinkLabels) -> NotFoundError:
    if labels.pairs:
        return NotFoundError(
            f"None of the {labels.linked:,} linked incidents has a date after that of one it is linked with.",
            "Leave out --past-only, or give the documents their dates.",
        )
    dangling = f" Wiki links that name no incident here: {labels.dangling:,}." if labels.dangling else ""
    return NotFoundError(
        f"No document of the {labels.incidents:,} in this index links to another one, so there are no labels to evaluate by.",
        f"Link incidents that are alike ([[file name]]) and index again, or judge queries yourself and name them by --queries."
        f"{dangling}",
    )
