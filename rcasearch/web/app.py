"""The application: routes, headers, and what happens before and after every request."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from rcasearch import patience
from rcasearch.settings import Settings
from rcasearch.web import (
    api,
    api_figures,
    api_recurrences,
    cors,
    hooks,
    identity,
    pages,
    present,
    pushing,
    reference,
    slack,
    spans,
)
from rcasearch.web.contract import PAGES, PUBLIC, Operation, Parameter, promises
from rcasearch.web.encoding import JsonProvider
from rcasearch.web.failures import PATH_LOGGED, fail
from rcasearch.web.gate import Gate, Gates
from rcasearch.web.hosts import CrossSiteError, check_host, hosts
from rcasearch.web.live import Live
from rcasearch.web.metrics import Metrics
from rcasearch.web.params import accepts, check_query_string
from rcasearch.web.stages import work
from rcasearch.web.tenants import Tenants
from rcasearch.web.tracing import read_trace, request_id

if TYPE_CHECKING:
    from rcasearch.search import Searcher

log = logging.getLogger("rcasearch.web")

# Every surface over HTTP: routes of another one are a blueprint beside these.
BLUEPRINTS = (
    api.blueprint,
    api_figures.blueprint,
    api_recurrences.blueprint,
    hooks.blueprint,
    slack.blueprint,
    reference.blueprint,
    pages.blueprint,
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The address of a search holds the pasted text: it must not leak to the sites that documents link to. Forms of our own pages
    # must tell where they come from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STATIC = Operation(
    PAGES,
    media="*/*",
    parameters=lambda _: (Parameter("filename", {"type": "string", "minLength": 1}, "A file of the pages.", True, "path"),),
    errors=(404,),
    scope=PUBLIC,
)
# In the environment of a request: when it was there, in seconds of ``time.monotonic``.
ARRIVED = "rcasearch.arrived"
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def create_app(searcher: Searcher | None, settings: Settings, shared: Gates | None = None) -> Flask:
    """The WSGI application over ``searcher``; with None it opens the index of ``settings`` as soon as there is one.

    ``shared`` is what it has in common with other processes of the same server. Raises SettingsError for origins,
    hosts, hooks and targets that are none.
    """
    app = Flask("rcasearch.web")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.config["SETTINGS"] = settings
    app.config["HOSTS"] = hosts(settings)
    app.extensions["gate"] = Gate(settings, shared)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    app.json = JsonProvider(app)
    # A slash in an address may belong to the id of an incident: none is dropped.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    own = app.extensions["rcasearch"] = Live(settings, searcher)
    app.extensions["tenants"] = Tenants(settings, own)
    app.extensions["metrics"] = Metrics()
    pushing.register(app, settings, app.extensions["metrics"])
    app.extensions["spans"] = spans.recorder()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    present.register(app, _asset_versions(Path(app.root_path) / "static"))
    accepts("v")(promises(STATIC)(app.view_functions["static"]))
    app.before_request(_begin)
    app.after_request(finish)
    app.teardown_request(_end)
    cors.register(app, settings)
    app.register_error_handler(Exception, fail)
    return app


def _begin() -> None:
    g.began = time.perf_counter()
    patience.set_limit(_limit())
    g.request_id, g.trace = request_id(request.headers.get("X-Request-Id")), read_trace(request.headers.get("traceparent"))
    check_host(request.environ.get("HTTP_HOST", ""), current_app.config["SETTINGS"], current_app.config["HOSTS"])
    _check_site()
    identity.admit()
    check_query_string()


def _limit() -> patience.Limit:
    """By when this request must be answered, counted from its arrival where the server tells that."""
    seconds, now = current_app.config["SETTINGS"].timeout, time.monotonic()
    arrived = request.environ.get(ARRIVED, now)
    current_app.extensions["metrics"].waited(now - arrived)
    gone = request.environ.get("waitress.client_disconnected", lambda: False)
    return patience.Limit(arrived + seconds, seconds, gone)


def _end(_: BaseException | None) -> None:
    patience.set_limit(None)


def _check_site() -> None:
    """Refuse a form that a page of another site sends: nothing here changes, but an answer takes seconds of this machine."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site" and not cors.allowed_origin():
        raise CrossSiteError("A page of another site sent this request.", "Search from the page at / instead, or by a GET link.")


def finish(response: Response) -> Response:
    """Give an answer the headers that every answer has, count it, and write its line of the log."""
    if "request_id" not in g:
        g.request_id = request_id(request.headers.get("X-Request-Id"))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.request_id
    if trace := g.get("trace"):
        response.headers["traceparent"] = trace.header
    if request.endpoint == "static" and response.status_code < 400:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
    else:
        response.headers.setdefault("Cache-Control", "no-cache, private")
    if response.status_code == 401:
        identity.forget(response)
    _tell(response.status_code)
    return response


def _tell(status: int) -> None:
    """Count the request, trace it, and log it without the query string: what people paste may hold secrets."""
    now = time.perf_counter()
    began = g.get("began", now)
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in KNOWN_METHODS else "other"
    metrics: Metrics = current_app.extensions["metrics"]
    metrics.count(method, route, status, now - began, work())
    current_app.extensions["spans"](method, route, status, began, now)
    # What nobody answers to may be anything, also what somebody pasted by mistake.
    ms, path = (now - began) * 1000, request.path[:PATH_LOGGED] if status < 400 else route
    fields = {"method": method, "path": path, "route": route, "status": status, "ms": round(ms, 1)}
    by, caller = "", identity.caller()
    if caller.token:
        by, fields["caller"] = f" by {caller.name}", caller.name
    if caller.tenant:
        fields["tenant"] = caller.tenant
    trace = f" trace {g.trace.id}" if g.get("trace") else ""
    log.info("%s %s %r %d %.0f ms%s%s", g.request_id, fields["method"], path, status, ms, by, trace, extra={"fields": fields})


def _asset_versions(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in files}
