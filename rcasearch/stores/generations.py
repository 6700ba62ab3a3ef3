"""The folder of an index: immutable generations, a pointer to the current one, and a lock for the writer.

indexes/default/
    current                     the name of the generation in force; replaced by one rename
    20261123T081500.000000Z-1f0c/    a generation: plain files, manifest.json written last, never changed
    documents.sqlite            documents as they were read, and
    embeddings.sqlite           vectors by content, both kept between generations
    20261123T081500.000000Z-1f0c.overview    what a generation comes to as a whole (`rcasearch.overviews`); a cache as well
    lock                        held by the process that writes (`rcasearch.stores.locking`)
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rcasearch.durable import make_folder, sync, write_synced
from rcasearch.errors import IndexMismatchError, IndexMissingError, RcaSearchError
from rcasearch.stores.locking import locked
from rcasearch.stores.manifests import MANIFEST, REBUILD, FileEntry, Manifest, packed, read_manifest, read_plain, unreadable
from rcasearch.stores.tenants import flags_of

CURRENT = "current"
OVERVIEW = ".overview"
# The pointer holds one name.
_LONGEST = 1_000
_DRAFT = ".building-"
# The generation in force, and the one before it.
_KEPT = 2
_NAME = re.compile(r"(\d{8}T\d{6}(?:\.\d{6})?)Z-[0-9a-f]+")
_DRAFT_OF_FILE = re.compile(r"(?:.+\.overview|evaluation\.json)\.new-[0-9a-f]{8}")
_STAMP = "%Y%m%dT%H%M%S.%f"


class Earlier(NamedTuple):
    """A generation that is in force while the next is written."""

    folder: Path
    manifest: Manifest


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the index for writing, cleared of what writers left that were cut off.

    Raises IndexLockedError when another process holds it, RcaSearchError when the folder cannot be written.
    """
    with ExitStack() as held:
        try:
            make_folder(index)
            held.enter_context(locked(index))
        except OSError as error:
            raise RcaSearchError(
                f"The index folder {index} cannot be written: {error.strerror}.", "Choose another by --index."
            ) from None
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


def new_id(index: Path) -> str:
    """The name of a new generation: names sort by time, and after those that are there, whatever the clock says."""
    newest = max((stamp for path in _generations(index) if (stamp := _stamp(path.name))), default=datetime.min)
    with suppress(OverflowError):
        newest += timedelta(microseconds=1)
    return f"{max(datetime.now(UTC).replace(tzinfo=None), newest):{_STAMP}}Z-{secrets.token_hex(2)}"


def checksums(folder: Path, known: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
    """Size and SHA-256 of every file in ``folder``, by name; those that are ``known`` are not read."""
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
    return {name: known[name] if name in known else checksum(folder / name) for name in names}


def checksum(path: Path) -> FileEntry:
    """Size and SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return FileEntry(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def publish(index: Path, folder: Path, manifest: Manifest) -> Path:
    """Make a written draft the current generation: data to disk, manifest, rename, pointer, in this order.

    Each step is on the disk before the next begins, so that a power cut leaves the generation before or this one. Raises OSError.
    """
    for path in folder.rglob("*"):
        sync(path)
    write_synced(folder / MANIFEST, packed(manifest))
    sync(folder)
    target = index / manifest.info.id
    folder.rename(target)
    sync(index)
    write_synced(index / (CURRENT + ".new"), manifest.info.id.encode() + b"\n")
    (index / (CURRENT + ".new")).replace(index / CURRENT)
    sync(index)
    return target


def current(index: Path) -> Path:
    """The folder of the generation in force. Raises IndexMissingError where there is none."""
    hint = REBUILD.format(flags=flags_of(index))
    try:
        name = read_plain(index / CURRENT, _LONGEST).decode().strip()
    except FileNotFoundError:
        raise IndexMissingError(f"There is no index at {index}.", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexMismatchError(f"The index at {index} cannot be read: {unreadable(error)}.", hint) from None
    folder = index / name
    if not name or Path(name).name != name or not _is_folder(folder):
        raise IndexMismatchError(f"The index at {index} points to {name!r}, which is not there.", hint)
    return folder


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    # A name with a null byte is none.
    except (OSError, ValueError):
        return False


def earlier(index: Path) -> Earlier | None:
    """The generation in force, to begin the next one with; None where there is none that is whole."""
    try:
        folder = current(index)
        return Earlier(folder, read_manifest(folder))
    except (IndexMissingError, IndexMismatchError):
        return None


def as_written(generation: Earlier, names: Iterable[str]) -> bool:
    """Whether these files of a generation are what was written: every byte is read."""
    with suppress(OSError):
        return all(checksum(generation.folder / name) == generation.manifest.files.get(name) for name in names)
    return False


def tidy(index: Path) -> None:
    """Delete what a writer left that was cut off, where there is any and nobody writes: what cannot be deleted does no harm."""
    with suppress(OSError, RcaSearchError):
        if any(index.glob(_DRAFT + "*")) or _drafts_of_files(index) or len(_generations(index)) > _KEPT:
            with writing(index):
                remove_old(index)


def remove_old(index: Path) -> None:
    """Delete all generations but the newest two, and what is kept of them: a reader may still be opening the one before."""
    in_force = current(index).name
    before = max((path.name for path in _generations(index) if path.name < in_force), default="")
    for path in _generations(index):
        if path.name not in (in_force, before):
            shutil.rmtree(path, ignore_errors=True)
    for kept in index.glob(f"*{OVERVIEW}*"):
        if not (index / kept.name.partition(OVERVIEW)[0]).is_dir():
            kept.unlink(missing_ok=True)


def overview_of(folder: Path) -> Path:
    """The file beside a generation for what it comes to as a whole."""
    return folder.with_name(folder.name + OVERVIEW)


def _sweep(index: Path) -> None:
    """Delete what writers left that were cut off: drafts, and generations that nothing was ever pointed to."""
    for left_over in [*index.glob(_DRAFT + "*"), *_never_in_force(index)]:
        shutil.rmtree(left_over, ignore_errors=True)
    # Whoever may be writing one just now does without it: both are kept for later alone.
    for draft_of_file in _drafts_of_files(index):
        draft_of_file.unlink(missing_ok=True)


def _never_in_force(index: Path) -> list[Path]:
    """The generations after the one in force; none while nobody can tell which that is."""
    try:
        in_force = current(index).name
    except IndexMissingError:
        in_force = ""
    except IndexMismatchError:
        return []
    return [path for path in _generations(index) if path.name > in_force]


def _drafts_of_files(index: Path) -> list[Path]:
    """What `durable.write_whole` left beside the generations where it was cut off."""
    return [path for path in index.iterdir() if _DRAFT_OF_FILE.fullmatch(path.name)]


def _generations(index: Path) -> list[Path]:
    """The folders that have the name of a generation, whole or not."""
    return [path for path in index.iterdir() if _NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]


def _stamp(name: str) -> datetime | None:
    """When a generation was made, by its name; None where no clock says so."""
    found = _NAME.fullmatch(name)
    with suppress(ValueError):
        return datetime.strptime(found[1] if "." in found[1] else f"{found[1]}.0", _STAMP) if found else None
    return None
