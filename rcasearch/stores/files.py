"""What `writer` wrote beside vectors, read again: concepts, services, memory-mapped arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace
from rcasearch.services import ServiceNames
from rcasearch.stores import earlier, writer
from rcasearch.stores.base import Floats, Rows
from rcasearch.stores.consistency import check_bounds, check_shape
from rcasearch.stores.layout import Layout
from rcasearch.stores.manifests import Manifest
from rcasearch.stores.postings import Postings, Whole


def read_concepts(folder: Path) -> tuple[ConceptSpace, Floats]:
    """The concepts of a generation, and how far (c,) any of its incidents tells of each."""
    names = msgspec.json.decode((folder / writer.CONCEPT_NAMES).read_bytes())
    with (folder / writer.CONCEPTS).open("rb") as file, np.load(file) as stored:
        vectors, starts = stored["vectors"].astype(np.float32), stored["starts"]
        reach: Floats = stored["reach"]
    space = ConceptSpace(tuple(names["labels"]), tuple((text, number) for text, number in names["signatures"]), vectors, starts)
    return space, reach


def read_services(folder: Path) -> ServiceNames:
    """The services of a generation."""
    stored = msgspec.json.decode((folder / writer.SERVICES).read_bytes())
    return ServiceNames(tuple(stored["names"]), frozenset(stored["masked"]))


def read_terms(folder: Path, manifest: Manifest) -> Postings:
    """The terms of a generation, with those of the corpus that it is a share of. Raises OSError, or ValueError."""
    made = manifest.made
    if made is None or not made.share:
        return Postings(folder / writer.LEXICAL)
    frequency: NDArray[np.int32] = np.load(folder / writer.FREQUENCY, mmap_mode="r")
    return Postings(folder / writer.LEXICAL, Whole(made.incidents, made.terms, np.asarray(frequency)))


@dataclass(frozen=True, eq=False, slots=True)
class StoredTokens:
    """The tokens (t) of all passages: passage p has those from starts[p] up to starts[p + 1].

    Of each its ``codes`` in the ``basis``, its id in the vocabulary, and where it begins and ends in its passage.
    ``frequency`` tells in how many incidents each id stands.
    """

    starts: NDArray[np.int64]
    frequency: NDArray[np.int32]
    basis: Basis
    codes: NDArray[np.int8]
    ids: NDArray[np.int32]
    spans: NDArray[np.uint16]

    def frequency_in(self, layout: Layout, rows: Rows) -> NDArray[np.int32]:
        """In how many of these incidents each token stands: counted over them, or over the others where these are fewer."""
        others = np.setdiff1d(np.arange(len(layout.starts) - 1), rows)
        few = rows if len(rows) <= len(others) else others
        own = writer.document_frequency(self.ids, self.starts, *layout.of(few))
        return own if few is rows else self.frequency - own


def read_tokens(folder: Path) -> StoredTokens:
    """The tokens of a generation, memory-mapped. Raises ValueError where the files do not fit together."""
    with (folder / earlier.TOKENS).open("rb") as file, np.load(file) as stored:
        starts, frequency, basis = stored["starts"], stored["frequency"], Basis(stored["directions"], stored["scales"])
    codes = read_mapped(folder / earlier.CODES, np.int8).reshape(-1, basis.width)
    ids = read_mapped(folder / earlier.IDS, np.int32)
    spans = read_mapped(folder / earlier.SPANS, np.uint16).reshape(-1, 2)
    check_bounds(starts, len(starts) - 1, len(codes), "tokens")
    check_shape(ids, (len(codes),), "token ids")
    check_shape(spans, (len(codes), 2), "places of tokens")
    check_shape(basis.scales, (basis.width,), "scales of tokens")
    return StoredTokens(starts, frequency, basis, codes, ids, spans)


def read_mapped(path: Path, dtype: type[np.generic]) -> NDArray[Any]:
    """The values of a plain file, memory-mapped."""
    # An empty file cannot be mapped. The plain view spares every slice the cost of a memmap object.
    return np.asarray(np.memmap(path, dtype, mode="r")) if path.stat().st_size else np.zeros(0, dtype)
