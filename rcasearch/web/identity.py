"""Who sends the current request, and whether the route lets them: asked once, before any view."""

from __future__ import annotations

from flask import current_app, g, has_request_context, request
from werkzeug.wrappers import Response

from rcasearch.settings import Settings
from rcasearch.tokens import READ, TokenFileError
from rcasearch.web.contract import PUBLIC, Operation, operation_of
from rcasearch.web.gate import ANYBODY, TENANT_HEADER, Caller, Gate, TokenUnknownError, TooManyError, bearer, comes_direct
from rcasearch.web.hosts import CrossSiteError

__all__ = [
    "Caller",
    "admit",
    "asked_for",
    "caller",
    "check_same_origin",
    "forget",
    "gate",
    "is_direct",
    "keep",
    "sent_by_cookie",
    "who_holds",
]

# Browsers keep a cookie with this beginning for one origin, and only over TLS (RFC 6265bis, 4.1.3.2).
_HOST_ONLY = "__Host-"
COOKIE = "rcasearch"
# Signing in must not be what somebody does at night; a token that is revoked ends it at once.
COOKIE_S = 30 * 24 * 3600
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def caller() -> Caller:
    """Who sent the current request. Until that is known, and outside a request, somebody who may do nothing and sees no label."""
    found = g.get("caller", ANYBODY) if has_request_context() else ANYBODY
    assert isinstance(found, Caller)
    return found


def gate() -> Gate:
    """The gate of the app that answers this request."""
    found = current_app.extensions["gate"]
    assert isinstance(found, Gate)
    return found


def admit() -> None:
    """Find out who asks, count it, and let them on where the route's scope is one of theirs.

    A route that is not there is closed like one that is. Raises what `Gate.caller`, `Gate.count`, `Caller.check` and
    `Gate.within` raise, and CrossSiteError.
    """
    operation = asked_for()
    scope = operation.scope if operation else READ
    if scope == PUBLIC:
        g.caller = _caller_or_anybody()
        return
    if request.method == "OPTIONS":  # tells the methods of a route; browsers send it for pages of others, and never with a token
        return
    found = g.caller = _caller()
    gate().count(found, _address())
    if not (operation and operation.proof and not found.token):
        found.check(scope)
    g.caller = gate().within(found, request.headers.get(TENANT_HEADER, ""))


def asked_for() -> Operation | None:
    """What the route of this request promises; None where there is no route or promise."""
    return operation_of(current_app.view_functions[request.endpoint]) if request.endpoint else None


def _caller() -> Caller:
    given = bearer(request.headers.get("Authorization", ""))
    kept = "" if given else _kept()
    found = gate().caller(given or kept, _address(), direct=is_direct())
    if kept and found.token:
        g.by_cookie = True
        if request.method not in _SAFE_METHODS:
            check_same_origin()
    return found


def _caller_or_anybody() -> Caller:
    """Who asks for what everybody may see; a token that is none is not held against them here."""
    try:
        return _caller()
    except (TokenUnknownError, TooManyError, TokenFileError, CrossSiteError):
        return ANYBODY


def who_holds(given: str) -> Caller:
    """Who signs in with a token. Raises what `Gate.caller` raises; a text that is no token is none that is known."""
    return gate().holder(given, _address())


def sent_by_cookie() -> bool:
    """Whether somebody signed in on the page sent this request."""
    return bool(g.get("by_cookie"))


def is_direct() -> bool:
    """Whether nothing tells that a proxy passed this request on."""
    return comes_direct(request.headers.get, request.environ.get("HTTP_HOST", ""))


def check_same_origin() -> None:
    """Raise CrossSiteError unless a page of this server sent the request, as browsers tell."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:  # older browsers, and any without TLS
        ours = origin in (request.host_url.rstrip("/"), _public_origin()) and bool(origin)
    if not ours:
        raise CrossSiteError("No page of this server sent this request.", "Open the page here, and send it from there.")


def _public_origin() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    scheme, separator, rest = settings.public_url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}".lower()


def keep(response: Response, given: str) -> None:
    """Let a browser send this token with each request to this server, and with none that a page of another site causes."""
    secure = _over_tls()
    name = f"{_HOST_ONLY if secure else ''}{COOKIE}"
    response.set_cookie(name, given, max_age=COOKIE_S, path="/", secure=secure, httponly=True, samesite="Strict")


def forget(response: Response) -> None:
    """Let a browser forget the token."""
    for name, secure in ((COOKIE, False), (f"{_HOST_ONLY}{COOKIE}", True)):
        if name in request.cookies:
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Strict")


def _over_tls() -> bool:
    return request.is_secure or request.headers.get("Origin", "").startswith("https://")


def _kept() -> str:
    return request.cookies.get(f"{_HOST_ONLY}{COOKIE}") or ("" if request.is_secure else request.cookies.get(COOKIE, ""))


def _address() -> str:
    return request.remote_addr or ""
