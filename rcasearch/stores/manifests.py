"""The manifest of a generation: what it is, and the size and SHA-256 of each of its files, under a checksum of its own."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from rcasearch.errors import IndexMismatchError
from rcasearch.model import IndexInfo
from rcasearch.stores.tenants import flags_of

# Raised when the files, or what the relevance behind the calibration is made of, change their meaning.
FORMAT = 7
MANIFEST = "manifest.json"
REBUILD = "Run `rcasearch index SOURCE {flags}` to build it."
# A manifest has some 3 kB.
_LARGEST = 2**24
UNSEALED = "0" * 64


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


class Made(msgspec.Struct, frozen=True):
    """What the incidents of a generation were made with, and among which.

    ``reading`` names the code and the settings that documents are read with, ``concepts`` the failure concepts, ``basis`` the
    directions that token codes are in. All documents together are so many ``incidents`` with so many ``terms``, repeats
    counted; the generation has the ``share`` of them that a text like "2/5" names, or all.
    """

    reading: str
    concepts: str
    basis: str
    incidents: int
    terms: int
    share: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """What a generation is: written last, so that a folder without one is no generation.

    ``inputs`` is the digest of all that it was made of; empty where nobody can tell. ``arithmetic`` is the encoder's. Of what
    earlier versions made nobody can tell how it was ``made``.
    ``sha256`` is that of the file itself with zeros in its place; zeros until it is written.
    """

    format: int
    fingerprint: str
    info: IndexInfo
    calibration: dict[str, float]
    files: dict[str, FileEntry]
    inputs: str = ""
    measured: Measured | None = None
    arithmetic: str = ""
    sha256: str = UNSEALED
    made: Made | None = None


def packed(manifest: Manifest) -> bytes:
    """The manifest as it is written."""
    return sealed(msgspec.structs.replace(manifest, sha256=UNSEALED))


def sealed(record: object) -> bytes:
    """A record as JSON that people can read, with the SHA-256 of the whole where it says `UNSEALED`."""
    data = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    return data.replace(UNSEALED.encode(), hashlib.sha256(data).hexdigest().encode())


def is_sealed(raw: bytes, sha256: str) -> bool:
    """Whether a record, which says that it has this SHA-256, is as it was `sealed`."""
    return hashlib.sha256(raw.replace(sha256.encode(), UNSEALED.encode())).hexdigest() == sha256


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation, every byte as it was written. Raises IndexMismatchError naming what is wrong."""
    index = folder.parent
    raw, told = _read(folder)
    _check_format(index, told)
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (UnicodeError, msgspec.DecodeError) as error:
        raise IndexMismatchError(f"The manifest of the index at {index} cannot be read: {error}.", again(index)) from None
    if not is_sealed(raw, manifest.sha256):
        raise IndexMismatchError(f"The manifest of the index at {index} changed after it was written.", again(index))
    if manifest.info.id != folder.name:
        raise IndexMismatchError(
            f"The folder {folder} has the manifest of the generation {manifest.info.id}.", again(index, manifest.info.sources)
        )
    # An index may have been moved or copied since.
    return msgspec.structs.replace(manifest, info=replace(manifest.info, path=str(index)))


def again(index: Path, sources: Sequence[str] = ()) -> str:
    """What to do about a damaged index: the command that makes all of it anew."""
    named = shlex.join(sources) if sources else "SOURCE"
    return f"Build the index again: rcasearch index {named} {flags_of(index)} --fresh"


def read_plain(path: Path, most: int) -> bytes:
    """A small file. Raises OSError, also for one that is larger, and for what is no file and might never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return data


def unreadable(error: Exception) -> str:
    """Why a file cannot be read, in the words of the system where these are its."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _read(folder: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        raw = read_plain(folder / MANIFEST, _LARGEST)
        told = msgspec.json.decode(raw)
        if not isinstance(told, dict):
            raise msgspec.DecodeError("it is no object")
    # Values nested too deeply are a RecursionError.
    except (OSError, RecursionError, UnicodeError, msgspec.DecodeError) as error:
        raise IndexMismatchError(
            f"The manifest of the index at {folder.parent} cannot be read: {unreadable(error)}.", again(folder.parent)
        ) from None
    return raw, told


def _check_format(index: Path, told: dict[str, Any]) -> None:
    version = told.get("format")
    if version == FORMAT:
        return
    newer = isinstance(version, int) and version > FORMAT
    hint = REBUILD.format(flags=flags_of(index))
    raise IndexMismatchError(
        f"The index at {index} has format {version}; this version reads {FORMAT}.",
        f"A newer rcasearch made it: upgrade this one, or make the index anew. {hint}" if newer else hint,
    )
