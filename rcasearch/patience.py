"""How long somebody waits for what another thread works out of the whole index: a request must not hold up searches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rcasearch.errors import OverviewPendingError

PATIENCE = 3.0


@contextmanager
def held(lock: threading.Lock) -> Iterator[None]:
    """Hold the lock. Raises OverviewPendingError where another thread has it for more than ``PATIENCE`` seconds."""
    if not lock.acquire(timeout=PATIENCE):
        raise OverviewPendingError(
            "Which failures happened again is being worked out for this index.", "Ask again in a few seconds."
        )
    try:
        yield
    finally:
        lock.release()
