"""An Encoder over an exported model: OpenVINO and the tokenizers library, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch.encoders.base import Encoding, Floats, Tokens, nothing, unit
from rcasearch.encoders.cores import cores
from rcasearch.encoders.exports import INTEGER_NETWORK, NETWORK, TOKENIZER, Export
from rcasearch.encoders.network import INTEGERS, Network
from rcasearch.encoders.tokenizing import Ints, WordPieces

# A batch holds so many texts, and so many pieces, padding included: more would take memory and gain no speed.
_MOST_TEXTS, _MOST_PIECES = 32, 1024
# Lengths are rounded up to this, so that the network meets few shapes and prepares itself for each only once. Less for a text
# alone gains no time that could be measured, and gives it other last digits than in company.
_STEP = 16


@dataclass(frozen=True, slots=True)
class _Batch:
    """Texts of like length: their places among all ``rows``, padded ``ids`` and ``mask`` (b, l)."""

    rows: list[int]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


class ExportedEncoder:
    """An Encoder over the export in ``folder``. Raises OSError, ValueError or RuntimeError where that cannot be used.

    ``at_once`` is how many batches may be encoded at the same time; fewer are opened sooner.
    """

    def __init__(self, name: str, export: Export, folder: Path, precision: str, at_once: int | None = None) -> None:
        self.name = name
        self.fingerprint = export.fingerprint
        self.arithmetic = export.quantized if precision == INTEGERS else ""
        self.dimension = export.dimension
        self.precision = precision
        self._padding, self._max_length = export.padding, export.max_length
        # The network first: while it is opened, another thread may run Python.
        network = INTEGER_NETWORK if precision == INTEGERS else NETWORK
        self._network = Network(folder / network, precision, cores(), at_once or cores())
        self._pieces = WordPieces(folder / TOKENIZER, export.max_length, export.special, export.prompts)
        self.max_tokens = self._pieces.max_tokens
        self.count_tokens, self.offsets = self._pieces.count, self._pieces.offsets

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        return self._encode(texts, "document")

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        return self._encode(texts, "query")

    def _encode(self, texts: Sequence[str], task: str) -> Encoding:
        if not texts:
            return nothing(self.dimension)
        ids = self._pieces.ids(texts, task)
        vectors = np.empty((len(ids), self.dimension), np.float32)
        tokens: list[Tokens] = [Tokens(np.zeros(0, np.int32), np.zeros((0, self.dimension), np.float32))] * len(ids)
        for batch, (pooled, states) in self._run(list(self._batches(ids))):
            vectors[batch.rows] = pooled
            for own, row in zip(states, batch.rows, strict=True):
                tokens[row] = self._tokens(ids[row], own, task)
        return Encoding(unit(vectors), tuple(tokens))

    def _batches(self, ids: Sequence[Ints]) -> Iterator[_Batch]:
        """Long texts first: what is left at the end, while some streams have nothing to do, is short."""
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        while order:
            longest = len(ids[order[0]])
            width = max(longest, min(-(-longest // _STEP) * _STEP, self._max_length))
            count = min(_MOST_TEXTS, max(1, _MOST_PIECES // width))
            rows, order = order[:count], order[count:]
            padded = np.full((len(rows), width), self._padding, np.int64)
            mask = np.zeros((len(rows), width), np.int64)
            for place, row in enumerate(rows):
                padded[place, : len(ids[row])] = ids[row]
                mask[place, : len(ids[row])] = 1
            yield _Batch(rows, padded, mask)

    def _run(self, batches: list[_Batch]) -> Iterator[tuple[_Batch, tuple[Floats, Floats]]]:
        if len(batches) == 1:
            yield batches[0], self._network.run(batches[0].ids, batches[0].mask)
            return
        with ThreadPoolExecutor(self._network.streams) as pool:
            yield from zip(batches, pool.map(lambda batch: self._network.run(batch.ids, batch.mask), batches), strict=True)

    def _tokens(self, ids: Ints, states: Floats, task: str) -> Tokens:
        positions = self._pieces.telling(ids, task)
        return Tokens(ids[positions].astype(np.int32), unit(states[positions]))
