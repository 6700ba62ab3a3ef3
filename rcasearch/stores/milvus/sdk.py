"""The one door to the client library of the engine, pymilvus: it is imported when an engine is first asked, and kept quiet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from rcasearch.errors import PackageMissingError
from rcasearch.stores.milvus.address import Address

# Which a library sets up for itself as it is imported. It tells there of every error that we handle.
_LOGGERS = ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer")
# A connection that is lost is tried again within a second, not within two minutes.
_OPTIONS = {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 500,
    "grpc.max_reconnect_backoff_ms": 1_000,
}
_importing = threading.Lock()


def pymilvus() -> ModuleType:
    """The library. Raises PackageMissingError where it is not installed."""
    try:
        with _importing:
            with _no_dotenv():
                found = import_module("pymilvus")
            _quieten()
            return found
    except ModuleNotFoundError as error:
        raise missing(error.name or "pymilvus") from None


def missing(package: str) -> PackageMissingError:
    """The error that tells that a package is not installed."""
    return PackageMissingError(
        f"The setting store names Milvus, which needs the package pymilvus, and {package} is not installed.",
        "Install it with the extra of that name: pip install 'rcasearch[milvus]'",
    )


def connect(address: Address, token: str, timeout: float) -> Any:
    """A client of the engine at that address, connected within ``timeout`` seconds. Raises what the library raises."""
    # A connection of its own: one that is shared would be taken along into forked processes.
    more = {"dedicated": True, "secure": address.secure, "grpc_options": _OPTIONS}
    client = pymilvus().MilvusClient(uri=address.uri, token=token, timeout=timeout, **more)
    _once(client)
    return client


def _once(client: Any) -> None:
    """Let the library try nothing again by itself: it does until the time is up, and then for as long once more."""
    handler: Any = getattr(client, "_handler", None)
    if hasattr(handler, "_on_rpc_error"):
        handler._on_rpc_error = _raised


def _raised(error: Exception) -> bool:
    raise error


@contextmanager
def _no_dotenv() -> Iterator[None]:
    """Without what the library does as it is imported: it puts a file `.env` of any folder above its own into our environment."""
    try:
        dotenv = import_module("dotenv")
    except ModuleNotFoundError:
        yield
        return
    load, dotenv.load_dotenv = dotenv.load_dotenv, lambda *_, **__: False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        dotenv.load_dotenv = load  # type: ignore[attr-defined]


def _quieten() -> None:
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.CRITICAL + 1)
