"""Same symptom or same cause: which side of an incident a query meets, and whether two incidents have one cause.

Both are said only where they are clear. The marks were read off the example corpus and real postmortems: see
docs/architecture.md for how often each word is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rcasearch.model import Incident, Kind

Floats = NDArray[np.float32]
Meeting = Literal["symptom", "cause"] | None
Relation = Literal["same", "other"] | None
SYMPTOM_KINDS: frozenset[Kind] = frozenset({"title", "summary", "symptoms", "impact", "detection", "timeline"})
CAUSE_KINDS: frozenset[Kind] = frozenset({"root_cause", "contributing_factors", "five_whys"})

# By how much the one side must be nearer. A cause is told in few passages, so that less speaks for it by chance.
_CLEARLY_SYMPTOM = 0.1
_CLEARLY_CAUSE = 0.08
# Below this, a query is near to neither side.
_NEAR = 0.4

# Two incidents, of which one's author linked the other, have one cause when they tell of the same failures as alike as this.
_SAME_PROFILE, _SAME_CAUSE = 0.6, 0.45
# And two that nobody linked have different ones when they are as unlike as this.
_OTHER_PROFILE, _OTHER_CAUSE = 0.3, 0.35


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """An incident as it is compared with another: its concepts (c,) and the mean (d,) of its passages on its cause."""

    incident: Incident
    profile: Floats
    cause: Floats | None


def side(incident: Incident, profile: Floats, kinds: Sequence[Kind], vectors: Floats) -> Side:
    """The incident of passages of these kinds and their vectors (n, d)."""
    told = vectors[[kind in CAUSE_KINDS for kind in kinds]]
    mean = told.mean(axis=0) if len(told) else None
    return Side(incident, profile, None if mean is None else mean / max(float(np.linalg.norm(mean)), 1e-12))


def met_on(kinds: Sequence[Kind], vectors: Floats, query: Floats) -> Meeting:
    """The side of an incident, of these passages (n, d) and their kinds, that a query's parts (p, d) are clearly nearer to."""
    symptom, cause = (_nearest(kinds, vectors, query, wanted) for wanted in (SYMPTOM_KINDS, CAUSE_KINDS))
    if symptom is None or cause is None:
        return None
    if cause - symptom >= _CLEARLY_CAUSE:
        return "cause"
    return "symptom" if symptom - cause >= _CLEARLY_SYMPTOM and symptom >= _NEAR else None


def _nearest(kinds: Sequence[Kind], vectors: Floats, query: Floats, wanted: frozenset[Kind]) -> float | None:
    """The cosine of the nearest passage of the wanted kinds, a mean over the query's parts."""
    own = vectors[[kind in wanted for kind in kinds]]
    return float((own @ query.T).mean(axis=1).max()) if len(own) and len(query) else None


def causes(one: Side, other: Side) -> Relation:
    """Whether two incidents have one cause, or clearly two."""
    if one.cause is None or other.cause is None:
        return None
    profiles, told = float(one.profile @ other.profile), float(one.cause @ other.cause)
    if linked(one.incident, other.incident):
        return "same" if profiles >= _SAME_PROFILE and told >= _SAME_CAUSE else None
    return "other" if profiles < _OTHER_PROFILE and told < _OTHER_CAUSE else None


def linked(one: Incident, other: Incident) -> bool:
    """Whether one of two incidents links to the other."""
    return _links(one, other) or _links(other, one)


def _links(one: Incident, other: Incident) -> bool:
    return any(link.incident_id == other.id for link in one.links)
