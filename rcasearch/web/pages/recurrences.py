"""Failures that happened again: all of them to be compared, and one of them to be read."""

from __future__ import annotations

from dataclasses import replace

from flask import redirect, render_template, request

from rcasearch.model import Filters, Order
from rcasearch.query import FILTER_KEYS, ORDERS, parse_limit, parse_order
from rcasearch.render import incident_as_dict
from rcasearch.render_recurrences import one_of, page_of
from rcasearch.shapes import Recurrence, Recurrences
from rcasearch.web import parameters
from rcasearch.web.charts import axis_of, chart_of
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import filters_of
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.pages.sifting import Sift, sift
from rcasearch.web.params import accepts, flat
from rcasearch.web.recurring import today

PAGE_SIZE = 20
# Of a failure that happened hundreds of times, the newest are told whole.
WHOLE = 30


@blueprint.get("/recurrences")
@promises(Operation(PAGES, media=HTML, parameters=parameters.recurrences_page_parameters, errors=(503,)))
@accepts("offset", "order", *FILTER_KEYS)
def recurrences() -> Answer:
    """Failures that happened again, ordered and filtered, a page at a time."""
    params = flat(request.args, drop_blank=True)
    offset = parse_limit(params.get("offset"), 0, field="offset", low=0, high=parameters.OFFSET_MAX)
    order = parse_order(params.get("order"))
    sifted = _sift(filters_of(params), order)
    found = live().recurring.found(sifted.filters)
    page = page_of(found, live().searcher().info.id, PAGE_SIZE, offset, order)
    axis = axis_of(found, today())
    return render_template(
        "recurrences.html",
        page=page,
        axis=axis,
        charts=[chart_of(one, axis) for one in page["recurrences"]],
        orders=[(name, _sift(sifted.filters, name).address()) for name in ORDERS],
        pages=_neighbours(page, sifted),
        sift=sifted,
        form=sifted.form,
    )


@blueprint.get("/recurrences/<path:recurrence_id>")
@promises(Operation(PAGES, media=HTML, parameters=lambda _: (parameters.RECURRENCE_ID,), redirects=(302,), errors=(404, 503)))
def recurrence(recurrence_id: str) -> Answer:
    """One failure that happened again: each time with its cause, its fix and how that fared."""
    found = one_of(live().recurring.found(), recurrence_id)
    if found["id"] != recurrence_id:
        return redirect(found["url"], 302)
    newest = found["incidents"][-WHOLE:]
    searcher, axis = live().searcher(), axis_of([found], today())
    return render_template(
        "recurrence.html",
        recurrence=found,
        axis=axis,
        chart=chart_of(found, axis),
        earlier=found["incidents"][: -len(newest)],
        incidents=[incident_as_dict(searcher.incident(one["id"])) for one in newest],
        fixes={fix["incident_id"]: fix for fix in found["fixes"]},
        partners=_partners(found),
    )


def _sift(filters: Filters, order: Order) -> Sift:
    return sift("/recurrences", filters, kept=[("order", order)] if order != ORDERS[0] else [])


def _neighbours(page: Recurrences, sifted: Sift) -> dict[str, str | None]:
    before, after = page["offset"] - PAGE_SIZE, page["offset"] + PAGE_SIZE
    return {
        "previous": _at(sifted, max(0, before)) if page["offset"] else None,
        "next": _at(sifted, after) if after < page["total"] else None,
    }


def _at(sifted: Sift, offset: int) -> str:
    return replace(sifted, kept=(*sifted.kept, ("offset", str(offset)))).address()


def _partners(found: Recurrence) -> dict[str, list[str]]:
    """The ids of the incidents whose documents and an incident's name each other."""
    partners: dict[str, list[str]] = {}
    for one, other in found["linked"]:
        partners.setdefault(one, []).append(other)
        partners.setdefault(other, []).append(one)
    return partners
