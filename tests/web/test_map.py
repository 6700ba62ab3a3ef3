"""The map: the points as data, and the page that tells the same without a script."""

from __future__ import annotations

import itertools
import json
import math
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from rcasearch.landscape import Landscape
from rcasearch.model import Outline
from rcasearch.render_map import map_as_dict
from rcasearch.search import Searcher
from tests.web.conftest import POOL, POOL_QUERY

STATIC = Path(__file__).parents[2] / "rcasearch" / "web" / "static"
LISTS = ("title", "date", "level", "service", "family", "x", "y")


def points(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/map").get_json()
    return found


def marked(page: str) -> dict[str, Any]:
    [block] = re.findall(r'<script type="application/json" id="found">(.*?)</script>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


# --- the points ---------------------------------------------------------------------------------------------------------


def test_every_incident_is_a_point_with_its_own_facts(client: FlaskClient, tiny_searcher: Searcher) -> None:
    found = points(client)
    listed = {one["id"]: one for one in client.get("/api/v1/incidents").get_json()["incidents"]}
    assert sorted(found["id"]) == sorted(listed)
    assert all(len(found[name]) == len(listed) for name in LISTS)
    for number, incident_id in enumerate(found["id"]):
        own = listed[incident_id]
        assert [found[name][number] for name in ("title", "date", "level")] == [own["title"], own["date"], own["level"]]
        assert [found["services"][service] for service in found["service"][number]] == own["services"]
    places = tiny_searcher.landscape().positions
    np.testing.assert_allclose(np.array([found["x"], found["y"]]).T, places, atol=1e-4)
    assert max(map(abs, found["x"] + found["y"])) <= 1


def test_a_family_stands_at_the_incident_in_its_middle() -> None:
    places = np.array([[0, 0], [0.2, 0.5], [1, 1], [0.4, 0.1], [-1, 0], [0.7, 0.6]], np.float32)
    landscape = Landscape(places, np.array([1, 0, 1, 0, -1, 1], np.int32), ("pool", "disk"))
    outlines = [Outline(f"rca {number}", "x", services=("b", "a") if number else ()) for number in range(6)]
    found = map_as_dict(outlines, landscape, "index")
    assert found["families"] == [
        {"name": "pool", "incidents": 2, "x": 0.2, "y": 0.5, "url": "/recurrences/rca%201"},
        {"name": "disk", "incidents": 3, "x": 0.7, "y": 0.6, "url": "/recurrences/rca%200"},
    ]
    assert found["family"] == [1, 0, 1, 0, -1, 1]
    assert (found["services"], found["service"][:2]) == (["a", "b"], [[], [1, 0]])


def test_an_empty_index_has_an_empty_map() -> None:
    nothing = Landscape(np.zeros((0, 2), np.float32), np.zeros(0, np.int32), ())
    found = map_as_dict([], nothing, "index")
    assert {name: value for name, value in found.items() if value} == {"index_id": "index"}


def test_the_points_are_kept_until_the_index_changes(client: FlaskClient) -> None:
    first = client.get("/api/v1/map")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert client.get("/api/v1/map", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


# --- the page -----------------------------------------------------------------------------------------------------------


def test_the_page_lists_the_families_and_says_what_runs_without_a_script(client: FlaskClient) -> None:
    page = client.get("/map").text
    assert "<noscript>" in page
    assert 'id="found"' not in page
    for family in points(client)["families"]:
        assert f'href="{family["url"]}"' in page
        assert client.get(family["url"]).status_code == 200


def test_a_text_stands_among_its_hits(client: FlaskClient, tiny_searcher: Searcher) -> None:
    page = client.get("/map", query_string={"q": POOL_QUERY}).text
    found = marked(page)
    hits = client.get("/api/v1/search", query_string={"q": POOL_QUERY}).get_json()["hits"]
    assert found["hits"] == [hit["id"] for hit in hits]
    assert found["hits"][0] == POOL
    x, y = found["place"]
    assert -1 <= x <= 1 and -1 <= y <= 1  # noqa: PT018
    listed = [unescape(address) for address in re.findall(r'<li data-id="[^"]+" class="is-\w+"><a href="([^"]+)"', page)]
    assert listed == [hit["url"] for hit in hits]


def test_a_long_text_travels_in_the_same_form_as_for_a_search(client: FlaskClient) -> None:
    redirect = client.post("/", data={"q": f"{POOL_QUERY} " + "worker waits " * 400})
    address = redirect.headers["Location"]
    assert address.startswith("/?z=")
    assert marked(client.get("/map" + address[1:]).text)["hits"]
    assert client.get("/map?q=x&z=y").status_code == 400


def test_a_hostile_text_stays_data(client: FlaskClient) -> None:
    page = client.get("/map", query_string={"q": '"><script>alert(1)</script> checkout'}).text
    assert "<script>alert" not in page


def test_without_an_index_the_page_says_what_to_do(no_index: FlaskClient) -> None:
    for address in ("/map", "/api/v1/map"):
        response = no_index.get(address)
        assert response.status_code == 503
        assert "rcasearch index" in response.text


# --- colours ------------------------------------------------------------------------------------------------------------

# How somebody sees who lacks a kind of cone: Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def lab(red: float, green: float, blue: float) -> tuple[float, float, float]:
    def root(value: float) -> float:
        return math.cbrt(value) if value > 0.008856 else 7.787 * value + 16 / 116

    x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505)
    y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    red, green, blue = (
        min(1.0, max(0.0, sum(part * value for part, value in zip(row, linear(colour), strict=True)))) for row in SIGHT[sight]
    )
    return lab(red, green, blue)


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("sheet", ["base.css", "dark.css"])
def test_the_colours_of_groups_differ_for_everybody(sheet: str, sight: str) -> None:
    tokens = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", (STATIC / sheet).read_text(encoding="utf-8")))
    hues = [tokens[f"hue{number}"] for number in range(1, 9)]
    near = min((math.dist(seen(one, sight), seen(other, sight)), one, other) for one, other in itertools.combinations(hues, 2))
    assert near[0] > 12, near
    for hue in hues:
        low, high = sorted((luminance(hue), luminance(tokens["sheet"])))
        assert (high + 0.05) / (low + 0.05) >= 3, hue
