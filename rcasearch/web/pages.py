"""The pages: the same dicts as the API, through templates. Everything works without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from rcasearch.errors import InvalidQueryError, RcaSearchError
from rcasearch.model import Filters, Query
from rcasearch.query import FILTER_KEYS, once, parse_filters, parse_limit, parse_query, reject_unknown
from rcasearch.render import as_dict, incident_as_dict, incident_url, page_as_dict, problem_as_dict, summary_as_dict
from rcasearch.render_understood import source_in_words
from rcasearch.settings import Settings
from rcasearch.shapes import FacetCount
from rcasearch.web import documents, parameters
from rcasearch.web.addresses import filter_pairs, listing_url, search_url, unpack
from rcasearch.web.contract import FORM, HTML, PAGES, Operation, promises
from rcasearch.web.live import Facets, live
from rcasearch.web.params import accepts, flat, form_params
from rcasearch.web.present import public_info
from rcasearch.web.stages import noted, stage

blueprint = Blueprint("pages", __name__)
Answer = str | Response | BaseResponse
PAGE_SIZE = 50
RECENT = 8
SIMILAR = 5
SEARCH_KEYS = ("q", "limit", *FILTER_KEYS)
FACETS = {"service": "services", "severity": "severities", "tag": "tags", "status": "statuses"}


@dataclass(frozen=True, slots=True)
class Form:
    """What the search form shows: the text, the values chosen and those to choose from."""

    text: str = ""
    chosen: dict[str, list[str]] = field(default_factory=dict)
    facets: Facets = field(default_factory=dict)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Every active filter as (parameter, value)."""
        return [(name, value) for name in FILTER_KEYS for value in self.chosen.get(name, [])]

    def options(self, name: str) -> list[tuple[str, int | None, bool]]:
        """(value, incidents, chosen) of one filter; a chosen value that no incident has is kept, without a number."""
        counts = self.facets.get(FACETS[name], ())
        chosen = self.chosen.get(name, [])
        folded = {value.casefold() for value in chosen}
        listed: list[tuple[str, int | None, bool]] = [(value, count, value.casefold() in folded) for value, count in counts]
        known = {value.casefold() for value, _ in counts}
        return [(value, None, True) for value in chosen if value.casefold() not in known] + listed


@blueprint.get("/")
@promises(Operation(PAGES, media=HTML, parameters=parameters.box_parameters, redirects=(303,), errors=(503,)))
@accepts("q", "z", "limit", *FILTER_KEYS)
def search() -> Answer:
    """The search box, and under it the precedents of what it holds or the newest incidents."""
    return _answer(flat(request.args, drop_blank=True))


@blueprint.post("/")
@promises(Operation(PAGES, media=HTML, body=parameters.box_body, body_type=FORM, redirects=(303,), errors=(413, 415, 503)))
def submit() -> Answer:
    """Take the form and go to the address of its answer; a text too long for an address is answered here."""
    params = form_params()
    reject_unknown(params, (*SEARCH_KEYS, "drop"))
    params = _without_dropped(params)
    if "q" not in params:
        return redirect(listing_url(_filters(params)) if len(params) else "/", 303)
    g.form = _form(params)
    query = parse_query(params, _settings())
    address = search_url(query, _settings())
    return redirect(address, 303) if address else _results(query)


@blueprint.get("/incidents")
@promises(Operation(PAGES, media=HTML, parameters=parameters.page_parameters, errors=(503,)))
@accepts("offset", *FILTER_KEYS)
def incidents() -> Answer:
    """All incidents, newest first, filtered and a page at a time."""
    params = flat(request.args, drop_blank=True)
    offset = parse_limit(params.get("offset"), 0, field="offset", low=0, high=10_000_000)
    filters = _filters(params)
    page = page_as_dict(live().searcher().incidents(filters, offset, PAGE_SIZE))
    pages = {
        "previous": listing_url(filters, max(0, offset - PAGE_SIZE)) if offset else None,
        "next": listing_url(filters, offset + PAGE_SIZE) if offset + PAGE_SIZE < page["total"] else None,
    }
    drops = {(name, value): _listing_without(filters, name, value) for name, value in filter_pairs(filters)}
    years = _years(page["facets"].get("years", []), filters)
    return render_template("incidents.html", page=page, pages=pages, drops=drops, years=years, form=_form(_as_params(filters)))


