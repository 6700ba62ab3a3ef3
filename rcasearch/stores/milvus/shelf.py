"""What was read of incidents lately: it is stored under versions and never changes, so that it may be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rcasearch.stores.milvus.bundles import PassageTokens, Record, Sketch, read_record, read_sketch, read_tokens
from rcasearch.stores.milvus.kept import Kept
from rcasearch.stores.milvus.parts import PartKey, Parts

SKETCH, TOKENS, RECORD = "sketch", "tokens", "record"
# Of sketches some 10 kB each, of tokens some 20.
_SKETCHES, _TOKENS, _RECORDS = 256 * 2**20, 256 * 2**20, 64 * 2**20


class Owner(NamedTuple):
    """An incident as it was at one time: its key, and the version of what is stored of it."""

    key: str
    version: str


class Widths(NamedTuple):
    """Of how many numbers a vector is, a profile, and the codes of a token; and which ``basis`` these are in."""

    dimension: int
    concepts: int
    codes: int
    basis: str


class Shelf:
    """The parts of incidents of one tenant; asked from any thread."""

    def __init__(self, parts: Parts, widths: Widths) -> None:
        self._parts, self.widths = parts, widths
        self._sketches = Kept[Owner, Sketch](_SKETCHES, lambda one: one.weight, self._read_sketches)
        self._tokens = Kept[int, PassageTokens](_TOKENS, lambda one: one.weight, self._read_tokens)
        self._records = Kept[Owner, Record](_RECORDS, lambda one: 4 * len(one.source) + 2_000, self._read_records)

    def sketches(self, owners: Sequence[Owner]) -> list[Sketch]:
        """What these incidents are scored by. Raises IndexMismatchError where one is gone, EngineError."""
        return self._sketches.get(owners)

    def tokens(self, passages: Sequence[int]) -> list[PassageTokens]:
        """The tokens of the passages that tell what these hashes name. Raises as `sketches` does."""
        return self._tokens.get(passages)

    def records(self, owners: Sequence[Owner]) -> list[Record]:
        """These incidents as they are shown. Raises as `sketches` does."""
        return self._records.get(owners)

    def _read_sketches(self, owners: Sequence[Owner]) -> list[Sketch]:
        found = self._parts.get([PartKey(*owner, SKETCH) for owner in owners])
        return [read_sketch(data, self.widths.dimension, self.widths.concepts) for data in found]

    def _read_tokens(self, passages: Sequence[int]) -> list[PassageTokens]:
        found = self._parts.get([token_key(one, self.widths.basis) for one in passages])
        return [read_tokens(data, self.widths.codes) for data in found]

    def _read_records(self, owners: Sequence[Owner]) -> list[Record]:
        return [read_record(data) for data in self._parts.get([PartKey(*owner, RECORD) for owner in owners])]


def token_key(passage: int, basis: str) -> PartKey:
    """Where the tokens of the passage with this hash are: passages that tell the same share them."""
    return PartKey(f"p{passage & (2**64 - 1):016x}", basis, TOKENS)
