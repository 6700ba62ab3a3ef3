"""A query's signals over a store -> ranked incidents. The recipe, in one place.

Candidates come from the dense, the lexical and the concept leg, filters applied inside each. Every candidate then gets a value
from every leg:

    passage   cosine of its best passage
    incident  cosine of the mean of its passages
    late      mean over the query's tokens of their best match among its tokens, rare tokens counting more
    late_passage  the same, all of it within one of its passages
    lexical   BM25 over the whole text
    concept   agreement of the failure concepts that both tell of, from the lexicon; the more, the less an incident tells besides,
              and the nearer the query is to any of them

Names of services take no part in these. Among incidents whose symptoms match, those of a service that the query names come first.
A long query is encoded in parts, and an incident's dense values are means over the parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.chunking import split_text
from rcasearch.encoders import Encoder, Tokens
from rcasearch.lexical import terms
from rcasearch.pastes import condense
from rcasearch.ranking import Fused
from rcasearch.services import NO_SERVICES, ServiceNames
from rcasearch.stores.base import Selection, Store
from rcasearch.template import without_names

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Weights = Mapping[str, float]

# Equal on purpose: fitted weights would be weights of the evaluation set, and no leg gained by counting more or less.
# The service is no leg: it raises the scores of incidents that match by a share of themselves.
HYBRID: Weights = {
    **dict.fromkeys(("passage", "incident", "late", "late_passage", "lexical", "concept"), 1.0),
    "service": 0.3,
}
PLAIN: Weights = {"passage": 1.0}
# What the legs that mean something in the absolute add to the relevance.
RELEVANCE: Weights = {"late": 0.5, "late_passage": 0.5, "incident": 0.3, "concept": 0.1}
RANKERS: Mapping[str, Weights] = {"hybrid": HYBRID, "plain": PLAIN}

CANDIDATES = 200
# Late interaction costs most. On three judged corpora it found the same precedents when it read only the candidates that the
# other legs put first, and of these the passages nearest to the query.
LATE_CANDIDATES = 64
LATE_PASSAGES = 6
MAX_PARTS = 16
MAX_TOKENS = 256
_TERSE = 80
_TERSE_EXTRA = 3.0


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a query: ``vectors`` (parts, d), its ``tokens``, its ``text`` and the ``terms`` of the lexical leg.

    None of these has the names of the ``services`` in it. Concepts that are ``ignored``, in lower case, it may not be read as.
    """

    vectors: Floats
    tokens: Tokens
    text: str
    terms: tuple[str, ...]
    services: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Asking:
    """The tokens of a query that tell most, as a store compares them: ``projected`` (t, w), and the ``weights`` (t,) of each."""

    projected: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Ranked:
    """Incidents from the best down: ``rows`` (n,), ``scores`` (n,), each leg's addend, and the evidence of relevance.

    ``relevance`` (n,) is comparable between queries, unlike ``scores``: see ``RELEVANCE``; the cosine of the best passage where
    the index has no token vectors. ``profile`` (c,) is what the query tells of, in the store's concepts, and ``told`` the same
    where it tells of any of them for certain, zeros elsewhere. ``asking`` is there where late interaction took part.
    """

    rows: Rows
    scores: Floats
    contributions: dict[str, Floats]
    relevance: Floats
    profile: Floats
    told: Floats
    asking: Asking | None = None


def read_signals(
    text: str, encoder: Encoder, services: ServiceNames = NO_SERVICES, ignored: frozenset[str] = frozenset()
) -> Signals:
    """The signals of a text of any length: the lines that tell, then the first ``MAX_PARTS`` parts that fit the encoder."""
    named = services.named_in(text)
    text = without_names(condense(text), services)
    parts = split_text(text, encoder.count_tokens, encoder.max_tokens)[:MAX_PARTS]
    encoding = encoder.encode_queries(parts)
    return Signals(encoding.vectors, _joined(encoding.tokens, encoder.dimension), text, tuple(terms(text)), named, ignored)


def rank(store: Store, signals: Signals, selection: Selection, weights: Weights, candidates: int = CANDIDATES) -> Ranked:
    """The selected incidents that the legs with a weight propose, best first."""
    profile, certainty = store.concepts.query_profile(signals.vectors, signals.text, signals.ignored)
    told = profile if certainty >= 1 else np.zeros_like(profile)
    rows = _candidates(store, signals, profile, selection, weights, candidates)
    if not rows.size:
        return Ranked(rows, np.zeros(0, np.float32), {}, np.zeros(0, np.float32), profile, told)
    terseness = _terseness(store.token_counts(rows))
    favoured = store.serves(rows, signals.services) if weights.get("service") and signals.services else None
    legs = _legs(store, signals, profile, rows, weights)
    addends = ranking.addends(legs, weights, {"concept": (certainty * terseness).astype(np.float32)})
    fused = _fused(addends, legs, weights, favoured)
    asking = asked(store, signals) if weights.get("late") or weights.get("late_passage") else None
    if asking and len(asking.projected):
        late = _late(store, signals.vectors, asking, rows, fused)
        legs |= late
        fused = _fused(addends | ranking.addends(late, weights), legs, weights, favoured)
    relevance = _relevance(legs, median(terseness.tolist()))
    order = ranking.order(fused.scores, rows)
    addends = {name: values[order] for name, values in fused.contributions.items()}
    return Ranked(rows[order], fused.scores[order], addends, relevance[order], profile, told, asking)


