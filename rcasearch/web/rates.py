"""How often somebody asks, counted together by all processes of a server, in memory of a fixed size.

The generic cell rate algorithm (ATM Forum, "Traffic Management Specification", 1996) keeps one number for each caller: when the
requests so far would have come at the even pace that is allowed. The numbers stand in one table that the processes share; a
caller's place in it is a keyed hash, so that nobody can choose to share a place with somebody else.
"""

from __future__ import annotations

import hashlib
import mmap
import secrets
import struct
import time

_SLOTS = 65_536
_NUMBER = struct.Struct("d")
_WINDOW_S = 60.0


class Rate:
    """A number of events a minute for each of any callers, that many at once. Make it before the processes part; 0 is no limit.

    Two processes that count one caller in the same microsecond may count one event instead of two.
    """

    def __init__(self, per_minute: int) -> None:
        self._pace = _WINDOW_S / per_minute if per_minute else 0.0
        self._key = secrets.token_bytes(16)
        self._table = mmap.mmap(-1, _SLOTS * _NUMBER.size)

    def wait_s(self, who: str, now: float | None = None) -> float:
        """Count an event of a caller: 0 where it is within the rate, else the seconds until one will be; that one is not counted.

        ``now`` is in seconds of a clock that all processes share and that never goes back, as `time.monotonic`.
        """
        if not self._pace:
            return 0.0
        moment = time.monotonic() if now is None else now
        place = self._place(who)
        due = max(_NUMBER.unpack_from(self._table, place)[0], moment)
        ahead = due - moment - (_WINDOW_S - self._pace)
        # What adding many small numbers loses must not refuse the last event that is allowed.
        if ahead > self._pace * 1e-6:
            return float(ahead)
        _NUMBER.pack_into(self._table, place, due + self._pace)
        return 0.0

    def _place(self, who: str) -> int:
        hashed = hashlib.blake2b(who.encode("utf-8", "surrogateescape"), digest_size=8, key=self._key).digest()
        return int.from_bytes(hashed) % _SLOTS * _NUMBER.size
