"""What the disk refuses while an index is made -> a sentence. The index in force stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rcasearch.errors import RcaSearchError

_HINT = (
    "See that its folder is writable and has room, then run the command again: the index in force is as it was, and what was "
    "read and encoded is kept."
)


@contextmanager
def told(index: Path) -> Iterator[None]:
    """Raises RcaSearchError for what the operating system or SQLite could not do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RcaSearchError(f"The index at {index} cannot be written: {error}.", _HINT) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise RcaSearchError(f"The index at {index} cannot be written: {error.strerror or error}{where}.", _HINT) from error
