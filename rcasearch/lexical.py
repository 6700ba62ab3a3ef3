"""Text -> the terms of the lexical leg: stems of words, and identifiers both whole and in parts.

``OperationalError`` is found by "operational error" and ``conn_pool.max`` by "conn pool max", while codes such as ``ORA-00060``
and ``OOMKilled`` also stay whole, since nothing matches a code like the code itself.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from itertools import chain

import Stemmer

_TOKEN = re.compile(r"[^\W_]+(?:[-._/:@]*[^\W_]+)*", re.UNICODE)
_SEAM = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
_MAX_TERM = 64

# Function words only: "down", "not" and "out" stay, they carry meaning in an alert.
_STOP_WORDS = frozenset(
    """a an and any are as at be been being but by can could did do does for from had has have he her his how if in into is it its
    me my of on or our she should so some such that the their them then there these they this those to us was we were what when
    where which who whom why will with would you your""".split()
)
_local = threading.local()


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeats kept: lower-case stems, identifiers whole and split."""
    return list(chain.from_iterable(map(_token_terms, _TOKEN.findall(text))))


@lru_cache(maxsize=65_536)
def _token_terms(token: str) -> tuple[str, ...]:
    lowered = token.lower()
    parts = [part.lower() for part in _SEAM.split(token) if part]
    if len(parts) < 2:
        return () if lowered in _STOP_WORDS else (_stem(lowered),)
    whole = (lowered,) if len(lowered) <= _MAX_TERM else ()
    return whole + tuple(_stem(part) for part in parts if len(part) > 1 and part not in _STOP_WORDS)


def _stem(word: str) -> str:
    # A Stemmer object must not be shared between threads.
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return str(_local.stemmer.stemWord(word[:_MAX_TERM]))
