"""`rcasearch push`: what the operator sees and does, beside a server or without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rcasearch.cli import main
from rcasearch.push import PushQueue
from tests.push.conftest import put, target


@pytest.fixture
def filled(tmp_path: Path, result: Any, monkeypatch: pytest.MonkeyPatch) -> PushQueue:
    """One message that waits (1), and two that are dead (2 and 3)."""
    queue = PushQueue(tmp_path / "q.sqlite")
    for number in range(3):
        put(queue, result, target(), str(number), address="https://hooks.slack.com/commands/secret")
    for message in queue.messages()[1:]:
        queue.failed(message, "it answered 404: no_service", None)
    monkeypatch.setenv("RCASEARCH_PUSH_QUEUE", str(queue.path))
    return queue


def test_it_lists_what_waits_and_what_is_dead_without_what_is_secret(
    filled: PushQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", "list"]) == 0
    told = capsys.readouterr().out
    assert "     1  oncall  due " in told
    assert "     2  oncall  dead" in told
    assert "it answered 404: no_service" in told
    assert "Strong precedent: Checkout answered 503" in told
    assert main(["push", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["state"], one["attempts"]) for one in listed] == [(1, "waiting", 0), (2, "dead", 1), (3, "dead", 1)]
    assert "secret" not in told + json.dumps(listed)


def test_it_retries_and_drops(filled: PushQueue, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["push", "retry", "2"]) == 0
    assert "1 message will be tried again" in capsys.readouterr().out
    assert [message.state for message in filled.messages()] == ["waiting", "waiting", "dead"]
    assert main(["push", "drop", "--dead"]) == 0
    assert main(["push", "drop", "1", "2"]) == 0
    assert filled.messages() == []
    assert main(["push", "list"]) == 0
    assert "Nothing waits and nothing is dead" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"), [(["retry"], 2), (["drop", "1", "--dead"], 2), (["retry", "99"], 1), (["drop", "x"], 2)]
)
def test_what_is_not_clear_changes_nothing(filled: PushQueue, words: list[str], code: int) -> None:
    try:
        assert main(["push", *words]) == code
    except SystemExit as left:
        assert left.code == code  # noqa: PT017 - argparse leaves, we return
    assert len(filled.messages()) == 3


def test_to_look_makes_no_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("RCASEARCH_PUSH_QUEUE", str(tmp_path / "none.sqlite"))
    assert main(["push", "list"]) == 0
    assert list(tmp_path.iterdir()) == []
