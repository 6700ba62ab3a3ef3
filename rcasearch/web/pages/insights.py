"""What the incidents come to: how many, how long, where, how soon they were ended. Tables, which a script draws as charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from flask import render_template, request

from rcasearch import shapes
from rcasearch.insights import insights as computed
from rcasearch.model import Filters
from rcasearch.query import FILTER_KEYS, parse_filters
from rcasearch.render_insights import insights_as_dict
from rcasearch.web import parameters
from rcasearch.web.addresses import listing_url
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.forms import as_params, filters_of
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.pages.sifting import sift
from rcasearch.web.params import accepts, flat

# In the table of single incidents; the chart and the API have more.
LISTED = 100


@blueprint.get("/insights")
@promises(Operation(PAGES, media=HTML, parameters=lambda _: parameters.filter_parameters(), errors=(503,)))
@accepts(*FILTER_KEYS)
def insights() -> Answer:
    """How many incidents there were, how long they lasted, where, and how soon they were ended."""
    filters = filters_of(flat(request.args, drop_blank=True))
    searcher = live().searcher()
    figures = insights_as_dict(computed(searcher.outlines(filters)), searcher.info.id)
    return render_template(
        "insights.html",
        figures=figures,
        drawn=_drawn(figures),
        sift=sift("/insights", filters, _years(figures["months"])),
        months=[(month, _month(month["name"]), _during(filters, month["name"])) for month in figures["months"]],
        services=[(service, _of_service(filters, service["name"])) for service in figures["services"]],
        listed=LISTED,
    )


def _drawn(figures: shapes.Insights) -> dict[str, object]:
    """What the script draws, without what it has no use for."""
    used = ("months", "quarters", "severities", "services", "mitigated")
    return {name: value for name, value in figures.items() if name in used}


def _years(months: Sequence[shapes.Tallied]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for month in months:
        counts[month["name"][:4]] += month["incidents"]
    return [(year, count) for year, count in counts.items() if count]


def _month(name: str) -> str:
    return f"{date.fromisoformat(f'{name}-01'):%b %Y}"


def _during(filters: Filters, month: str) -> str:
    """The address of the list of the incidents of a month that pass the filters."""
    span = parse_filters({"since": month, "until": month})
    return listing_url(replace(filters, since=span.since, until=span.until))


def _of_service(filters: Filters, service: str) -> str:
    return listing_url(filters_of({**as_params(filters), "service": [service]}))
