"""An index on disk, brought to an engine and opened there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.milvus import opening, pushing, state
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.store import MilvusStore, Place


def address_of(uri: str, name: str) -> Address:
    """The address of an index of that name in the engine at a URI."""
    return Address.parse(f"milvus://{uri.removeprefix('http://')}/{name}")


def pushed(index: Path, uri: str, token: str, prefix: str) -> MilvusStore:
    """The index in a folder as it is in the engine; brought there when it is first asked for."""
    name = f"{prefix}{hashlib.sha256(str(index).encode()).hexdigest()[:12]}"
    engine = Engine(address_of(uri, name), token)
    generation = opening.in_force(engine, name)
    if generation is None:
        generation = opening.new_generation(name)
        local = LocalStore(current(index))
        pushing.push(engine, generation, "", local, lambda _done, _total, _stage: None)
        local.close()
        opening.switch(engine, generation)
    place = Place(engine, generation, "", index.parent, str(index))
    told = state.read_state(place.parts())
    assert told is not None
    return MilvusStore(place, told)
