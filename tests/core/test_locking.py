"""The lock of an index folder: held by one process, gone with it, and nothing that lies there is taken for it."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import re
from pathlib import Path

import pytest

from rcasearch.errors import IndexLockedError, RcaSearchError
from rcasearch.stores.locking import LOCK, locked

STALE = (
    b"",
    b"1",
    b"pid 1 on this-host since 2020-01-01T00:00:00Z",
    b"pid 4711 on another-host since 2099-01-01T00:00:00Z",
    b"\xff\xfe\x00",
    b"x" * 100_000,
)


@pytest.mark.parametrize("left", STALE)
def test_what_a_dead_process_left_holds_nobody_up(tmp_path: Path, left: bytes) -> None:
    (tmp_path / LOCK).write_bytes(left)
    with locked(tmp_path):
        told = (tmp_path / LOCK).read_text(encoding="utf-8")
        assert re.fullmatch(rf"pid {os.getpid()} on \S+ since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told)


def test_a_lock_file_of_a_living_process_that_does_not_hold_it_is_stale_too(tmp_path: Path) -> None:
    """The number may have been given to another process since."""
    (tmp_path / LOCK).write_text(f"pid {os.getppid()} on here since 2020-01-01T00:00:00Z", encoding="utf-8")
    with locked(tmp_path):
        pass


def test_who_is_turned_away_learns_who_holds_it(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(IndexLockedError, match=rf"\(pid {os.getpid()} on ") as caught, locked(tmp_path):
        pass
    assert "the lock goes with it" in caught.value.hint
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("says", [b"", b"\xff" * 10_000])
def test_a_holder_that_has_not_said_who_it_is_still_holds(tmp_path: Path, says: bytes) -> None:
    with (tmp_path / LOCK).open("ab") as handle:
        handle.write(says)
        handle.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(IndexLockedError, match="Another process"), locked(tmp_path):
            pass


def test_a_lock_file_that_is_removed_while_it_is_taken_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening the file and locking it, another process may come by that removes it."""
    taken: list[int] = []
    flock = fcntl.flock

    def removed(handle: int, operation: int) -> None:
        flock(handle, operation)
        if not taken:
            (tmp_path / LOCK).unlink()
        taken.append(operation)

    monkeypatch.setattr("rcasearch.stores.locking.fcntl.flock", removed)
    with locked(tmp_path):
        assert len(taken) == 2
        monkeypatch.undo()
        with pytest.raises(IndexLockedError), locked(tmp_path):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks_is_not_told_as_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("rcasearch.stores.locking.fcntl.flock", refuse)
    with pytest.raises(RcaSearchError, match=os.strerror(number)) as caught, locked(tmp_path):
        pass
    assert not isinstance(caught.value, IndexLockedError)
    assert "--index" in caught.value.hint


def test_of_many_processes_at_once_one_gets_the_lock_at_a_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    inside = context.Value("i", 0)
    with context.Pool(4, _start, (inside, str(tmp_path))) as pool:
        results = pool.map(_contend, range(40))
    assert max(most for most, _ in results) == 1
    assert sum(turns for _, turns in results) >= 1


def _start(inside: object, folder: str) -> None:
    globals().update(_inside=inside, _folder=Path(folder))


def _contend(_: int) -> tuple[int, int]:
    """How many were inside at most, and whether this one was."""
    inside = globals()["_inside"]
    try:
        with locked(globals()["_folder"]):
            with inside.get_lock():
                inside.value += 1
            most = inside.value
            with inside.get_lock():
                inside.value -= 1
            return most, 1
    except IndexLockedError:
        return 0, 0
