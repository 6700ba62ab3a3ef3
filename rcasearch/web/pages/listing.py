"""All incidents, filtered, a page at a time."""

from __future__ import annotations

from flask import render_template, request

from rcasearch.query import FILTER_KEYS, parse_limit
from rcasearch.render import page_as_dict
from rcasearch.web import parameters
from rcasearch.web.addresses import listing_url
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import filters_of
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.pages.sifting import sift
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
    found = live().searcher().incidents(filters, offset, PAGE_SIZE)
    pages = {
        "previous": listing_url(filters, max(0, offset - PAGE_SIZE)) if offset else None,
        "next": listing_url(filters, offset + PAGE_SIZE) if offset + PAGE_SIZE < found.total else None,
    }
    sifted = sift("/incidents", filters, found.facets.get("years", ()))
    return render_template("incidents.html", page=page_as_dict(found), pages=pages, sift=sifted, form=sifted.form)