@blueprint.get("/incidents/<incident_id>")
@promises(Operation(PAGES, media=HTML, parameters=parameters.document_parameters, redirects=(302,), errors=(404, 503)))
@accepts("lines")
def incident(incident_id: str) -> Answer:
    """One incident: its facts, its document, its neighbours. ``lines`` marks a passage, as in ``12-20``."""
    lines = _lines(once(flat(request.args).get("lines"), "lines"))
    searcher = live().searcher()
    found = searcher.incident(incident_id)
    if found.id != incident_id:
        return redirect(incident_url(found.id), 302)
    return render_template(
        "incident.html",
        incident=incident_as_dict(found),
        document=documents.render(searcher.source(found.id), found.links, found.title, lines),
        similar=as_dict(live().similar(found.id, SIMILAR))["hits"],
        backlinks=[summary_as_dict(other) for other in searcher.backlinks(found.id)],
    )


@blueprint.get("/about")
@promises(Operation(PAGES, media=HTML, errors=(503,)))
def about() -> Answer:
    """What is indexed, when, by which model, and what is wrong with the documents."""
    searcher = live().searcher()
    problems = [problem_as_dict(problem) for problem in searcher.problems()]
    return render_template("about.html", info=public_info(searcher.info), problems=problems)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _answer(params: dict[str, object]) -> Answer:
    g.form = _form(params)
    if (packed := params.pop("z", None)) is not None:
        if "q" in params:
            raise InvalidQueryError("This link carries two texts, q and z.", "Keep one of them.", field="z")
        params["q"] = unpack(str(once(packed, "z")), _settings().max_query_chars)
    if "q" in params:
        return _results(parse_query(params, _settings()))
    if set(params) & set(FILTER_KEYS):
        return redirect(listing_url(_filters(params)), 303)
    recent = page_as_dict(live().searcher().incidents(Filters(), 0, RECENT))
    return render_template("search.html", form=g.form, recent=recent, results=None)


def _results(query: Query) -> Answer:
    found = noted(live().searcher().search(query))
    form = _form({"q": query.text, **_as_params(query.filters)})
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
        (name, value, replace(query, filters=parse_filters({**_as_params(query.filters), name: [value]})))
        for name, value in filter_pairs(suggested)
    ]
    return [(name, value, search_url(narrowed, _settings())) for name, value, narrowed in with_each]


def _form(params: Mapping[str, object]) -> Form:
    """The form filled in with what was given, valid or not; without choices while no index is loaded."""
    chosen = {name: [str(value) for value in _list(params[name])] for name in FILTER_KEYS if name in params}
    try:
        facets = live().facets()
    except RcaSearchError:
        facets = {}
    return Form(str(params.get("q", "")), chosen, facets)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _filters(params: Mapping[str, object]) -> Filters:
    return parse_filters({name: value for name, value in params.items() if name in FILTER_KEYS})


def _as_params(filters: Filters) -> dict[str, object]:
    params: dict[str, list[str]] = {}
    for name, value in filter_pairs(filters):
        params.setdefault(name, []).append(value)
    return {name: values if name in FACETS else values[0] for name, values in params.items()}


def _without_dropped(params: dict[str, object]) -> dict[str, object]:
    """The parameters without the filter whose button was pressed: ``drop`` is ``service:checkout``, or ``all``."""
    drop = str(params.pop("drop", ""))
    if drop == "all":
        return {name: value for name, value in params.items() if name not in FILTER_KEYS}
    name, _, gone = drop.partition(":")
    if name in params:
        params[name] = [value for value in _list(params[name]) if value != gone]
    return {name: value for name, value in params.items() if value != []}


def _listing_without(filters: Filters, name: str, value: str) -> str:
    params = _without_dropped({**_as_params(filters), "drop": f"{name}:{value}"})
    return listing_url(_filters(params))


def _years(facet: list[FacetCount], filters: Filters) -> list[tuple[str, int, str]]:
    """(year, incidents, address) of each year, newest first; the other filters stay."""
    years = sorted(((str(entry["value"]), entry["count"]) for entry in facet), reverse=True)
    spans = ((year, total, replace(filters, since=f"{year}-01-01", until=f"{year}-12-31")) for year, total in years)
    return [(year, total, listing_url(span)) for year, total, span in spans]


def _lines(given: object) -> tuple[int, int] | None:
    if given is None:
        return None
    found = re.fullmatch(r"([0-9]{1,7})-([0-9]{1,7})", str(given))
    if found is None:
        raise InvalidQueryError(f"lines is {str(given)[:40]!r}.", "Give two line numbers, as in 12-20.", field="lines")
    return int(found[1]), int(found[2])
