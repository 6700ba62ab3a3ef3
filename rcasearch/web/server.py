"""The server: waitress, listening at once, finishing what it began before it stops; in one process or in several."""

from __future__ import annotations

import errno
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.wasyncore import close_all, loop

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings
from rcasearch.web import logs, metrics, pushing, workers
from rcasearch.web.app import create_app, finish
from rcasearch.web.failures import Failure, respond
from rcasearch.web.live import Live

if TYPE_CHECKING:
    from rcasearch.search import Searcher

DRAIN_S = 10.0
# By then a process that drains has ended by itself.
PATIENCE_S = 15
# The app refuses a body over the limit with a full answer, which a client reads only once it has sent the body. Beyond this
# factor the connection is cut instead.
BODY_SLACK = 8
# Room for a query of the default length in an address, percent-encoded.
HEADER_MAX = 1_048_576


def serve(settings: Settings, searcher: Searcher | None = None, *, say: Callable[[str], None] | None = None) -> None:
    """Answer HTTP until SIGTERM or SIGINT, then finish the requests that were begun.

    ``say`` gets the line with the address once the server listens; the log goes to stderr. Without a searcher the index is
    opened in the background and again whenever it appears. Raises SettingsError where the address cannot be listened on.
    """
    listener = listen(settings.host, settings.port)
    number = workers.count(settings) if searcher is None else 1
    logs.to_stderr(settings, many=number > 1)
    try:
        pushing.check(settings)
        if number == 1:
            _work(listener, settings, searcher, said=say or _say)
        else:
            (say or _say)(_listens_on(listener))
            with metrics.shared():
                workers.supervise(number, lambda first: _work(listener, settings, at_once=first), PATIENCE_S)
    finally:
        listener.close()


def _work(
    listener: socket.socket,
    settings: Settings,
    searcher: Searcher | None = None,
    *,
    at_once: bool = True,
    said: Callable[[str], None] | None = None,
) -> None:
    """Answer in this process: ``at_once``, telling meanwhile that the index is being read, or once it is open."""
    app = create_app(searcher, settings)
    live: Live = app.extensions["rcasearch"]
    if at_once:
        live.warm()
    else:
        live.open()
        live.follow()
    server = _server(app, listener, settings)
    push: pushing.Pushing = app.extensions["push"]
    push.start()
    if said:
        said(_listens_on(listener))
    try:
        _run(server)
    finally:
        _close(server)
        live.stop()
        push.stop()


def _listens_on(listener: socket.socket) -> str:
    return f"rcasearch listens on {address_of(listener)} (Ctrl+C stops it)"


def address_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/"


def _say(line: str) -> None:
    print(line, flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises SettingsError where it cannot."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(f"{host} is no address: {error.strerror}.", "Try --host 127.0.0.1.", field="host") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(target)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from None
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        return SettingsError(
            f"Port {port} on {host} is in use by another program.",
            f"Stop it (`ss -ltnp 'sport = :{port}'` names it), or choose another port, as in --port {port % 65535 + 1}.",
            field="port",
        )
    if error.errno == errno.EACCES:
        return SettingsError(f"Port {port} is reserved for root.", "Choose one above 1023, as in --port 8080.", field="port")
    if error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"{host} is not an address of this machine.", "Try --host 127.0.0.1.", field="host")
    return SettingsError(f"Cannot listen on {host} port {port}: {error.strerror}.", "Try another --port.", field="port")


def _server(app: Flask, listener: socket.socket, settings: Settings) -> Any:
    server: Any = create_server(
        app,
        sockets=[listener],
        threads=settings.threads,
        ident=None,
        max_request_body_size=settings.max_body_bytes * BODY_SLACK,
        max_request_header_size=HEADER_MAX,
        channel_timeout=60,
    )
    server.channel_class = _channel(app)
    return server


def _channel(app: Flask) -> type[HTTPChannel]:
    """A channel whose refusals of malformed requests take the same exit as every other error."""

    class Refusal(ErrorTask):
        request: Any
        response_headers: Any

        def execute(self) -> None:
            error, path = self.request.error, str(self.request.path)
            code = error.reason.lower().replace(" ", "_")
            failure = Failure(error.code, code, f"{error.body}.", "Check how the request was sent.")
            told = path.startswith("/") and error.code != 431  # of a head too long waitress keeps no path
            with app.test_request_context(path if told else "/api/", method=str(self.request.command or "GET")):
                response = finish(respond(failure))
                body = response.get_data()
            self.status = response.status
            self.response_headers.extend(response.headers.items())
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(body)

    class Channel(HTTPChannel):
        error_task_class = Refusal

    return Channel


def _run(server: Any) -> None:
    stopping = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            raise KeyboardInterrupt  # asked twice: do not wait for anybody
        stopping = True
        server.pull_trigger()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not stopping:
            loop(timeout=1, map=server._map, count=1)
        _drain(server)
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _drain(server: Any) -> None:
    """Accept nobody new, and write out the answers of the requests that have begun."""
    server.accepting = False
    server.socket.close()
    server.del_channel()
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline and any(_busy(channel) for channel in list(server.active_channels.values())):
        loop(timeout=0.05, map=server._map, count=1)


def _close(server: Any) -> None:
    server.task_dispatcher.shutdown(timeout=1)
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.trigger.close()
    close_all(server._map)


def _busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len or channel.request is not None)
