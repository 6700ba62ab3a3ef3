"""Whether the files of a generation are what was written: by their kind, their size and every byte of them."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from rcasearch import checksums
from rcasearch.errors import IndexMismatchError
from rcasearch.stores.manifests import MANIFEST, FileEntry, Manifest, again, read_manifest, unreadable

_KINDS = ((stat.S_ISLNK, "is a symbolic link"), (stat.S_ISDIR, "is a folder"))


class Damage(NamedTuple):
    """A file of a generation that is not as it was written, and ``what`` is wrong with it."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}"


def verified(folder: Path) -> Manifest:
    """The manifest of a generation of which every file is what was written.

    A large file is read again only once its size, its times or its inode changed (`rcasearch.checksums`).
    Raises IndexMismatchError naming the files that are not, and the command that makes the index anew.
    """
    manifest = read_manifest(folder)
    refuse(folder, manifest, damages(folder, manifest, checksums.sha256))
    return manifest


def refuse(folder: Path, manifest: Manifest, found: Iterable[Damage]) -> None:
    """Raise IndexMismatchError where there is any damage."""
    if told := "; ".join(map(str, found)):
        raise IndexMismatchError(f"The index {folder} is damaged: {told}.", again(folder.parent, manifest.info.sources))


def damages(
    folder: Path,
    manifest: Manifest,
    sha256: Callable[[Path], str] = checksums.read,
    *,
    of: Mapping[str, FileEntry] | None = None,
) -> list[Damage]:
    """What is wrong with the files of a generation, or with some ``of`` them; with the default, every byte of them is read."""
    files = manifest.files if of is None else of
    found = ((name, _wrong(folder / name, entry, sha256)) for name, entry in files.items())
    return [Damage(name, what) for name, what in found if what]


def foreign(folder: Path, manifest: Manifest) -> list[Damage]:
    """What lies in the folder of a generation and was not written with it."""
    strangers = sorted({path.name for path in folder.iterdir()} - set(manifest.files) - {MANIFEST})
    return [Damage(name, "does not belong there") for name in strangers]


def _wrong(path: Path, entry: FileEntry, sha256: Callable[[Path], str]) -> str:
    if path.name in ("", "..") or path.parent / path.name != path:
        return "is no name of a file"
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return next((what for is_kind, what in _KINDS if is_kind(found.st_mode)), "is no plain file")
        if found.st_size != entry.bytes:
            return f"has {found.st_size:,} bytes instead of {entry.bytes:,}"
        # What is remembered of a file may be damaged as well.
        whole = sha256(path) == entry.sha256 or (sha256 is checksums.sha256 and checksums.read(path) == entry.sha256)
        return "" if whole else "has other content than was written"
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be read: {unreadable(error)}"
