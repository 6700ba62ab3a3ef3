"""Passages, their embeddings and the terms of incidents -> the files of a generation, all but its catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.cache import Embedded
from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace, profile
from rcasearch.model import VectorSearch
from rcasearch.services import ServiceNames
from rcasearch.stores import postings
from rcasearch.stores.earlier import CODES, IDS, KEYS, SPANS, TOKENS, EarlierTokens, stretches
from rcasearch.stores.layout import runs
from rcasearch.stores.postings import Counted
from rcasearch.stores.vectors import write as write_vectors

PASSAGES = "passages.faiss"
INCIDENTS = "incidents.faiss"
CHUNKS = "chunks.npz"
LEXICAL = "lexical.bin"
# Only where the incidents are a share of a corpus.
FREQUENCY = "frequency.npy"
CONCEPTS = "concepts.npz"
CONCEPT_NAMES = "concepts.json"
PROFILES = "profiles.npy"
SERVICES = "services.json"
_BATCH = 1_000
# Passages, or chunks of incidents, brought together at once.
_BLOCK = 8_192

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Content:
    """What the files beside the catalogue are written from.

    ``keys`` are the content hashes of the distinct passages (16 bytes each), in the order of first appearance; incident i has
    passages[starts[i]:starts[i + 1]], in document order, each of the kind (its place in `model.KINDS`) in ``kinds``, and the
    terms that are ``counted``.
    """

    keys: Sequence[bytes]
    passages: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    starts: Ints
    counted: Counted
    services: ServiceNames


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The embeddings of passages by their keys: whole, token codes in ``basis``, or as ``vectors`` (n, d) alone.

    ``earlier`` has tokens in the same basis that need not be looked up.
    """

    lookup: Callable[[Sequence[bytes]], list[Embedded]]
    vectors: Callable[[Sequence[bytes]], Floats]
    basis: Basis
    space: ConceptSpace
    earlier: EarlierTokens | None = None


def write(folder: Path, content: Content, embeddings: Embeddings) -> tuple[VectorSearch, VectorSearch]:
    """All files of a generation but its catalogue and its manifest; how its passages and its incidents are searched."""
    passages, starts, basis = content.passages, content.starts, embeddings.basis
    np.savez(folder / CHUNKS, passages=passages, starts=starts, kinds=content.kinds)
    (folder / KEYS).write_bytes(b"".join(content.keys))
    token_starts = _write_tokens(folder, content.keys, embeddings)
    vectors = embeddings.vectors(content.keys)
    passage_search = write_vectors(folder / PASSAGES, vectors)
    incident_search = write_vectors(folder / INCIDENTS, means(vectors, passages, starts))
    _write_concepts(folder, embeddings.space, vectors, passages, starts)
    frequency = document_frequency(np.fromfile(folder / IDS, np.int32), token_starts, passages, starts)
    np.savez(folder / TOKENS, starts=token_starts, frequency=frequency, directions=basis.directions, scales=basis.scales)
    names = content.services
    (folder / SERVICES).write_bytes(msgspec.json.encode({"names": names.names, "masked": sorted(names.masked)}))
    postings.write_counted(folder / LEXICAL, content.counted)
    if content.counted.whole:
        np.save(folder / FREQUENCY, content.counted.whole.frequency)
    return passage_search, incident_search


def _write_tokens(folder: Path, keys: Sequence[bytes], embeddings: Embeddings) -> Ints:
    """Codes, ids and spans of all tokens; where those of each passage begin."""
    rows = embeddings.earlier.rows(keys) if embeddings.earlier else np.full(len(keys), -1)
    lengths: list[Ints] = [np.zeros(1, np.int64)]
    with ExitStack() as files:
        sizes = ((CODES, embeddings.basis.width), (IDS, 4), (SPANS, 4))
        targets = [(name, files.enter_context((folder / name).open("wb")), size) for name, size in sizes]
        for start, end in stretches(rows):
            if embeddings.earlier and rows[start] >= 0:
                lengths.append(embeddings.earlier.copy(int(rows[start]), int(rows[start]) + end - start, targets))
                continue
            for embedded in _batched(keys[start:end], embeddings.lookup):
                held = (embedded.codes.tobytes(), embedded.ids.tobytes(), embedded.spans.tobytes())
                for (_, target, _), values in zip(targets, held, strict=True):
                    target.write(values)
                lengths.append(np.array([len(embedded.ids)], np.int64))
    return np.cumsum(np.concatenate(lengths), dtype=np.int64)


def _batched(keys: Sequence[bytes], lookup: Callable[[Sequence[bytes]], list[Embedded]]) -> Iterator[Embedded]:
    for start in range(0, len(keys), _BATCH):
        yield from lookup(keys[start : start + _BATCH])


def means(values: Floats, passages: NDArray[np.int32], starts: Ints) -> Floats:
    """The mean (n, w) of the passages' values (p, w) in each incident, of length 1; zeros for one without passages."""
    found = np.zeros((len(starts) - 1, values.shape[1]), np.float32)
    sizes = np.diff(starts)
    for first, end in _blocks(starts):
        own, place = np.arange(first, end), 0
        # All first passages, then all second ones, and so on: three times as fast as one incident after the other.
        while len(own := own[sizes[own] > place]):
            found[own] += values[passages[starts[own] + place]]
            place += 1
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return found


def _blocks(starts: Ints) -> Iterator[tuple[int, int]]:
    """Stretches (first, end) of whole incidents with some ``_BLOCK`` chunks."""
    first = 0
    while first < len(starts) - 1:
        end = max(int(np.searchsorted(starts, starts[first] + _BLOCK, "right")) - 1, first + 1)
        yield first, end
        first = end


def _write_concepts(folder: Path, space: ConceptSpace, vectors: Floats, passages: NDArray[np.int32], starts: Ints) -> None:
    (folder / CONCEPT_NAMES).write_bytes(msgspec.json.encode({"labels": space.labels, "signatures": space.signatures}))
    profiles = np.zeros((len(vectors), len(space.labels)), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        profiles[start : start + _BLOCK] = profile(space.scores(vectors[start : start + _BLOCK]))
    own = means(profiles, passages, starts).astype(np.float16)
    np.save(folder / PROFILES, own)
    reach = own.max(axis=0, initial=0).astype(np.float32)
    np.savez(folder / CONCEPTS, vectors=space.vectors.astype(np.float16), starts=space.starts, reach=reach)


def document_frequency(
    ids: NDArray[np.int32], token_starts: Ints, passages: NDArray[np.int32], starts: Ints
) -> NDArray[np.int32]:
    """In how many incidents each token id of the vocabulary occurs."""
    frequency = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    known = np.flatnonzero(np.bincount(ids)) if len(ids) else np.zeros(0, np.int64)
    place = np.zeros(len(frequency), np.int64)
    place[known] = np.arange(len(known))
    lengths = np.diff(token_starts)
    for first, end in _blocks(starts):
        own = passages[starts[first] : starts[end]]
        tokens = runs(token_starts[own], lengths[own])
        incidents = np.repeat(np.repeat(np.arange(end - first), np.diff(starts[first : end + 1])), lengths[own])
        stands = np.zeros((end - first, len(known)), np.bool_)
        stands[incidents, place[ids[tokens]]] = True
        frequency[known] += stands.sum(axis=0, dtype=np.int32)
    return frequency
