"""Who may ask over HTTP: programs, and no web page that sends its visitor's browser here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from rcasearch.render import error_as_dict
from rcasearch.settings import Settings
from rcasearch.web.app import is_loopback
from rcasearch.web.cors import origins
from rcasearch.web.failures import PROBLEM_TYPE, CrossSiteError, HostError


class Guard:
    """An application that refuses, before the one it is put before, foreign names of a loopback server and foreign origins."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Raises SettingsError for origins that are none."""
        self._app = app
        self._local = is_loopback(settings.host)
        self._origins = origins(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            if refusal := self._refusal(headers):
                await _refuse(refusal, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Mapping[str, str]) -> HostError | CrossSiteError | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._local and not is_loopback(_name(f"//{host}")):
            return HostError(f"This server answers to its local names only, not to {host[:80]}.", "Use 127.0.0.1 with its port.")
        if origin is None or origin in self._origins or (self._local and is_loopback(_name(origin))):
            return None
        told = f"A web page of {origin[:80]} sent this request."
        return CrossSiteError(told, "Ask from a program, or name the origin in RCASEARCH_CORS_ORIGINS.")


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _refuse(error: HostError | CrossSiteError, send: Send) -> None:
    problem = error_as_dict(error.code, error.message, status=403, title="Forbidden", hint=error.hint)
    headers = [(b"content-type", PROBLEM_TYPE.encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
