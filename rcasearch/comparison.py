"""Why an incident matched and why it may not fit: what it shares with the query, and what differs.

Nothing is encoded for it: it reads the documents, vectors and concepts of the hits alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median_low

import numpy as np

from rcasearch.concepts import HEARD_OF
from rcasearch.model import Difference, Hit, Incident, Match
from rcasearch.relations import Floats, Meeting, Side, causes, met_on, side
from rcasearch.retrieval import Ranked, Signals
from rcasearch.signatures import TELLING, Signature, printed, signatures_in
from rcasearch.stores.base import Passages, Store
from rcasearch.texts import unique
from rcasearch.wording import grouped, plural

# An incident is mainly of a concept that has this much of its profile, of a length of 1.
_MAINLY = 0.5
# What is this much older than most of at least so many precedents may tell of a system that is no more.
_OLD_DAYS = 730
_FEW = 3
_YEAR_DAYS = 365.25
_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """What stands in a query: ``known`` are messages of the lexicon, ``concepts`` numbers of those that it clearly tells of."""

    services: tuple[str, ...]
    signatures: tuple[Signature, ...]
    known: tuple[str, ...]
    concepts: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """A hit, as it is compared with the query and with the other hits; ``met`` is where the query meets it."""

    hit: Hit
    side: Side
    met: Meeting

    @property
    def counts(self) -> bool:
        """Whether it stands above the line."""
        return self.hit.verdict != "none"


def compare(store: Store, signals: Signals, ranked: Ranked, hits: Sequence[Hit], told: Sequence[Passages]) -> tuple[Hit, ...]:
    """The hits, which are the first of ``ranked`` and have told so much, each with its `Match`."""
    asked = _asked(store, signals, ranked.told)
    found = _found(store.concept_profiles(ranked.rows[: len(hits)]), signals.vectors, hits, told)
    return tuple(replace(one.hit, match=_match(store, asked, one, found)) for one in found)


def _asked(store: Store, signals: Signals, profile: Floats) -> _Asked:
    space = store.concepts
    messages = (printed(known, signals.text) for known, _ in space.signatures_in(signals.text))
    numbers = {label: number for number, label in enumerate(space.labels)}
    clear = tuple(numbers[label] for label in space.named(profile, signals.text))
    return _Asked(signals.services, signatures_in(signals.text), unique(filter(None, messages)), clear)


def _found(profiles: Floats, vectors: Floats, hits: Sequence[Hit], told: Sequence[Passages]) -> list[_Found]:
    found = []
    for profile, hit, own in zip(profiles, hits, told, strict=True):
        met = met_on(own.kinds, own.vectors, vectors) if hit.verdict != "none" else None
        found.append(_Found(hit, side(hit.incident, profile, own.kinds, own.vectors), met))
    return found


def _match(store: Store, asked: _Asked, one: _Found, found: Sequence[_Found]) -> Match:
    incident, profile = one.hit.incident, one.side.profile
    services = tuple(name for name in asked.services if _lists(incident, name))
    signatures, others = _signatures(asked, incident)
    concepts = tuple(number for number in asked.concepts if profile[number] >= HEARD_OF)
    labels = store.concepts.labels
    cause = causes(found[0].side, one.side) if one is not found[0] and one.counts and found[0].counts else None
    differs = (
        _other_service(asked, incident, services),
        _other_signature(asked, signatures, others),
        _other_concept(asked, labels, profile, concepts),
        _other_cause(cause, found[0]),
        _far_older(one, found),
        _superseded(store, one),
    )
    shared = tuple(labels[number] for number in concepts)
    return Match(one.met, services, signatures, shared, cause, tuple(filter(None, differs)))


def _lists(incident: Incident, service: str) -> bool:
    return service.casefold() in (own.casefold() for own in incident.services)


def _signatures(asked: _Asked, incident: Incident) -> tuple[tuple[str, ...], tuple[Signature, ...]]:
    """The signatures that stand in the query and in an incident, and the incident's of their families."""
    texts = [incident.title, *(block.text for section in incident.sections for block in section.blocks)]
    lowered = "\n".join(texts).lower()
    wanted = [signature for signature in asked.signatures if signature.may_stand_in(lowered)]
    own = tuple(dict.fromkeys(signature for text in texts for signature in _of_families(wanted, text))) if wanted else ()
    known = [message for message in asked.known if message.lower() in lowered and any(printed(message, text) for text in texts)]
    return _distinct((*(each.text for each in wanted if each in own), *known)), own


