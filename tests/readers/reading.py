"""Shorthand for reading a document from its text."""

from __future__ import annotations

from rcasearch.model import Document, Incident
from rcasearch.readers.document import parse_document


def document(text: str, path: str = "one.md") -> Document:
    """The document in ``text``, which must be one."""
    found = parse_document(text, path)
    assert isinstance(found, Document), found
    return found


def incident(text: str, path: str = "one.md") -> Incident:
    """The incident in ``text``, which must hold one."""
    return document(text, path).incident
