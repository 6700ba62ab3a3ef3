"""What was read from a query and is not to count: a service or a signature is cut out of the text, with nothing left to match."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rcasearch import signatures
from rcasearch.errors import InvalidQueryError
from rcasearch.model import Entities, Filters, Query, Symptom, Understood
from rcasearch.services import ServiceNames, Span, merged


def leave_out(query: Query, services: ServiceNames) -> Query:
    """The query as if what it ignores of services and signatures did not stand in it; its ``text`` stays as it was given.

    A concept stands nowhere in a text, and is for the ranking to leave out. Raises InvalidQueryError where nothing is left.
    """
    gone = _Gone(query, services)
    if not (gone.services or gone.signatures) or query.understood is None:
        return query
    understood = query.understood
    left = tuple(symptom for symptom in map(gone.symptom, understood.symptoms) if symptom.text.strip())
    if not left:
        raise InvalidQueryError(
            "Nothing is left of the text without what is to be ignored.",
            "Ignore less, or tell more of the failure.",
            field="ignore",
        )
    return replace(query, understood=Understood(understood.source, left, gone.filters(understood.suggested)))


class _Gone:
    """The services and signatures that a query ignores, in lower case, taken out of whatever names them."""

    def __init__(self, query: Query, known: ServiceNames) -> None:
        self.services, self.signatures = query.ignored("service"), query.ignored("signature")
        self._known = known

    def symptom(self, symptom: Symptom) -> Symptom:
        return replace(symptom, text=_cut(symptom.text, self._spans(symptom.text)), entities=self._entities(symptom.entities))

    def filters(self, suggested: Filters) -> Filters:
        return replace(suggested, services=_others(suggested.services, self.services))

    def _spans(self, text: str) -> list[Span]:
        named = self._known.places(text) if self.services else []
        printed = signatures.places(text) if self.signatures else []
        spans = [(start, end) for start, end, name in named if name.casefold() in self.services]
        return merged(spans + [(start, end) for start, end, code in printed if code.casefold() in self.signatures])

    def _entities(self, named: Entities) -> Entities:
        return replace(
            named,
            services=_others(named.services, self.services),
            workloads=_others(named.workloads, self.services),
            signatures=_others(named.signatures, self.signatures),
        )


def _others(names: Iterable[str], gone: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name.casefold() not in gone)


def _cut(text: str, spans: Iterable[Span]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])
