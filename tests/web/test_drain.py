"""Stopping: who was let in is answered, nobody else is, and it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask

from rcasearch.settings import Settings
from rcasearch.web import server as server_module
from tests.web.running import SEARCH, answer, closed, running, until
from tests.web.slow_server import serving_slowly
from tests.web.test_pressure import Held, filled, held, own_app, small

__all__ = ["held", "own_app", "small"]


def test_who_waits_and_who_was_just_let_in_is_answered_and_the_idle_are_let_go(
    own_app: Flask, small: Settings, held: Held
) -> None:
    with running(own_app, replace(small, max_waiting=10)) as server, ExitStack() as stack:
        idle = stack.enter_context(server.connect(SEARCH.replace(b"/api/v1/search?q=disk", b"/healthz")))
        assert answer(idle)[0] == 200
        line = filled(server, held, stack)
        late, address = threading.Event(), server.listener.getsockname()

        def stop(running_server: object) -> None:
            # In the backlog of the listener when it is closed, and sent only then.
            for _ in range(2):
                line.append(stack.enter_context(server.connect()))
            late.set()
            server_module._drain(running_server)

        stopping = threading.Thread(target=server.stop, args=(stop,))
        stopping.start()
        assert late.wait(10)
        assert closed(idle)
        line[-1].sendall(SEARCH.replace(b"search?q=disk", b"incidents"))
        line[-2].sendall(SEARCH.replace(b"search?q=disk", b"incidents/none"))
        time.sleep(0.1)
        held.may_go_on.set()
        answers = [answer(connection) for connection in line]
        stopping.join(30)
        assert [status for status, _, _ in answers] == [200, 200, 200, 404, 200]
        assert {headers["connection"] for _, headers, _ in answers} == {"close"}
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address)


def test_it_does_not_wait_for_ever(
    own_app: Flask, small: Settings, held: Held, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "DRAIN_S", 0.3)
    with running(own_app, small) as server, ExitStack() as stack:
        line = filled(server, held, stack)
        server.stop(server_module._drain)
        assert all(closed(connection) for connection in line)
    assert "3 requests were not answered within 0.3 seconds and are cut off." in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_told_twice_it_waits_for_nobody(workers: int) -> None:
    with serving_slowly(workers, 60, 0) as (process, url):
        assert process.stdout
        ask = f"import urllib.request; urllib.request.urlopen('{url}slow')"
        with subprocess.Popen([sys.executable, "-c", ask], stderr=subprocess.DEVNULL):
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGTERM)
            until(lambda: refused(url))
            assert process.poll() is None, "the first time, it waits"
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
    assert time.monotonic() - began < server_module.DRAIN_S
    assert process.returncode == 0
    assert "Told twice to stop" in errors


def refused(url: str) -> bool:
    """Whether no process listens there any more."""
    try:
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False
