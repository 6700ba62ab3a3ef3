"""A file -> its SHA-256; that of a large file is kept, since reading weights takes a tenth of a second of each start."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from rcasearch import caches

_FILE = "checksums.json"
_LARGE = 2**20
# A file that changed so lately may change again without its times telling.
_SETTLED_NS = 2 * 10**9


class Known(msgspec.Struct, frozen=True):
    """A file's checksum, and the size, times and inode that it had then."""

    state: tuple[int, ...]
    sha256: str


def sha256(path: Path) -> str:
    """The SHA-256 (hex) of a file; a large one is read again once its size, times or inode changed. Raises OSError."""
    found = path.stat()
    if found.st_size < _LARGE:
        return read(path)
    return _remembered(str(path.resolve()), (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))


@lru_cache(maxsize=64)
def _remembered(path: str, state: tuple[int, ...]) -> str:
    for folder in caches.folders():
        known = _kept(folder).get(path)
        if known and known.state == state:
            return known.sha256
    digest = read(Path(path))
    if time.time_ns() - max(state[1:3]) > _SETTLED_NS:
        _keep(path, Known(state, digest))
    return digest


def read(path: Path) -> str:
    """The SHA-256 (hex) of a file, every byte of which is read now. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def forget(paths: Iterable[Path]) -> None:
    """Read these files again when they are asked for next, whatever their times."""
    gone = {str(path.resolve()) for path in paths}
    if not gone:
        return
    _remembered.cache_clear()
    for folder in caches.folders():
        if gone & (kept := _kept(folder)).keys():
            _write(folder, {name: one for name, one in kept.items() if name not in gone})


def _kept(folder: Path) -> dict[str, Known]:
    with suppress(OSError, UnicodeError, RecursionError, msgspec.DecodeError):
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=dict[str, Known])
    return {}


def _keep(path: str, known: Known) -> None:
    """Add one file, and forget those that are gone.

    Of two processes that write at once one wins, and the other reads its file again next time.
    """
    folder = next(filter(caches.writable, caches.folders()), None)
    if folder is None:
        return
    kept = {name: one for name, one in _kept(folder).items() if Path(name).is_file()}
    _write(folder, {**kept, path: known})


def _write(folder: Path, known: Mapping[str, Known]) -> None:
    # After a power cut it may be empty, which costs only time.
    with suppress(OSError):
        draft, name = tempfile.mkstemp(prefix=_FILE, dir=folder)
        try:
            with os.fdopen(draft, "wb") as file:
                file.write(msgspec.json.encode(known))
            Path(name).replace(folder / _FILE)
        finally:
            Path(name).unlink(missing_ok=True)
