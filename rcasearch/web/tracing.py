"""Which request it is and which trace it belongs to, as the caller names them (W3C Trace Context), else as we do."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

# Whatever proxies make: hexadecimal, UUIDs, Amazon's "Root=1-…". Nothing that could forge a line of a log.
SANE_ID = r"[A-Za-z0-9][A-Za-z0-9._:=+/;-]{0,127}"
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """A caller's trace: its id and the span that asked, in hexadecimal, and the header as it came."""

    id: str
    span_id: str
    header: str


def request_id(given: str | None) -> str:
    """The caller's id of a request where that is sane, else a new one."""
    return given if given and re.fullmatch(SANE_ID, given) else secrets.token_hex(6)


def read_trace(traceparent: str | None) -> Trace | None:
    """The trace that a traceparent header names; None where the standard says to ignore it.

    A version newer than 00 may have more at its end; ids of zeros only are not valid. https://www.w3.org/TR/trace-context/
    """
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if not found or traceparent is None:
        return None
    version, trace_id, span_id, _, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return Trace(trace_id, span_id, traceparent)
