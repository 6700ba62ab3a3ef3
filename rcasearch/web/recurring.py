"""The failures that happened again, found once for each index: finding them reads every incident that belongs to one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rcasearch.errors import OverviewPendingError, RcaSearchError
from rcasearch.model import NO_FILTERS, Filters
from rcasearch.patience import held
from rcasearch.render_recurrences import recurrences_as_dicts
from rcasearch.shapes import Recurrence

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")
Found = tuple[Recurrence, ...]


def today() -> date:
    """The day by which it is told what is overdue."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found in one index, on one day, and which failure each incident belongs to."""

    key: tuple[str, date]
    found: Found
    of: dict[str, Recurrence]


class Recurring:
    """The failures of the index in force. Thread-safe; whoever asks first waits until they are found.

    Who else asks meanwhile waits a while, and then is raised OverviewPendingError.
    """

    def __init__(self, searcher: Callable[[], Searcher]) -> None:
        self._searcher = searcher
        self._finding = threading.Lock()
        self._kept: _Kept | None = None

    def found(self, filters: Filters = NO_FILTERS) -> Found:
        """Those of which an incident passes the filters, the one that happened last first."""
        found = self._all().found
        if not filters:
            return found
        passing = {outline.id for outline in self._searcher().outlines(filters)}
        return tuple(one for one in found if any(incident["id"] in passing for incident in one["incidents"]))

    def of(self, incident_id: str) -> Recurrence | None:
        """The failure that an incident belongs to."""
        return self._all().of.get(incident_id)

    def known_of(self, incident_id: str) -> Recurrence | None:
        """The same for who cannot wait: None until they are found, which is begun now."""
        try:
            key = self._key(self._searcher())
        except RcaSearchError:
            return None
        kept = self._kept
        if kept is not None and kept.key == key:
            return kept.of.get(incident_id)
        if not self._finding.locked():
            threading.Thread(target=self._find_quietly, name="find-recurrences", daemon=True).start()
        return None

    def _key(self, searcher: Searcher) -> tuple[str, date]:
        return searcher.info.id, today()

    def _all(self) -> _Kept:
        searcher = self._searcher()
        key = self._key(searcher)
        with held(self._finding):
            if self._kept is None or self._kept.key != key:
                found = recurrences_as_dicts(searcher.recurrences(), key[1])
                self._kept = _Kept(key, found, {incident["id"]: one for one in found for incident in one["incidents"]})
            return self._kept

    def _find_quietly(self) -> None:
        try:
            self._all()
        except OverviewPendingError:
            # Another thread is at it.
            return
        except Exception:
            log.exception("Looking for the failures that happened again failed.")
