"""All incidents, filtered, a page at a time."""

from __future__ import annotations

from dataclasses import replace

from flask import render_template, request

from rcasearch.model import Filters
from rcasearch.query import FILTER_KEYS, parse_limit
from rcasearch.render import page_as_dict
from rcasearch.shapes import FacetCount
from rcasearch.web import parameters
from rcasearch.web.addresses import filter_pairs, listing_url
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import as_params, filled_form, filters_of, without_dropped
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.params import accepts, flat

PAGE_SIZE = 50


@blueprint.get("/incidents")
@promises(Operation(PAGES, media=HTML, parameters=parameters.page_parameters, errors=(503,)))
@accepts("offset", *FILTER_KEYS)
def incidents() -> Answer:
    """All incidents, newest first, filtered and a page at a time."""
    params = flat(request.args, drop_blank=True)
    offset = parse_limit(params.get("offset"), 0, field="offset", low=0, high=10_000_000)
    filters = filters_of(params)
    page = page_as_dict(live().searcher().incidents(filters, offset, PAGE_SIZE))
    pages = {
        "previous": listing_url(filters, max(0, offset - PAGE_SIZE)) if offset else None,
        "next": listing_url(filters, offset + PAGE_SIZE) if offset + PAGE_SIZE < page["total"] else None,
    }
    drops = {(name, value): _listing_without(filters, name, value) for name, value in filter_pairs(filters)}
    years = _years(page["facets"].get("years", []), filters)
    return render_template(
        "incidents.html", page=page, pages=pages, drops=drops, years=years, form=filled_form(as_params(filters))
    )


def _listing_without(filters: Filters, name: str, value: str) -> str:
    params = without_dropped({**as_params(filters), "drop": f"{name}:{value}"})
    return listing_url(filters_of(params))


def _years(facet: list[FacetCount], filters: Filters) -> list[tuple[str, int, str]]:
    """(year, incidents, address) of each year, newest first; the other filters stay."""
    years = sorted(((str(entry["value"]), entry["count"]) for entry in facet), reverse=True)
    spans = ((year, total, replace(filters, since=f"{year}-01-01", until=f"{year}-12-31")) for year, total in years)
    return [(year, total, listing_url(span)) for year, total, span in spans]
