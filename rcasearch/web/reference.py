"""The API's document as JSON and as a page, and the metrics: what programs and people need to know of the server itself."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, current_app, render_template, url_for
from markupsafe import Markup, escape

from rcasearch.tokens import METRICS
from rcasearch.web.caching import NEVER, tag, unless_known
from rcasearch.web.contract import HTML, PAGES, Operation, Schema, promises
from rcasearch.web.identity import caller
from rcasearch.web.live import live
from rcasearch.web.metrics import CONTENT_TYPE, Metrics
from rcasearch.web.openapi import document

blueprint = Blueprint("reference", __name__)


@blueprint.get("/openapi.json")
@promises(Operation("service", cached=True))
def openapi() -> Response:
    """This document, OpenAPI 3.1."""
    body = msgspec.json.encode(_document())
    return unless_known(tag(body), lambda: Response(body, mimetype="application/json"))


@blueprint.get("/docs")
@promises(Operation(PAGES, media=HTML))
def docs() -> str:
    """The same for people."""
    return render_template("docs.html", api=_document(), type_of=type_of)


@blueprint.get("/metrics")
@promises(Operation("service", media="text/plain", scope=METRICS))
def metrics() -> Response:
    """Metrics in Prometheus' text format. To a tenant that is not the server's own, those of its index."""
    counted: Metrics = current_app.extensions["metrics"]
    told = counted.text(live(), whole=caller().tenant is None)
    return Response(told, headers={"Cache-Control": NEVER}, content_type=CONTENT_TYPE)


def type_of(schema: Schema) -> Markup:
    """A JSON Schema in a few words, as in "list of Evidence, or null", components linked."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="{}#{}">{}</a>').format(url_for("reference.docs"), name, name)
    if "anyOf" in schema:
        return Markup(" or ").join(type_of(part) for part in schema["anyOf"])
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    kinds = schema.get("type", "anything")
    if isinstance(kinds, list):
        return Markup(" or ").join(type_of({**schema, "type": kind}) for kind in kinds)
    if kinds == "array":
        return Markup("list of {}").format(type_of(schema.get("items", {}))) + _bounds(schema, "Items")
    if kinds == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of {}").format(type_of(schema["additionalProperties"]))
    return escape(kinds) + _bounds(schema, "imum")


def _bounds(schema: Schema, ending: str) -> str:
    low, high = schema.get(f"min{ending}"), schema.get(f"max{ending}")
    if schema.get("type") == "null" or (low is None and high is None):
        return ""
    return f", {low} to {high}" if low is not None else f", at most {high}"


def _document() -> Schema:
    """The document of this application, made when it is first asked for: the routes do not change."""
    app = current_app
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = document(app._get_current_object(), app.config["SETTINGS"])  # type: ignore[attr-defined]
    found: Schema = app.extensions["openapi"]
    return found
