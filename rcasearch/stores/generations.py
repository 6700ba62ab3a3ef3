"""The folder of an index: immutable generations, a pointer to the current one, and a lock for the writer.

indexes/default/
    current                     the name of the generation in force; replaced by one rename
    20261123T081500.000000Z-1f0c/    a generation: plain files, manifest.json written last, never changed
    documents.sqlite            documents as they were read, and
    embeddings.sqlite           vectors by content, both kept between generations
    20261123T081500.000000Z-1f0c.overview    what a generation comes to as a whole (`rcasearch.overviews`); a cache as well
    lock                        held by the process that writes
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from rcasearch.durable import sync
from rcasearch.errors import IndexLockedError, IndexMismatchError, IndexMissingError, RcaSearchError
from rcasearch.model import IndexInfo

# Raised when the files, or what the relevance behind the calibration is made of, change their meaning.
FORMAT = 6
MANIFEST = "manifest.json"
CURRENT = "current"
REBUILD = "Run `rcasearch index SOURCE --index {path}` to build it."
OVERVIEW = ".overview"
_KEPT = 2
_DRAFT = ".building-"


class FileEntry(msgspec.Struct, frozen=True):
    """A file of a generation: its size in bytes and its SHA-256."""

    bytes: int
    sha256: str


class Measured(msgspec.Struct, frozen=True):
    """What the calibration was measured on: so many incidents, of which so many ``changed`` since.

    ``made_with`` tells what else it depends on.
    """

    incidents: int
    changed: int
    made_with: str


class Manifest(msgspec.Struct, frozen=True):
    """What a generation is: written last, so that a folder without one is no generation.

    ``inputs`` is the digest of all that it was made of; empty where nobody can tell. ``arithmetic`` is the encoder's.
    """

    format: int
    fingerprint: str
    info: IndexInfo
    calibration: dict[str, float]
    files: dict[str, FileEntry]
    inputs: str = ""
    measured: Measured | None = None
    arithmetic: str = ""


class Earlier(NamedTuple):
    """A generation that is in force while the next is written."""

    folder: Path
    manifest: Manifest


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the index for writing; the lock goes with the process, however that ends.

    Raises IndexLockedError when another process holds it, RcaSearchError when the folder cannot be written.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        handle = (index / "lock").open("a+")
    except OSError as error:
        raise RcaSearchError(
            f"The index folder {index} cannot be written: {error.strerror}.", "Choose another by --index."
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise IndexLockedError(
                f"Another process (pid {holder}) is writing the index {index}.",
                "Wait until it has finished, then run the command again.",
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        _sweep(index)
        yield


@contextmanager
def draft(index: Path) -> Iterator[Path]:
    """An empty folder to write a generation into; gone afterwards unless it was published."""
    folder = index / f"{_DRAFT}{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_id() -> str:
    """The name of a new generation: names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"


def checksums(folder: Path, known: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
    """Size and SHA-256 of every file in ``folder``, by name; those that are ``known`` are not read."""
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
    return {name: known[name] if name in known else checksum(folder / name) for name in names}


def checksum(path: Path) -> FileEntry:
    """Size and SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return FileEntry(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def publish(index: Path, folder: Path, manifest: Manifest) -> Path:
    """Make a written draft the current generation: data to disk, manifest, rename, pointer, in this order."""
    for path in folder.rglob("*"):
        sync(path)
    _write_synced(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    sync(folder)
    target = index / manifest.info.id
    folder.rename(target)
    sync(index)
    _write_synced(index / (CURRENT + ".new"), manifest.info.id.encode() + b"\n")
    (index / (CURRENT + ".new")).replace(index / CURRENT)
    sync(index)
    return target


def current(index: Path) -> Path:
    """The folder of the generation in force. Raises IndexMissingError where there is none."""
    try:
        name = (index / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise IndexMissingError(f"There is no index at {index}.", REBUILD.format(path=index)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexMismatchError(f"The index at {index} cannot be read: {error}.", REBUILD.format(path=index)) from None
    folder = index / name
    if not name or Path(name).name != name or not folder.is_dir():
        raise IndexMismatchError(f"The index at {index} points to {name!r}, which is not there.", REBUILD.format(path=index))
    return folder


def read_manifest(folder: Path) -> Manifest:
    """The manifest, its files checked for presence and size. Raises IndexMismatchError naming what is wrong."""
    hint = REBUILD.format(path=folder.parent)
    try:
        raw = (folder / MANIFEST).read_bytes()
        version = msgspec.json.decode(raw).get("format")
        if version != FORMAT:
            raise IndexMismatchError(f"The index at {folder.parent} has format {version}; this version reads {FORMAT}.", hint)
        manifest = msgspec.json.decode(raw, type=Manifest)
        # An index may have been moved or copied since.
        manifest = msgspec.structs.replace(manifest, info=replace(manifest.info, path=str(folder.parent)))
    except (OSError, AttributeError, msgspec.DecodeError) as error:
        raise IndexMismatchError(f"The manifest of the index at {folder.parent} cannot be read: {error}.", hint) from None
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != entry.bytes:
            raise IndexMismatchError(f"The file {name} of the index at {folder.parent} is missing or truncated.", hint)
    return manifest


def earlier(index: Path) -> Earlier | None:
    """The generation in force, to begin the next one with; None where there is none that is whole."""
    try:
        folder = current(index)
        return Earlier(folder, read_manifest(folder))
    except (IndexMissingError, IndexMismatchError):
        return None


def as_written(generation: Earlier, names: Iterable[str]) -> bool:
    """Whether these files of a generation are what was written: every byte is read."""
    return all(checksum(generation.folder / name) == generation.manifest.files.get(name) for name in names)


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """The files whose content is not what was written: every byte is read."""
    return [name for name, entry in manifest.files.items() if not (folder / name).is_file() or checksum(folder / name) != entry]


def remove_old(index: Path) -> None:
    """Delete all generations but the newest two, and what is kept of them: a reader may still be opening the one before."""
    in_force = current(index).name
    generations = sorted((path for path in index.iterdir() if (path / MANIFEST).is_file()), key=lambda path: path.name)
    others = [path for path in generations if path.name != in_force]
    for path in others[: len(others) - (_KEPT - 1)]:
        shutil.rmtree(path, ignore_errors=True)
    for kept in index.glob(f"*{OVERVIEW}*"):
        if not (index / kept.name.partition(OVERVIEW)[0]).is_dir():
            kept.unlink(missing_ok=True)


def overview_of(folder: Path) -> Path:
    """The file beside a generation for what it comes to as a whole."""
    return folder.with_name(folder.name + OVERVIEW)


def _sweep(index: Path) -> None:
    for left_over in index.glob(_DRAFT + "*"):
        shutil.rmtree(left_over, ignore_errors=True)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
