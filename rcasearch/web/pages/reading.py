"""What a query was read as, for people to look at and to take back: the sender, services, signatures and concepts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rcasearch import shapes
from rcasearch.model import Query, Results
from rcasearch.pastes import loudest
from rcasearch.render_understood import ignored_in_words, source_in_words
from rcasearch.texts import unique
from rcasearch.web.addresses import filter_pairs
from rcasearch.wording import one_line, plural

_MOST = 8
_TITLE = 60
# The beginning of JSON, whole or cut off; an alert may begin with a bracket, too.
_JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\"])")


@dataclass(frozen=True, slots=True)
class Reading:
    """``read``, what was read; ``more``, how much of it is not listed; ``left_out``; ``offers``, filters that it suggests.

    Of the first two each is (kind, words, what to send as ``ignore``), a filter is (parameter, value).
    """

    read: tuple[tuple[str, str, str], ...]
    more: int
    left_out: tuple[tuple[str, str, str], ...]
    offers: tuple[tuple[str, str], ...]


def reading(found: Results, shape: shapes.Results) -> Reading:
    """What the query of an answer was read as, which the ``shape`` of the answer tells as well."""
    read_as, understood = shape["read_as"], found.query.understood
    sent = [("source", source_in_words(understood), understood.source)] if understood and _is_sent(found.query) else []
    signatures = unique(code for symptom in read_as["symptoms"] for code in symptom["entities"]["signatures"])
    named = [
        *sent,
        *(("service", name, name) for name in read_as["services"]),
        *(("signature", code, code) for code in signatures),
        *(("concept", label, label) for label in read_as["concepts"]),
    ]
    read = tuple((kind, words, f"{kind}:{name}") for kind, words, name in _foremost(named))
    left_out = tuple((one.partition(":")[0], ignored_in_words(one), one) for one in found.query.ignore)
    return Reading(read, len(named) - len(read), left_out, tuple(filter_pairs(found.suggested)))


def subject(query: Query) -> str:
    """What a query is about, in a few words for a title: of a payload its first symptom, of a log its first telling line."""
    understood = query.understood
    told = understood.symptoms[0].text if understood and _is_sent(query) else query.text
    if not _is_sent(query) and _JSON.match(query.text):
        return f"JSON of {plural(len(query.text.splitlines()), 'line')}"
    line = one_line(told if len(told.splitlines()) == 1 else loudest(told))
    return line if len(line) <= _TITLE else f"{line[:_TITLE].rsplit(' ', 1)[0]} …"


def _is_sent(query: Query) -> bool:
    """Whether the text was read as a payload, not as it stands."""
    return query.understood is not None and query.understood.source not in ("text", "log")


def _foremost(named: list[tuple[str, str, str]]) -> Iterable[tuple[str, str, str]]:
    """As many of each kind as there is room for."""
    room = dict.fromkeys(("source", "service", "signature", "concept"), _MOST)
    for one in named:
        room[one[0]] -= 1
        if room[one[0]] >= 0:
            yield one
