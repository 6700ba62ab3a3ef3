"""The searcher in force: opened when an index appears, refreshed when a newer one does."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import current_app

from rcasearch.errors import RcaSearchError
from rcasearch.model import NO_FILTERS, Filters, Results
from rcasearch.settings import Settings
from rcasearch.web.recurring import Recurring
from rcasearch.wording import plural

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")
# A look reads one name.
LOOK_EVERY_S = 0.2
SIMILAR_KEPT = 1_000
FACETS_KEPT = 100
# Which filters decide what each facet counts, and would leave only themselves to choose.
_OWN: dict[str, dict[str, Any]] = {
    **{name: {name: ()} for name in ("services", "severities", "tags", "statuses")},
    "years": {"since": None, "until": None},
}
Facets = dict[str, tuple[tuple[str, int], ...]]


class IndexLoadingError(RcaSearchError):
    """The index is there and is being read."""

    code = "index_loading"


class Live:
    """Hands out the searcher and looks for a newer index, at most five times a second. Thread-safe; nobody waits for a look."""

    def __init__(self, settings: Settings, searcher: Searcher | None = None) -> None:
        self._settings = settings
        self._searcher = searcher
        self._error: RcaSearchError = IndexLoadingError("The index is being loaded.", "Try again in a few seconds.")
        self._looking = threading.Lock()
        self._refused = ""
        self._looked = float("-inf") if searcher is None else time.monotonic()
        self._facets: OrderedDict[tuple[str, Filters], Facets] = OrderedDict()
        self._similar: OrderedDict[tuple[str, str], Results] = OrderedDict()
        self.recurring = Recurring(self.searcher)

    def searcher(self) -> Searcher:
        """The searcher in force.

        Raises what opening the index raised last: IndexMissingError, IndexMismatchError, ModelError; IndexLoadingError meanwhile.
        """
        if time.monotonic() - self._looked >= LOOK_EVERY_S and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked = time.monotonic()
                self._looking.release()
        if self._searcher is None:
            raise self._error
        return self._searcher

    def warm(self) -> None:
        """Open the index in the background, so that the server listens at once."""
        threading.Thread(target=self.open, name="open-index", daemon=True).start()

    def facets(self, filters: Filters = NO_FILTERS) -> Facets:
        """What the index can be filtered by, of each kind over the incidents that pass all filters of other kinds.

        Counted once while the index stays. A tag that more than half of the incidents carry tells none of them apart, and is
        left out.
        """
        searcher = self.searcher()
        key = (searcher.info.id, filters)
        found = self._facets.get(key)
        if found is None:
            found = self._facets[key] = _counted(searcher, filters)
            while len(self._facets) > FACETS_KEPT:
                self._facets.popitem(last=False)
        return found

    def similar(self, incident_id: str, limit: int) -> Results:
        """The neighbours of an incident, kept while the index stays: finding them reads a whole document with the model.

        Raises NotFoundError.
        """
        searcher = self.searcher()
        key = (searcher.info.id, incident_id)
        found = self._similar.get(key)
        if found is None or found.query.limit != limit:
            found = self._similar[key] = searcher.similar(incident_id, limit)
            while len(self._similar) > SIMILAR_KEPT:
                self._similar.popitem(last=False)
        return found

    def open(self) -> None:
        """Open the index, or tell in the log why there is none."""
        try:
            self.searcher()
        except RcaSearchError as error:
            log.warning("No index is served yet: %s %s", error.message, error.hint)
        except Exception:
            log.exception("Opening the index failed.")

    def _look(self) -> None:
        if self._searcher is None:
            self._open()
            return
        try:
            if self._searcher.refresh():
                self._refused = ""
                self._tell()
        except Exception as error:  # noqa: BLE001
            # The index in memory still answers: a broken successor must not take the service down.
            if str(error) != self._refused:  # it is looked at again and again, and told once
                self._refused = str(error)
                log.warning("A newer index cannot be used; the one in memory goes on serving: %s", error)

    def _open(self) -> None:
        from rcasearch.search import Searcher

        try:
            searcher = Searcher.open(self._settings)
            searcher.warm()
            self._searcher = searcher
        except RcaSearchError as error:
            self._error = error
        else:
            self._tell()

    def _tell(self) -> None:
        if self._searcher:
            log.info("Serving index %s: %s.", self._searcher.info.id, plural(self._searcher.info.incidents, "incident"))


def _counted(searcher: Searcher, filters: Filters) -> Facets:
    """What is left to choose under the filters: each facet as if it had no filter of its own."""
    own = {name: replace(filters, **gone) for name, gone in _OWN.items()}
    pages = {wanted: searcher.incidents(wanted, 0, 1) for wanted in {filters, NO_FILTERS, *own.values()}}
    whole = pages[NO_FILTERS]
    common = {tag for tag, count in whole.facets.get("tags", ()) if count * 2 > whole.total}
    counts = {name: pages[wanted].facets.get(name, ()) for name, wanted in own.items()}
    return counts | {"tags": tuple((tag, count) for tag, count in counts["tags"] if tag not in common)}


def live() -> Live:
    """The Live of the app that answers this request."""
    found = current_app.extensions["rcasearch"]
    assert isinstance(found, Live)
    return found
