"""What a tenant's index is as a whole: one small record, written last, that names the edition of everything counted over it.

Statistics are kept for each set of `access:` labels apart, in cells: they are sums and maxima, so that those of any reader are
made of the cells that he may see, and of nothing else.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace
from rcasearch.errors import IndexMismatchError
from rcasearch.model import Clearance, IndexInfo, Problem
from rcasearch.services import ServiceNames
from rcasearch.stores.base import Floats
from rcasearch.stores.milvus.bundles import hashes_of
from rcasearch.stores.milvus.packing import array, damaged
from rcasearch.stores.milvus.parts import PartKey, Parts
from rcasearch.stores.milvus.schema import LAYOUT
from rcasearch.stores.postings import K1, B, inverse_frequency

STATE = PartKey("@state", "now", "state")
_BLOB = "@corpus"
# Nothing that is stored of a corpus as a whole unpacks to more.
_LARGEST = 2**32 - 1
Read = TypeVar("Read")


class Cell(msgspec.Struct, frozen=True):
    """Incidents that carry the same ``access`` labels: how many, the ``length`` of all in terms, how many list which service."""

    access: tuple[str, ...]
    incidents: int
    chunks: int
    passages: int
    length: int
    services: dict[str, int]


class Retired(msgspec.Struct, frozen=True, array_like=True):
    """An incident as it was, and since when it is not: seconds of the epoch."""

    key: str
    version: str
    since: float


class State(msgspec.Struct, frozen=True):
    """What is in force of a tenant: the ``edition`` of its corpus, made by what, and what it comes to.

    ``width`` and ``basis`` are those of the token codes; ``masked`` the services that are kept out of the match. What is
    ``retired`` is in force no longer, and its parts may be deleted some time after.
    """

    layout: int
    edition: int
    fingerprint: str
    info: IndexInfo
    calibration: dict[str, float]
    cells: tuple[Cell, ...]
    masked: tuple[str, ...]
    concepts: int
    width: int
    basis: str
    retired: tuple[Retired, ...] = ()


class _Space(msgspec.Struct, frozen=True, array_like=True):
    labels: tuple[str, ...]
    signatures: tuple[tuple[str, int], ...]
    vectors: bytes
    starts: bytes


class _Counted(msgspec.Struct, frozen=True, array_like=True):
    terms: tuple[str, ...]
    frequency: bytes
    tokens: bytes
    reach: bytes


_state = msgspec.json.Decoder(State).decode
_space = msgspec.msgpack.Decoder(_Space).decode
_counted = msgspec.msgpack.Decoder(_Counted).decode
_problems = msgspec.msgpack.Decoder(tuple[Problem, ...]).decode


@dataclass(frozen=True, eq=False)
class Counted:
    """What is counted of incidents: in how many each of the ``terms`` stands, ``frequency`` (t,), and each token id, ``tokens``;
    and the most that any tells of each concept, ``reach`` (c,).
    """

    terms: tuple[str, ...]
    frequency: NDArray[np.int32]
    tokens: NDArray[np.int32]
    reach: Floats

    def __add__(self, other: Counted) -> Counted:
        """The same of both together."""
        terms, inverse = np.unique(np.array([*self.terms, *other.terms], object), return_inverse=True)
        frequency = np.bincount(inverse, np.concatenate([self.frequency, other.frequency]), len(terms)).astype(np.int32)
        size = max(len(self.tokens), len(other.tokens))
        tokens = sum((np.pad(own, (0, size - len(own))) for own in (self.tokens, other.tokens)), np.zeros(size, np.int32))
        return Counted(tuple(terms.tolist()), frequency, tokens, np.maximum(self.reach, other.reach))

    @cached_property
    def _by_hash(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        hashes = hashes_of(self.terms)
        order = np.argsort(hashes)
        return hashes[order], self.frequency[order]

    def frequency_of(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """In how many incidents (h,) the terms of these hashes stand."""
        known, frequency = self._by_hash
        if not len(known):
            return np.zeros(len(hashes), np.int32)
        place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        return np.where(known[place] == hashes, frequency[place], 0).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Corpus:
    """What one reader may know of a tenant's corpus: the ``cells`` that he sees, and what is counted over these."""

    state: State
    cells: tuple[Cell, ...]
    space: ConceptSpace
    basis: Basis
    counted: Counted
    problems: tuple[Problem, ...]

    @property
    def incidents(self) -> int:
        return sum(cell.incidents for cell in self.cells)

    @cached_property
    def services(self) -> ServiceNames:
        counts = sum((Counter(cell.services) for cell in self.cells), Counter[str]())
        names = tuple(sorted(counts, key=lambda name: (-counts[name], name)))
        # What is kept out of the match of documents must be kept out of that of queries.
        return ServiceNames(names, frozenset(self.state.masked).intersection(names))

    def inverse_frequency(self, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """What terms count (h,), as in `postings`."""
        return inverse_frequency(self.counted.frequency_of(hashes), self.incidents)

    def norms(self, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """What is added (n,) to how often a term stands in an incident of such a length, as in `postings`."""
        mean = sum(cell.length for cell in self.cells) / max(self.incidents, 1)
        return np.asarray(K1 * (1 - B + B * lengths / max(mean, 1e-12)))


def read_state(parts: Parts) -> State | None:
    """The state of a tenant; None where nothing is indexed. Raises IndexMismatchError, EngineError."""
    found = parts.find([STATE]).get(STATE)
    if found is None:
        return None
    told = _decoded(msgspec.json.decode, found)
    if not isinstance(told, dict) or told.get("layout") != LAYOUT:
        layout = told.get("layout") if isinstance(told, dict) else None
        raise IndexMismatchError(
            f"The index in the engine has the layout {layout}; this version reads {LAYOUT}.",
            "Index the documents again with `rcasearch index SOURCE --fresh`, by the version that serves them.",
        )
    return _decoded(_state, found)


def read_corpus(parts: Parts, state: State, clearance: Clearance) -> Corpus:
    """What a reader of that clearance may know of the corpus. Raises IndexMismatchError, EngineError."""
    numbers = [number for number, cell in enumerate(state.cells) if clearance.covers(cell.access)]
    version = str(state.edition)
    shared = [PartKey(_BLOB, version, what) for what in ("space", "basis", "problems")]
    space, basis, problems, *counted = parts.get([*shared, *(PartKey(_BLOB, version, f"cell{one}") for one in numbers)])
    empty = Counted((), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(state.concepts, np.float32))
    return Corpus(
        state,
        tuple(state.cells[number] for number in numbers),
        _read_space(space, state.info.dimension),
        _read_basis(basis, state),
        reduce(Counted.__add__, [_read_counted(one, state.concepts) for one in counted] or [empty]),
        _decoded(_problems, _unpacked(problems)),
    )


def corpus_parts(
    state: State, space: ConceptSpace, basis: Basis, problems: Sequence[Problem], counted: Sequence[Counted]
) -> list[tuple[PartKey, bytes]]:
    """What is to be written of a corpus before its state. ``counted`` are those of the cells, in their order."""
    version, pack = str(state.edition), msgspec.msgpack.encode
    vectors = space.vectors.astype(np.float32)
    packed = _Space(space.labels, tuple(space.signatures), vectors.tobytes(), np.asarray(space.starts, np.int64).tobytes())
    cells = [
        _Counted(one.terms, one.frequency.astype(np.int32).tobytes(), one.tokens.astype(np.int32).tobytes(), one.reach.tobytes())
        for one in counted
    ]
    return [
        (PartKey(_BLOB, version, "space"), zlib.compress(pack(packed))),
        (PartKey(_BLOB, version, "basis"), basis.tobytes()),
        (PartKey(_BLOB, version, "problems"), zlib.compress(pack(tuple(problems)))),
        *((PartKey(_BLOB, version, f"cell{number}"), zlib.compress(pack(one))) for number, one in enumerate(cells)),
    ]


def write_state(parts: Parts, state: State) -> None:
    """Put a state in force: everything that it names must be there. Raises EngineError."""
    parts.put([(STATE, msgspec.json.encode(state))])


def forget_corpus(parts: Parts, edition: int) -> None:
    """Delete what was written for an edition. Raises EngineError."""
    parts.remove([_BLOB], str(edition))


def seen(state: State, clearance: Clearance, cells: Sequence[Cell]) -> IndexInfo:
    """What a reader is told of an index: who may not see all of it learns nothing of the rest."""
    if clearance.unrestricted:
        return state.info
    return replace(
        state.info,
        incidents=sum(cell.incidents for cell in cells),
        chunks=sum(cell.chunks for cell in cells),
        passages=sum(cell.passages for cell in cells),
        problems=0,
        bytes=0,
        sources=(),
    )


def _read_space(data: bytes, dimension: int) -> ConceptSpace:
    stored = _decoded(_space, _unpacked(data))
    vectors = array(stored.vectors, np.float32, -1, dimension)
    return ConceptSpace(stored.labels, stored.signatures, vectors, array(stored.starts, np.int64))


def _read_basis(data: bytes, state: State) -> Basis:
    array(data, np.float32, state.info.dimension + 1, state.width)
    return Basis.frombytes(data, state.info.dimension)


def _read_counted(data: bytes, concepts: int) -> Counted:
    stored = _decoded(_counted, _unpacked(data))
    frequency = array(stored.frequency, np.int32, len(stored.terms))
    return Counted(stored.terms, frequency, array(stored.tokens, np.int32), array(stored.reach, np.float32, concepts))


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _LARGEST)
    except zlib.error as error:
        raise damaged(f"what is counted over it: {error}") from None


def _decoded(decode: Callable[[Any], Read], data: bytes) -> Read:
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise damaged(str(error)) from None
