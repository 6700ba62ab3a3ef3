"""Why a generation cannot be opened: it is damaged, or this machine is short of what opening takes."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from rcasearch.cache import tells_of_damage
from rcasearch.errors import IndexMismatchError
from rcasearch.stores.manifests import Manifest, again, unreadable

_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_HINT = "The machine is short of memory, or of files that may be open at once (`ulimit -n`). See to that, then try again."


def refusal(folder: Path, manifest: Manifest, error: Exception) -> IndexMismatchError:
    """What to tell of an ``error`` that opening the generation in ``folder`` raised."""
    if _is_short(error):
        return IndexMismatchError(f"The index at {folder.parent} cannot be opened: {unreadable(error)}.", _HINT)
    hint = again(folder.parent, manifest.info.sources)
    return IndexMismatchError(f"The index at {folder.parent} is damaged: {error}.", hint)


def _is_short(error: Exception) -> bool:
    """Whether the files may be as they were written for all that is known."""
    if isinstance(error, sqlite3.DatabaseError):
        return not tells_of_damage(error)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORT)
