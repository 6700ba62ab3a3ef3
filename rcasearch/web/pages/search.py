"""The search box and its answer."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, make_response, redirect, render_template, request

from rcasearch import shapes
from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query
from rcasearch.query import FILTER_KEYS, OPTION_KEYS, once, parse_query, reject_unknown
from rcasearch.render import as_dict, page_as_dict
from rcasearch.render_markdown import hit_as_markdown
from rcasearch.settings import Settings
from rcasearch.web import parameters
from rcasearch.web.addresses import listing_url, search_url, unpack
from rcasearch.web.contract import FORM, HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import as_params, changed, filled_form, filters_of
from rcasearch.web.pages.reading import reading, subject
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat, form_params
from rcasearch.web.stages import noted, stage

RECENT = 8
SEARCH_KEYS = ("q", *OPTION_KEYS)
# A page that is open asks with this header for the part of the page below the box, to put it in the place of its own.
PART = "X-Part"


@blueprint.get("/")
@promises(Operation(PAGES, media=HTML, parameters=parameters.box_parameters, redirects=(303,), errors=(503,)))
@accepts("z", *SEARCH_KEYS)
def search() -> Answer:
    """The search box, and under it the precedents of what it holds or the newest incidents."""
    return _answer(flat(request.args, drop_blank=True))


@blueprint.post("/")
@promises(Operation(PAGES, media=HTML, body=parameters.box_body, body_type=FORM, redirects=(303,), errors=(413, 415, 503)))
def submit() -> Answer:
    """Take the form and go to the address of its answer; a text too long for an address is answered here."""
    params = form_params()
    reject_unknown(params, (*SEARCH_KEYS, "drop", "year"))
    params = changed(params)
    if "q" not in params:
        return redirect(listing_url(filters_of(params)) if set(params) & set(FILTER_KEYS) else "/", 303)
    g.form = filled_form(params)
    query = parse_query(params, _settings())
    address = search_url(query, _settings())
    return redirect(address, 303) if address else _results(query)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _answer(params: dict[str, object]) -> Answer:
    g.form = filled_form(params)
    if (packed := params.pop("z", None)) is not None:
        if "q" in params:
            raise InvalidQueryError("This link carries two texts, q and z.", "Keep one of them.", field="z")
        params["q"] = unpack(str(once(packed, "z")), _settings().max_query_chars)
    if "q" in params:
        return _results(parse_query(params, _settings()))
    if set(params) & set(FILTER_KEYS):
        return redirect(listing_url(filters_of(params)), 303)
    recent = page_as_dict(live().searcher().incidents(Filters(), 0, RECENT))
    return _page(form=g.form, recent=recent, results=None)


def _results(query: Query) -> Answer:
    searcher = live().searcher()
    if request.method == "HEAD":
        return Response(mimetype=HTML)
    found = noted(searcher.search(query))
    limit = query.limit if query.limit != _settings().limit else None
    form = filled_form({"q": query.text, "ignore": list(query.ignore), "limit": limit, **as_params(query.filters)})
    shape, address = as_dict(found), search_url(query, _settings())
    with stage("render"):
        told = {"reading": reading(found, shape), "subject": subject(query)}
        return _page(results=shape, form=form, address=address, **told)


@blueprint.app_template_filter("markdown")
def _markdown(hit: shapes.Hit) -> str:
    return hit_as_markdown(hit, _settings().public_url or request.url_root)


def _page(**names: Any) -> Response:
    """The whole page, or the part of it that the page asked for."""
    response = make_response(render_template("_answer.html" if PART in request.headers else "search.html", **names))
    response.vary.add(PART)
    return response
