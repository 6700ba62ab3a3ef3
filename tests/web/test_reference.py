"""The API's document: OpenAPI 3.1 that tools read, and the same as a page that needs nothing from anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator

import rcasearch
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.reference import type_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    told: dict[str, Any] = create_app(None, Settings(max_batch=7, limit=4)).test_client().get("/openapi.json").get_json()
    return told


def within(part: Any, key: str) -> Iterator[Any]:
    """Every value of a key, however deep."""
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == key)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from within(inner, key)


def test_it_names_itself_and_is_there_without_an_index(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == rcasearch.__version__
    assert {"/api/v1/search", "/api/v1/search/batch", "/readyz", "/metrics"} <= set(document["paths"])
    assert "/" not in document["paths"]


def schemes(document: dict[str, Any]) -> set[str]:
    """How a caller can say who they are, of all routes that ask."""
    operations = (operation for methods in document["paths"].values() for operation in methods.values())
    return {name for operation in operations for way in operation["security"] for name in way}


def test_every_route_that_is_not_for_everybody_names_its_scope(document: dict[str, Any]) -> None:
    told = {path: operation["security"] for path, methods in document["paths"].items() for operation in methods.values()}
    assert told["/healthz"] == told["/readyz"] == []
    assert told["/metrics"] == [{}, {"token": ["metrics"]}]
    assert told["/api/v1/hooks/{hook}"] == [{}, {"token": ["ingest"]}]
    assert told["/api/v1/search"] == [{}, {"token": ["read"]}]
    assert schemes(document) == set(document["components"]["securitySchemes"]) == {"token"}


def test_every_reference_leads_somewhere_and_every_shape_is_used(document: dict[str, Any]) -> None:
    references = {str(reference) for reference in within(document, "$ref")}
    known = {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}
    known -= {f"#/components/securitySchemes/{name}" for name in schemes(document)}  # named without the path
    assert references == known


def test_every_operation_is_named_once_and_described(document: dict[str, Any]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        assert {"200", "400", "403", "500"} <= set(operation["responses"])


def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        assert Draft202012Validator({**schema, "components": document["components"]})
    for example in document["components"]["schemas"]["SearchRequest"]["examples"]:
        assert Draft202012Validator(document["components"]["schemas"]["SearchRequest"]).is_valid(example)


def test_the_limits_are_those_of_the_settings(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["BatchRequest"]["properties"]["queries"]["maxItems"] == 7
    assert schemas["SearchRequest"]["properties"]["limit"]["default"] == 4
    assert schemas["SearchRequest"]["properties"]["text"]["maxLength"] == Settings().max_query_chars


def test_words_beside_a_key_are_in_it(document: dict[str, Any]) -> None:
    hit = document["components"]["schemas"]["Hit"]
    assert hit["properties"]["confidence"]["description"] == "From 0 to 1; compares between queries."
    assert list(hit["properties"])[:2] == ["id", "title"]
    assert set(hit["required"]) == set(hit["properties"])


def test_the_page_tells_all_of_it_and_loads_nothing_from_elsewhere(client: FlaskClient, document: dict[str, Any]) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    text = unescape(page.text)
    for path in document["paths"]:
        assert f"<code>{path}</code>" in text
    for name, schema in document["components"]["schemas"].items():
        assert f'id="{name}"' in text
        assert all(f"<code>{key}</code>" in text for key in schema.get("properties", {}))
    targets = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
    assert targets
    assert all(target.startswith(("/", "#")) and not target.startswith("//") for target in targets)
    anchors = {target.partition("#")[2] for target in targets if target.startswith("/docs#")}
    assert anchors <= set(re.findall(r'id="([^"]*)"', page.text))
    assert not re.search(r"<style|<script(?! src=)| style=| on\w+=", page.text)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": ["integer", "null"], "minimum": 1, "maximum": 9}, "integer, 1 to 9 or null"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 5}, "list of string, at most 5"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"enum": ["a", "<b>"]}, "<code>a</code> | <code>&lt;b&gt;</code>"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({}, "anything"),
    ],
)
def test_a_schema_in_words(client: FlaskClient, schema: dict[str, Any], words: str) -> None:
    assert str(type_of(schema)) == words


def test_the_page_of_an_empty_server_is_the_same(no_index: FlaskClient) -> None:
    assert no_index.get("/docs").status_code == 200
    assert json.loads(no_index.get("/openapi.json").data)["openapi"] == "3.1.0"
