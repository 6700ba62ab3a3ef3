"""Values that never change, kept in memory up to so many bytes; those that nobody asked for longest go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values by their keys; asked from any thread."""

    def __init__(self, most: int, size: Callable[[Value], int], fetch: Callable[[Sequence[Key]], Sequence[Value]]) -> None:
        """Keep up to ``most`` bytes; ``fetch`` gives what is not there."""
        self._most, self._size, self._fetch = most, size, fetch
        self._held: OrderedDict[Key, Value] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, keys: Sequence[Key]) -> list[Value]:
        """The values of these keys. Raises what ``fetch`` raises."""
        found = self._known(keys)
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            fetched = dict(zip(missing, self._fetch(missing), strict=True))
            self._keep(fetched)
            found |= fetched
        return [found[key] for key in keys]

    def _known(self, keys: Sequence[Key]) -> dict[Key, Value]:
        with self._lock:
            found = {key: self._held[key] for key in keys if key in self._held}
            for key in found:
                self._held.move_to_end(key)
        return found

    def _keep(self, fetched: dict[Key, Value]) -> None:
        with self._lock:
            for key, value in fetched.items():
                if key not in self._held:
                    self._held[key] = value
                    self._bytes += self._size(value)
            while self._bytes > self._most and self._held:
                _, gone = self._held.popitem(last=False)
                self._bytes -= self._size(gone)
