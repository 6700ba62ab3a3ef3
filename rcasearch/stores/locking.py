"""The lock of an index folder: one process writes at a time, and whoever is turned away learns which one does.

The lock is the kernel's, on the file ``lock``: it goes with the process that holds it, however that ends. What the file says is
only for people: it may be of a process that is gone, and is never believed.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rcasearch.errors import IndexLockedError, RcaSearchError

LOCK = "lock"


@contextmanager
def locked(index: Path) -> Iterator[None]:
    """Hold the index folder alone. Raises IndexLockedError, RcaSearchError where the folder cannot be locked, and OSError."""
    with _held(index) as handle:
        # For people only, and a full disk has no room for it.
        with suppress(OSError):
            handle.truncate(0)
            handle.write(_self())
        yield


def _held(index: Path) -> BinaryIO:
    while True:
        handle = (index / LOCK).open("a+b", buffering=0)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have removed the file meanwhile, and another process hold the one that is there now.
            if _is_there(handle, index / LOCK):
                return handle
        except BlockingIOError:
            told = _holder(handle)
            handle.close()
            raise IndexLockedError(
                f"Another process ({told}) is writing the index {index}.",
                "Wait until it has finished, then run the command again. To stop it, end that process: the lock goes with it.",
            ) from None
        except OSError as error:
            handle.close()
            raise RcaSearchError(
                f"The index folder {index} cannot be locked: {error.strerror}.",
                "Its file system has no locks; name a folder on another by --index.",
            ) from None
        handle.close()


def _is_there(handle: BinaryIO, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    return False


def _self() -> bytes:
    return f"pid {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}".encode()


def _holder(handle: BinaryIO) -> str:
    """What the holder says of itself; it may not have said it yet."""
    with suppress(OSError):
        handle.seek(0)
        return handle.read(200).decode("utf-8", "replace").strip() or "it did not say which"
    return "it did not say which"
