"""Answers that change only when the index does: a caller who has one asks whether it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, request

from rcasearch import __version__
from rcasearch.web.gate import TENANT_HEADER
from rcasearch.web.identity import caller
from rcasearch.web.seeing import clearance

REVALIDATE = "private, no-cache"
NEVER = "no-store"


def tag(*parts: object) -> str:
    """An entity tag of all that an answer depends on; another version of the software, or another reader, gets another one."""
    return hashlib.sha256(repr((__version__, caller().tenant, sorted(clearance().labels), *parts)).encode()).hexdigest()[:32]


def unless_known(etag: str, answer: Callable[[], Response]) -> Response:
    """304 for a caller who has the answer of that tag, else the answer, tagged. Nothing is computed for a 304.

    The tags are weak: an answer may tell how long it took.
    """
    known = request.if_none_match
    held = known.is_weak(etag) or known.is_strong(etag)
    response = Response(status=304) if held else answer()
    if known.star_tag:
        response = Response(status=304)
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = REVALIDATE
    response.vary.update(("Authorization", "Cookie", TENANT_HEADER))
    return response
