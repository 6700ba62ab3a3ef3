"""The application: routes, headers, and the one exit that every error takes."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import logging
import secrets
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from rcasearch.errors import (
    IndexLockedError,
    IndexMismatchError,
    IndexMissingError,
    InvalidQueryError,
    ModelError,
    NotFoundError,
    RcaSearchError,
)
from rcasearch.render import error_as_dict
from rcasearch.settings import Settings
from rcasearch.web import api, pages, present
from rcasearch.web.encoding import JsonProvider
from rcasearch.web.live import IndexLoadingError, Live
from rcasearch.web.params import MediaTypeError, accepts, check_query_string

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")


class HostError(RcaSearchError):
    """The Host header names a machine that this server is not."""

    code = "host_not_allowed"


class CrossSiteError(RcaSearchError):
    """A page of another site sent this request through somebody's browser."""

    code = "cross_site"


# The first class that fits decides.
STATUSES: tuple[tuple[type[RcaSearchError], int], ...] = (
    (MediaTypeError, 415),
    (InvalidQueryError, 400),
    (HostError, 403),
    (CrossSiteError, 403),
    (NotFoundError, 404),
    (IndexLoadingError, 503),
    (IndexMissingError, 503),
    (IndexMismatchError, 503),
    (IndexLockedError, 503),
    (ModelError, 503),
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The address of a search holds the pasted text: it must not leak to the sites that documents link to.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PATH_LOGGED = 200
JSON_ROUTES = ("/api/", "/healthz", "/readyz")


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way out."""

    status: int
    code: str
    detail: str
    hint: str = ""
    field: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


def create_app(searcher: Searcher | None, settings: Settings) -> Flask:
    """The WSGI application over ``searcher``; with None it opens the index of ``settings`` as soon as there is one."""
    app = Flask("rcasearch.web")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.config["SETTINGS"] = settings
    app.json = JsonProvider(app)
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["rcasearch"] = Live(settings, searcher)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)
    present.register(app, _asset_versions(Path(app.root_path) / "static"))
    accepts("v")(app.view_functions["static"])
    app.before_request(_begin)
    app.after_request(finish)
    app.register_error_handler(Exception, fail)
    return app


def fail(error: Exception) -> Response | HTTPException:
    """The one exit: any error as problem JSON on API routes, as a page with the same words elsewhere."""
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400):
        return error
    return respond(_failure(error))


def respond(failure: Failure) -> Response:
    """A failure as the answer to the current request."""
    response = _problem(failure) if request.path.startswith(JSON_ROUTES) else _page(failure)
    response.status_code = failure.status
    response.headers.update(failure.headers)
    return response


def _problem(failure: Failure) -> Response:
    body = error_as_dict(
        failure.code, failure.detail, status=failure.status, title=failure.title, hint=failure.hint, field=failure.field
    )
    response = jsonify(body)
    response.mimetype = "application/problem+json"
    return response


def _page(failure: Failure) -> Response:
    try:
        return Response(render_template("error.html", failure=failure, form=g.get("form")), mimetype="text/html")
    except Exception:  # the last resort has no template to fail in
        log.exception("%s failed: the error page", g.get("request_id"))
        return _problem(failure)


def _failure(error: Exception) -> Failure:
    if isinstance(error, RcaSearchError):
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
        if status == 500:
            log.error("%s failed: %s %s", g.get("request_id"), error.message, error.hint)
        headers = (("Retry-After", "5"),) if status == 503 else ()
        return Failure(status, error.code, error.message, error.hint, error.field, headers)
    if isinstance(error, HTTPException):
        return _http_failure(error)
    log.error("%s failed: %s %r", g.get("request_id"), request.method, request.path[:PATH_LOGGED], exc_info=error)
    hint = f"It was written to the server's log as request {g.get('request_id')}. Report it with that number."
    return Failure(500, "internal_error", "Something broke inside the server.", hint)


def _http_failure(error: HTTPException) -> Failure:
    status = error.code or 500
    path = request.path[:200]
    if status == 404:
        return Failure(404, "not_found", f"There is nothing at {path}.", "The search is at /, all incidents at /incidents.")
    if status == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
        return Failure(
            405,
            "method_not_allowed",
            f"{path} takes no {request.method}.",
            f"Use {allowed}.",
            None,
            (("Allow", allowed),),
        )
    if status == 413:
        limit = current_app.config["MAX_CONTENT_LENGTH"]
        hint = "Send less text: the lines around the error are enough. RCASEARCH_MAX_BODY_BYTES moves the limit."
        return Failure(413, "body_too_large", f"The body has more than {limit:,} bytes.", hint)
    return Failure(status, "http_error", error.description or "The request cannot be answered.", "Check how it was sent.")


def _begin() -> None:
    g.request_id, g.began = secrets.token_hex(6), time.perf_counter()
    _check_host(request.environ.get("HTTP_HOST", ""), current_app.config["SETTINGS"].host)
    _check_site()
    check_query_string()


def _check_host(given: str, bound: str) -> None:
    """Refuse foreign names on a loopback server: a web page may have pointed its own name at 127.0.0.1 to read the answers."""
    if not is_loopback(bound) or not given:
        return
    name = given.rsplit(":", 1)[0] if not given.endswith("]") else given
    if not is_loopback(name.strip("[]")):
        raise HostError(
            f"This server answers to its local names only, not to {given[:80]}.",
            "Use http://localhost with its port; behind a proxy, have the proxy send that as the Host header.",
        )


def _check_site() -> None:
    """Refuse a form that a page of another site sends: nothing here changes, but an answer takes seconds of this machine."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSiteError("A page of another site sent this request.", "Search from the page at / instead, or by a GET link.")


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def finish(response: Response) -> Response:
    """Give an answer the headers that every answer has, and write its line of the log."""
    request_id = g.get("request_id") or secrets.token_hex(6)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request_id
    if request.endpoint == "static" and response.status_code < 400:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
    else:
        response.headers.setdefault("Cache-Control", "no-cache, private")
    _log(request_id, response.status_code)
    return response


def _log(request_id: str, status: int) -> None:
    """One line, without the query string: what people paste may hold secrets."""
    now = time.perf_counter()
    ms = (now - g.get("began", now)) * 1000
    log.info("%s %s %r %d %.0f ms", request_id, request.method[:20], request.path[:PATH_LOGGED], status, ms)


def _asset_versions(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in sorted(folder.iterdir()) if path.is_file()}
