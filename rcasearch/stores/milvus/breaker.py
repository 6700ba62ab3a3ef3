"""A circuit breaker: whom nobody has reached of late is not asked, but for one who tries whether he is back.

After Nygard, "Release It!", 2007.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed at first. Open for ``rest`` seconds after ``most`` failures in a row; then one may try. Thread-safe."""

    def __init__(self, most: int = 5, rest: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._rest, self._clock = most, rest, clock
        self._failures, self._until, self._trying = 0, 0.0, False
        self._lock = threading.Lock()

    def waits(self) -> float:
        """Seconds until one may ask; 0 where one may now. Who gets 0 tells how it went, by `worked`, `failed` or `left_off`."""
        with self._lock:
            if self._failures < self._most:
                return 0.0
            rest = self._until - self._clock()
            if rest > 0 or self._trying:
                # The one who tries will know soon.
                return max(rest, 1.0)
            self._trying = True
            return 0.0

    def worked(self) -> None:
        """It was reached."""
        with self._lock:
            self._failures, self._trying = 0, False

    def failed(self) -> None:
        """It was not reached."""
        with self._lock:
            self._failures, self._trying = self._failures + 1, False
            if self._failures >= self._most:
                self._until = self._clock() + self._rest

    def left_off(self) -> None:
        """Who asked did not find out."""
        with self._lock:
            self._trying = False
