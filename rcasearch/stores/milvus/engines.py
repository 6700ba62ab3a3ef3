"""The engines that this process talks to: one connection for each address, whoever asks."""

from __future__ import annotations

import os
from functools import lru_cache

from rcasearch.settings import Settings
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.engine import Engine


def of(settings: Settings) -> Engine:
    """The engine that the settings name. Raises SettingsError."""
    return _engine(Address.parse(settings.store), settings.store_token, os.getpid())


@lru_cache(maxsize=8)
def _engine(address: Address, token: str, _process: int) -> Engine:
    # A connection does not outlive a fork.
    return Engine(address, token)
