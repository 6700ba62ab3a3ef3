"""The folder -> its markdown files, in path order, without leaving it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rcasearch.errors import SourceError
from rcasearch.model import MARKDOWN_SUFFIXES, Document, Problem
from rcasearch.readers.document import read_document

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


class _Found(NamedTuple):
    path: str
    file: Path


def read(sources: Sequence[Path], *, max_bytes: int = 2_097_152) -> Iterator[Document | Problem]:
    """Every markdown document under the sources, in path order, one by one; one that cannot be indexed is a skipped Problem.

    A source is a folder or one file. Paths are relative to the source (to its name where there are several sources). Hidden
    folders are passed over, as are files that are neither markdown by their ending nor by how they begin, and a README or
    index page that describes no incident. Raises SourceError, before the first document, when a source cannot be read.
    """
    for source in sources:
        _check(source)
    return _read_all(sources, max_bytes)


def _read_all(sources: Sequence[Path], max_bytes: int) -> Iterator[Document | Problem]:
    seen: set[Path] = set()
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        for found in sorted(_walk(source, prefix), key=lambda item: item.path):
            if isinstance(found, Problem):
                yield found
                continue
            real = found.file.resolve()
            if real not in seen:
                seen.add(real)
                if (result := read_document(found.file, found.path, max_bytes)) is not None:
                    yield result


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
    return [f"{name}/" if source.is_dir() else "" for name, source in zip(names, sources, strict=True)]


def _walk(source: Path, prefix: str) -> Iterator[_Found | Problem]:
    if source.is_file():
        yield _Found(prefix + source.name, source)
        return
    root = source.resolve()
    # Folders that are links are not entered, so no link can make a loop or lead out of the folder.
    for folder, folders, files in os.walk(source, followlinks=False):
        here = Path(folder)
        for name in folders:
            if (here / name).is_symlink() and not _is_hidden(name):
                yield _link_problem(prefix + (here / name).relative_to(source).as_posix())
        folders[:] = sorted(name for name in folders if not _is_hidden(name) and not (here / name).is_symlink())
        for name in files:
            yield from _file(here / name, prefix + (here / name).relative_to(source).as_posix(), root)


def _file(file: Path, path: str, root: Path) -> Iterator[_Found | Problem]:
    if _is_hidden(file.name) or (file.suffix and file.suffix.lower() not in MARKDOWN_SUFFIXES and not _is_free_form(file.name)):
        return
    if file.is_symlink():
        try:
            inside = file.resolve(strict=True).is_relative_to(root)
        except (OSError, RuntimeError):
            yield Problem(path, None, "The link leads nowhere or round in a circle.", "Mend it or remove it.", skipped=True)
            return
        if not inside:
            yield _link_problem(path)
            return
    if not file.is_file():
        return
    yield _Found(path, file)


def _is_free_form(name: str) -> bool:
    """Whether a dot is part of the name and not of an ending, as in "PM-0143 v1.2 rollout"."""
    return " " in Path(name).suffix


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
