"""What a reader may ask the engine about: the incidents of a tenant whose labels he holds, addressed by rows.

Rows are given to incidents in the order in which they are met, from 0, and stand for the same incidents, in the same versions,
for as long as the view lasts. Whoever needs to know all of them has all of them looked up.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from rcasearch.errors import NotFoundError, RcaSearchError
from rcasearch.model import NO_FILTERS, Filters
from rcasearch.stores.base import Rows
from rcasearch.stores.milvus import filters
from rcasearch.stores.milvus.bundles import Headline, read_headline
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.packing import damaged
from rcasearch.stores.milvus.schema import HEADS, Generation
from rcasearch.stores.milvus.shelf import Owner
from rcasearch.texts import clean_text

# So many incidents can be looked at all at once: for recurrences, the map, the insights and lists.
MOST = 200_000
_BATCH = 500
_PAGE = 1_000
# The engine gives no more rows in one answer.
LARGEST_ANSWER = 16_384


class View:
    """The heads that pass; asked from any thread."""

    def __init__(
        self, engine: Engine, generation: Generation, tenant: str, access: Sequence[str] | None, consistency: str = "Bounded"
    ) -> None:
        """Of the ``tenant``, with one of these ``access`` keys; with any, where that is None."""
        self.engine, self.generation, self._tenant, self._access = engine, generation, tenant, access
        self.consistency = consistency
        self._owners: list[Owner] = []
        self._rows: dict[str, int] = {}
        self._headlines: list[Headline] | None = None
        self._lock = threading.RLock()

    def passing(self, chosen: Filters) -> str:
        """The expression of the incidents that pass."""
        return filters.passing(chosen, self._tenant, self._access)

    def heads(self, expression: str, fields: Sequence[str], limit: int = LARGEST_ANSWER) -> list[dict[str, Any]]:
        """Heads that pass an expression. Raises EngineError."""
        asked: dict[str, Any] = {
            "filter": expression,
            "output_fields": list(fields),
            "consistency_level": self.consistency,
            "limit": limit,
        }
        found: list[dict[str, Any]] = self.engine.read("query", self.generation.collection(HEADS), **asked)
        return found

    def count(self, expression: str) -> int:
        """How many heads pass. Raises EngineError."""
        asked: dict[str, Any] = {"filter": expression, "output_fields": ["count(*)"], "consistency_level": self.consistency}
        return int(self.engine.read("query", self.generation.collection(HEADS), **asked)[0]["count(*)"])

    def rows(self, keys: Sequence[str]) -> Rows:
        """The rows of the incidents with these keys, of those that may be seen, each once, in the order of the keys."""
        distinct = list(dict.fromkeys(keys))
        with self._lock:
            unknown = [key for key in distinct if key not in self._rows]
        for start in range(0, len(unknown), _BATCH):
            expression = f"{self.passing(NO_FILTERS)} and {filters.is_in('id', unknown[start : start + _BATCH])}"
            self._meet((head["id"], head["version"]) for head in self.heads(expression, ["id", "version"]))
        return np.array([self._rows[key] for key in distinct if key in self._rows], np.int64)

    def _meet(self, heads: Any) -> None:
        with self._lock:
            for key, version in heads:
                if key not in self._rows:
                    self._rows[key] = len(self._owners)
                    self._owners.append(Owner(key, version))

    def owners(self, rows: Sequence[int] | Rows) -> list[Owner]:
        """The incidents of these rows. Raises IndexError for a row that none has."""
        wanted = [int(row) for row in rows]
        if wanted and max(wanted) >= len(self._owners):
            self.headlines()
        return [self._owners[row] for row in wanted]

    def row(self, key: str) -> int:
        """The row of the incident with that id or file stem. Raises NotFoundError, EngineError."""
        key = clean_text(key)
        same = filters.literal(key)
        found = self.heads(
            f"{self.passing(NO_FILTERS)} and (incident == {same} or stem == {same})", ["id", "version", "incident"]
        )
        if not found:
            raise NotFoundError(
                f"No incident has the id {key!r}.", "`rcasearch search` shows the id of each hit; ids are case-sensitive."
            )
        first = min(found, key=lambda head: (head["incident"] != key, head["incident"]))
        return int(self.rows([first["id"]])[0])

    def linking_to(self, incident_id: str) -> Rows:
        """The rows of the incidents that link to the one with this id. Raises EngineError."""
        found = self.every(f"{self.passing(NO_FILTERS)} and {filters.contains_any('links', [incident_id])}")
        return self.rows([head["id"] for head in found])

    def known(self, ids: Collection[str]) -> set[str]:
        """Which of these ids are those of incidents here. Raises EngineError."""
        found: set[str] = set()
        wanted = sorted(ids)
        for start in range(0, len(wanted), _BATCH):
            expression = f"{self.passing(NO_FILTERS)} and {filters.is_in('incident', wanted[start : start + _BATCH])}"
            found.update(str(head["incident"]) for head in self.heads(expression, ["incident"]))
        return found

    def headlines(self) -> list[Headline]:
        """What all incidents tell at a glance, by row. Raises RcaSearchError where they are too many, EngineError."""
        with self._lock:
            if self._headlines is None:
                found = self._all()
                if len(found) != len(self._owners):
                    raise damaged("incidents went while they were counted; ask again")
                told = {head["id"]: head["outline"] for head in found}
                self._headlines = [read_headline(told[owner.key]) for owner in self._owners]
            return self._headlines

    def _all(self) -> list[dict[str, Any]]:
        expression = self.passing(NO_FILTERS)
        if (count := self.count(expression)) > MOST:
            raise RcaSearchError(
                f"The index has {count:,} incidents, and no more than {MOST:,} can be looked at all at once.",
                "Ask for precedents, or give each team a tenant of its own.",
            )
        found = self.every(expression, ["id", "version", "outline"])
        if len(found) < count:
            raise damaged(f"of {count:,} incidents only {len(found):,} were given")
        return found

    def every(self, expression: str, fields: Sequence[str] = ("id", "version")) -> list[dict[str, Any]]:
        """All heads that pass an expression, by their keys. Raises EngineError."""
        found: list[dict[str, Any]] = []
        last = ""
        while True:
            # By keys and not by offsets: what comes and goes meanwhile moves no other. Of an answer that is limited, the engine
            # gives the rows with the least keys.
            after = f"{expression} and id > {filters.literal(last)}" if last else expression
            page = sorted(self.heads(after, fields, _PAGE), key=lambda head: str(head["id"]))
            found += page
            if len(page) < _PAGE:
                break
            last = page[-1]["id"]
        self._meet((head["id"], head["version"]) for head in found)
        return found
