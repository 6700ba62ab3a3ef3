"""One incident: its facts, its document, its neighbours."""

from __future__ import annotations

import re

from flask import redirect, render_template, request

from rcasearch.errors import InvalidQueryError
from rcasearch.query import once
from rcasearch.render import as_dict, incident_as_dict, incident_url, summary_as_dict
from rcasearch.web import documents, parameters
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.naming import incident_called
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat

SIMILAR = 5


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
    return render_template(
        "incident.html",
        incident=incident_as_dict(found),
        document=documents.render(searcher.source(found.id), found.links, found.title, lines),
        similar=as_dict(live().similar(found.id, SIMILAR))["hits"],
        backlinks=[summary_as_dict(other) for other in searcher.backlinks(found.id)],
    )


def _lines(given: object) -> tuple[int, int] | None:
    if given is None:
        return None
    found = re.fullmatch(r"([0-9]{1,7})-([0-9]{1,7})", str(given))
    if found is None:
        raise InvalidQueryError(f"lines is {str(given)[:40]!r}.", "Give two line numbers, as in 12-20.", field="lines")
    return int(found[1]), int(found[2])
