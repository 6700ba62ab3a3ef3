"""A server that runs in a thread of the test, with connections that are spoken to byte by byte."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from rcasearch.settings import Settings
from rcasearch.web import server as server_module

SEARCH = b"GET /api/v1/search?q=disk HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Running:
    """A server over ``app`` whose loop runs in a thread; ``turns`` counts how often it went round."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.listener = server_module.listen("127.0.0.1", 0)
        self.server = server_module._server(app, self.listener, settings)
        self.turns = 0
        self._stop: Callable[[Any], None] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while self._stop is None:
            server_module._turn(self.server, 0.02)
            self.turns += 1
        self._stop(self.server)
        server_module._close(self.server)

    def stop(self, how: Callable[[Any], None] = lambda _: None) -> None:
        """Have the loop end with ``how``, and wait for it."""
        self._stop = how
        self._thread.join(30)
        assert not self._thread.is_alive()

    def connect(self, sent: bytes = b"", **options: int) -> socket.socket:
        """A connection on which something was sent."""
        connection = socket.socket()
        for name, value in options.items():
            connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        try:
            connection.settimeout(30)
            connection.connect(self.listener.getsockname())
            connection.sendall(sent)
        except OSError:
            connection.close()
            raise
        return connection

    def ask(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """The answer to a request on a connection of its own."""
        with self.connect(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode()) as connection:
            return answer(connection)


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer on a connection."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        lines = iter(lambda: file.readline().strip().decode(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return status, headers, file.read(int(headers.get("content-length", 0)))


def problem(connection: socket.socket) -> tuple[int, str, dict[str, str]]:
    """Status, code and headers of an answer that is a problem."""
    status, headers, body = answer(connection)
    assert headers["content-type"] == "application/problem+json"
    told = json.loads(body)
    assert told["status"] == status
    return status, str(told["code"]), headers


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends the connection without another word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def running(app: Flask, settings: Settings) -> Iterator[Running]:
    """A server, ended at the end."""
    found = Running(app, settings)
    try:
        yield found
    finally:
        if found._stop is None:
            found.stop()
