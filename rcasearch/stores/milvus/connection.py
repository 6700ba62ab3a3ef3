"""A client that is made when it is first needed, by one thread for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class Connection:
    """A client, made by ``connect`` within the seconds that it is given. Thread-safe; of one process."""

    def __init__(self, connect: Callable[[float], Any]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._failed: tuple[float, Exception] | None = None
        self.made: Any = None

    def client(self, seconds: float) -> Any:
        """The client. Raises what ``connect`` raises, also to those who waited for it; TimeoutError who cannot wait so long."""
        if self.made is not None:
            return self.made
        asked = time.monotonic()
        if not self._lock.acquire(timeout=seconds):
            raise TimeoutError("it is being connected to for longer than this call may take")
        try:
            if self.made is None:
                self._make(asked, seconds)
            return self.made
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of the client; whoever asks next has a new one made."""
        with self._lock:
            client, self.made = self.made, None
        if client is not None:
            client.close()

    def _make(self, asked: float, seconds: float) -> None:
        if self._failed and self._failed[0] >= asked:
            raise self._failed[1].with_traceback(None)
        try:
            self.made = self._connect(seconds)
        except Exception as error:
            self._failed = time.monotonic(), error
            raise
