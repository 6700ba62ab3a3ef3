"""The HTTP API of what all incidents look like together: their figures, and their places on the map."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from rcasearch import shapes
from rcasearch.insights import insights as computed
from rcasearch.query import FILTER_KEYS, full_names, parse_filters
from rcasearch.render_insights import insights_as_dict
from rcasearch.render_map import map_as_dict
from rcasearch.web import parameters
from rcasearch.web.caching import tag, unless_known
from rcasearch.web.contract import Operation, promises
from rcasearch.web.live import live
from rcasearch.web.params import accepts, flat

blueprint = Blueprint("api_figures", __name__)


@blueprint.get("/api/v1/insights")
@promises(Operation("incidents", shapes.Insights, lambda _: parameters.filter_parameters(), errors=(503,), cached=True))
@accepts("*")
def insights() -> Response:
    """What the incidents come to. By month, quarter, service and severity: how many, how long, and how soon they were ended."""
    filters = parse_filters(full_names(flat(request.args), FILTER_KEYS))
    searcher = live().searcher()
    etag = tag("insights", searcher.info.id, filters)
    return unless_known(etag, lambda: jsonify(insights_as_dict(computed(searcher.outlines(filters)), searcher.info.id)))


@blueprint.get("/api/v1/map")
@promises(Operation("incidents", shapes.Map, errors=(503,), cached=True))
def landscape() -> Response:
    """All incidents as points of a plane. Those that tell of the like stand near to one another."""
    searcher = live().searcher()
    index_id = searcher.info.id
    return unless_known(tag("map", index_id), lambda: jsonify(map_as_dict(searcher.outlines(), searcher.landscape(), index_id)))
