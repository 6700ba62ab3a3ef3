"""Exported models on disk: where they lie, whether one is whole, and how one comes there at once or not at all.

~/.cache/rcasearch/                      or what RCASEARCH_CACHE names
    <fingerprint>-<runtime>-<format>/    an export, never changed; the newest two of a model are kept
        network.xml, network.bin         the model, pooling included, in OpenVINO's form; weights as float16
        integers.xml, integers.bin       the same with the products of its weights in integers of 8 bits
        tokenizer.json                   its tokenizer
        probes.npz                       what sentence-transformers makes of some texts
        export.json                      written last: what the encoder needs to know, sizes and checksums
        prepared-….bin                   the network as prepared for a processor, added when it is first opened there
    <fingerprint>-….lock                 held by the process that makes one
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from rcasearch import caches
from rcasearch.checksums import sha256
from rcasearch.durable import sync

# Raised when the files of an export, or how they are made, change.
FORMAT = 3
NETWORK, WEIGHTS, TOKENIZER, PROBES = "network.xml", "network.bin", "tokenizer.json", "probes.npz"
INTEGER_NETWORK, INTEGER_WEIGHTS = "integers.xml", "integers.bin"
_FILES = (NETWORK, WEIGHTS, INTEGER_NETWORK, INTEGER_WEIGHTS, TOKENIZER, PROBES)
_MANIFEST = "export.json"
_KEPT = 2


class ExportError(Exception):
    """Why there is no export to use: a reason that completes "… because"."""


class FileEntry(msgspec.Struct, frozen=True):
    """A file of an export: its size in bytes, and its SHA-256."""

    bytes: int
    sha256: str


class Export(msgspec.Struct, frozen=True):
    """What an export is of: ``padding`` and ``special`` are ids; ``max_length`` counts pieces, marks included.

    ``precisions`` tells which were compared with sentence-transformers, and whether they passed. ``quantized`` names the scales
    of the network with integers: other scales make other vectors.
    """

    fingerprint: str
    dimension: int
    max_length: int
    padding: int
    special: list[int]
    prompts: dict[str, str]
    precisions: dict[str, bool]
    quantized: str
    files: dict[str, FileEntry] = {}


def name_of(fingerprint: str, runtime: str) -> str:
    """The folder name of a model's export for a version of the runtime."""
    return f"{fingerprint[:32]}-{runtime.split('-')[0]}-{FORMAT}"


def open_or_make(name: str, make: Callable[[Path], Export]) -> tuple[Export, Path]:
    """The export called ``name`` and its folder, made by ``make`` in an empty folder where there is none or a broken one.

    Raises ExportError where none can be kept, and what ``make`` raises.
    """
    if found := find(name):
        return found
    places = caches.folders()
    for place in filter(caches.writable, places):
        try:
            return _made(place, name, make), place / name
        except OSError as error:
            raise ExportError(f"it could not be written to {place}: {error.strerror or error}") from None
    raise ExportError(f"none of these folders can be written: {', '.join(map(str, places))}; name one by {caches.VARIABLE}")


def find(name: str) -> tuple[Export, Path] | None:
    """The export called ``name`` and its folder; None where there is none that is whole."""
    for place in caches.folders():
        if export := _read(place / name):
            return export, place / name
    return None


def _made(place: Path, name: str, make: Callable[[Path], Export]) -> Export:
    with _locked(place / f"{name}.lock"):
        # Another process may have made it while this one waited.
        if export := _read(place / name):
            return export
        for abandoned in place.glob(f"{name}.draft-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{name}.draft-", dir=place))
        try:
            export = _sealed(draft, make(draft))
            _replace(place / name, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _remove_old(place, name)
        return export


def _remove_old(place: Path, name: str) -> None:
    """Delete all exports of the same model but the newest two: another installation may have another version of the runtime.

    Who still serves from one keeps its files until they are closed.
    """
    model = name.partition("-")[0]
    with suppress(OSError):
        found = [folder for folder in place.glob(f"{model}-*") if (folder / _MANIFEST).is_file() and ".draft-" not in folder.name]
        for folder in sorted(found, key=lambda folder: (folder / _MANIFEST).stat().st_mtime_ns)[:-_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by one process at a time; the lock goes with the process, however that ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sealed(draft: Path, export: Export) -> Export:
    export = msgspec.structs.replace(export, files={name: _entry(draft / name) for name in _FILES})
    (draft / _MANIFEST).write_bytes(msgspec.json.encode(export))
    for path in [*draft.iterdir(), draft]:
        sync(path)
    # A temporary folder is its maker's alone; an export is for everyone who may enter the folder of exports.
    draft.chmod(0o755)
    return export


def _replace(target: Path, draft: Path) -> None:
    # A broken export. Who still reads it keeps its files until they are closed.
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)
    sync(target.parent)


def _read(folder: Path) -> Export | None:
    """The export that lies there whole, or None."""
    try:
        export = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Export)
        whole = all(_entry(folder / name) == export.files.get(name) for name in _FILES)
    except (OSError, UnicodeError, RecursionError, msgspec.DecodeError):
        return None
    return export if whole else None


def _entry(path: Path) -> FileEntry:
    # That of the weights is remembered: to read them would cost every start 50 ms.
    return FileEntry(path.stat().st_size, sha256(path))
