"""The insights page and its data: the same figures on both, in tables that need no script."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rcasearch.search import Searcher

STATIC = Path(__file__).parents[2] / "rcasearch" / "web" / "static"
VENDORED = {
    "vendor/chart.js-4.6.1/LICENSE.md": "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce",
    "vendor/chart.js-4.6.1/chart.umd.min.js": "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2",
}


def figures(client: FlaskClient, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/insights{query}").get_json()
    return found


def drawn(page: str) -> dict[str, Any]:
    [block] = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


def test_what_is_vendored_is_as_it_was_published() -> None:
    found = {path.relative_to(STATIC).as_posix(): path for path in (STATIC / "vendor").rglob("*") if path.is_file()}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()} == VENDORED


def test_the_figures_are_those_of_the_incidents(client: FlaskClient, tiny_searcher: Searcher) -> None:
    found = figures(client)
    listed = client.get("/api/v1/incidents").get_json()["incidents"]
    assert found["total"]["incidents"] == len(listed) == 8
    assert found["total"]["minutes"] == sum(one["duration_minutes"] or 0 for one in listed)
    assert found["index_id"] == tiny_searcher.info.id
    whole = [client.get(f"/api/v1/incidents/{one['id']}").get_json() for one in listed]
    times = {one["id"]: one["minutes_to_mitigate"] for one in whole if one["date"] and one["minutes_to_mitigate"] is not None}
    assert {one["id"]: one["minutes_to_mitigate"] for one in found["mitigated"]} == times
    assert sum(month["incidents"] for month in found["months"]) == found["dated"] == sum(bool(one["date"]) for one in listed)


def test_the_page_has_the_same_figures_in_tables(client: FlaskClient) -> None:
    page = client.get("/insights").text
    found = figures(client)
    assert drawn(page).items() <= found.items()
    for group in [*found["months"], *found["services"], *found["severities"]]:
        [row] = re.findall(rf'<tr data-name="{re.escape(group["name"])}">(.*?)</tr>', page)[:1]
        assert f"<td>{group['incidents']}</td>" in row
    for one in found["mitigated"]:
        assert f'href="{one["url"]}"' in page


def test_a_filter_counts_for_the_page_the_data_and_the_links(client: FlaskClient) -> None:
    found = figures(client, "?service=checkout")
    assert 0 < found["total"]["incidents"] < 8
    page = client.get("/insights?service=checkout").text
    assert drawn(page)["months"] == found["months"]
    assert "with these filters" in page
    assert 'href="/api/v1/insights?service=checkout"' in page
    [month, *_] = [month for month in found["months"] if month["incidents"]]
    address = unescape(re.findall(rf'<tr data-name="{month["name"]}"><th scope="row"><a href="([^"]+)"', page)[0])
    assert f"{month['incidents']} incident" in client.get(address).text
    for service in found["services"]:
        address = unescape(re.findall(rf'<tr data-name="{service["name"]}"><th scope="row"><a href="([^"]+)"', page)[0])
        assert address == f"/incidents?service={service['name']}"


def test_a_year_is_a_link_that_keeps_the_filters(client: FlaskClient) -> None:
    page = client.get("/insights?severity=SEV1").text
    years = [unescape(address) for address in re.findall(r'href="(/insights\?[^"]*since=\d{4}-01-01[^"]*)"', page)]
    assert years
    assert all("severity=SEV1" in address for address in years)
    assert all(client.get(address).status_code == 200 for address in years)


def test_where_nothing_passes_it_says_so(client: FlaskClient) -> None:
    page = client.get("/insights?service=nobody").text
    assert "No incident passes these filters." in page
    assert "<canvas" not in page
    assert figures(client, "?service=nobody")["total"]["incidents"] == 0


def test_the_data_is_kept_until_the_index_changes(client: FlaskClient) -> None:
    first = client.get("/api/v1/insights")
    assert client.get("/api/v1/insights", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get("/api/v1/insights?tag=x", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("address", ["/insights?colour=red", "/insights?since=never", "/api/v1/insights?colour=red"])
def test_what_nobody_knows_is_an_error(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 400


def test_without_an_index_the_page_says_what_to_do(no_index: FlaskClient) -> None:
    response = no_index.get("/insights")
    assert response.status_code == 503
    assert "rcasearch index" in response.text


def test_a_title_cannot_leave_the_block_of_data(app: Flask) -> None:
    with app.test_request_context():
        rendered = app.jinja_env.from_string("{{ value|tojson }}").render(value="</script><script>alert(1)</script>")
    assert "<" not in rendered
    assert json.loads(rendered) == "</script><script>alert(1)</script>"
