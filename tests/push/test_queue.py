"""The queue: what it forgets, what it never forgets, and what several processes see of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rcasearch.push import PushQueue, QueueError, queue_path
from rcasearch.push import queue as module
from rcasearch.settings import Settings
from tests.push.conftest import Clock, put, target


def test_a_message_waits_until_it_is_delivered(queue: PushQueue, result: Any) -> None:
    assert put(queue, result, target()) == 1
    message = queue.due("oncall")
    assert message is not None
    assert (message.state, message.attempts, queue.count("waiting")) == ("waiting", 0, 1)
    assert message.told.startswith("Strong precedent: ")
    queue.delivered(message)
    assert queue.due("oncall") is None
    assert queue.count("waiting") == 0


def test_a_replay_queues_nothing_until_it_is_forgotten(queue: PushQueue, result: Any, clock: Clock) -> None:
    assert put(queue, result, target()) == 1
    assert queue.seen("a")
    assert put(queue, result, target()) is None
    assert put(queue, result, target(), seen="b") == 1
    clock.at += 61
    assert not queue.seen("a")
    assert put(queue, result, target()) == 1


def test_one_memory_does_not_shorten_another(queue: PushQueue, clock: Clock) -> None:
    queue.add("long", (), 3600)
    clock.at += 100
    queue.add("short", (), 1)
    assert queue.seen("long")


@pytest.mark.parametrize("back", [10.0, 86_400.0, 9e8])
def test_a_clock_that_was_ahead_keeps_no_message_back_and_no_alert_unanswered(
    queue: PushQueue, result: Any, clock: Clock, back: float
) -> None:
    """Until its clock is set by the network, a machine may take it for next year."""
    put(queue, result, target())
    message = queue.due("oncall")
    assert message
    queue.failed(message, "it answered 500", 600)
    clock.at -= back
    # A clock may be set back by seconds at any time, and that is no reason to answer twice.
    assert (queue.due("oncall") is None) == queue.seen("a", 60) == (back < 60)
    queue.add("a", (), 60)
    assert queue.seen("a", 60)


def test_what_is_remembered_is_bounded(queue: PushQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SEEN", 3)
    for number in range(5):
        queue.add(str(number), (), 60 + number)
    assert [queue.seen(str(number)) for number in range(5)] == [False, False, True, True, True]


def test_a_message_that_failed_waits_its_time_and_a_dead_one_for_ever(queue: PushQueue, result: Any, clock: Clock) -> None:
    put(queue, result, target())
    message = queue.due("oncall")
    assert message
    queue.failed(message, "it answered 500", 30)
    assert queue.due("oncall") is None
    clock.at += 31
    again = queue.due("oncall")
    assert again
    assert (again.attempts, again.error, again.key) == (1, "it answered 500", message.key)
    queue.failed(again, "it answered 404", None)
    clock.at += 1e6
    assert queue.due("oncall") is None
    assert [(m.state, m.error) for m in queue.messages()] == [("dead", "it answered 404")]
    assert queue.retry([again.id, 99]) == 1
    back = queue.due("oncall")
    assert back
    assert (back.created, back.attempts) == (clock.at, 0)
    assert queue.drop([back.id]) == 1
    assert queue.messages() == []


def test_a_full_queue_lets_the_dead_go_first_and_then_takes_nothing(
    queue: PushQueue, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    put(queue, result, target(), "a")
    put(queue, result, target(), "b")
    first = queue.due("oncall")
    assert first
    queue.failed(first, "no", None)
    assert put(queue, result, target(), "c") == 1
    assert put(queue, result, target(), "d") == 0
    assert [message.id for message in queue.messages()] == [2, 3]


def test_another_process_sees_what_was_queued_and_it_is_for_nobody_else(queue: PushQueue, result: Any) -> None:
    put(queue, result, target())
    opened = f"PushQueue(Path({str(queue.path)!r}))"
    code = f"from pathlib import Path\nfrom rcasearch.push import PushQueue\nprint({opened}.count('waiting'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert [path.stat().st_mode & 0o077 for path in queue.path.parent.glob("push.sqlite*")] == [0, 0, 0]


def test_no_secret_is_written_to_the_queue(queue: PushQueue, result: Any) -> None:
    put(queue, result, target(kind="webhook", token="tok-123", headers=(("Authorization", "Bearer hdr-456"),)))
    queue.close()
    kept = b"".join(path.read_bytes() for path in queue.path.parent.iterdir())
    assert not any(secret in kept for secret in (b"verysecret", b"tok-123", b"hdr-456"))


def test_a_queue_that_cannot_be_used_says_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "push.sqlite"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(QueueError, match=r"push\.sqlite cannot be used") as caught:
        PushQueue(path).seen("a")
    assert "RCASEARCH_PUSH_QUEUE" in caught.value.hint


def test_nobody_waits_long_for_a_writer(queue: PushQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_S", 0.01)
    queue.add("a", (), 60)
    queue.close()
    with sqlite3.connect(queue.path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueError, match="locked"):
            queue.add("b", (), 60)
    other.close()


def test_the_queue_lies_beside_the_index_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    assert queue_path(Settings(index=str(tmp_path / "team"))) == tmp_path / "team.push.sqlite"
    assert queue_path(Settings(index=str(tmp_path), push_queue="/elsewhere/q")) == Path("/elsewhere/q")
