"""The files of the index that is served are read again in the background, slowly; one that is damaged is served no longer."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rcasearch.errors import RcaSearchError
from rcasearch.stores.scrubbing import Scrub

if TYPE_CHECKING:
    from rcasearch.web.live import Live

log = logging.getLogger("rcasearch.web")
# Between looks at the sizes and times of files, and after each 1 MB that is read: at most some 200 MB a second.
LOOK_EVERY_S = 1.0
_PAUSE_S = 0.005
_LEAST_URGENT = 19


class _StoppedError(Exception):
    """The server stops."""


class Scrubbing:
    """Looks after the index that a Live serves, in a thread of its own."""

    def __init__(self, live: Live, stopped: threading.Event) -> None:
        self._live, self._stopped = live, stopped
        self._scrub: Scrub | None = None

    def start(self) -> None:
        """Look until it is stopped."""
        threading.Thread(target=self._run, name="scrub-index", daemon=True).start()

    def _run(self) -> None:
        if sys.platform == "linux":
            # There, each thread has a priority of its own.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_URGENT)
        while not self._stopped.wait(LOOK_EVERY_S):
            try:
                self.look()
            except _StoppedError:
                return
            except Exception:
                log.exception("Looking after the files of the index failed.")

    def look(self) -> None:
        """Look at the files of the index in force once."""
        served = self._live.in_force()
        if served is None:
            return
        if self._scrub is None or self._scrub.id != served.id:
            # One that is gone already is still served by whoever opened it, until the newer one is.
            with suppress(RcaSearchError):
                self._scrub = Scrub(Path(served.path) / served.id, self._pause)
            return
        try:
            self._scrub.look()
        except RcaSearchError as error:
            self._live.refuse(served.id, error)

    def _pause(self) -> None:
        if self._stopped.wait(_PAUSE_S):
            raise _StoppedError
