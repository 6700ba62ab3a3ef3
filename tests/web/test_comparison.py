"""What a hit shares and in what it differs, on the page and in the API: shown, linked, and inert whatever it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from rcasearch.model import Difference, Match, Query, Results
from rcasearch.search import Searcher
from tests.web.conftest import POOL, POOL_QUERY

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
NASTY = Match(
    "cause",
    (EVIL,),
    (EVIL, "ORA-00060"),
    (EVIL,),
    "same",
    (
        Difference("service", EVIL),
        Difference("signature", EVIL),
        Difference("concept", EVIL),
        Difference("age", EVIL),
        Difference("superseded", EVIL, 'a"b/../<i>'),
        Difference("cause", EVIL, 'javascript:alert(1)"'),
    ),
)


def page(client: FlaskClient, text: str) -> str:
    return client.get("/", query_string={"q": text}).get_data(as_text=True)


@pytest.fixture
def told(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Every search answers with hits of which everything is told, in the worst words."""
    found = tiny_searcher.search(Query(POOL_QUERY))
    hits = tuple(replace(hit, match=NASTY) for hit in found.hits)
    results = replace(found, hits=hits, concepts=(EVIL,), services=tuple(f"{EVIL}{n}" for n in range(11)))
    monkeypatch.setattr(Searcher, "search", lambda self, query: results)
    return results


def test_the_page_tells_what_is_shared(client: FlaskClient) -> None:
    html = page(client, f"{POOL_QUERY}, on the service checkout")
    hit = html.split('<article class="hit')[1]
    assert f"/incidents/{POOL}" in hit
    assert "<dt>Shares</dt>" in hit
    assert "service <b>checkout</b>" in hit
    assert 'aria-label="Read as"' in html


def test_the_api_tells_it_in_its_own_fields(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search", query_string={"q": f"checkout: {POOL_QUERY}, HTTP 503"}).get_json()
    assert answer["read_as"]["services"] == ["checkout"]
    assert answer["read_as"]["concepts"] == answer["concepts"]
    first = answer["hits"][0]["match"]
    assert set(first) == {"on", "cause", "shared", "differs"}
    assert first["shared"]["services"] == ["checkout"]
    assert "HTTP 503" in first["shared"]["signatures"]
    for hit in answer["hits"]:
        assert hit["match"]["on"] in (None, "symptom", "cause")
        assert all(set(difference) == {"what", "text", "incident_id", "url"} for difference in hit["match"]["differs"])


def test_hostile_words_are_inert(client: FlaskClient, told: Results) -> None:
    html = page(client, "anything")
    assert "<dt>Differs</dt>" in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7 * 7 }}" in html
    assert "javascript:" not in html.replace(EVIL, "")
    assert 'href="/incidents/a%22b%2F..%2F%3Ci%3E"' in html
    assert " style=" not in html


def test_causes_lead_to_the_first_hit_and_recurrences_to_their_page(client: FlaskClient, told: Results) -> None:
    html = page(client, "anything")
    assert 'its cause with <a href="#hit-1">1</a>' in html
    assert 'id="hit-1"' in html
    assert "and 3 more" in html


def test_hits_with_nothing_to_tell_have_no_empty_list(
    client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tiny_searcher.search(Query(POOL_QUERY))
    hits = tuple(replace(hit, match=Match()) for hit in found.hits)
    bare = replace(found, query=Query("anything"), hits=hits, concepts=(), services=())
    monkeypatch.setattr(Searcher, "search", lambda self, query: bare)
    html = page(client, "anything")
    assert "article" in html
    assert '<dl class="match">' not in html
    assert "Read as" not in html
