"""An index that cannot be opened for want of memory or files is not called damaged: nobody should build it anew for that."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from rcasearch.errors import IndexMismatchError
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore


def _sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error", [OSError(24, os.strerror(24)), OSError(12, os.strerror(12)), MemoryError("1 GiB"), _sqlite(sqlite3.SQLITE_CANTOPEN)]
)
def test_want_of_memory_or_files_is_no_damage(seeded_index: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    assert _told(seeded_index, monkeypatch, error).message.startswith(f"The index at {seeded_index} cannot be opened: ")
    assert "--fresh" not in _told(seeded_index, monkeypatch, error).hint


@pytest.mark.parametrize("error", [OSError(5, os.strerror(5)), ValueError("its header"), sqlite3.DatabaseError("malformed")])
def test_what_a_file_says_wrongly_is(seeded_index: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    told = _told(seeded_index, monkeypatch, error)
    assert "is damaged" in told.message
    assert "--fresh" in told.hint


def _told(index: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> IndexMismatchError:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("rcasearch.stores.local.Layout.load", fail)
    with pytest.raises(IndexMismatchError) as caught:
        LocalStore(current(index))
    return caught.value
