"""Documents, chunks and their embeddings -> the files of a generation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.cache import Embedded
from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace, incident_profile, profile
from rcasearch.lexical import terms
from rcasearch.model import KINDS, Chunk, Document, Incident, Problem, VectorSearch
from rcasearch.services import ServiceNames
from rcasearch.stores import catalogue, postings
from rcasearch.stores.vectors import write as write_vectors

PASSAGES = "passages.faiss"
INCIDENTS = "incidents.faiss"
CHUNKS = "chunks.npz"
LEXICAL = "lexical.bin"
CODES = "token_codes.bin"
IDS = "token_ids.bin"
SPANS = "token_spans.bin"
TOKENS = "tokens.npz"
CONCEPTS = "concepts.npz"
CONCEPT_NAMES = "concepts.json"
PROFILES = "profiles.npy"
SERVICES = "services.json"
_BATCH = 1_000

Floats = NDArray[np.float32]
Lookup = Callable[[Sequence[str]], list[Embedded]]


@dataclass(frozen=True, slots=True)
class Content:
    """What a generation is written from. ``chunks[i]`` are those of ``documents[i]`` that tell anything, in document order."""

    documents: Sequence[Document]
    chunks: Sequence[Sequence[Chunk]]
    problems: Sequence[Problem]
    services: ServiceNames

    def passages(self) -> dict[str, str]:
        """Content hash -> matched text of each distinct passage, in the order of first appearance."""
        return {chunk.content_hash: chunk.matched for own in self.chunks for chunk in own}


@dataclass(frozen=True, slots=True)
class Embeddings:
    """``lookup`` gives the embeddings of content hashes, in ``dimension`` dimensions, their token codes in ``basis``."""

    lookup: Lookup
    basis: Basis
    space: ConceptSpace
    dimension: int


def write(folder: Path, content: Content, embeddings: Embeddings) -> tuple[VectorSearch, VectorSearch]:
    """All files of a generation but its manifest; how its passages and its incidents are searched."""
    catalogue.write(folder / catalogue.CATALOGUE, content.documents, content.chunks, content.problems)
    hashes = list(content.passages())
    passage_of = {key: row for row, key in enumerate(hashes)}
    passages = np.array([passage_of[chunk.content_hash] for own in content.chunks for chunk in own], np.int32)
    starts = np.concatenate([[0], np.cumsum([len(own) for own in content.chunks], dtype=np.int64)])
    kinds = np.array([KINDS.index(chunk.kind) for own in content.chunks for chunk in own], np.uint8)
    np.savez(folder / CHUNKS, passages=passages, starts=starts, kinds=kinds)
    vectors, token_starts = _write_tokens(folder, hashes, embeddings.lookup, embeddings.dimension)
    passage_search = write_vectors(folder / PASSAGES, vectors)
    incident_search = write_vectors(folder / INCIDENTS, _means(vectors, passages, starts))
    _write_concepts(folder, embeddings.space, vectors, passages, starts)
    frequency = _document_frequency(folder, token_starts, passages, starts)
    basis, names = embeddings.basis, content.services
    np.savez(folder / TOKENS, starts=token_starts, frequency=frequency, directions=basis.directions, scales=basis.scales)
    (folder / SERVICES).write_bytes(msgspec.json.encode({"names": names.names, "masked": sorted(names.masked)}))
    texts = map(searchable_text, (document.incident for document in content.documents), content.chunks)
    postings.write(folder / LEXICAL, (Counter(terms(text)) for text in texts))
    return passage_search, incident_search


def _write_tokens(
    folder: Path, hashes: Sequence[str], lookup: Lookup, dimension: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    vectors = np.zeros((len(hashes), dimension), np.float32)
    counts: list[int] = []
    with (folder / CODES).open("wb") as codes, (folder / IDS).open("wb") as ids, (folder / SPANS).open("wb") as spans:
        for row, embedded in enumerate(_batched(hashes, lookup)):
            vectors[row] = embedded.vector
            codes.write(embedded.codes.tobytes())
            ids.write(embedded.ids.tobytes())
            spans.write(embedded.spans.tobytes())
            counts.append(len(embedded.ids))
    return vectors, np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _batched(hashes: Sequence[str], lookup: Lookup) -> Iterator[Embedded]:
    for start in range(0, len(hashes), _BATCH):
        yield from lookup(hashes[start : start + _BATCH])


def _means(vectors: NDArray[np.float32], passages: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The mean passage (n, d) of each incident, of length 1; zeros for an incident without passages."""
    means = np.zeros((len(starts) - 1, vectors.shape[1]), np.float32)
    for row in range(len(means)):
        own = passages[starts[row] : starts[row + 1]]
        if own.size:
            mean = vectors[own].mean(axis=0)
            means[row] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return means


def _write_concepts(
    folder: Path, space: ConceptSpace, vectors: Floats, passages: NDArray[np.int32], starts: NDArray[np.int64]
) -> None:
    (folder / CONCEPT_NAMES).write_bytes(msgspec.json.encode({"labels": space.labels, "signatures": space.signatures}))
    profiles = profile(space.scores(vectors))
    found = [incident_profile(profiles[passages[first:end]]) for first, end in pairwise(starts)]
    own = np.array(found, np.float16).reshape(len(starts) - 1, len(space.labels))
    np.save(folder / PROFILES, own)
    reach = own.max(axis=0, initial=0).astype(np.float32)
    np.savez(folder / CONCEPTS, vectors=space.vectors.astype(np.float16), starts=space.starts, reach=reach)


def _document_frequency(
    folder: Path, token_starts: NDArray[np.int64], passages: NDArray[np.int32], starts: NDArray[np.int64]
) -> NDArray[np.int32]:
    """In how many incidents each token id of the vocabulary occurs."""
    ids = np.fromfile(folder / IDS, np.int32)
    frequency = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    for row in range(len(starts) - 1):
        own = [ids[token_starts[p] : token_starts[p + 1]] for p in passages[starts[row] : starts[row + 1]]]
        if own:
            frequency[np.unique(np.concatenate(own))] += 1
    return frequency


def searchable_text(incident: Incident, chunks: Iterable[Chunk]) -> str:
    """What the lexical leg reads of an incident: services, tags, headings, and what its chunks tell."""
    return "\n".join([*incident.services, *incident.tags, *(f"{chunk.heading}\n{chunk.matched}" for chunk in chunks)])
