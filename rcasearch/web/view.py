"""What is kept of an index for the readers of one clearance, so that nothing of it is found out again for each request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rcasearch.model import NO_FILTERS, Filters, Results
from rcasearch.web.recurring import Recurring

if TYPE_CHECKING:
    from rcasearch.search import Searcher

SIMILAR_KEPT = 1_000
FACETS_KEPT = 100
# Which filters decide what each facet counts, and would leave only themselves to choose.
_OWN: dict[str, dict[str, Any]] = {
    **{name: {name: ()} for name in ("services", "severities", "tags", "statuses")},
    "years": {"since": None, "until": None},
}
Facets = dict[str, tuple[tuple[str, int], ...]]


class View:
    """What was found out by one searcher, which stays with its generation and with what its readers may see. Thread-safe."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._facets: OrderedDict[Filters, Facets] = OrderedDict()
        self._similar: OrderedDict[str, Results] = OrderedDict()
        self.recurring = Recurring(lambda: searcher)

    def facets(self, filters: Filters) -> Facets:
        """As `Live.facets` tells."""
        found = self._facets.get(filters)
        if found is None:
            found = self._facets[filters] = _counted(self._searcher, filters)
            while len(self._facets) > FACETS_KEPT:
                self._facets.popitem(last=False)
        return found

    def similar(self, incident_id: str, limit: int) -> Results:
        """As `Live.similar` tells. Raises NotFoundError."""
        found = self._similar.get(incident_id)
        if found is None or found.query.limit != limit:
            found = self._similar[incident_id] = self._searcher.similar(incident_id, limit)
            while len(self._similar) > SIMILAR_KEPT:
                self._similar.popitem(last=False)
        return found


def _counted(searcher: Searcher, filters: Filters) -> Facets:
    """What is left to choose under the filters: each facet as if it had no filter of its own."""
    own = {name: replace(filters, **gone) for name, gone in _OWN.items()}
    pages = {wanted: searcher.incidents(wanted, 0, 1) for wanted in {filters, NO_FILTERS, *own.values()}}
    whole = pages[NO_FILTERS]
    common = {tag for tag, count in whole.facets.get("tags", ()) if count * 2 > whole.total}
    counts = {name: pages[wanted].facets.get(name, ()) for name, wanted in own.items()}
    return counts | {"tags": tuple((tag, count) for tag, count in counts["tags"] if tag not in common)}
