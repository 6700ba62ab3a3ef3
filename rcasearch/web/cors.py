"""Pages of other origins: none may call the API unless the settings name them, and never with anybody's credentials."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings
from rcasearch.web.gate import TENANT_HEADER

ROUTES = ("/api/", "/openapi.json")
ALLOWED_HEADERS = f"Authorization, Content-Type, If-None-Match, {TENANT_HEADER}, X-Request-Id, traceparent"
EXPOSED_HEADERS = "ETag, Retry-After, X-Request-Id"
MAX_AGE_S = 600
_PORTS = {"http": ":80", "https": ":443"}


def origins(settings: Settings) -> frozenset[str]:
    """The origins that the settings allow, as browsers write them. Raises SettingsError for what is no origin."""
    return frozenset(_origin(word) for word in settings.cors_origins.split())


def _origin(word: str) -> str:
    origin = word.rstrip("/").lower()
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    if parts.scheme not in _PORTS or "*" in word or origin != f"{parts.scheme}://{host}{port}":
        raise SettingsError(
            f"The setting cors_origins names {word!r}, which is no web origin.",
            "Write scheme, host and port, as in https://status.example.com; every origin at once (*) cannot be allowed.",
            field="cors_origins",
        )
    return origin.removesuffix(_PORTS[parts.scheme])


def allowed_origin() -> str | None:
    """The origin of this request, where it may call this route."""
    origin = request.headers.get("Origin", "")
    return origin if origin in current_app.config["CORS_ORIGINS"] and request.path.startswith(ROUTES) else None


def register(app: Flask, settings: Settings) -> None:
    """Answer preflights and mark answers. Raises SettingsError for origins that are none."""
    app.config["CORS_ORIGINS"] = origins(settings)
    if app.config["CORS_ORIGINS"]:
        app.after_request(_mark)


def _mark(response: Response) -> Response:
    if not request.path.startswith(ROUTES):
        return response
    response.vary.add("Origin")
    origin = allowed_origin()
    if origin is None:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET")
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
    else:
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response
