"""What is known of all incidents of a view at once: lists, facets, links, and what failures that recur are found by."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from rcasearch.model import KINDS, Incident, Kind, Outline
from rcasearch.stores.base import Floats, TermValues
from rcasearch.stores.milvus.bundles import Headline, Sketch, hashes_of
from rcasearch.stores.milvus.state import Cell, Corpus
from rcasearch.stores.milvus.view import View

FACETS = ("services", "severities", "tags", "statuses", "years")


def newest(one: Outline | Incident) -> tuple[bool, str, str]:
    """What to sort by for the newest first, those without a date last."""
    return one.date is None, "".join(chr(0x10FFFF - ord(letter)) for letter in one.date or ""), one.id


def facets(headlines: Sequence[Headline]) -> dict[str, tuple[tuple[str, int], ...]]:
    """How many of these incidents have which value of what they can be filtered by, the most frequent first."""
    found: dict[str, tuple[tuple[str, int], ...]] = {}
    for facet in FACETS:
        counts: Counter[str] = Counter()
        shown: dict[str, str] = {}
        for headline in headlines:
            own: dict[str, str] = {}
            for value in _values(headline, facet):
                own.setdefault(value.casefold(), value)
            counts.update(own.keys())
            for folded, value in own.items():
                shown[folded] = min(value, shown.get(folded, value))
        found[facet] = tuple((shown[one], count) for one, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return found


def _values(headline: Headline, facet: str) -> Sequence[str]:
    outline = headline.outline
    single = {
        "severities": outline.level or outline.severity,
        "statuses": outline.status,
        "years": outline.date and outline.date[:4],
    }
    if facet in single:
        value = single[facet]
        return [value] if value else []
    return outline.services if facet == "services" else headline.tags


def links(headlines: Sequence[Headline]) -> list[tuple[int, int]]:
    """The rows of every incident that links to another one, and of the other, ascending; each pair once."""
    rows = {headline.outline.id: row for row, headline in enumerate(headlines)}
    return sorted(
        (row, rows[target]) for row, headline in enumerate(headlines) for target in set(headline.links) if target in rows
    )


def unlinked(incident: Incident, view: View) -> Incident:
    """An incident whose links lead nowhere that is not in the view."""
    there = view.known({link.incident_id for link in incident.links if link.incident_id})
    own = (link if link.incident_id in there else replace(link, incident_id=None) for link in incident.links)
    return replace(incident, links=tuple(own))


def kind_means(sketches: Sequence[Sketch], kinds: Collection[Kind], dimension: int) -> Floats:
    """The mean (n, d) of the passages of these kinds in each incident, of length 1; zeros for one that has none."""
    wanted = [KINDS.index(kind) for kind in kinds]
    found = np.zeros((len(sketches), dimension), np.float32)
    for row, one in enumerate(sketches):
        found[row] = one.vectors[np.isin(one.kinds, wanted)].astype(np.float32).sum(axis=0)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12)), np.float32)


def term_values(sketches: Sequence[Sketch], corpus: Corpus) -> TermValues:
    """What the lexical leg adds up, of all incidents and all terms."""
    names = sorted(term for term, count in zip(corpus.counted.terms, corpus.counted.frequency, strict=True) if count)
    hashes = hashes_of(names)
    order = np.argsort(hashes)
    held = np.concatenate([np.zeros(0, np.uint64), *(one.terms for one in sketches)])
    counts = np.concatenate([np.zeros(0, np.uint16), *(one.counts for one in sketches)]).astype(np.float64)
    rows = np.repeat(np.arange(len(sketches), dtype=np.int32), [len(one.terms) for one in sketches])
    numbers = order[np.searchsorted(hashes[order], held)] if len(held) else np.zeros(0, np.int64)
    norms = corpus.norms(np.array([one.length for one in sketches], np.int64))
    values = corpus.inverse_frequency(held) * counts / (counts + norms[rows]) if len(held) else counts
    by_term = np.lexsort((rows, numbers))
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(names)))]).astype(np.int64)
    return TermValues(names, starts, rows[by_term], values[by_term].astype(np.float32))


def mark(cells: Sequence[Cell]) -> str:
    """A name for what is seen where these cells are."""
    labels = "\0".join(",".join(cell.access) for cell in cells)
    return hashlib.sha256(labels.encode("utf-8", "surrogatepass")).hexdigest()[:16]
