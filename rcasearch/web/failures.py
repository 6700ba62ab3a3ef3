"""The one exit that every error takes: problem details for programs, a page with the same words for people."""

from __future__ import annotations

import dataclasses
import logging
from http import HTTPStatus

from flask import Response, current_app, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from rcasearch.errors import (
    EngineError,
    EngineRefusedError,
    GoneError,
    IndexLockedError,
    IndexMismatchError,
    IndexMissingError,
    InvalidQueryError,
    ModelError,
    NotFoundError,
    OverviewPendingError,
    RcaSearchError,
    TimedOutError,
)
from rcasearch.render import error_as_dict
from rcasearch.shapes import ProblemDetails
from rcasearch.tokens import TokenFileError
from rcasearch.web.gate import ScopeError, TenantError, TokenNeededError, TokenUnknownError, TooManyError
from rcasearch.web.hosts import CrossSiteError, HostError
from rcasearch.web.live import IndexLoadingError
from rcasearch.web.params import MediaTypeError
from rcasearch.web.signing import HookOffError, SenderError

log = logging.getLogger("rcasearch.web")


# The first class that fits decides.
STATUSES: tuple[tuple[type[RcaSearchError], int], ...] = (
    (MediaTypeError, 415),
    (InvalidQueryError, 400),
    (SenderError, 401),
    (TokenNeededError, 401),
    (TokenUnknownError, 401),
    (ScopeError, 403),
    (TenantError, 403),
    (HookOffError, 403),
    (HostError, 403),
    (CrossSiteError, 403),
    (NotFoundError, 404),
    (TooManyError, 429),
    (TokenFileError, 503),
    (IndexLoadingError, 503),
    (IndexMissingError, 503),
    (IndexMismatchError, 503),
    (IndexLockedError, 503),
    (OverviewPendingError, 503),
    (TimedOutError, 503),
    (ModelError, 503),
    (EngineError, 503),
    (EngineRefusedError, 503),
)
_HEADERS = {401: (("WWW-Authenticate", "Bearer"),), 503: (("Retry-After", "5"),)}
# Which say something of the server, or of a caller who asks for too much of it.
_REFUSALS = (408, 429, 503)
PATH_LOGGED = 200
JSON_ROUTES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")
PROBLEM_TYPE = "application/problem+json"


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


def fail(error: Exception) -> Response | HTTPException:
    """Any error as problem JSON on API routes, as a page with the same words elsewhere."""
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400):
        return error
    if isinstance(error, GoneError):
        # For the log and the figures, by the number that other servers use: nobody reads it.
        return Response(status="499 Client Closed Request")
    return respond(failure_of(error))


def respond(failure: Failure) -> Response:
    """A failure as the answer to the current request."""
    response = _problem(failure) if request.path.startswith(JSON_ROUTES) else _page(failure)
    response.status_code = failure.status
    response.headers.update(failure.headers)
    if failure.status in _REFUSALS and (metrics := current_app.extensions.get("metrics")):
        metrics.refused(failure.code)
    return response


def problem_details(failure: Failure) -> ProblemDetails:
    """A failure as RFC 9457 problem details."""
    return error_as_dict(
        failure.code, failure.detail, status=failure.status, title=failure.title, hint=failure.hint, field=failure.field
    )


def failure_of(error: Exception) -> Failure:
    """What an error means for the caller. What only the operator can mend is written to the log."""
    if isinstance(error, RcaSearchError):
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
        if status == 500:
            log.error("%s failed: %s %s", g.get("request_id"), error.message, error.hint)
        headers = _HEADERS.get(status, ())
        if isinstance(error, TooManyError):
            headers = (("Retry-After", str(error.wait_s)),)
        return Failure(status, error.code, error.message, error.hint, error.field, headers)
    if isinstance(error, HTTPException):
        return _http_failure(error)
    rule = request.url_rule.rule if request.url_rule else "none"
    log.error("%s failed: %s %r", g.get("request_id"), request.method[:20], rule, exc_info=error)
    hint = f"It was written to the server's log as request {g.get('request_id')}. Report it with that number."
    return Failure(500, "internal_error", "Something broke inside the server.", hint)


def _problem(failure: Failure) -> Response:
    response = jsonify(problem_details(failure))
    response.mimetype = PROBLEM_TYPE
    return response


def _page(failure: Failure) -> Response:
    try:
        return Response(render_template("error.html", failure=failure, form=g.get("form")), mimetype="text/html")
    except Exception:  # the last resort has no template to fail in
        log.exception("%s failed: the error page", g.get("request_id"))
        return _problem(failure)


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
        limit = request.max_content_length or 0
        hint = "Send less text: the lines around the error are enough. RCASEARCH_MAX_BODY_BYTES moves the limit."
        return Failure(413, "body_too_large", f"The body has more than {limit:,} bytes.", hint)
    return Failure(status, "http_error", error.description or "The request cannot be answered.", "Check how it was sent.")
