"""Who may ask over HTTP: who holds a token, as far as the settings want one, and no web page that sends its visitor's browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from rcasearch.errors import RcaSearchError
from rcasearch.settings import Settings
from rcasearch.tokens import READ
from rcasearch.web.cors import origins
from rcasearch.web.failures import PROBLEM_TYPE, failure_of, problem_details
from rcasearch.web.gate import ANYBODY, TENANT_HEADER, Caller, Gate, bearer, comes_direct
from rcasearch.web.hosts import CrossSiteError, HostError, check_host, hosts, is_loopback

_ASKING: ContextVar[Caller] = ContextVar("asking", default=ANYBODY)


def asking() -> Caller:
    """Who sent the request that is being answered over HTTP; outside of one, somebody who may do nothing and sees no label."""
    return _ASKING.get()


class Guard:
    """An application that tells who asks before the one it is put before, and refuses who may not."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Raises SettingsError for origins and hosts that are none."""
        self._app, self._settings = app, settings
        self._local = is_loopback(settings.host)
        self._origins, self._hosts = origins(settings), hosts(settings)
        self._gate = Gate(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            try:
                self._check_names(headers)
                _ASKING.set(self._admitted(headers, _address(scope, headers, self._settings.proxies)))
            except RcaSearchError as error:
                await _refuse(error, send)
                return
        await self._app(scope, receive, send)

    def _check_names(self, headers: Mapping[str, str]) -> None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._local and not host:
            raise HostError("The request names no host.", "Use 127.0.0.1 with its port.")
        check_host(host, self._settings, self._hosts)
        if origin is None or origin in self._origins or (self._local and is_loopback(_name(origin))):
            return
        told = f"A web page of {origin[:80]} sent this request."
        raise CrossSiteError(told, "Ask from a program, or name the origin in RCASEARCH_CORS_ORIGINS.")

    def _admitted(self, headers: Mapping[str, str], address: str) -> Caller:
        """Who asks, where they may read. Raises what `Gate.caller`, `Gate.count`, `Caller.check` and `Gate.within` raise."""
        direct = comes_direct(headers.get, headers.get("host", ""))
        found = self._gate.caller(bearer(headers.get("authorization", "")), address, direct=direct)
        self._gate.count(found, address)
        found.check(READ)
        return self._gate.within(found, headers.get(TENANT_HEADER.lower(), ""))


def _address(scope: Scope, headers: Mapping[str, str], proxies: int) -> str:
    """Whence a request comes: as the outermost proxy of ours tells, or as the connection does."""
    told = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
    if proxies and len(told) >= proxies and told[-proxies]:
        return told[-proxies]
    return str((scope.get("client") or ("",))[0])


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _refuse(error: RcaSearchError, send: Send) -> None:
    failure = failure_of(error)
    headers = [("content-type", PROBLEM_TYPE), *((name.lower(), value) for name, value in failure.headers)]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": failure.status, "headers": raw})
    await send({"type": "http.response.body", "body": json.dumps(problem_details(failure)).encode()})
