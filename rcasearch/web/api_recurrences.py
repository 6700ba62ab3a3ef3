"""The HTTP API of failures that happened again."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from rcasearch import shapes
from rcasearch.query import FILTER_KEYS, full_names, parse_filters, parse_limit, parse_order
from rcasearch.render_recurrences import one_of, page_of
from rcasearch.web import parameters
from rcasearch.web.caching import tag, unless_known
from rcasearch.web.contract import Operation, promises
from rcasearch.web.live import live
from rcasearch.web.params import accepts, flat
from rcasearch.web.recurring import today

blueprint = Blueprint("api_recurrences", __name__)


@blueprint.get("/api/v1/recurrences")
@promises(Operation("incidents", shapes.Recurrences, parameters.recurrences_parameters, errors=(503,), cached=True))
@accepts("*")
def recurrences() -> Response:
    """Failures that happened again, a page at a time. With filters, those of which an incident passes; each is told whole."""
    params = full_names(flat(request.args), ("offset", "limit", "order", *FILTER_KEYS))
    offset = parse_limit(params.pop("offset", None), 0, field="offset", low=0, high=parameters.OFFSET_MAX)
    limit = parse_limit(params.pop("limit", None), parameters.PAGE_DEFAULT, high=parameters.PAGE_MAX)
    order, filters = parse_order(params.pop("order", None)), parse_filters(params)
    index_id = live().searcher().info.id
    # What is overdue changes with the day.
    etag = tag("recurrences", index_id, today(), filters, offset, limit, order)
    return unless_known(etag, lambda: jsonify(page_of(live().recurring.found(filters), index_id, limit, offset, order)))


@blueprint.get("/api/v1/recurrences/<path:recurrence_id>")
@promises(Operation("incidents", shapes.Recurrence, lambda _: (parameters.RECURRENCE_ID,), errors=(404, 503), cached=True))
def recurrence(recurrence_id: str) -> Response:
    """One failure that happened again. By its id, or by that of any of its incidents."""
    etag = tag("recurrence", live().searcher().info.id, today(), recurrence_id)
    return unless_known(etag, lambda: jsonify(one_of(live().recurring.found(), recurrence_id)))
