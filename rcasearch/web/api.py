"""The HTTP API: parameters in, the result shape of ``rcasearch.render`` out."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request

from rcasearch.query import FILTER_KEYS, full_names, parse_filters, parse_limit, parse_query
from rcasearch.render import as_dict, incident_as_dict, page_as_dict
from rcasearch.settings import Settings
from rcasearch.web.live import live
from rcasearch.web.params import accepts, flat, json_params
from rcasearch.web.present import public_info

blueprint = Blueprint("api", __name__)
PAGE_MAX = 200
OFFSET_MAX = 10_000_000


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers; says nothing about an index."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """An index is loaded and can be searched; 503 with the reason until then."""
    return jsonify({"status": "ready", "index": public_info(live().searcher().info)})


@blueprint.route("/api/v1/search", methods=["GET", "POST"])
@accepts("*")
def search() -> Response:
    """Precedents of a text. GET reads the query string, POST a JSON object."""
    settings: Settings = current_app.config["SETTINGS"]
    params = flat(request.args) if request.method in ("GET", "HEAD") else json_params()
    query = parse_query(params, settings)
    return jsonify(as_dict(live().searcher().search(query)))


@blueprint.get("/api/v1/incidents")
@accepts("*")
def incidents() -> Response:
    """Incidents, newest first, a page at a time, with facet counts over all that pass the filters."""
    params = full_names(flat(request.args), ("offset", "limit", *FILTER_KEYS))
    offset = parse_limit(params.get("offset"), 0, field="offset", low=0, high=OFFSET_MAX)
    limit = parse_limit(params.get("limit"), 50, high=PAGE_MAX)
    filters = parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})
    return jsonify(page_as_dict(live().searcher().incidents(filters, offset, limit)))


@blueprint.get("/api/v1/incidents/<incident_id>")
def incident(incident_id: str) -> Response:
    """One incident with its sections, by id or file name."""
    return jsonify(incident_as_dict(live().searcher().incident(incident_id)))


@blueprint.get("/api/v1/incidents/<incident_id>/similar")
@accepts("*")
def similar(incident_id: str) -> Response:
    """The incidents most like this one."""
    settings: Settings = current_app.config["SETTINGS"]
    params = full_names(flat(request.args), ("limit", *FILTER_KEYS))
    limit = parse_limit(params.get("limit"), settings.limit)
    filters = parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})
    return jsonify(as_dict(live().searcher().similar(incident_id, limit, filters)))
