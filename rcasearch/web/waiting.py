"""Who is answered when: a line of bounded length before the threads of a process, and a way past it for what must not wait.

A line without bounds answers everybody too late once it is long. Here, who comes to a full line is told so at once, and so is who
has waited for too long when his turn comes: what is searched is still wanted.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from rcasearch.web.failures import Failure

# Whoever watches over the server must hear from it when it has most to do; the files of the pages cost next to nothing.
AT_ONCE = ("/healthz", "/readyz", "/metrics", "/static/")
# Of the time that a request has, so much may go by before it is begun.
_SHARE = 1 / 3
BUSY = Failure(
    503,
    "server_busy",
    "The server has more requests than it can answer.",
    "Try again in a few seconds.",
    headers=(("Retry-After", "2"),),
)


class Line(ThreadedTaskDispatcher):
    """The threads that answer, the channels whose requests wait for one of them, and a thread for what must not wait."""

    def __init__(self, threads: int, most: int, timeout: float) -> None:
        """So many may wait; a request has ``timeout`` seconds in all."""
        super().__init__()
        # How many wait is a figure of /metrics, not a line of the log for each of them.
        self.queue_logger = logging.getLogger(__name__)
        self.queue_logger.setLevel(logging.ERROR)
        self._most, self._longest = most, timeout * _SHARE
        self._aside = ThreadedTaskDispatcher()
        self._aside.queue_logger = self.queue_logger
        self.set_thread_count(threads)
        self._aside.set_thread_count(1)

    def add_task(self, task: Any) -> None:
        """Put a channel in the line, or past it; where the line is full, have its request refused."""
        task.arrived = time.monotonic()
        request = task.requests[0]
        if request.error is None and not str(request.path).startswith(AT_ONCE):
            if len(self.queue) < self._most:
                super().add_task(task)
                return
            task.refuse(BUSY)
        self._aside.add_task(task)

    def too_late(self, task: Any) -> bool:
        """Whether the request of a channel has waited for too long to be begun now."""
        return time.monotonic() - float(task.arrived) > self._longest

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self.queue)

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        """Wait so many seconds for the threads to end; what waits is answered no more."""
        self._aside.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))
