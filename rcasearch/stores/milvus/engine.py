"""An engine as all else asks it: in the time of the request, again where that may help, and not while it is known to be away."""

from __future__ import annotations

import math
import os
import random
import re
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from rcasearch import patience
from rcasearch.errors import EngineError, RcaSearchError
from rcasearch.stores.milvus import sdk
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.breaker import Breaker
from rcasearch.stores.milvus.connection import Connection
from rcasearch.stores.milvus.failing import Kind, kind_of, told

Connect = Callable[[Address, str, float], Any]
# Seconds that one try may take, where the request leaves as many.
READ_S, WRITE_S, CONNECT_S, PING_S = 5.0, 60.0, 3.0, 2.0
# For so many seconds it is believed what a ping told.
PING_KEPT_S = 2.0
_TRIES = 3
_BACK_OFF_S = 0.1
# Some calls ask the engine twice, and who is refused wants to be told in time.
_SHARE = 0.45
_LEAST_S = 0.05
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")
_LITE = "milvus_lite"
_BM25_SINCE = (2, 5)
# Of the process that this one was forked from: to close them here would break them there.
_inherited: list[Connection] = []


class Engine:
    """An engine at an address. It connects when it is first asked, in each process anew. Thread-safe."""

    def __init__(
        self, address: Address, token: str = "", *, connect: Connect = sdk.connect, breaker: Callable[[], Breaker] = Breaker
    ) -> None:
        """``token`` is `user:password`; ``connect`` gives a `pymilvus.MilvusClient`, or what has the same methods."""
        self.address = address
        self._token, self._connect, self._new_breaker = token, connect, breaker
        self._begin()
        renew = weakref.WeakMethod(self._begin_again)
        os.register_at_fork(after_in_child=lambda: (own := renew()) and own())

    def _begin(self) -> None:
        self._connection, self._breaker = Connection(self._made), self._new_breaker()
        self._told = ""
        self._ping: RcaSearchError | None = None
        self._pinged_at = float("-inf")
        self._pinging = threading.Lock()

    def _begin_again(self) -> None:
        """After a fork: locks may be held by threads that are not here, and connections are not to be shared."""
        _inherited.append(self._connection)
        self._begin()

    def read(self, call: str, *args: Any, timeout: float = READ_S, **kwargs: Any) -> Any:
        """What a method of `pymilvus.MilvusClient` answers.

        A try takes ``timeout`` seconds at most, and all of them twice that, less where the request has less time.
        Raises EngineError where there is no answer, EngineRefusedError or IndexMissingError where asking again would not help,
        PackageMissingError, and as `patience.check` does.
        """
        return self._asked(call, args, kwargs, timeout)

    def write(self, call: str, *args: Any, timeout: float = WRITE_S, **kwargs: Any) -> Any:
        """The same for what changes the engine, and has the same effect when it is done twice."""
        return self._asked(call, args, kwargs, timeout)

    @property
    def version(self) -> tuple[int, int]:
        """The version of the engine, (0, 0) where it tells none; asked once. Raises as `read` does."""
        found = _VERSION.search(self._version())
        return (int(found[1]), int(found[2])) if found else (0, 0)

    @property
    def lite(self) -> bool:
        """Whether it is Milvus Lite, which is all in one process. Raises as `read` does."""
        return self._version().startswith(_LITE)

    @property
    def has_bm25(self) -> bool:
        """Whether it can rank by BM25; an older one takes the function, and does nothing with it. Raises as `read` does."""
        return self.lite or self.version >= _BM25_SINCE

    def ping(self) -> None:
        """Go on where it answers; asked at most every ``PING_KEPT_S`` seconds, also while it is known to be away.

        Raises as `read` does.
        """
        if time.monotonic() - self._pinged_at >= PING_KEPT_S and self._pinging.acquire(blocking=False):
            try:
                self._ping = self._pinged()
                self._pinged_at = time.monotonic()
            finally:
                self._pinging.release()
        if self._ping is not None:
            raise self._ping.with_traceback(None)

    def close(self) -> None:
        """Let go of the connection; whoever asks next makes a new one."""
        self._connection.close()

    def _version(self) -> str:
        self._told = self._told or str(self.read("get_server_version"))
        return self._told

    def _pinged(self) -> RcaSearchError | None:
        try:
            self._try("get_server_version", (), {}, PING_S)
        except RcaSearchError as error:
            return error
        return None

    def _asked(self, call: str, args: tuple[Any, ...], kwargs: dict[str, Any], own: float) -> Any:
        ends = time.monotonic() + 2 * own
        for attempt in range(1, _TRIES + 1):
            patience.check()
            self._admit()
            try:
                return self._try(call, args, kwargs, min(own, ends - time.monotonic()))
            except EngineError:
                pause = random.uniform(0.5, 1.5) * _BACK_OFF_S * 2 ** (attempt - 1)  # noqa: S311 - so that not all come back at once
                if attempt == _TRIES or patience.left(ends - time.monotonic()) < pause + _LEAST_S:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try answers or raises")

    def _admit(self) -> None:
        """Go on where the engine may be asked. Raises EngineError where it was away of late."""
        if wait := self._breaker.waits():
            raise EngineError(
                f"The engine at {self.address.place} did not answer of late. It is asked again in {math.ceil(wait)} s.",
                "See that Milvus runs there and that this machine reaches it.",
            )

    def _try(self, call: str, args: tuple[Any, ...], kwargs: dict[str, Any], most: float) -> Any:
        """Ask once. Raises EngineError where it may be asked again, else what `failing.told` makes of the error."""
        seconds = max(_LEAST_S, min(most, _SHARE * patience.left(math.inf)))
        try:
            client = self._connection.client(seconds)
            answer = getattr(client, call)(*args, timeout=seconds, **kwargs)
        except BaseException as error:
            kind = kind_of(error)
            self._settle(kind)
            if kind is None:
                raise
            raise told(error, kind, call, self.address.place, self._token) from None
        self._breaker.worked()
        return answer

    def _settle(self, kind: Kind | None) -> None:
        if kind is None:
            self._breaker.left_off()
        elif kind is Kind.AWAY:
            self._breaker.failed()
        else:
            self._breaker.worked()

    def _made(self, seconds: float) -> Any:
        return self._connect(self.address, self._token, min(CONNECT_S, seconds))
