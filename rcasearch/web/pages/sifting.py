"""Filters in the address of a page that shows many incidents: the form, a link that drops each, and one for every year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from rcasearch.model import NO_FILTERS, Filters
from rcasearch.web.addresses import filter_pairs
from rcasearch.web.pages.forms import Form, as_params, days_of, filled_form, filters_of, without_dropped


@dataclass(frozen=True, slots=True)
class Sift:
    """The filters in force on the page at ``path``, and what they can be changed to; ``counted`` are (year, incidents).

    ``kept`` are the other parameters of the page, such as an order, which stay whatever the filters.
    """

    path: str
    filters: Filters
    form: Form
    counted: tuple[tuple[str, int], ...]
    kept: tuple[tuple[str, str], ...] = ()

    def address(self, filters: Filters | None = None) -> str:
        """The address of the page with these filters, or with those in force."""
        pairs = filter_pairs(self.filters if filters is None else filters) + list(self.kept)
        return self.path + ("?" + urlencode(pairs) if pairs else "")

    @property
    def cleared(self) -> str:
        """The address without any filter."""
        return self.address(NO_FILTERS)

    @property
    def drops(self) -> dict[tuple[str, str], str]:
        """For each filter in force the address without it."""
        params = as_params(self.filters)
        return {
            (name, value): self.address(filters_of(without_dropped({**params, "drop": f"{name}:{value}"})))
            for name, value in self.form.chips
        }

    @property
    def years(self) -> list[tuple[str, int, str]]:
        """(year, incidents, address) of each year on record, newest first; the other filters stay."""
        years = sorted(self.counted, reverse=True)
        return [(year, count, self.address(self._in(year))) for year, count in years]

    def _in(self, year: str) -> Filters:
        since, until = days_of(year)
        return replace(self.filters, since=since, until=until)


def sift(path: str, filters: Filters, years: Iterable[tuple[str, int]] = (), kept: Iterable[tuple[str, str]] = ()) -> Sift:
    """The filters of the page at ``path``, and how many incidents that pass them each year has."""
    return Sift(path, filters, filled_form(as_params(filters)), tuple(years), tuple(kept))
