"""The searcher in force: opened when an index appears, replaced when a newer one does; one and the same within a request."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from flask import current_app, g, has_request_context

from rcasearch.errors import EngineError, IndexMismatchError, RcaSearchError
from rcasearch.model import NO_FILTERS, Filters, IndexInfo, Results
from rcasearch.settings import Settings
from rcasearch.stores import opening
from rcasearch.web.identity import caller
from rcasearch.web.recurring import Recurring
from rcasearch.web.scrubbing import Scrubbing
from rcasearch.web.seeing import clearance
from rcasearch.web.view import Facets, View
from rcasearch.wording import plural

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")
# A look reads one name; of an engine, it asks for some.
LOOK_EVERY_S = 0.2
ASK_EVERY_S = 2.0
# Opening an index that was refused costs more, and the trouble may have been passing, such as too many open files.
REFUSED_FOR_S = 15.0
# As many as a searcher keeps of itself.
_VIEWS = 32


class IndexLoadingError(RcaSearchError):
    """The index is there and is being read."""

    code = "index_loading"


class Live:
    """Hands out the searcher and looks for a newer index, at most five times a second, in an engine less often. Thread-safe.

    What it hands out stays with its generation. Where nobody `follow`s the index, whoever asks when a look is due makes it.
    """

    def __init__(self, settings: Settings, searcher: Searcher | None = None) -> None:
        """``searcher`` answers until there is a newer index. Raises SettingsError and PackageMissingError."""
        opening.check_address(settings)
        self._settings = settings
        self._searcher = searcher
        self._error: RcaSearchError = IndexLoadingError("The index is being loaded.", "Try again in a few seconds.")
        self._looking = threading.Lock()
        self._following, self._stopped = False, threading.Event()
        self._refused, self._refused_at = "", float("-inf")
        self._away: RcaSearchError | None = None
        self._looked = float("-inf") if searcher is None else time.monotonic()
        self._views: OrderedDict[Searcher, View] = OrderedDict()

    def searcher(self) -> Searcher:
        """The searcher in force; within a request the one that it began with, so that no answer is of two indexes.

        It answers from what the caller of the request may see, and from nothing else. Raises what opening the index raised last:
        IndexMissingError, IndexMismatchError, ModelError, EngineError; IndexLoadingError meanwhile.
        """
        if not has_request_context():
            return self._in_force()
        begun: dict[Live, Searcher] = g.setdefault("begun", {})
        if self not in begun:
            begun[self] = self._in_force()
        return begun[self].seen_by(clearance())

    def _in_force(self) -> Searcher:
        if not self._following:
            self._look_if_due()
        if self._searcher is None:
            # Raised again and again, it would hold the frames of every request that it ended.
            raise self._error.with_traceback(None)
        return self._searcher

    @property
    def _every(self) -> float:
        """Seconds between two looks."""
        return LOOK_EVERY_S if opening.is_local(self._settings) else ASK_EVERY_S

    def _look_if_due(self) -> None:
        if time.monotonic() - self._looked >= self._every and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked = time.monotonic()
                self._looking.release()

    def warm(self) -> None:
        """Open the index in the background, so that the server listens at once, and follow it from then on."""
        threading.Thread(target=self._open_and_follow, name="open-index", daemon=True).start()

    def follow(self) -> None:
        """Look for a newer index in the background from now on: no request waits until it is open."""
        threading.Thread(target=self._follow, name="follow-index", daemon=True).start()

    def stop(self) -> None:
        """Follow the index no longer."""
        self._stopped.set()

    @property
    def followed(self) -> bool:
        """Whether the index is followed in the background."""
        return self._following

    def _open_and_follow(self) -> None:
        self.open()
        self._follow()

    def _follow(self) -> None:
        self._following = True
        if opening.is_local(self._settings):
            Scrubbing(self, self._stopped).start()
        while not self._stopped.wait(self._every):
            # No request waits for that: those after it are whether the process lives.
            self._away = self._reached()
            self._look_if_due()

    def facets(self, filters: Filters = NO_FILTERS) -> Facets:
        """What the index can be filtered by, of each kind over the incidents that pass all filters of other kinds.

        Counted once while the index stays. A tag that more than half of the incidents carry tells none of them apart, and is
        left out.
        """
        return self._view().facets(filters)

    def similar(self, incident_id: str, limit: int) -> Results:
        """The neighbours of an incident, kept while the index stays: finding them reads a whole document with the model.

        Raises NotFoundError.
        """
        return self._view().similar(incident_id, limit)

    @property
    def recurring(self) -> Recurring:
        """The failures that happened again."""
        try:
            return self._view().recurring
        except RcaSearchError:
            # It raises the same when it is asked, or says that nothing is known.
            return Recurring(self.searcher)

    def _view(self) -> View:
        """What is kept for the readers of the searcher that answers."""
        searcher = self.searcher()
        found = self._views.get(searcher) or View(searcher)
        # What a request that is under way finds out of an earlier index is of use to nobody after it.
        if self._searcher is not None and searcher.info.id == self._searcher.info.id:
            found = self._views.setdefault(searcher, found)
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        return found

    def open(self) -> None:
        """Open the index, or tell in the log why there is none."""
        try:
            self.searcher()
        except RcaSearchError as error:
            log.warning("No index is served yet: %s %s", error.message, error.hint)

    def _look(self) -> None:
        if time.monotonic() - self._refused_at < REFUSED_FOR_S and self._named() == self._refused:
            return
        try:
            if self._searcher is None:
                self._open()
            else:
                self._turn(self._searcher)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an index, what is in memory still answers
            self._refuse(error)

    def _open(self) -> None:
        from rcasearch.search import Searcher

        searcher = Searcher.open(self._settings)
        searcher.warm()
        self._searcher = searcher
        self._tell()

    def _turn(self, searcher: Searcher) -> None:
        """Turn to the newest index, if there is a newer one that answers."""
        newest = searcher.snapshot()
        if newest.refresh():
            self._searcher = newest
            # What was kept of the one before would only be in the way.
            self._views.clear()
            self._tell()

    def _refuse(self, error: Exception) -> None:
        named = self._named()
        if self._searcher is None:
            self._error = error if isinstance(error, RcaSearchError) else _unopened(error)
        elif named != self._refused:  # it is looked at again and again, and told once
            what = "The engine cannot be asked" if isinstance(error, EngineError) else "A newer index cannot be used"
            log.warning("%s; the index that was opened goes on serving: %s", what, error)
        self._refused, self._refused_at = named, time.monotonic()

    def _named(self) -> str:
        """The index in force; the words of the error where there is none. Those of an engine that is away are ever others."""
        try:
            return opening.newest(self._settings)
        except RcaSearchError as error:
            return error.code if isinstance(error, EngineError) else error.message

    def reach(self) -> None:
        """Go on where what holds the incidents answers, or did a moment ago. Raises EngineError, EngineRefusedError."""
        if not self._following:
            opening.reach(self._settings)
        elif self._away is not None:
            raise self._away.with_traceback(None)

    def _reached(self) -> RcaSearchError | None:
        """Why what holds the incidents does not answer; None where it does."""
        try:
            opening.reach(self._settings)
        except RcaSearchError as error:
            return error
        return None

    def in_force(self) -> IndexInfo | None:
        """What the index is that is served now; None while none is."""
        searcher = self._searcher
        return searcher.info if searcher else None

    def refuse(self, index_id: str, error: RcaSearchError) -> None:
        """Serve an index no longer, if it is still that one which is served."""
        with self._looking:
            if self._searcher is None or self._searcher.info.id != index_id:
                return
            self._searcher, self._error = None, error
            self._refused, self._refused_at = index_id, time.monotonic()
            self._views.clear()
        log.error("The index %s is served no longer: %s %s", index_id, error.message, error.hint)

    def _tell(self) -> None:
        if self._searcher:
            of, told = f" of the tenant {self._settings.tenant}" if self._settings.tenant else "", self._searcher.info
            log.info("Serving index %s%s: %s.", told.id, of, plural(told.incidents, "incident"))


def _unopened(error: Exception) -> RcaSearchError:
    log.error("Opening the index failed.", exc_info=error)
    return IndexMismatchError(f"The index cannot be opened: {type(error).__name__}.", "The log of the server tells more.")


def live() -> Live:
    """The Live that answers this request: of the tenant that its caller is one of, and the same all along."""
    tenant, chosen = caller().tenant, g.setdefault("lives", {})
    if tenant not in chosen:
        chosen[tenant] = current_app.extensions["tenants"].of(tenant)
    found = chosen[tenant]
    assert isinstance(found, Live)
    return found


def own_live() -> Live:
    """The Live of the server's own tenant, whoever asks."""
    found = current_app.extensions["rcasearch"]
    assert isinstance(found, Live)
    return found
