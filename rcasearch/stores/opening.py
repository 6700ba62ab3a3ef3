"""The store that the settings name, wherever it is: files of this machine, or an engine."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from rcasearch.settings import Settings
from rcasearch.stores.base import Store

if TYPE_CHECKING:
    from rcasearch.stores.milvus.store import MilvusStore


def is_local(settings: Settings) -> bool:
    """Whether the incidents are in files of this machine."""
    return not settings.store


def open_store(settings: Settings, before: Store | None = None) -> Store:
    """The index in force; what ``before``, an earlier one, has in memory of the same may be taken over.

    Raises IndexMissingError, IndexMismatchError; of an engine also EngineError, EngineRefusedError, SettingsError and
    PackageMissingError.
    """
    if is_local(settings):
        from rcasearch.stores.generations import current
        from rcasearch.stores.local import LocalStore
        from rcasearch.stores.tenants import folder_of

        return LocalStore(current(folder_of(settings)))
    from rcasearch.stores.milvus.opening import open_milvus

    return open_milvus(settings, _of_engine(before))


def newest(settings: Settings) -> str:
    """The id of the index in force. Raises as `open_store` does."""
    if is_local(settings):
        from rcasearch.stores.generations import current
        from rcasearch.stores.tenants import folder_of

        return current(folder_of(settings)).name
    from rcasearch.stores.milvus.opening import newest_milvus

    return newest_milvus(settings)


def reach(settings: Settings) -> None:
    """Go on where what holds the incidents answers. Raises EngineError, EngineRefusedError."""
    if not is_local(settings):
        from rcasearch.stores.milvus import engines

        engines.of(settings).ping()


def check_address(settings: Settings) -> None:
    """Go on where the setting `store` can be used, whether or not anybody answers there.

    Raises SettingsError and PackageMissingError.
    """
    if is_local(settings):
        return
    from rcasearch.stores.milvus import sdk
    from rcasearch.stores.milvus.address import Address

    Address.parse(settings.store)
    if find_spec("pymilvus") is None:
        raise sdk.missing("pymilvus")


def _of_engine(store: Store | None) -> MilvusStore | None:
    from rcasearch.stores.milvus.store import MilvusStore

    return store if isinstance(store, MilvusStore) else None
