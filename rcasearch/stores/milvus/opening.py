"""Which generation of an index is in force in the engine, and putting another one in its place."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

from rcasearch.errors import IndexMissingError
from rcasearch.settings import Settings
from rcasearch.stores.milvus import engines, filters, state
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.schema import HEADS, KINDS, PARTS, Generation
from rcasearch.stores.milvus.shelf import Shelf
from rcasearch.stores.milvus.store import MilvusStore, Place


def open_milvus(settings: Settings, before: MilvusStore | None = None) -> MilvusStore:
    """The index that the settings name; what ``before`` has read is kept. Raises IndexMissingError, EngineError."""
    place = place_of(settings)
    told = state.read_state(place.parts())
    if told is None:
        raise missing(settings)
    return MilvusStore(place, told, _kept(before, place))


def newest_milvus(settings: Settings) -> str:
    """The id of the edition in force. Raises as `open_milvus` does."""
    place = place_of(settings)
    told = state.read_state(place.parts())
    if told is None:
        raise missing(settings)
    return f"{place.generation.id}-{told.edition}"


def place_of(settings: Settings) -> Place:
    """The generation in force. Raises IndexMissingError, EngineError, SettingsError."""
    address, engine = Address.parse(settings.store), engines.of(settings)
    generation = in_force(engine, address.name)
    if generation is None:
        raise missing(settings)
    return Place(engine, generation, settings.tenant, Path(settings.index), f"{address.place}/{address.name}")


def missing(settings: Settings) -> IndexMissingError:
    """The error that tells that nothing is indexed."""
    of = f" of the tenant {settings.tenant}" if settings.tenant else ""
    own = f" --tenant {settings.tenant}" if settings.tenant else ""
    name = Address.parse(settings.store)
    return IndexMissingError(
        f"There is no index{of} at {name.place}/{name.name}.", f"Run `rcasearch index SOURCE{own}` to build it."
    )


def in_force(engine: Engine, name: str) -> Generation | None:
    """The generation that the alias of an index names; None where there is none. Raises EngineError."""
    if not engine.read("has_collection", name):
        return None
    found = engine.read("describe_collection", name)
    return Generation.of(name, found["collection_name"])


def new_generation(name: str) -> Generation:
    """A generation with a name of its own; names sort by time."""
    return Generation(name, f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}{secrets.token_hex(2)}")


def switch(engine: Engine, generation: Generation) -> None:
    """Put a generation in force: who asks from now on asks it. Raises EngineError."""
    heads = generation.collection(HEADS)
    verb = "alter_alias" if engine.read("has_collection", generation.name) else "create_alias"
    engine.write(verb, heads, generation.name)


def tenants(engine: Engine, generation: Generation) -> list[str]:
    """The tenants whose state is in a generation. Raises EngineError."""
    asked: dict[str, Any] = {
        "filter": filters.is_in("owner", [state.STATE.owner]),
        "output_fields": ["tenant"],
        "consistency_level": "Strong",
    }
    return sorted({one["tenant"] for one in engine.read("query", generation.collection(PARTS), **asked)})


def generations(engine: Engine, name: str) -> list[Generation]:
    """All generations of an index that are there, whole or not, by their names. Raises EngineError."""
    found = [one for one in engine.read("list_collections") if one.startswith(f"{name}_") and one.endswith(f"_{PARTS}")]
    return sorted((Generation(name, one[len(name) + 1 : -len(PARTS) - 1]) for one in found), key=lambda one: one.id)


def drop(engine: Engine, generation: Generation) -> None:
    """Delete the collections of a generation that is not in force. Raises EngineError."""
    for kind in KINDS:
        engine.write("drop_collection", generation.collection(kind))


def _kept(before: MilvusStore | None, place: Place) -> Shelf | None:
    """What was read of the same generation and tenant, where there is any."""
    same = before is not None and before.place.generation == place.generation and before.place.tenant == place.tenant
    return before.shelf if before is not None and same else None
