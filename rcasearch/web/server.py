"""The server: waitress, listening at once, finishing what it began before it stops; in one process or in several."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from flask import Flask
from waitress.server import create_server
from waitress.wasyncore import close_all, loop

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings
from rcasearch.web import connections, logs, metrics, pushing, workers
from rcasearch.web.app import create_app
from rcasearch.web.gate import Gates, check_start
from rcasearch.web.live import Live
from rcasearch.web.metrics import Metrics
from rcasearch.web.waiting import BUSY, Line

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")
DRAIN_S = 10.0
# A connection that has not sent anything yet when the server stops may do so for so long.
GRACE_S = 1.0
# By then a process that drains has ended by itself.
PATIENCE_S = 15
# The app refuses a body over the limit with a full answer, which a client reads only once it has sent the body. Beyond this
# factor the connection is cut instead.
BODY_SLACK = 8
# A long text is posted; so much of a head is kept in memory for each connection while it arrives.
HEADER_MAX = 262_144
# Of a body and of an answer, so much is kept in memory for each connection; what is more lies in a temporary file.
BUFFER = 262_144


def serve(settings: Settings, searcher: Searcher | None = None, *, say: Callable[[str], None] | None = None) -> None:
    """Answer HTTP until SIGTERM or SIGINT, then finish the requests that were begun.

    ``say`` gets the line with the address once the server listens; the log goes to stderr. Without a searcher the index is
    opened in the background and again whenever it appears. Raises SettingsError where the address cannot be listened on,
    or where others than this machine could ask and nobody said what they may do.
    """
    listener = listen(settings.host, settings.port)
    number = workers.count(settings) if searcher is None else 1
    logs.to_stderr(settings, many=number > 1)
    shared = Gates(settings)
    try:
        check_start(settings)
        pushing.check(settings)
        if number == 1:
            _work(listener, settings, searcher, shared=shared, said=say or _say)
        else:
            (say or _say)(_listens_on(listener))
            with metrics.shared():
                workers.supervise(
                    number, lambda first: _work(listener, settings, shared=shared, at_once=first), PATIENCE_S, listener.close
                )
    finally:
        listener.close()


def _work(
    listener: socket.socket,
    settings: Settings,
    searcher: Searcher | None = None,
    *,
    shared: Gates,
    at_once: bool = True,
    said: Callable[[str], None] | None = None,
) -> None:
    """Answer in this process: ``at_once``, telling meanwhile that the index is being read, or once it is open."""
    app = create_app(searcher, settings, shared)
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
        _run(server, app.extensions.get("metrics"))
    finally:
        _close(server)
        live.stop()
        if tenants := app.extensions.get("tenants"):
            tenants.stop()
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
    # Names with an empty label, or one of more than 63 letters, are a UnicodeError.
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name is written like this"
        raise SettingsError(f"{host} is no address: {reason}.", "Try --host 127.0.0.1.", field="host") from None
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
    most = connections.possible(settings.max_connections)
    server: Any = create_server(
        app,
        sockets=[listener],
        _dispatcher=Line(settings.threads, settings.max_waiting, settings.timeout),
        ident=None,
        # The app itself knows how many proxies tell the truth.
        clear_untrusted_proxy_headers=False,
        max_request_body_size=settings.max_body_bytes * BODY_SLACK,
        max_request_header_size=HEADER_MAX,
        # The listener and the trigger count as well.
        connection_limit=most + 2,
        # While a request is answered, it is noticed that whoever sent it goes.
        channel_request_lookahead=1,
        outbuf_overflow=BUFFER,
        inbuf_overflow=BUFFER,
        log_socket_errors=False,
        # What lasts too long is ended by `connections`.
        channel_timeout=86_400,
    )
    server.channel_class, server.busy, server.draining = connections.channel_class(app), BUSY, False
    server.connections = connections.Connections(server, most)
    return server


def _run(server: Any, metrics: Metrics | None) -> None:
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
            _turn(server, 1)
            if metrics:
                metrics.watch_load(len(server.connections.all()), server.task_dispatcher.waiting)
        _drain(server)
    except KeyboardInterrupt:
        log.warning("Told twice to stop: nobody is waited for.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _turn(server: Any, seconds: float) -> None:
    """Read and write what there is to be read and written, or wait so long for it."""
    loop(timeout=seconds, use_poll=True, map=server._map, count=1)
    server.connections.tend()


def _drain(server: Any) -> None:
    """Accept nobody new, and write out the answers of the requests that have begun; no connection is kept for another."""
    server.draining = True
    _accept_waiting(server)
    server.accepting = False
    server.socket.close()
    server.del_channel()
    began = time.monotonic()
    while (lasted := time.monotonic() - began) < DRAIN_S and server.active_channels:
        for channel in server.connections.all():
            # Who has just come is about to send.
            if channel.idle and (channel.asked or lasted > GRACE_S):
                channel.handle_close()
        _turn(server, 0.05)
    if left := sum(not channel.idle for channel in server.connections.all()):
        log.warning("%d requests were not answered within %g seconds and are cut off.", left, DRAIN_S)


def _accept_waiting(server: Any) -> None:
    """Take the connections that the system has taken for this server already: closing the listener would reset them."""
    before = -1
    while before < len(server.active_channels):
        before = len(server.active_channels)
        server.handle_accept()


def _close(server: Any) -> None:
    server.task_dispatcher.shutdown(timeout=1)
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.trigger.close()
    close_all(server._map)
