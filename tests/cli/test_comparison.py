"""What a hit shares and in what it differs, in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

QUERY = ("checkout answers HTTP 503, every worker waits for a database connection",)


def test_a_search_tells_what_it_read_and_what_is_shared(run: Run, tiny_index: Path) -> None:
    text = run("search", "--index", tiny_index, *QUERY).out
    shape = json.loads(run("search", "--index", tiny_index, *QUERY, "--json").out)
    first = shape["hits"][0]["match"]["shared"]
    flat = " ".join(text.split())
    assert shape["read_as"]["services"] == ["checkout"]
    assert "service checkout" in flat.split(" 1. ")[0]
    assert first["services"] == ["checkout"]
    assert "HTTP 503" in first["signatures"]
    assert "Shares " in text
    for value in (*first["signatures"], *first["concepts"]):
        assert value in flat


def test_similar_incidents_are_compared_too(run: Run, tiny_index: Path) -> None:
    out = run("similar", "2024-03-14-checkout-connection-pool-exhausted", "--index", tiny_index, "--json").out
    assert all(set(hit["match"]) == {"on", "cause", "shared", "differs"} for hit in json.loads(out)["hits"])
