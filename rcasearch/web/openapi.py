"""The API's document, OpenAPI 3.1, put together from the routes: what each promises, the shapes of its answers, its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from rcasearch import __version__
from rcasearch.schemas import components
from rcasearch.settings import Settings
from rcasearch.shapes import ProblemDetails
from rcasearch.web.contract import HTML, JSON, PAGES, PUBLIC, Operation, Parameter, Schema, operation_of
from rcasearch.web.failures import PROBLEM_TYPE
from rcasearch.web.tracing import SANE_ID

# What any route can answer: a parameter nobody knows, a foreign host name, a fault; and those that not everybody may ask.
_EVERYWHERE = (400, 403, 500)
_CLOSED = (401, 429, 503)
_METHODS = ("get", "post")
View = Callable[..., Any]
_REFERENCE = "#/components/schemas/{name}"
_TAGS = {
    "search": "Find precedents.",
    "incidents": "Read what is on record.",
    "hooks": "For the tools that alert, and for chat.",
    "service": "For those who run the server.",
    PAGES: "For people.",
}
_ABOUT = """Finds the past incidents most like a symptom, an alert or a log, with root cause and resolution.

Every error is RFC 9457 problem details that name the field at fault and say what to do. Unknown parameters are errors. Answers
may gain keys; those that are there stay."""
_SCHEMES: dict[str, Schema] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token that `rcasearch token add` made; the roles are its scopes. Whether anybody is answered without "
        "one depends on the settings of the server.",
    }
}
_HEADERS: dict[str, Schema] = {
    "RequestId": {
        "description": "The caller's X-Request-Id where that is sane, else a new one; the server's log has it.",
        "schema": {"type": "string", "pattern": f"^{SANE_ID}$"},
        "required": True,
    },
    "ETag": {
        "description": "Changes with the index and with the version of the software; send it as If-None-Match.",
        "schema": {"type": "string", "pattern": '^W/"[0-9a-f]+"$'},
        "required": True,
    },
    "RetryAfter": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}, "required": True},
}


def document(app: Flask, settings: Settings, *, pages: bool = False) -> Schema:
    """The document of every route that promises something, as plain JSON; of those that answer with a page only if asked for."""
    routes = list(_routes(app, pages))
    paths: dict[str, Schema] = {}
    bodies: dict[str, Schema] = {}
    for rule, operation, view in routes:
        for method in _METHODS:
            if method.upper() in (rule.methods or ()):
                paths.setdefault(path_of(rule), {})[method] = _operation(rule, operation, view, settings, bodies)
    used = {operation.tag for _, operation, _ in routes}
    answers = [operation.answer for _, operation, _ in routes if operation.answer]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rcasearch",
            "version": __version__,
            "summary": "Precedents for the incident you are in.",
            "description": _ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": told} for name, told in _TAGS.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": {**bodies, **components([ProblemDetails, *answers], _REFERENCE)},
            "headers": _HEADERS,
            "securitySchemes": _SCHEMES,
        },
    }


def path_of(rule: Rule) -> str:
    """The path of a route as the document writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _routes(app: Flask, pages: bool) -> Iterator[tuple[Rule, Operation, View]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        operation = operation_of(view)
        if operation and (pages or operation.tag != PAGES):
            yield rule, operation, view


def _operation(rule: Rule, operation: Operation, view: View, settings: Settings, bodies: dict[str, Schema]) -> Schema:
    words = inspect.getdoc(view) or ""
    summary, _, rest = words.replace("\n", " ").partition(". ")
    told: Schema = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "summary": summary.rstrip("."),
        "description": rest,
        "tags": [operation.tag],
        "parameters": [_parameter(parameter) for parameter in operation.parameters(settings)],
        "security": _security(operation),
        "responses": _responses(operation),
    }
    if operation.body:
        schema = _named(operation.body(settings), bodies)
        told["requestBody"] = {"required": True, "content": {operation.body_type: {"schema": schema}}}
    return told


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """What a caller must send: nothing, or a token of the scope; nothing as well where the settings of the server allow that."""
    return [] if operation.scope == PUBLIC else [{}, {"token": [operation.scope]}]


def _named(schema: Schema, bodies: dict[str, Schema]) -> Schema:
    """A reference to a schema that has a title, kept with those inside it among the components; others as they are."""
    inner = {name: _named_within(part, bodies) for name, part in schema.items()}
    if "title" not in schema:
        return inner
    bodies[schema["title"]] = {name: part for name, part in inner.items() if name != "title"}
    return {"$ref": _REFERENCE.format(name=schema["title"])}


def _named_within(part: Any, bodies: dict[str, Schema]) -> Any:
    if isinstance(part, dict):
        return _named(part, bodies)
    if isinstance(part, list):
        return [_named_within(one, bodies) for one in part]
    return part


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.told,
        "schema": parameter.schema,
    }


def _responses(operation: Operation) -> Schema:
    answer = _reference(operation.answer) if operation.answer else {"type": "object" if operation.media == JSON else "string"}
    content = {operation.media: {"schema": answer}}
    done: Schema = {"description": HTTPStatus(operation.status).phrase, "headers": _headers(operation), "content": content}
    found = {str(operation.status): done}
    for status in operation.redirects:
        found[str(status)] = {"description": HTTPStatus(status).phrase, "headers": _headers(operation)}
    if operation.cached:
        found["304"] = {"description": "What the caller has still holds.", "headers": _headers(operation)}
    problem = {PROBLEM_TYPE: {"schema": _reference(ProblemDetails)}}
    if operation.tag == PAGES:
        problem = {HTML: {"schema": {"type": "string"}}}
    closed = () if operation.scope == PUBLIC else _CLOSED
    for status in sorted({*_EVERYWHERE, *closed, *operation.errors}):
        headers = _header_references("RequestId", *(["RetryAfter"] if status in (429, 503) else []))
        found[str(status)] = {"description": HTTPStatus(status).phrase, "headers": headers, "content": problem}
    return found


def _headers(operation: Operation) -> Schema:
    return _header_references("RequestId", *(["ETag"] if operation.cached else []))


def _header_references(*names: str) -> Schema:
    shown = {"RequestId": "X-Request-Id", "ETag": "ETag", "RetryAfter": "Retry-After"}
    return {shown[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(shape: Any) -> Schema:
    return {"$ref": _REFERENCE.format(name=shape.__name__)}
