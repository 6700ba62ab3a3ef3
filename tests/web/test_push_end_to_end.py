"""A real server, killed while the receiver is down, and started again: the message arrives, once."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rcasearch.push import PushQueue
from tests.push.receiver import free_port, receiving
from tests.web.conftest import POOL_QUERY, Server, serving
from tests.web.test_hooks import alerts
from tests.web.test_serve import wait_until_ready


def notify(server: Server) -> Any:
    body = json.dumps(alerts(POOL_QUERY)).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer tok-en-1"}
    request = urllib.request.Request(server.url + "/api/v1/hooks/alertmanager", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def waiting(server: Server) -> str:
    with urllib.request.urlopen(server.url + "/metrics", timeout=30) as answer:
        lines: list[str] = answer.read().decode().splitlines()
    return next(line.rpartition(" ")[2] for line in lines if line.startswith('rcasearch_queue_depth{queue="push"}'))


def wait_for_an_attempt(path: Path) -> None:
    """Until the receiver was tried, where nobody is."""
    deadline = time.monotonic() + 60
    with closing(PushQueue(path)) as queue:
        while not queue.messages()[0].attempts:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_answer_survives_a_receiver_that_is_down_and_a_server_that_is_killed(
    tiny_index: Path, tmp_path: Path, workers: int
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/services/T0/B0/verysecret"
    given = {
        "workers": workers,
        "hook_token": "tok-en-1",
        "push": json.dumps([{"name": "oncall", "kind": "slack", "url": url}]),
        "push_queue": tmp_path / "push.sqlite",
    }
    with serving(tiny_index, **given) as server:
        wait_until_ready(server)
        told = notify(server)
        assert told["queued"] == 1
        wait_for_an_attempt(tmp_path / "push.sqlite")
        assert waiting(server) == "1.0"
        _, errors = server.stop(signal.SIGKILL)
    assert "verysecret" not in errors
    assert "tok-en-1" not in errors
    assert "it cannot be reached: Connection refused" in errors
    with receiving(port) as slack, serving(tiny_index, **given) as server:
        wait_until_ready(server)
        assert slack.arrived.wait(60)
        assert [one["outcome"] for one in notify(server)["symptoms"]] == ["duplicate"]
        deadline = time.monotonic() + 30
        while waiting(server) != "0.0":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        code, errors = server.stop()
        assert code == 0
    [message] = slack.received
    assert message.json["text"].startswith("Strong precedent: ")
    assert message.json["blocks"][0]["type"] == "header"
    assert "was delivered to oncall" in errors
    assert "Traceback" not in errors
