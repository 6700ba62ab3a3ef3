"""How much of the processor something may take, whatever else runs on the machine."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(BaseException):
    """It took more than it may. No Exception: what is tried may catch those."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TooSlowError when what runs inside has taken so many seconds of this process's CPU.

    Linear work at the sizes that the tests use takes a hundredth of what they allow, quadratic work a multiple of it.
    """
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError
