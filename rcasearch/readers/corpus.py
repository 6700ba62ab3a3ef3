"""The folder -> its documents, in path order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rcasearch.model import Document, Problem
from rcasearch.readers.document import read_document
from rcasearch.sources import Found, find


def read(sources: Sequence[Path], *, max_bytes: int = 2_097_152, mask: bool = True) -> Iterator[Document | Problem]:
    """Every markdown document under the sources, in path order, one by one; one that cannot be indexed is a skipped Problem.

    Which files are looked at is told in `sources.find`. A file without an ending counts when it begins as markdown does; a
    README or index page that describes no incident is passed over. Raises SourceError, before the first document, when a
    source cannot be read. ``mask`` leaves out what looks like a secret.
    """
    return _read_all(find(sources), max_bytes, mask)


def _read_all(files: Iterator[Found | Problem], max_bytes: int, mask: bool) -> Iterator[Document | Problem]:
    for found in files:
        result = found if isinstance(found, Problem) else read_document(found.file, found.path, max_bytes, mask=mask)
        if result is not None:
            yield result