def _candidates(store: Store, signals: Signals, profile: Floats, selection: Selection, weights: Weights, count: int) -> Rows:
    proposed = [store.nearest(signals.vectors, count, selection)]
    if weights.get("concept"):
        proposed.append(store.telling_of(profile, count, selection))
    if weights.get("lexical"):
        proposed.append(store.matching(signals.terms, count, selection))
    # Asked for the places as well, numpy does not import its masked arrays, which takes as long as the search.
    return np.unique(np.concatenate(proposed), return_index=True)[0]


def _legs(store: Store, signals: Signals, profile: Floats, rows: Rows, weights: Weights) -> dict[str, Floats]:
    """The values (n,) of each wanted leg but late interaction."""
    legs = {"passage": _mean_over_parts(store.passage_scores(rows, signals.vectors))}
    if weights.get("incident"):
        legs["incident"] = _mean_over_parts(store.incident_scores(rows, signals.vectors))
    if weights.get("lexical"):
        legs["lexical"] = store.lexical_scores(rows, signals.terms)
    if weights.get("concept"):
        legs["concept"] = store.concept_scores(rows, profile / max(float(np.linalg.norm(profile)), 1e-12))
    return legs


def asked(store: Store, signals: Signals) -> Asking:
    """The tokens of the query as the store compares them."""
    tokens = telling(store, signals).tokens
    return Asking(store.project(tokens), store.token_weights(tokens))


def _late(store: Store, vectors: Floats, asking: Asking, rows: Rows, so_far: Fused) -> dict[str, Floats]:
    """Late interaction (n,) with the candidates that stand first ``so_far``; the others count as the least of these."""
    first = ranking.order(so_far.scores, rows)[:LATE_CANDIDATES]
    found = store.late_scores(rows[first], vectors, asking.projected, asking.weights, LATE_PASSAGES)
    return {name: ranking.placed(values, first, len(rows)) for name, values in zip(("late", "late_passage"), found, strict=True)}


def _fused(addends: dict[str, Floats], legs: Mapping[str, Floats], weights: Weights, favoured: NDArray[np.bool_] | None) -> Fused:
    """What the legs add as one score, the services of the query in favour of incidents that match; plain where no leg adds."""
    fused = ranking.summed(addends or ranking.addends(legs, PLAIN))
    return fused if favoured is None else fused.favour("service", favoured, weights["service"])


def _terseness(tokens: NDArray[np.int64]) -> Floats:
    """What the concepts of incidents count (n,), by how many tokens tell of each: where hardly any do, concepts must."""
    return np.asarray(1 + _TERSE_EXTRA * np.minimum(1, _TERSE / np.maximum(tokens, 1)) ** 2, dtype=np.float32)


def _relevance(legs: Mapping[str, Floats], terseness: float) -> Floats:
    """How like the query each incident is, in the absolute: cosines and agreements as they are, not standardised.

    The ``terseness`` of the corpus, not of each incident, says what concepts count: the values must compare.
    """
    if "late" not in legs:
        return legs["passage"]
    shares = {**RELEVANCE, "concept": RELEVANCE["concept"] * terseness}
    parts = [np.float32(share) * legs[name] for name, share in shares.items() if name in legs]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def _mean_over_parts(values: Floats) -> Floats:
    return values.mean(axis=1, dtype=np.float32) if values.shape[1] else np.zeros(len(values), np.float32)


def telling(store: Store, signals: Signals) -> Signals:
    """The same signals with no more than the ``MAX_TOKENS`` tokens that tell most, in their order; a repeat tells nothing new."""
    tokens = signals.tokens
    if len(tokens.ids) <= MAX_TOKENS:
        return signals
    _, first = np.unique(tokens.ids, return_index=True)
    weights = store.token_weights(Tokens(tokens.ids[first], tokens.vectors[first]))
    kept = np.sort(first[np.argsort(-weights, kind="stable")[:MAX_TOKENS]])
    return replace(signals, tokens=Tokens(tokens.ids[kept], tokens.vectors[kept]))


def _joined(parts: Sequence[Tokens], dimension: int) -> Tokens:
    if not parts:
        return Tokens(np.zeros(0, np.int32), np.zeros((0, dimension), np.float32))
    return Tokens(np.concatenate([part.ids for part in parts]), np.concatenate([part.vectors for part in parts]))
