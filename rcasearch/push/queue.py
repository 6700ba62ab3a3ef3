"""Messages that wait to be delivered, on the disk: they outlive a restart. And what was asked lately, to tell replays.

Several processes use one file at once. Nothing in it is a password, but what alerts and documents say is.
"""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rcasearch.durable import make_folder
from rcasearch.errors import RcaSearchError
from rcasearch.settings import Settings

State = Literal["waiting", "dead"]
MOST = 10_000
MOST_SEEN = 100_000
# No message is to wait longer until it is tried again: a time that is farther off was set by a clock that was wrong.
LONGEST_WAIT_S = 3_600.0
# Nobody who sends an alert may wait long for another process to write.
_BUSY_S = 1.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, target TEXT NOT NULL,
    address TEXT NOT NULL, answer TEXT NOT NULL, told TEXT NOT NULL, created REAL NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS messages_due ON messages (dead, target, due);
CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_until ON seen (until);
"""
# Columns are in the order of Message; this one is its state.
_DEAD = 9
_ALL = "SELECT id, key, target, address, answer, told, created, due, attempts, dead, error FROM messages"


class QueueError(RcaSearchError):
    """The queue cannot be read or written."""

    code = "push_queue_unavailable"


@dataclass(frozen=True, slots=True)
class Message:
    """An answer for a target. ``key`` is the same each time it is sent, so that a receiver can tell that it has it already.

    ``address`` says where at the target it goes, ``told`` is a line about it for people; times are seconds since 1970.
    """

    id: int
    key: str
    target: str
    address: str
    answer: str
    told: str
    created: float
    due: float
    attempts: int
    state: State
    error: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is to be queued."""

    key: str
    target: str
    answer: str
    told: str
    address: str = ""


def queue_path(settings: Settings) -> Path:
    """Where the queue is: where the settings say, else beside the index."""
    return Path(settings.push_queue) if settings.push_queue else settings.beside_index(".push.sqlite")


class PushQueue:
    """The queue in a file, made when it is first used. Thread-safe. Methods raise QueueError where the file cannot be used."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def add(self, seen: str, drafts: Iterable[Draft], remember_s: float) -> int | None:
        """Queue messages, unless what they answer was ``seen`` lately; how many, or None for a replay. Remembered for a time.

        All of them or none. Where the queue is full, the oldest dead message makes room, else the new one is left out.
        """
        now = self._now()
        with self._writing() as connection:
            if not _first(connection, seen, now, remember_s):
                return None
            return sum(_insert(connection, draft, now) for draft in drafts)

    def seen(self, key: str, remember_s: float = math.inf) -> bool:
        """Whether ``add`` was told of this, to be remembered so long, and still remembers it."""
        now = self._now()
        with self._writing() as connection:
            found = connection.execute(
                "SELECT 1 FROM seen WHERE key = ? AND until > ? AND until <= ?", (key, now, now + remember_s + LONGEST_WAIT_S)
            )
            return found.fetchone() is not None

    def due(self, target: str) -> Message | None:
        """The message for a target that waits longest, of those whose time has come."""
        sql = _ALL + " WHERE dead = 0 AND target = ? AND (due <= ? OR due > ?) ORDER BY due, id LIMIT 1"
        now = self._now()
        with self._writing() as connection:
            row = connection.execute(sql, (target, now, now + LONGEST_WAIT_S)).fetchone()
        return _message(row) if row else None

    def delivered(self, message: Message) -> None:
        """Forget a message that has arrived."""
        with self._writing() as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))

    def failed(self, message: Message, error: str, retry_in_s: float | None) -> None:
        """Try a message again after so many seconds; with None, put it with the dead."""
        changes = (error[:500], self._now() + (retry_in_s or 0), retry_in_s is None, message.id)
        with self._writing() as connection:
            connection.execute("UPDATE messages SET attempts = attempts + 1, error = ?, due = ?, dead = ? WHERE id = ?", changes)

    def messages(self, state: State | None = None) -> list[Message]:
        """Those that wait and those that are dead, or only those of one state, oldest first."""
        chosen = ("waiting", "dead") if state is None else (state,)
        with self._writing() as connection:
            rows = connection.execute(_ALL + " ORDER BY id").fetchall()
        return [message for row in rows if (message := _message(row)).state in chosen]

    def count(self, state: State) -> int:
        """How many wait, or are dead. A queue that was never used is not made for it."""
        if not self.path.exists():
            return 0
        with self._writing() as connection:
            found = connection.execute("SELECT count(*) FROM messages WHERE dead = ?", (state == "dead",)).fetchone()
        return int(found[0])

    def retry(self, ids: Iterable[int]) -> int:
        """Let messages be tried again at once, with as much time as new ones have; how many there were."""
        now = self._now()
        sql = "UPDATE messages SET dead = 0, due = ?, created = ?, attempts = 0 WHERE id = ?"
        with self._writing() as connection:
            return sum(connection.execute(sql, (now, now, number)).rowcount for number in ids)

    def drop(self, ids: Iterable[int]) -> int:
        """Forget messages; how many there were."""
        with self._writing() as connection:
            return sum(connection.execute("DELETE FROM messages WHERE id = ?", (number,)).rowcount for number in ids)

    def close(self) -> None:
        with self._lock:
            if self._open:
                self._open.close()
                self._open = None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; on the disk when it ends."""
        with self._lock:
            try:
                if self._open is None:
                    self._open = _opened(self.path)
                with self._open as connection:
                    yield connection
            except (sqlite3.Error, OSError) as error:
                raise QueueError(
                    f"The queue {self.path} cannot be used: {error}.",
                    "Check its folder, or name another by RCASEARCH_PUSH_QUEUE.",
                ) from None


def _opened(path: Path) -> sqlite3.Connection:
    make_folder(path.parent)
    # What alerts say is for nobody else on this machine; SQLite gives the files beside it the same mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_SCHEMA)
    return connection


def _first(connection: sqlite3.Connection, key: str, now: float, remember_s: float) -> bool:
    """Note that something is asked now; False where it was asked lately, by another process too."""
    # What is remembered far longer than anybody asks was noted by a clock that was ahead.
    connection.execute(
        "DELETE FROM seen WHERE until <= ? OR (key = ? AND until > ?)", (now, key, now + remember_s + LONGEST_WAIT_S)
    )
    first = connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, now + remember_s)).rowcount == 1
    if first:
        many = "DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY until DESC LIMIT -1 OFFSET ?)"
        connection.execute(many, (MOST_SEEN,))
    return first


def _insert(connection: sqlite3.Connection, draft: Draft, now: float) -> int:
    if connection.execute("SELECT count(*) FROM messages").fetchone()[0] >= MOST:
        oldest = "DELETE FROM messages WHERE id = (SELECT id FROM messages WHERE dead = 1 ORDER BY id LIMIT 1)"
        if not connection.execute(oldest).rowcount:
            return 0
    sql = "INSERT INTO messages (key, target, address, answer, told, created, due) VALUES (?, ?, ?, ?, ?, ?, ?)"
    row = (draft.key, draft.target, draft.address, draft.answer, draft.told, now, now)
    return connection.execute(sql, row).rowcount


def _message(row: tuple[Any, ...]) -> Message:
    values: tuple[Any, ...] = (*row[:_DEAD], "dead" if row[_DEAD] else "waiting", *row[_DEAD + 1 :])
    return Message(*values)
