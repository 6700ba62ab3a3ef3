"""One incident: its facts, its course, its document, its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request
from markupsafe import Markup

from rcasearch import shapes
from rcasearch.errors import InvalidQueryError
from rcasearch.model import Hit, Incident
from rcasearch.query import once
from rcasearch.render import hit_as_dict, incident_as_dict, incident_url, summary_as_dict
from rcasearch.web import documents, parameters
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.course import course
from rcasearch.web.live import live
from rcasearch.web.naming import incident_called
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat
from rcasearch.web.present import overdue

if TYPE_CHECKING:
    from rcasearch.search import Searcher

SIMILAR = 5
_DEEPEST, _MOST_PARTS = 2, 80
_NAMED = 3


@blueprint.get("/incidents/<path:incident_id>")
@promises(Operation(PAGES, media=HTML, parameters=parameters.document_parameters, redirects=(302,), errors=(404, 503)))
@accepts("lines")
def incident(incident_id: str) -> Answer:
    """One incident: its facts, its document, its neighbours. ``lines`` marks a passage, as in ``12-20``."""
    lines = _lines(once(flat(request.args).get("lines"), "lines"))
    searcher = live().searcher()
    found = incident_called(searcher, incident_id)
    if found.id != incident_id:
        asked = request.query_string.decode("ascii", "ignore")
        return redirect(incident_url(found.id) + (f"?{asked}" if asked else ""), 302)
    told = incident_as_dict(found)
    document = documents.render(searcher.source(found.id), found.links, found.title, lines, found.path)
    return render_template(
        "incident.html",
        incident=told,
        actions=_actions(told["action_items"]),
        again=live().recurring.of(found.id),
        course=course(found),
        document=document,
        contents=_contents(found, document),
        lines=lines,
        **_neighbours(searcher, found),
    )


def _lines(given: object) -> tuple[int, int] | None:
    if given is None:
        return None
    found = re.fullmatch(r"([0-9]{1,7})-([0-9]{1,7})", str(given))
    if found is None:
        raise InvalidQueryError(f"lines is {str(given)[:40]!r}.", "Give two line numbers, as in 12-20.", field="lines")
    return int(found[1]), int(found[2])


def _contents(found: Incident, document: Markup) -> list[dict[str, Any]]:
    """The headings that can be gone to: of the outermost two levels, or of one where there are too many."""
    parts = [part for part in found.sections if part.heading and f'id="L{part.line}"' in document]
    for depth in range(_DEEPEST, 0, -1):
        shown = [part for part in parts if len(part.path) <= depth]
        if len(shown) <= _MOST_PARTS or depth == 1:
            break
    return [{"heading": part.heading, "line": part.line, "depth": len(part.path)} for part in shown[:_MOST_PARTS]]


def _actions(items: list[shapes.ActionItem]) -> list[shapes.ActionItem]:
    """What is overdue first, then what else is open, then what is done."""
    return sorted(items, key=lambda item: (bool(item["done"]), not overdue(item["due"])))


def _neighbours(searcher: Searcher, found: Incident) -> dict[str, Any]:
    backlinks = searcher.backlinks(found.id)
    naming = {other.id for other in backlinks}
    hits = live().similar(found.id, SIMILAR).hits
    return {
        "similar": [{**hit_as_dict(hit), "reasons": list(_reasons(found, hit, naming))} for hit in hits],
        "backlinks": [summary_as_dict(other) for other in backlinks],
    }


def _reasons(found: Incident, hit: Hit, naming: set[str]) -> Iterator[str]:
    """Why an incident is like this one, in words: who links to whom, then what both have."""
    other = hit.incident
    if any(link.incident_id == other.id for link in found.links):
        yield "linked from this one"
    elif other.id in naming:
        yield "links to this one"
    yield from (f"both read as {concept}" for concept in hit.match.concepts[:1])
    if hit.match.signatures:
        yield "both have " + ", ".join(hit.match.signatures[:_NAMED])
    own = {service.casefold() for service in found.services}
    if shared := [service for service in other.services if service.casefold() in own]:
        yield _listed("same service", shared)


def _listed(told: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{told}{'' if len(names) == 1 else 's'} {', '.join(names[:_NAMED])}{more}"
