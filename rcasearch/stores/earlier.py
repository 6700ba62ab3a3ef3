"""The tokens of an earlier generation, copied in long stretches into a newer one where passages stayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

KEYS = "passage_keys.bin"
CODES = "token_codes.bin"
IDS = "token_ids.bin"
SPANS = "token_spans.bin"
TOKENS = "tokens.npz"
TOKEN_FILES = (KEYS, CODES, IDS, SPANS, TOKENS)
# What a passage is known by in `KEYS`: the bytes of its content hash.
KEY_BYTES = 16


class EarlierTokens:
    """The tokens of the passages of a generation."""

    def __init__(self, folder: Path) -> None:
        held = (folder / KEYS).read_bytes()
        self._rows = {held[start : start + KEY_BYTES]: row for row, start in enumerate(range(0, len(held), KEY_BYTES))}
        with (folder / TOKENS).open("rb") as file, np.load(file) as stored:
            self.starts: NDArray[np.int64] = stored["starts"]
            self.directions: NDArray[np.float32] = stored["directions"]
            self.scales: NDArray[np.float32] = stored["scales"]
        self._folder = folder

    def rows(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """Where each passage is here; -1 for one that is not."""
        return np.array([self._rows.get(key, -1) for key in keys], np.int64)

    def copy(self, first: int, end: int, targets: Sequence[tuple[str, BinaryIO, int]]) -> NDArray[np.int64]:
        """Append the tokens of the passages from ``first`` up to ``end`` to each (file here, file there, bytes a token).

        Gives how many tokens each of the passages has.
        """
        begin, stop = int(self.starts[first]), int(self.starts[end])
        for name, target, size in targets:
            with (self._folder / name).open("rb") as source:
                source.seek(begin * size)
                _copy(source, target, (stop - begin) * size)
        return np.diff(self.starts[first : end + 1])


def stretches(rows: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """The (start, end) of each stretch of rows that follow one another, or of strangers (-1)."""
    if not len(rows):
        return
    follows = np.where(rows[:-1] < 0, rows[1:] < 0, rows[1:] == rows[:-1] + 1)
    cuts = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(rows)]
    yield from pairwise(cuts)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        block = source.read(min(size, 2**22))
        if not block:
            raise ValueError("a file of tokens is shorter than it says")
        target.write(block)
        size -= len(block)
