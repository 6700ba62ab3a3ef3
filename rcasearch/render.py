"""Records to plain dicts: the one result shape that JSON, the page and the command line share.

Pure functions without I/O. Whatever goes over a wire or into a template is made here and nowhere else.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from rcasearch import shapes
from rcasearch.model import (
    ActionItem,
    Answer,
    Difference,
    Evidence,
    Hit,
    Incident,
    IndexInfo,
    Link,
    Match,
    Milestones,
    Page,
    Problem,
    Results,
    Section,
    TimelineEvent,
    VectorSearch,
)
from rcasearch.render_query import query_as_dict, read_as_dict

SAFE_SCHEMES = frozenset({"http", "https", "mailto"})


def as_dict(results: Results) -> shapes.Results:
    """The answer to a query, hits best first."""
    return {
        "query": query_as_dict(results.query),
        "verdict": results.verdict,
        "concepts": list(results.concepts),
        "read_as": read_as_dict(results),
        "searched": results.searched,
        "took_ms": round(results.took_ms, 1),
        "index_id": results.index_id,
        "hits": [hit_as_dict(hit) for hit in results.hits],
    }


def hit_as_dict(hit: Hit) -> shapes.Hit:
    """A precedent: what it is, why it matched, what caused it and what ended it."""
    return {
        "rank": hit.rank,
        **summary_as_dict(hit.incident),
        "score": round(hit.score, 4),
        "confidence": round(hit.confidence, 4),
        "verdict": hit.verdict,
        "evidence": [evidence_as_dict(evidence) for evidence in hit.evidence],
        "match": match_as_dict(hit.match),
        **_answers_as_dict(hit.incident),
        "contributions": {leg: round(value, 4) for leg, value in hit.contributions.items()},
    }


def incident_as_dict(incident: Incident) -> shapes.Incident:
    """A whole incident, with its sections, timeline and all action items."""
    return {
        **summary_as_dict(incident),
        "path": incident.path,
        "aliases": list(incident.aliases),
        **_answers_as_dict(incident),
        "action_items": [action_item_as_dict(item) for item in incident.action_items],
        "timeline": [event_as_dict(event) for event in incident.timeline],
        "milestones": milestones_as_dict(incident.milestones),
        "sections": [section_as_dict(section) for section in incident.sections],
    }


def summary_as_dict(incident: Incident) -> shapes.Summary:
    """What a line of a listing tells about an incident."""
    return {
        "id": incident.id,
        "title": incident.title,
        "date": incident.date,
        "severity": incident.severity,
        "level": incident.level,
        "services": list(incident.services),
        "tags": list(incident.tags),
        "status": incident.status,
        "duration_minutes": incident.duration_minutes,
        "author": incident.author,
        "url": incident_url(incident.id),
    }


def page_as_dict(page: Page) -> shapes.Page:
    """One page of a listing, with the facets of all that passed the filters."""
    return {
        "total": page.total,
        "offset": page.offset,
        "limit": page.limit,
        "incidents": [summary_as_dict(incident) for incident in page.incidents],
        "facets": {name: [{"value": value, "count": count} for value, count in counts] for name, counts in page.facets.items()},
    }


def _answers_as_dict(incident: Incident) -> shapes.Answers:
    return {
        "root_cause": answer_as_dict(incident.root_cause),
        "resolution": resolution_as_dict(incident.resolution),
        "minutes_to_mitigate": incident.milestones.mitigated,
        "open_action_items": [action_item_as_dict(item) for item in incident.open_action_items],
        "links": [link_as_dict(link) for link in incident.links],
    }


def answer_as_dict(answer: Answer | None) -> shapes.RootCause | None:
    """A root cause and the kind of section that supplied it; None where the document has none."""
    if answer is None:
        return None
    return {"text": answer.text, "source_section": answer.source, "heading": answer.heading}


def resolution_as_dict(answer: Answer | None) -> shapes.Resolution | None:
    """A resolution as text and, where the document lists them, as steps."""
    shape = answer_as_dict(answer)
    return None if shape is None or answer is None else {**shape, "steps": list(answer.steps)}


def evidence_as_dict(evidence: Evidence) -> shapes.Evidence:
    """A passage that matched. ``highlights`` are offsets into ``text``, ``lines`` are of the document."""
    chunk = evidence.chunk
    return {
        "section": chunk.heading,
        "kind": chunk.kind,
        "text": chunk.text,
        "highlights": [list(span) for span in evidence.highlights],
        "lines": [chunk.start_line, chunk.end_line],
        "score": round(evidence.score, 4),
    }


def match_as_dict(match: Match) -> shapes.Match:
    """What a precedent and the query share, and what differs. ``on`` and ``cause`` are null where that is not clear."""
    return {
        "on": match.on,
        "cause": match.cause,
        "shared": {
            "services": list(match.services),
            "signatures": list(match.signatures),
            "concepts": list(match.concepts),
        },
        "differs": [difference_as_dict(difference) for difference in match.differs],
    }


def difference_as_dict(difference: Difference) -> shapes.Difference:
    """A difference in words; ``url`` leads to the incident that the words name, and is null where they name none."""
    named = difference.incident_id
    return {
        "what": difference.what,
        "text": difference.text,
        "incident_id": named,
        "url": None if named is None else incident_url(named),
    }


def action_item_as_dict(item: ActionItem) -> shapes.ActionItem:
    """A follow-up; ``done`` is null where the document records no status."""
    return {
        "text": item.text,
        "priority": item.priority,
        "owner": item.owner,
        "due": item.due,
        "status": item.status,
        "done": item.done,
        "line": item.line,
    }


def link_as_dict(link: Link) -> shapes.Link:
    """A link. ``url`` is null where there is nowhere safe to go: a dangling wiki link, a scheme that is not for reading."""
    return {
        "text": link.text,
        "target": link.target,
        "kind": link.kind,
        "incident_id": link.incident_id,
        "url": _link_url(link),
        "dangling": link.dangling,
    }


def event_as_dict(event: TimelineEvent) -> shapes.Event:
    """A row of a timeline."""
    return {"time": event.time, "text": event.text, "minute": event.minute, "line": event.line}


def milestones_as_dict(milestones: Milestones) -> shapes.Milestones:
    """Minutes from the start of the incident."""
    return {
        "first_action": milestones.first_action,
        "cause_found": milestones.cause_found,
        "mitigated": milestones.mitigated,
        "resolved": milestones.resolved,
    }


def section_as_dict(section: Section) -> shapes.Section:
    """What stands under one heading, as plain text."""
    return {
        "heading": section.heading,
        "path": list(section.path),
        "kind": section.kind,
        "text": section.text,
        "line": section.line,
    }


def problem_as_dict(problem: Problem) -> shapes.DocumentProblem:
    """Something wrong with a document."""
    return {
        "path": problem.path,
        "line": problem.line,
        "message": problem.message,
        "hint": problem.hint,
        "skipped": problem.skipped,
    }


def info_as_dict(info: IndexInfo) -> shapes.Index:
    """What an index holds and how it was made."""
    return {
        "id": info.id,
        "path": info.path,
        "created": info.created,
        "model": info.model,
        "dimension": info.dimension,
        "max_tokens": info.max_tokens,
        "incidents": info.incidents,
        "chunks": info.chunks,
        "passages": info.passages,
        "problems": info.problems,
        "bytes": info.bytes,
        "sources": list(info.sources),
        "search": {"passages": _search_as_dict(info.passage_search), "incidents": _search_as_dict(info.incident_search)},
    }


def _search_as_dict(search: VectorSearch) -> shapes.VectorSearch:
    return {"method": search.method, "recall_at_10": search.recall_at_10, "recall_at_200": search.recall_at_200}


def error_as_dict(
    code: str, detail: str, *, status: int, title: str, hint: str = "", field: str | None = None
) -> shapes.ProblemDetails:
    """An error as RFC 9457 problem details, with what to do about it."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "field": field,
        "hint": hint,
    }


def incident_url(incident_id: str) -> str:
    """The relative address of an incident's page."""
    return "/incidents/" + quote(incident_id, safe="")


def _link_url(link: Link) -> str | None:
    if link.incident_id is not None:
        return incident_url(link.incident_id)
    if link.kind != "url":
        return None
    try:
        scheme = urlsplit(link.target).scheme.lower()
    except ValueError:
        return None
    return link.target if scheme in SAFE_SCHEMES else None
