"""The legs of the ranking that propose candidates, asked of the engine: nearest vectors, concepts, terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rcasearch.model import Filters
from rcasearch.stores.base import Floats, Rows, Selected, Selection
from rcasearch.stores.milvus import filters
from rcasearch.stores.milvus.schema import HEADS, PASSAGES, PROFILES
from rcasearch.stores.milvus.view import LARGEST_ANSWER, View

# The key of an incident is what the keys of its passages begin with.
KEY = 22
# What the search in a graph keeps at hand: at least so much, and so many times what is asked for where a filter leaves less.
_LEAST_EF, _FILTERED = 256, 2
_LARGEST_EF = 32_768


@dataclass(frozen=True, eq=False)
class Passing:
    """A `Selection` that the engine makes: the incidents that pass an expression, without some ``left_out`` by their keys."""

    view: View
    filters: Filters
    left_out: tuple[str, ...] = ()

    @cached_property
    def count(self) -> int:
        """How many they are. Raises EngineError."""
        whole = self.view.count(self.expression)
        if not self.left_out:
            return whole
        return whole - self.view.count(f"{self.expression} and {filters.is_in('id', self.left_out)}")

    @property
    def expression(self) -> str:
        """What the heads and the passages of these incidents pass, without regard to those left out."""
        return self.view.passing(self.filters)

    @cached_property
    def rows(self) -> Rows | None:
        if not self.filters and not self.left_out:
            return None
        found = {head["id"] for head in self.view.every(self.expression)}.difference(self.left_out)
        return np.sort(self.view.rows(sorted(found)))

    def without(self, row: int) -> Selection:
        """The same without one incident."""
        [owner] = self.view.owners([row])
        return Passing(self.view, self.filters, (*self.left_out, owner.key))


@dataclass(frozen=True)
class Chosen:
    """What the engine is asked for of a selection of so many: what ``heads`` and profiles pass, and what ``passages`` do.

    It is ``narrow`` where others are left out.
    """

    heads: str
    passages: str
    count: int
    narrow: bool


def chosen(view: View, selection: Selection) -> Chosen:
    """The expressions of a selection, on heads and profiles, and on passages."""
    if isinstance(selection, Passing):
        base, named, holds = selection.expression, list(selection.left_out), False
    else:
        base = view.passing(Filters())
        assert isinstance(selection, Selected)
        named, holds = _named(view, selection)
    if not named and not holds:
        return Chosen(base, base, selection.count, bool(isinstance(selection, Passing) and selection.filters))
    is_not = "" if holds else "not "
    heads = f"{base} and {is_not}({filters.is_in('id', named)})"
    return Chosen(heads, f"{base} and {is_not}({filters.is_in('owner', named)})", selection.count, narrow=True)


def _named(view: View, selection: Selected) -> tuple[list[str], bool]:
    """The keys of the rows selected, and True; or of all others, and False, where these are fewer."""
    if selection.rows is None:
        return [], False
    everything = np.arange(len(view.headlines()), dtype=np.int64)
    others = np.setdiff1d(everything, selection.rows)
    few = others if len(others) < len(selection.rows) else selection.rows
    return [owner.key for owner in view.owners(few)], few is selection.rows


def nearest_passages(view: View, vectors: Floats, k: int, where: Chosen) -> list[Rows]:
    """For each of the vectors the k incidents whose best passages are nearest: more are asked for until there are enough."""
    wanted = min(4 * k, LARGEST_ANSWER)
    while True:
        found = _search(view, PASSAGES, vectors, wanted, where.passages, filtered=where.narrow)
        rows = [view.rows([hit["id"][:KEY] for hit in own])[:k] for own in found]
        enough = min(k, where.count)
        if wanted == LARGEST_ANSWER or all(
            len(own) >= enough or len(hits) < wanted for own, hits in zip(rows, found, strict=True)
        ):
            return rows
        wanted = min(4 * wanted, LARGEST_ANSWER)


def nearest_incidents(view: View, vectors: Floats, k: int, where: Chosen) -> list[Rows]:
    """For each of the vectors the k incidents that are nearest as a whole."""
    found = _search(view, HEADS, vectors, min(k, LARGEST_ANSWER), where.heads, filtered=where.narrow)
    return [view.rows([hit["id"] for hit in own]) for own in found]


def telling(view: View, profile: Floats, k: int, where: Chosen) -> Rows:
    """The k incidents that tell most of a profile (c,), best first; only those that do."""
    [found] = _search(view, PROFILES, profile[None, :], min(k, LARGEST_ANSWER), where.heads, filtered=True)
    return view.rows([hit["id"] for hit in found if hit["distance"] > 0])


def with_terms(view: View, terms: Sequence[int], where: Chosen) -> Rows:
    """The incidents with any of the terms of these hashes."""
    named = ", ".join(str(int(term)) for term in terms)
    return view.rows([head["id"] for head in view.every(f"{where.heads} and array_contains_any(terms, [{named}])")])


def sharing(view: View, passage: int) -> Rows:
    """The incidents with a passage of this hash."""
    expression = f"{view.passing(Filters())} and tells == {int(passage)}"
    asked: dict[str, Any] = {"filter": expression, "output_fields": ["id"], "consistency_level": view.consistency}
    found = view.engine.read("query", view.generation.collection(PASSAGES), limit=LARGEST_ANSWER, **asked)
    return np.sort(view.rows(sorted({hit["id"][:KEY] for hit in found})))


def _search(view: View, kind: str, vectors: Floats, limit: int, expression: str, *, filtered: bool) -> list[list[dict[str, Any]]]:
    wide = limit * (_FILTERED if filtered else 1)
    found: list[list[dict[str, Any]]] = view.engine.read(
        "search",
        view.generation.collection(kind),
        data=[padded(vector) for vector in vectors],
        anns_field="vector",
        limit=limit,
        filter=expression,
        search_params={"metric_type": "IP", "params": {"ef": int(min(max(wide, _LEAST_EF), _LARGEST_EF))}},
        consistency_level=view.consistency,
    )
    return found


def padded(vector: Floats) -> list[float]:
    """A vector as the engine takes it: none of fewer than two numbers."""
    return [*vector.tolist(), 0.0, 0.0][: max(len(vector), 2)]
