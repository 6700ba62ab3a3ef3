"""What indexing and search need of a model, whatever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The word pieces of one text: ``ids`` (t,) int32 in the model's vocabulary, ``vectors`` (t, d) float32 of length 1."""

    ids: NDArray[np.int32]
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Encoding:
    """Texts as vectors: ``vectors`` (n, d) float32 of length 1, and n ``tokens``; none where the model has no token states."""

    vectors: Floats
    tokens: tuple[Tokens, ...]


class Encoder(Protocol):
    """A model in use. One object serves many threads.

    ``arithmetic`` names what multiplies where passages are encoded: empty for floats of any size, whose vectors differ in their
    last digits, otherwise integers and their scales. Vectors of two arithmetics can be compared, but stand in no index together.
    """

    name: str
    fingerprint: str
    arithmetic: str
    dimension: int
    max_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many of the ``max_tokens`` each text takes."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) character offsets of the tokens that `encode_documents` gives vectors for."""

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        """Vectors of passages."""

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        """Vectors of queries, in the same space."""


def nothing(dimension: int) -> Encoding:
    """The encoding of no texts."""
    return Encoding(np.zeros((0, dimension), np.float32), ())


def unit(vectors: NDArray[Any]) -> Floats:
    """The same directions, each of length 1; a zero vector stays one."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
