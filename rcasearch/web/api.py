"""The HTTP API: parameters in, the result shape of ``rcasearch.render`` out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from flask import Blueprint, Response, current_app, jsonify, request

from rcasearch import shapes
from rcasearch.errors import GoneError, InvalidQueryError, RcaSearchError
from rcasearch.model import Query
from rcasearch.query import (
    FILTER_KEYS,
    OPTION_KEYS,
    full_names,
    parse_filters,
    parse_limit,
    parse_payload,
    parse_query,
    reject_unknown,
)
from rcasearch.render import as_dict, incident_as_dict, page_as_dict
from rcasearch.settings import Settings
from rcasearch.tokens import READ
from rcasearch.web import parameters
from rcasearch.web.caching import NEVER, tag, unless_known
from rcasearch.web.contract import PUBLIC, Operation, promises
from rcasearch.web.failures import failure_of, problem_details
from rcasearch.web.identity import caller
from rcasearch.web.live import IndexLoadingError, live, own_live
from rcasearch.web.naming import incident_called
from rcasearch.web.params import accepts, flat, json_body, json_params
from rcasearch.web.present import public_info
from rcasearch.web.stages import noted, stage

if TYPE_CHECKING:
    from rcasearch.search import Searcher

blueprint = Blueprint("api", __name__)


class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(TypedDict):
    """An index can be searched."""

    status: Literal["ready"]
    index: shapes.Index | None


class BatchItem(TypedDict):
    """The answer to one query of a batch: a result, or what is wrong with the query."""

    result: shapes.Results | None
    problem: shapes.ProblemDetails | None


class Batch(TypedDict):
    """The answers to a batch, in the order of its queries."""

    results: list[BatchItem]
    took_ms: float


@blueprint.get("/healthz")
@promises(Operation("service", Health, scope=PUBLIC))
def healthz() -> Response:
    """Whether the process answers. Says nothing about an index."""
    return _fresh({"status": "ok"})


@blueprint.get("/readyz")
@promises(Operation("service", Ready, errors=(503,), scope=PUBLIC))
def readyz() -> Response:
    """Whether an index is loaded and can be searched, and which, for those who may read it. 503 with the reason until then.

    It is that of the server's own tenant, whoever asks.
    """
    if caller().may(READ) and caller().tenant is None:
        found, info = live(), public_info(live().searcher().info)
        found.reach()
        return _fresh({"status": "ready", "index": info})
    try:
        own_live().searcher()
        own_live().reach()
    except RcaSearchError:
        # The reason may name folders.
        raise IndexLoadingError("No index can be searched yet.", "The server's log says why.") from None
    return _fresh({"status": "ready", "index": None})


@blueprint.get("/api/v1/search")
@promises(Operation("search", shapes.Results, parameters.search_parameters, errors=(503,)))
@accepts("*")
def search() -> Response:
    """Precedents of a text in the address. A long text fits into a POST only."""
    with stage("read"):
        query = parse_query(flat(request.args), _settings())
    return _answer(query)


@blueprint.post("/api/v1/search")
@promises(Operation("search", shapes.Results, parameters.posted_parameters, body=parameters.posted_body, errors=(413, 415, 503)))
@accepts("k", *OPTION_KEYS)
def search_posted() -> Response:
    """Precedents of a text in a JSON object, or of an alert. The payload of an alerting tool may be posted as it is: it is
    recognised by its shape. Only then do limit, ignore and filters stand in the address.
    """
    with stage("read"):
        query = parse_payload(json_body(), flat(request.args), _settings()) or parse_query(json_params(), _settings())
    return _answer(query)


@blueprint.post("/api/v1/search/batch")
@promises(Operation("search", Batch, body=parameters.batch_body, errors=(413, 415, 503)))
@accepts("*")
def search_batch() -> Response:
    """Precedents of several texts. Each query gets a result or a problem, so that one that is wrong hides none of the others."""
    began = time.perf_counter()
    queries = _queries(json_params())
    # One searcher for all: an index that is replaced meanwhile does not part the answers.
    searcher = live().searcher()
    results = [_batch_item(searcher, query) for query in queries]
    return _fresh(Batch(results=results, took_ms=round((time.perf_counter() - began) * 1000, 1)))


@blueprint.get("/api/v1/incidents")
@promises(Operation("incidents", shapes.Page, parameters.listing_parameters, errors=(503,), cached=True))
@accepts("*")
def incidents() -> Response:
    """Incidents, newest first, a page at a time. With facet counts over all that pass the filters."""
    params = full_names(flat(request.args), ("offset", "limit", *FILTER_KEYS))
    offset = parse_limit(params.get("offset"), 0, field="offset", low=0, high=parameters.OFFSET_MAX)
    limit = parse_limit(params.get("limit"), parameters.PAGE_DEFAULT, high=parameters.PAGE_MAX)
    filters = parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})
    searcher = live().searcher()
    etag = tag("incidents", searcher.info.id, filters, offset, limit)
    return unless_known(etag, lambda: jsonify(page_as_dict(searcher.incidents(filters, offset, limit))))


@blueprint.get("/api/v1/incidents/<path:incident_id>")
@promises(Operation("incidents", shapes.Incident, lambda _: (parameters.ID,), errors=(404, 503), cached=True))
def incident(incident_id: str) -> Response:
    """One incident with its sections."""
    searcher = live().searcher()
    etag = tag("incident", searcher.info.id, incident_id)
    return unless_known(etag, lambda: jsonify(incident_as_dict(incident_called(searcher, incident_id))))


@blueprint.get("/api/v1/incidents/<path:incident_id>/similar")
@promises(
    Operation(
        "incidents",
        shapes.Results,
        lambda settings: (parameters.ID, *parameters.similar_parameters(settings)),
        errors=(404, 503),
        cached=True,
    )
)
@accepts("*")
def similar(incident_id: str) -> Response:
    """The incidents most like this one. Being among the most alike is not mutual."""
    params = full_names(flat(request.args), ("limit", *FILTER_KEYS))
    limit = parse_limit(params.get("limit"), _settings().limit)
    filters = parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})
    searcher = live().searcher()
    etag = tag("similar", searcher.info.id, incident_id, limit, filters)
    return unless_known(etag, lambda: jsonify(as_dict(searcher.similar(_id(searcher, incident_id), limit, filters))))


def _id(searcher: Searcher, name: str) -> str:
    return incident_called(searcher, name).id


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _answer(query: Query) -> Response:
    searcher = live().searcher()
    if request.method == "HEAD":
        return _fresh(None)  # its body is never sent
    results = noted(searcher.search(query))
    with stage("render"):
        return _fresh(as_dict(results))


def _queries(params: dict[str, object]) -> list[object]:
    reject_unknown(params, ("queries",))
    queries = params.get("queries")
    if not isinstance(queries, list) or not queries:
        raise InvalidQueryError(
            "queries must be a list with a query in it.", 'Send {"queries": [{"text": "checkout times out"}]}.', field="queries"
        )
    if len(queries) > (most := _settings().max_batch):
        raise InvalidQueryError(
            f"The batch has {len(queries):,} queries; {most:,} are allowed.",
            "Send it in parts, or raise RCASEARCH_MAX_BATCH.",
            field="queries",
        )
    return queries


def _batch_item(searcher: Searcher, params: object) -> BatchItem:
    try:
        with stage("read"):
            if not isinstance(params, dict):
                raise InvalidQueryError("The query is not an object.", 'Send an object like {"text": "checkout times out"}.')
            query = parse_query(params, _settings())
        results = noted(searcher.search(query))
        with stage("render"):
            return {"result": as_dict(results), "problem": None}
    except GoneError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever breaks on one query, the others are answered
        return {"result": None, "problem": problem_details(failure_of(error))}


def _fresh(answer: Any) -> Response:
    """An answer that nobody may keep: it holds what was asked, or tells of this moment."""
    response = jsonify(answer)
    response.headers["Cache-Control"] = NEVER
    return response
