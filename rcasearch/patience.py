"""How long anything may take: the time of a request, and how long one waits for what another thread does.

The limit belongs to the context that set it (`contextvars`), so that what is deep below a request need not be handed it. Nothing
is interrupted: who works on a request asks between two steps whether to go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from rcasearch.errors import GoneError, OverviewPendingError, TimedOutError

PATIENCE = 3.0
# Who waits in turn looks so often whether anybody still waits for the answer.
_LOOK_S = 0.25


class Limit(NamedTuple):
    """Until when an answer is wanted, in seconds of ``time.monotonic``; how many that was; and whether nobody waits any more."""

    until: float
    seconds: float
    gone: Callable[[], bool]


_limit: ContextVar[Limit | None] = ContextVar("limit", default=None)


def set_limit(limit: Limit | None) -> None:
    """Limit what is done in this context from now on; None lifts the limit."""
    _limit.set(limit)


def check() -> None:
    """Go on, or not. Raises TimedOutError where the time is up, and GoneError where nobody waits for the answer."""
    limit = _limit.get()
    if limit is None:
        return
    if limit.gone():
        raise GoneError("Whoever asked has gone.")
    if time.monotonic() >= limit.until:
        raise TimedOutError(
            f"There was no answer within {limit.seconds:g} seconds.",
            "The server is busy, or the request asks for very much: try again in a few seconds, or ask for less.",
        )


def left(most: float) -> float:
    """The seconds that may be waited for something: what is left of the limit, no more than ``most``."""
    limit = _limit.get()
    return most if limit is None else max(0.0, min(most, limit.until - time.monotonic()))


@contextmanager
def in_turn(slots: threading.Semaphore) -> Iterator[None]:
    """Hold one of the slots as soon as there is one. Raises as `check` does, while it waits as well."""
    check()
    while not slots.acquire(timeout=left(_LOOK_S)):
        check()
    try:
        check()
        yield
    finally:
        slots.release()


@contextmanager
def held(lock: threading.Lock) -> Iterator[None]:
    """Hold the lock. Raises OverviewPendingError where another thread has it for more than ``PATIENCE`` seconds."""
    if not lock.acquire(timeout=left(PATIENCE)):
        raise OverviewPendingError(
            "Which failures happened again is being worked out for this index.", "Ask again in a few seconds."
        )
    try:
        yield
    finally:
        lock.release()
