"""An answer fits, keeps its shape, and loses no more than it must."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from rcasearch import shapes
from rcasearch.agents.sizes import fitted
from rcasearch.model import Block, Chunk, Entities, Evidence, Hit, Incident, Query, Results, Section
from rcasearch.render import as_dict, incident_as_dict
from rcasearch.schemas import schema_of

TEXT = "the pool is used up, and every worker waits for a connection " * 300


def results(hits: int, chars: int) -> shapes.Results:
    text = (TEXT * 9)[:chars]
    chunk = Chunk("c", "i", "summary", "Summary", text, 1, 2, "h", ((0, chars),))
    evidence = (Evidence(chunk, 0.5, ((0, min(3, chars)), (max(chars - 4, 0), chars))),) * 3
    found = tuple(Hit(Incident(f"id-{n}", text, "p.md"), n + 1, 1.0, 0.5, "possible", evidence) for n in range(hits))
    return as_dict(Results(Query(text), "possible", found, hits, "index"))


@given(st.integers(0, 100), st.integers(1, 30_000), st.integers(20_000, 80_000))
@settings(max_examples=30, deadline=None)
def test_it_fits_and_keeps_its_schema(hits: int, chars: int, most: int) -> None:
    told, shortened = fitted(results(hits, chars), most)
    assert len(json.dumps(told, ensure_ascii=False)) <= most
    assert Draft202012Validator(schema_of(shapes.Results)).is_valid(told)
    assert shortened == (told != results(hits, chars))
    assert [hit["id"] for hit in told["hits"]] == [f"id-{n}" for n in range(len(told["hits"]))]
    for evidence in (evidence for hit in told["hits"] for evidence in hit["evidence"]):
        assert all(end <= len(evidence["text"]) for _, end in evidence["highlights"])


def test_what_fits_is_left_as_it_is() -> None:
    answer = results(3, 200)
    assert fitted(answer) == (answer, False)


def test_an_id_is_never_cut() -> None:
    told, shortened = fitted({"id": "x" * 500, "text": "y" * 90_000})
    assert shortened
    assert told["id"] == "x" * 500
    assert told["text"].endswith("y…")


def test_a_document_of_megabytes_fits() -> None:
    section = Section("Log", (), ("other",), (Block("code", TEXT * 50, 1),), 1)
    told, shortened = fitted(incident_as_dict(Incident("i", "T", "i.md", sections=(section,) * 400)))
    assert shortened
    assert told["sections"]
    assert len(json.dumps(told)) < 90_000


def test_a_schema_stands_alone_and_has_its_words() -> None:
    schema = schema_of(shapes.Results)
    assert schema["type"] == "object"
    assert schema["properties"]["searched"]["description"] == "Incidents that passed the filters."
    assert schema["$defs"]["Entities"]["properties"]["severity"]["description"] == "As the sender writes it."
    references = set(_references(schema))
    assert references == {f"#/$defs/{name}" for name in schema["$defs"]}
    assert Entities().severity is None


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [reference for value in part.values() for reference in _references(value)]
    return [reference for value in part for reference in _references(value)] if isinstance(part, list) else []
