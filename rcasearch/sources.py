"""Folders that somebody named -> the markdown files in them, in path order, without leaving them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rcasearch.errors import SourceError
from rcasearch.model import MARKDOWN_SUFFIXES, Problem
from rcasearch.texts import clean_text

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
    """What is in a file, up to one byte more than it may have. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return os.read(descriptor, min(os.fstat(descriptor).st_size, max_bytes) + 1)
    finally:
        os.close(descriptor)


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


def unreadable(path: str, error: OSError) -> Problem:
    """What is told of a file that cannot be read."""
    reason = error.strerror or str(error)
    return Problem(path, None, f"The file cannot be read: {reason}.", "Check its permissions.", skipped=True)


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
    if source.is_file():
        yield prefix + clean_text(source.name), str(source), str(source.resolve())
        return
    # Folders that are links are not entered, so no link can make a loop or lead out of the folder.
    yield from _folder(str(source), prefix, str(source.resolve()), str(source.resolve()))


def _folder(folder: str, prefix: str, real: str, root: str) -> Iterator[_Walked]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        # A name need not be text; what it is known by must be.
        path, there = prefix + clean_text(entry.name), f"{real}/{entry.name}"
        if entry.is_symlink():
            yield from _link(entry, path, root)
        elif entry.is_dir():
            yield from _folder(entry.path, path + "/", there, root)
        elif entry.is_file() and _may_be_document(entry.name):
            yield path, entry.path, there


def _link(entry: os.DirEntry[str], path: str, root: str) -> Iterator[_Walked]:
    if Path(entry.path).is_dir():
        yield path, _link_problem(path), ""
    elif _may_be_document(entry.name):
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):
            broken = Problem(path, None, "The link leads nowhere or round in a circle.", "Mend it or remove it.", skipped=True)
            yield path, broken, ""
            return
        if not target.is_relative_to(root):
            yield path, _link_problem(path), ""
        elif target.is_file():
            yield path, entry.path, str(target)


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
