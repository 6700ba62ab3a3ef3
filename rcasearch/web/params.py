"""Parameters of a request as a plain mapping, whatever carried them, and names that nobody knows turned away.

What a query or a filter may say is for ``rcasearch.query`` to judge; here is only what HTTP adds to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from flask import current_app, request
from werkzeug.datastructures import MultiDict

from rcasearch.errors import InvalidQueryError
from rcasearch.query import reject_unknown

JSON_TYPES = ("application/json",)
# As in application/cloudevents+json (RFC 6839).
JSON_SUFFIX = "+json"
EXAMPLE = 'Send an object like {"text": "checkout times out", "limit": 5}.'
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
View = TypeVar("View", bound=Callable[..., Any])


class MediaTypeError(InvalidQueryError):
    """The body is of a type that the route does not read."""

    code = "unsupported_media_type"


def accepts(*names: str) -> Callable[[View], View]:
    """Name the query-string parameters of a view; a view that names none takes none, one that names * checks them itself."""

    def mark(view: View) -> View:
        view.accepts = names  # type: ignore[attr-defined]
        return view

    return mark


def check_query_string() -> None:
    """Raise InvalidQueryError where the query string is not UTF-8 or names a parameter that the view does not take."""
    try:
        unquote_to_bytes(request.query_string).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidQueryError("The query string is not UTF-8.", "Percent-encode the text as UTF-8.") from None
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    names = getattr(view, "accepts", ())
    if "*" not in names:
        reject_unknown(request.args, names)


def flat(values: MultiDict[str, str], *, drop_blank: bool = False) -> dict[str, object]:
    """One value as text, several as a list. Pages drop blank ones: a browser sends every field of a form."""
    found: dict[str, object] = {}
    for name, given in values.lists():
        kept = [value for value in given if value.strip()] if drop_blank else given
        if kept:
            found[name] = kept[0] if len(kept) == 1 else list(kept)
    return found


def form_params() -> dict[str, object]:
    """The fields of a submitted form. Raises MediaTypeError for any other body."""
    if request.mimetype not in FORM_TYPES:
        raise MediaTypeError(_wrong_type(), "Send a form: application/x-www-form-urlencoded.")
    return flat(request.form, drop_blank=True)


def json_params() -> dict[str, object]:
    """The JSON object in the body. Raises MediaTypeError and InvalidQueryError."""
    if request.args:
        raise InvalidQueryError(
            f"A POST takes its parameters from the body, not from the address: {', '.join(sorted(request.args))}.",
            "Move them into the JSON object.",
            field=next(iter(request.args)),
        )
    parsed = json_body()
    if not isinstance(parsed, dict):
        raise InvalidQueryError("The body is JSON, but not an object.", EXAMPLE)
    return parsed


def json_body() -> object:
    """The JSON in the body. Raises MediaTypeError and InvalidQueryError."""
    if request.mimetype not in JSON_TYPES and not request.mimetype.endswith(JSON_SUFFIX):
        raise MediaTypeError(_wrong_type(), "Send JSON with the header Content-Type: application/json.")
    return parse_json(request.get_data())


def parse_json(body: bytes) -> object:
    """JSON, strictly: UTF-8, no name twice, no NaN, no half of a surrogate pair."""
    if not body.strip():
        raise InvalidQueryError("The body is empty.", EXAMPLE)
    try:
        parsed: object = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidQueryError(f"The body is not UTF-8 (byte {error.start}).", "Send JSON encoded as UTF-8.") from None
    except UnicodeEncodeError:
        raise InvalidQueryError("The body holds half of a surrogate pair.", "Send text that can be written as UTF-8.") from None
    except RecursionError:
        raise InvalidQueryError("The body is nested too deeply.", EXAMPLE) from None
    except ValueError as error:
        raise InvalidQueryError(f"The body is not JSON: {error}.", EXAMPLE) from None
    return parsed


def _wrong_type() -> str:
    shown = request.mimetype[:80] or "missing"
    return f"The type of the body is {shown}." if request.mimetype else "The body has no Content-Type."


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:60]!r} stands twice")
        found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")
