"""The index of a tenant on this machine -> the engine that the settings name, in force when all of it is there."""

from __future__ import annotations

import logging
from contextlib import closing

from rcasearch.progress import Progress
from rcasearch.settings import Settings
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.milvus import engines, opening, state
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.parts import Parts
from rcasearch.stores.milvus.pushing import Pushed, push
from rcasearch.stores.milvus.schema import EXACT_MOST, PARTS, Generation
from rcasearch.stores.tenants import folder_of

log = logging.getLogger("rcasearch.store")


def publish(settings: Settings, tell: Progress) -> Pushed | None:
    """Bring the tenant's index on this machine to the engine, as far as it differs; None where nothing does.

    What fits into the generation in force goes there. What does not, since the model is another or the corpus has outgrown the
    way it is searched, goes to a new one, which is put in force once it has the index of every tenant that the old one has.
    Raises IndexMissingError where there is no index on this machine, IndexMismatchError, EngineError, SettingsError.
    """
    engine, name = engines.of(settings), Address.parse(settings.store).name
    with closing(LocalStore(current(folder_of(settings)))) as store:
        before = opening.in_force(engine, name)
        target = next((one for one in _candidates(engine, name, before) if _fits(engine, one, store)), None)
        target = target or opening.new_generation(name)
        told = state.read_state(_parts(engine, target, settings.tenant)) if _is_there(engine, target) else None
        if told and target == before and told.info.id == store.info.id:
            return None
        pushed = push(engine, target, settings.tenant, store, tell)
    _put_in_force(engine, before, target)
    return pushed


def _candidates(engine: Engine, name: str, before: Generation | None) -> list[Generation]:
    """The generation in force, and those that were begun after it, the newest first."""
    begun = [one for one in opening.generations(engine, name) if before is None or one.id > before.id]
    return ([before] if before else []) + begun[::-1]


def _fits(engine: Engine, generation: Generation, store: LocalStore) -> bool:
    """Whether an index can go into a generation: all tenants in it are encoded, and searched, in one way."""
    exact = store.info.chunks <= EXACT_MOST
    for tenant in opening.tenants(engine, generation):
        told = state.read_state(_parts(engine, generation, tenant))
        if told is None:
            continue
        alike = (told.fingerprint, told.info.dimension, told.concepts, told.info.chunks <= EXACT_MOST)
        if alike != (store.fingerprint, store.info.dimension, len(store.concepts.labels), exact):
            return False
    return True


def _put_in_force(engine: Engine, before: Generation | None, target: Generation) -> None:
    if target == before:
        return
    lacking = set(opening.tenants(engine, before)) - set(opening.tenants(engine, target)) if before else set()
    if lacking:
        named = ", ".join(sorted(tenant or "the one without a name" for tenant in lacking))
        log.warning("The new generation is in force when these tenants are indexed as well: %s.", named)
        return
    opening.switch(engine, target)
    for one in opening.generations(engine, target.name):
        # Who reads the one before goes on until it turns.
        if one.id < target.id and one != before:
            opening.drop(engine, one)


def _parts(engine: Engine, generation: Generation, tenant: str) -> Parts:
    return Parts(engine, generation.collection(PARTS), tenant, "Strong")


def _is_there(engine: Engine, generation: Generation) -> bool:
    return bool(engine.read("has_collection", generation.collection(PARTS)))
