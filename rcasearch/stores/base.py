"""What a store of incidents must answer. Every implementation passes one contract suite.

Incidents are addressed by their row, an integer from 0 within one generation. A store computes the legs of the ranking over rows;
it neither fuses nor ranks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Tokens
from rcasearch.model import Chunk, Clearance, Filters, Incident, IndexInfo, Kind, Outline, Page, Problem
from rcasearch.services import ServiceNames

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


class Selection(Protocol):
    """The incidents that a store is asked about."""

    @property
    def rows(self) -> Rows | None:
        """Their rows, ascending; None for all of them. A store that does not know them looks them up when it is asked."""

    @property
    def count(self) -> int:
        """How many they are."""

    def without(self, row: int) -> Selection:
        """The same without one incident."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A `Selection` by its ``rows``, ascending, or None for all of them; ``count`` is how many."""

    rows: Rows | None
    count: int

    def without(self, row: int) -> Selection:
        """The same without one incident."""
        own = np.arange(self.count, dtype=np.int64) if self.rows is None else self.rows
        rows = own[own != row]
        return Selected(rows, len(rows))


@dataclass(frozen=True, eq=False, slots=True)
class Passages:
    """The n passages of an incident in document order, as they are compared: of what ``kinds``, and their ``vectors`` (n, d).

    ``ids`` (n,) are equal where passages tell the same.
    """

    kinds: Sequence[Kind]
    ids: NDArray[np.int32] | NDArray[np.int64]
    vectors: Floats


@dataclass(frozen=True, eq=False, slots=True)
class TermValues:
    """The terms (t,) of the lexical leg, sorted, and how much each counts in which incidents.

    Term i has the BM25 ``values[starts[i]:starts[i + 1]]`` in the incidents of the same ``rows``, ascending.
    """

    terms: Sequence[str]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    values: Floats


class Store(Protocol):
    """One generation of an index, open for reading from any thread."""

    @property
    def info(self) -> IndexInfo:
        """What the index holds; its id names the generation."""

    def seen_by(self, clearance: Clearance) -> Store:
        """The same without what a reader of that clearance may not see, as if that had never been indexed; itself if he sees all.

        Only such a reader is told of files that could not be indexed, of folders and of sizes. Raises IndexMismatchError where
        the files are gone meanwhile.
        """

    @property
    def labels(self) -> frozenset[str]:
        """The labels of all incidents in it."""

    @property
    def overview_file(self) -> Path:
        """Where to keep what its incidents come to: another file for each part of a generation that somebody sees."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the encoder that made the vectors."""

    @property
    def calibration(self) -> Mapping[str, float]:
        """What `calibration.calibrate` learned from this corpus."""

    @property
    def concepts(self) -> ConceptSpace:
        """The failure concepts that incidents and queries are profiled by."""

    @property
    def concept_reach(self) -> Floats:
        """The largest value (c,) that any incident's profile has for each concept: near 0 where none tells of it."""

    @property
    def services(self) -> ServiceNames:
        """The services of the corpus, and which of them are kept out of the symptom match."""

    def select(self, filters: Filters) -> Selection:
        """The incidents that pass ``filters``."""

    def nearest(self, vectors: Floats, k: int, selection: Selection) -> Rows:
        """The k selected incidents nearest to one of the (q, d) unit ``vectors`` by a passage or as a whole, or all."""

    def matching(self, terms: Sequence[str], k: int, selection: Selection) -> Rows:
        """The k selected incidents with the best BM25 score above 0, best first."""

    def telling_of(self, query_profile: Floats, k: int, selection: Selection) -> Rows:
        """The k selected incidents that tell most of the failure concepts of a query profile (c,); only those that do."""

    def sharing(self, row: int, chunk: int) -> Rows:
        """The incidents whose chunks tell word for word the same as the incident's n-th chunk; it is among them."""

    def passage_scores(self, rows: Rows, vectors: Floats) -> Floats:
        """The cosine (rows, q) of each incident's best passage to each of the (q, d) unit ``vectors``."""

    def incident_scores(self, rows: Rows, vectors: Floats) -> Floats:
        """The cosine (rows, q) of each incident as a whole (the mean of its passages) to each of the ``vectors``."""

    def concept_scores(self, rows: Rows, query_profile: Floats) -> Floats:
        """How far (rows,) each incident tells of the failure concepts of a query profile (c,)."""

    def concept_profiles(self, rows: Rows) -> Floats:
        """How much (rows, c) of each failure concept each incident has: rows of length 1, or of zeros."""

    def kind_means(self, kinds: Collection[Kind]) -> Floats:
        """The mean (n, d) of the passages of these kinds in each incident, of length 1; zeros for one that has none."""

    def lexical_scores(self, rows: Rows, terms: Sequence[str]) -> Floats:
        """The BM25 score (rows,) of each incident."""

    def term_values(self) -> TermValues:
        """What `lexical_scores` adds up, of all incidents and all terms."""

    def serves(self, rows: Rows, services: Sequence[str]) -> NDArray[np.bool_]:
        """Whether (rows,) each incident lists one of these services."""

    def token_counts(self, rows: Rows) -> NDArray[np.int64]:
        """How many tokens (rows,) of each incident count in a match; zeros where the store has no token vectors."""

    def project(self, tokens: Tokens) -> Floats:
        """Query tokens (t, c) in the form that this store compares with its own; (0, c) where it has no token vectors."""

    def late_scores(self, rows: Rows, vectors: Floats, projected: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
        """Late interaction with each incident (rows,), and with the best of its passages (rows,).

        Either is the mean, by the tokens' ``weights`` (t,), of each projected query token's best similarity, in the ``most``
        passages of the incident that are nearest to one of the ``vectors`` (q, d).
        """

    def chunk_late_scores(self, rows: Sequence[int], projected: Floats, weights: Floats) -> list[Floats]:
        """Late interaction (n,) with each of the n chunks of each incident, as in `late_scores`."""

    def chunk_token_scores(self, row: int, chunk: int, projected: Floats) -> Floats:
        """The similarity (t, p) of each projected query token to each of the p tokens of the incident's n-th chunk."""

    def chunk_spans(self, row: int, chunk: int) -> list[tuple[int, int]]:
        """Where each of these p tokens begins and ends in the chunk's matched text; both 0 where that is not known."""

    def token_weights(self, tokens: Tokens) -> Floats:
        """The inverse document frequency (t,) of each token in this corpus."""

    def row(self, key: str) -> int:
        """The row of the incident with that id or file stem. Raises NotFoundError."""

    def incidents_at(self, rows: Sequence[int]) -> list[Incident]:
        """The incidents of these rows, in their order."""

    def outlines(self) -> list[Outline]:
        """What is known of every incident at a glance, by row."""

    def passages_at(self, rows: Sequence[int]) -> list[Passages]:
        """The passages of these incidents."""

    def chunks_at(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        """The chunks at these places: the row of an incident, and which of its chunks."""

    def tokens_at(self, row: int, chunks: Sequence[int]) -> Tokens:
        """The tokens of these chunks of an incident, as nearly as they are stored."""

    def source(self, row: int) -> str:
        """The markdown that the incident was read from."""

    def linking_to(self, incident_id: str) -> list[Incident]:
        """The incidents whose documents link to this one, newest first."""

    def links(self) -> list[tuple[int, int]]:
        """The rows of every incident that links to another one, and of the other, ascending; each pair once."""

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        """The incidents that pass, newest first, with facet counts over all that pass."""

    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the documents when the index was made."""

    def close(self) -> None: ...
