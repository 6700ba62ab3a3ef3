"""The search box and its answer."""

from __future__ import annotations

from dataclasses import replace

from flask import current_app, g, redirect, render_template, request

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query
from rcasearch.query import FILTER_KEYS, OPTION_KEYS, once, parse_filters, parse_query, reject_unknown
from rcasearch.render import as_dict, page_as_dict
from rcasearch.render_understood import source_in_words
from rcasearch.settings import Settings
from rcasearch.web import parameters
from rcasearch.web.addresses import filter_pairs, listing_url, search_url, unpack
from rcasearch.web.contract import FORM, HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import as_params, filled_form, filters_of, without_dropped
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat, form_params
from rcasearch.web.stages import noted, stage

RECENT = 8
SEARCH_KEYS = ("q", *OPTION_KEYS)


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
    reject_unknown(params, (*SEARCH_KEYS, "drop"))
    params = without_dropped(params)
    if "q" not in params:
        return redirect(listing_url(filters_of(params)) if len(params) else "/", 303)
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
    return render_template("search.html", form=g.form, recent=recent, results=None)


def _results(query: Query) -> Answer:
    found = noted(live().searcher().search(query))
    form = filled_form({"q": query.text, **as_params(query.filters)})
    page = {"form": form, "address": search_url(query, _settings()), "offers": _offers(query, found.suggested)}
    with stage("render"):
        return render_template("search.html", results=as_dict(found), understood=_understood(query), **page)


def _understood(query: Query) -> str:
    """What a payload was understood as, in words; nothing for what is searched as it stands."""
    understood = query.understood
    return source_in_words(understood) if understood and understood.source not in ("text", "log") else ""


def _offers(query: Query, suggested: Filters) -> list[tuple[str, str, str | None]]:
    """(parameter, value, address of the answer with this filter as well) of each filter on offer."""
    with_each = [
        (name, value, replace(query, filters=parse_filters({**as_params(query.filters), name: [value]})))
        for name, value in filter_pairs(suggested)
    ]
    return [(name, value, search_url(narrowed, _settings())) for name, value, narrowed in with_each]
