"""Folders that somebody named -> the markdown files in them, in path order, without leaving them."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rcasearch.errors import SourceError
from rcasearch.model import MARKDOWN_SUFFIXES, Problem
from rcasearch.texts import clean_text

_NO_FILE = "It is a pipe, a socket or a device, and no file"
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


class Found(NamedTuple):
    """A file, and the ``path`` that it is known by: relative to its source."""

    path: str
    file: str


class Seen(NamedTuple):
    """A file that could be read: the SHA-256 of what was in it, up to one byte more than a document may have."""

    path: str
    file: str
    digest: bytes


def find(sources: Sequence[Path]) -> Iterator[Found | Problem]:
    """Every file under the sources that may be a document, once and in path order; a skipped Problem for a link not followed.

    A source is a folder or one file. Paths are relative to the source (to its name where there are several sources). Hidden
    folders are passed over, as are files that end otherwise than markdown. Raises SourceError, before the first file, when a
    source cannot be read.
    """
    for source in sources:
        _check(source)
    return _found_once(sources)


def read_bytes(file: str, max_bytes: int) -> bytes:
    """What is in a file, up to one byte more than it may have. Raises OSError, also for what is no regular file.

    `find` gives files by the names that they really have: one that has become a link since is not followed, and a pipe in its
    place does not make anybody wait.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise OSError(errno.EINVAL, _NO_FILE, file)
        return _read(descriptor, min(told.st_size, max_bytes) + 1)
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int) -> bytes:
    """So many bytes, or all that there are; one call need not give all."""
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def look(sources: Sequence[Path], max_bytes: int) -> Iterator[Seen | Problem]:
    """What `find` finds, each file read once; a skipped Problem for one that cannot be read. Raises as `find` does."""
    return (_seen(found, max_bytes) for found in find(sources))


def _seen(found: Found | Problem, max_bytes: int) -> Seen | Problem:
    if isinstance(found, Problem):
        return found
    try:
        return Seen(found.path, found.file, hashlib.sha256(read_bytes(found.file, max_bytes)).digest())
    except OSError as error:
        return unreadable(found.path, error)


def unreadable(path: str, error: OSError, what: str = "file") -> Problem:
    """What is told of a file, or another thing, that cannot be read."""
    reason = error.strerror or str(error)
    return Problem(path, None, f"The {what} cannot be read: {reason}.", "Check its permissions.", skipped=True)


def _found_once(sources: Sequence[Path]) -> Iterator[Found | Problem]:
    seen: set[str] = set()
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        for path, file, real in sorted(_walk(source, prefix), key=lambda item: item[0]):
            if isinstance(file, Problem):
                yield file
            elif real not in seen:
                seen.add(real)
                yield Found(path, file)


def _check(source: Path) -> None:
    try:
        if source.is_dir():
            next(source.iterdir(), None)
            return
        if source.is_file():
            return
    except OSError as error:
        raise SourceError(f"The source {source} cannot be read: {error.strerror}.", "Check its permissions.") from None
    raise SourceError(f"There is no folder or file {source}.", "Name the folder that holds the RCA documents.")


def _prefixes(sources: Sequence[Path]) -> list[str]:
    """What tells paths of different sources apart: nothing for one source, their names, or all of their paths."""
    if len(sources) == 1:
        return [""]
    names = [source.resolve().name for source in sources]
    if len(set(names)) < len(names):
        names = [source.as_posix().strip("/") for source in sources]
    return [f"{clean_text(name)}/" if source.is_dir() else "" for name, source in zip(names, sources, strict=True)]


_Walked = tuple[str, str | Problem, str]
"""The path, the file or what is wrong with it, and where it really lies."""


def _walk(source: Path, prefix: str) -> Iterator[_Walked]:
    real = str(source.resolve())
    if source.is_file():
        yield prefix + clean_text(source.name), real, real
        return
    # Folders that are links are not entered, so no link can make a loop or lead out of the folder.
    folders = [(str(source), prefix, real)]
    while folders:
        folder, path, there = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            # It went while the others were looked at.
            continue
        except OSError as error:
            yield path, unreadable(path, error, "folder"), ""
            continue
        for entry in entries:
            # A name need not be text; what it is known by must be.
            known = path + clean_text(entry.name)
            if not _is_hidden(entry.name) and (found := _entry(entry, known, f"{there}/{entry.name}", real)):
                yield found
            elif not _is_hidden(entry.name) and entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, known + "/", f"{there}/{entry.name}"))


def _entry(entry: os.DirEntry[str], path: str, there: str, root: str) -> _Walked | None:
    """What one entry of a folder is; None for a folder, and for what is no document."""
    try:
        if entry.is_symlink():
            return _link(entry, path, root)
        if entry.is_dir() or not _may_be_document(entry.name):
            return None
        return (path, entry.path, there) if entry.is_file() else _special(path)
    except OSError as error:
        return path, unreadable(path, error), ""


def _link(entry: os.DirEntry[str], path: str, root: str) -> _Walked | None:
    if Path(entry.path).is_dir():
        return path, _link_problem(path), ""
    if not _may_be_document(entry.name):
        return None
    try:
        target = Path(entry.path).resolve(strict=True)
    except (FileNotFoundError, RuntimeError):
        broken = Problem(path, None, "The link leads nowhere or round in a circle.", "Mend it or remove it.", skipped=True)
        return path, broken, ""
    if not target.is_relative_to(root):
        return path, _link_problem(path), ""
    return (path, str(target), str(target)) if target.is_file() else _special(path)


def _special(path: str) -> _Walked | None:
    """What has the name of a document and is a pipe, a socket or a device; passed over where the name may be that of anything."""
    if not path.lower().endswith(MARKDOWN_SUFFIXES):
        return None
    return path, Problem(path, None, f"{_NO_FILE}.", "Take it out of the folder.", skipped=True), ""


def _may_be_document(name: str) -> bool:
    if name.lower().endswith(MARKDOWN_SUFFIXES):
        return True
    suffix = Path(name).suffix
    # A dot may be part of the name and not of an ending, as in "PM-0143 v1.2 rollout".
    return not suffix or " " in suffix


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED_FOLDERS


def _link_problem(path: str) -> Problem:
    return Problem(
        path,
        None,
        "A symbolic link that leads to a folder or out of the source is not followed.",
        "Name its target as a source of its own, or copy the documents.",
        skipped=True,
    )
