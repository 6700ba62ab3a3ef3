"""A generation on disk -> the engine: what differs is written, and put in force when all of it is there.

Who reads meanwhile reads what was there before: an incident changes when its head does, the corpus when its state does, and a
generation when its alias does. Whatever is cut off is done again: every row has a key that its content decides.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rcasearch.model import Filters
from rcasearch.progress import Progress
from rcasearch.stores.local import LocalStore
from rcasearch.stores.milvus import filters, rows, state
from rcasearch.stores.milvus.bundles import read_sketch
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.gathering import Gathered, Source
from rcasearch.stores.milvus.parts import PartKey, Parts
from rcasearch.stores.milvus.schema import EXACT_MOST, HEADS, LAYOUT, PARTS, PASSAGES, PROFILES, Generation, create
from rcasearch.stores.milvus.shelf import SKETCH, Owner, token_key
from rcasearch.stores.milvus.state import Retired, State
from rcasearch.stores.milvus.view import View

# Incidents that are gathered, and written, at once.
_BLOCK = 200
_KEYS = 500
# Who began to read an incident before it was replaced may go on for so long.
GRACE_S = 600.0
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of it: how many incidents were ``written``, because they are new or changed, and how many were taken away."""

    written: int
    removed: int
    state: State


class Pusher:
    """Brings the incidents of one tenant in one generation to what a generation on disk has."""

    def __init__(self, engine: Engine, generation: Generation, tenant: str, tell: Progress) -> None:
        self._engine, self._generation, self._tenant, self._tell = engine, generation, tenant, tell
        # What was written a moment ago is to be seen here.
        self._parts = Parts(engine, generation.collection(PARTS), tenant, "Strong")

    def push(self, source: Source) -> Pushed:
        """Write what differs, then the state that puts it in force. Raises EngineError, IndexMismatchError."""
        before = state.read_state(self._parts)
        there = self._there()
        wanted = {owner.key: row for row, owner in enumerate(source.owners)}
        changed = [row for row, owner in enumerate(source.owners) if there.get(owner.key) != owner.version]
        gone = [Owner(key, version) for key, version in there.items() if key not in wanted]
        replaced = [Owner(key, there[key]) for row in changed if (key := source.owners[row].key) in there]
        left = self._forget(before, source)
        self._write(source, changed)
        self._remove(gone, replaced)
        retired = [*left, *(Retired(*owner, time.time()) for owner in (*gone, *replaced))]
        after = self._enforce(source, before, retired)
        return Pushed(len(changed), len(gone), after)

    def _there(self) -> dict[str, str]:
        """The versions that are in force, by key."""
        view = View(self._engine, self._generation, self._tenant, None, "Strong")
        return {head["id"]: head["version"] for head in view.every(view.passing(Filters()))}

    def _write(self, source: Source, changed: Sequence[int]) -> None:
        known: set[int] = set()
        for done, block in _blocks(changed, _BLOCK):
            self._tell(done, len(changed), "sending")
            gathered = list(source.incidents(block))
            tokens = sorted({one for each in gathered for one in each.sketch.hashes.tolist()}.difference(known))
            known.update(tokens)
            self._parts.put(self._blobs(source, gathered, tokens))
            self._upsert(PASSAGES, (row for one in gathered for row in rows.passages(one, self._tenant)))
            self._upsert(PROFILES, (rows.profile(one, self._tenant) for one in gathered))
            # Last, since it makes the others count.
            self._upsert(HEADS, (rows.head(one, self._tenant) for one in gathered))

    def _blobs(self, source: Source, gathered: Sequence[Gathered], tokens: Sequence[int]) -> Iterator[tuple[PartKey, bytes]]:
        for one in gathered:
            yield from rows.parts(one)
        for number, held in zip(tokens, source.tokens(tokens), strict=True):
            yield token_key(number, source.basis_name), held.packed()

    def _upsert(self, kind: str, written: Iterable[dict[str, Any]]) -> None:
        for _, block in _blocks(list(written), 1_000):
            self._engine.write("upsert", self._generation.collection(kind), list(block))

    def _remove(self, gone: Sequence[Owner], replaced: Sequence[Owner]) -> None:
        """Take away the heads of what is gone, and what finds it or what was there before."""
        for _, block in _blocks([owner.key for owner in gone], _KEYS):
            for kind in (HEADS, PROFILES):
                self._delete(kind, filters.is_in("id", block))
        for _, owners in _blocks([*gone, *replaced], _KEYS):
            keys, versions = [one.key for one in owners], [one.version for one in owners]
            self._delete(PASSAGES, f"{filters.is_in('owner', keys)} and {filters.is_in('version', versions)}")

    def _delete(self, kind: str, expression: str) -> None:
        own = f"{filters.is_in('tenant', [self._tenant])} and {expression}"
        self._engine.write("delete", self._generation.collection(kind), filter=own)

    def _forget(self, before: State | None, source: Source) -> list[Retired]:
        """Delete the parts of what was replaced long ago, which nobody reads any more; what is left of the others."""
        retired = before.retired if before else ()
        old = [one for one in retired if time.time() - one.since > GRACE_S]
        in_force = set(source.owners)
        gone = [owner for one in old if (owner := Owner(one.key, one.version)) not in in_force]
        for _, owners in _blocks(gone, _KEYS):
            self._forget_tokens(owners, before, source)
            for version in sorted({one.version for one in owners}):
                self._parts.remove([one.key for one in owners if one.version == version], version)
        return [one for one in retired if one not in old]

    def _forget_tokens(self, owners: Sequence[Owner], before: State | None, source: Source) -> None:
        """Delete the tokens of passages that no incident has any more."""
        assert before is not None
        found = self._parts.find([PartKey(*owner, SKETCH) for owner in owners]).values()
        held = {one for data in found for one in read_sketch(data, before.info.dimension, before.concepts).hashes.tolist()}
        basis = before.basis
        unused = held if basis != source.basis_name else held.difference(source.hashes.tolist())
        for _, block in _blocks(sorted(unused), _KEYS):
            self._parts.remove([token_key(one, basis).owner for one in block], basis)

    def _enforce(self, source: Source, before: State | None, retired: Sequence[Retired]) -> State:
        """Write what is counted over the corpus, wait until all of it can be seen, and put it in force."""
        self._tell(0, 0, "publishing")
        counted = source.cells()
        edition = before.edition + 1 if before else 1
        after = State(
            LAYOUT,
            edition,
            source.fingerprint,
            replace(source.info, created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
            source.calibration,
            tuple(cell for cell, _ in counted),
            source.masked,
            len(source.space.labels),
            source.basis.width,
            source.basis_name,
            tuple(retired),
        )
        own = state.corpus_parts(after, source.space, source.basis, source.problems, [one for _, one in counted])
        self._parts.put(own)
        self._settle()
        state.write_state(self._parts, after)
        if before and before.edition > 1:
            state.forget_corpus(self._parts, before.edition - 1)
        return after

    def _settle(self) -> None:
        """Wait until reads that may lag behind see what was written: a strong read makes each collection catch up."""
        for kind in (HEADS, PASSAGES, PROFILES, PARTS):
            asked: dict[str, Any] = {"filter": filters.is_in("tenant", [self._tenant]), "output_fields": ["count(*)"]}
            self._engine.read("query", self._generation.collection(kind), consistency_level="Strong", **asked)


def prepare(engine: Engine, generation: Generation, source: Source) -> None:
    """Make the collections that a generation needs for such a corpus, where they are not there yet. Raises EngineError."""
    exact = source.info.chunks <= EXACT_MOST
    create(engine, generation, source.info.dimension, len(source.space.labels), exact=exact)


def push(engine: Engine, generation: Generation, tenant: str, store: LocalStore, tell: Progress) -> Pushed:
    """Bring a tenant in a generation to what a generation on disk has. Raises EngineError, IndexMismatchError."""
    source = Source(store, tenant)
    prepare(engine, generation, source)
    return Pusher(engine, generation, tenant, tell).push(source)


def _blocks(items: Sequence[Item], size: int) -> Iterator[tuple[int, Sequence[Item]]]:
    for start in range(0, len(items), size):
        yield start, items[start : start + size]