def _of_families(wanted: Sequence[Signature], text: str) -> tuple[Signature, ...]:
    """The signatures of a text that are of the families of those wanted. To look for all families takes long."""
    lowered = text.lower()
    families = {signature.family for signature in wanted if signature.may_stand_in(lowered)}
    return signatures_in(text, families) if families else ()


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without those that stand in another one, whatever their case."""
    folded = {text.casefold(): text for text in reversed(list(texts))}
    return tuple(text for key, text in reversed(folded.items()) if not any(key in other for other in folded if other != key))


def _other_service(asked: _Asked, incident: Incident, shared: Sequence[str]) -> Difference | None:
    if not asked.services or not incident.services or shared:
        return None
    return Difference("service", f"other service: {_listed(incident.services)}, not {_listed(asked.services)}")


def _other_signature(asked: _Asked, shared: Sequence[str], own: Sequence[Signature]) -> Difference | None:
    """Another code of a family of which the query has one, where nothing at all is shared."""
    families = {each.family for each in asked.signatures} & TELLING.keys()
    there = [each for each in own if each.family in families]
    if shared or not there:
        return None
    here = [each.text for each in asked.signatures if each.family in {other.family for other in there}]
    return Difference("signature", f"other error: {_listed([each.text for each in there])}, not {_listed(here)}")


def _other_concept(asked: _Asked, labels: Sequence[str], profile: Floats, shared: Sequence[int]) -> Difference | None:
    if shared or not asked.concepts or float(profile.max()) < _MAINLY:
        return None
    return Difference("concept", f"reads as {labels[int(profile.argmax())]}, not as {labels[asked.concepts[0]]}")


def _other_cause(cause: str | None, first: _Found) -> Difference | None:
    return Difference("cause", "other cause than 1", first.hit.incident.id) if cause == "other" else None


def _far_older(one: _Found, found: Sequence[_Found]) -> Difference | None:
    """Years before the middle one of at least three precedents with a date."""
    day, days = _day(one.hit.incident), [day for day in (_day(other.hit.incident) for other in found if other.counts) if day]
    if not one.counts or day is None or len(days) < _FEW:
        return None
    older = (median_low(days) - day).days
    return Difference("age", f"{plural(int(older / _YEAR_DAYS), 'year')} older than most here") if older >= _OLD_DAYS else None


def _superseded(store: Store, one: _Found) -> Difference | None:
    """The newest later incident that links to this one and has the same cause."""
    day = _day(one.hit.incident)
    for later in store.linking_to(one.hit.incident.id) if one.counts and day else ():
        when = _day(later)
        if when and day and when > day and _same_cause(store, one, later):
            title = later.title.removeprefix(str(when)).lstrip(" -–—:·")
            return Difference("superseded", f"happened again on {when}: {title}", later.id)
    return None


def _same_cause(store: Store, one: _Found, later: Incident) -> bool:
    row = store.row(later.id)
    [own] = store.passages_at([row])
    return causes(one.side, side(later, store.concept_profiles(np.array([row]))[0], own.kinds, own.vectors)) == "same"


def _day(incident: Incident) -> date | None:
    try:
        return date.fromisoformat((incident.date or "")[:10])
    except ValueError:
        return None


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(grouped(texts, _NAMED)).replace(", and ", " and ")
