"""All incidents as a map, and a query among them. The script that draws it fetches the points from the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, current_app, render_template, request

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Query, Results
from rcasearch.query import OPTION_KEYS, once, parse_query
from rcasearch.render import as_dict
from rcasearch.render_map import families_as_dicts
from rcasearch.settings import Settings
from rcasearch.web import parameters
from rcasearch.web.addresses import search_url, unpack
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat
from rcasearch.web.stages import noted

if TYPE_CHECKING:
    from rcasearch.search import Searcher

# In the list below the map; each has its page.
FAMILIES = 60


@blueprint.get("/map")
@promises(Operation(PAGES, media=HTML, parameters=parameters.box_parameters, errors=(503,)))
@accepts("q", "z", *OPTION_KEYS)
def landscape() -> Answer:
    """All incidents as points, those that tell of the like near to one another; with a text, where that stands among them."""
    query = _query(flat(request.args, drop_blank=True))
    searcher = live().searcher()
    if request.method == "HEAD":
        return Response(mimetype=HTML)
    found = noted(searcher.search(query)) if query else None
    families = families_as_dicts(searcher.outlines(), searcher.landscape())
    families.sort(key=lambda family: -family["incidents"])
    return render_template(
        "map.html",
        text=query.text if query else "",
        answer=search_url(query, _settings()) if query else None,
        found=_placed(searcher, found) if found else None,
        results=as_dict(found) if found else None,
        families=families[:FAMILIES],
        all_families=len(families),
    )


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _query(params: dict[str, object]) -> Query | None:
    """What a search's address asks; None for one without a text, of which a limit or filters mean nothing here."""
    if (packed := params.pop("z", None)) is not None:
        if "q" in params:
            raise InvalidQueryError("This link carries two texts, q and z.", "Keep one of them.", field="z")
        params["q"] = unpack(str(once(packed, "z")), _settings().max_query_chars)
    return parse_query(params, _settings()) if "q" in params else None


def _placed(searcher: Searcher, found: Results) -> dict[str, object]:
    """Where the query stands, and its hits: what the script marks on the map."""
    place = searcher.place(found)
    return {"place": place and [round(value, 4) for value in place], "hits": [hit.incident.id for hit in found.hits]}
