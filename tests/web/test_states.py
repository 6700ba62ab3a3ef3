"""What a page says where it has nothing to show: in words that tell what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rcasearch.errors import IndexMismatchError, RcaSearchError
from rcasearch.index import build
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.live import IndexLoadingError

LOADING = IndexLoadingError("The index is being loaded.", "Try again in a few seconds.")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of an app whose index holds nothing."""
    folder = tmp_path_factory.mktemp("empty")
    settings = Settings(index=str(folder / "index"))
    (folder / "documents").mkdir()
    build([folder / "documents"], settings)
    return create_app(Searcher.open(settings), settings).test_client()


def waiting_for(error: RcaSearchError, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    def refuse(settings: Settings) -> Searcher:
        raise error

    monkeypatch.setattr(Searcher, "open", refuse)
    return create_app(None, Settings()).test_client()


@pytest.mark.parametrize("path", ["/", "/?q=x", "/incidents", "/recurrences", "/map", "/map?q=x", "/insights"])
def test_an_empty_index_names_the_command_that_fills_it(empty: FlaskClient, path: str) -> None:
    page = empty.get(path).text
    info = empty.get("/readyz").get_json()["index"]
    assert "The index holds no incident yet" in page
    assert "rcasearch index FOLDER --index " in page
    assert info["incidents"] == 0


def test_an_empty_index_is_not_taken_for_filters_that_nothing_passes(empty: FlaskClient) -> None:
    for path in ("/incidents?service=x", "/insights?service=x", "/recurrences?service=x", "/?q=x&service=x"):
        page = empty.get(path)
        assert page.status_code == 200
        assert "The index holds no incident yet" not in page.text
    assert empty.get("/about").status_code == 200


def test_without_an_index_the_command_is_named_and_what_its_words_mean(no_index: FlaskClient) -> None:
    page = no_index.get("/incidents").text
    assert "<code>rcasearch index SOURCE --index " in page
    assert "SOURCE is the folder with your incident documents" in page


def test_a_page_that_waits_looks_again_with_or_without_javascript(no_index: FlaskClient) -> None:
    for path in ("/", "/?q=slow", "/incidents", "/recurrences", "/recurrences/x", "/map", "/insights", "/about"):
        page = no_index.get(path).text
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        assert "/static/waiting.js" in page
    assert "refresh" not in no_index.get("/nope").text


def test_what_was_typed_waits_with_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    client = waiting_for(LOADING, monkeypatch)
    page = client.get("/?q=slow+checkout&since=2024-01-01").text
    assert "<progress" in page
    assert "\nslow checkout</textarea>" in page
    assert 'value="2024-01-01"' in page


def test_a_text_that_no_address_can_hold_is_never_lost_by_asking_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    client = waiting_for(LOADING, monkeypatch)
    text = " ".join(f"{number:x}" for number in range(10**9, 10**9 + 3_000_000, 1009))
    answer = client.post("/", data={"q": text})
    assert answer.status_code == 503
    assert text in answer.text
    assert "data-sent" in answer.text
    assert "refresh" not in answer.text


def test_an_index_of_another_model_or_format_says_what_to_set_or_run(monkeypatch: pytest.MonkeyPatch) -> None:
    error = IndexMismatchError("It has format 1.", "Run `rcasearch index SOURCE --index a<b` to build it.")
    page = waiting_for(error, monkeypatch).get("/").text
    assert "<h1>It has format 1.</h1>" in page
    assert "<code>rcasearch index SOURCE --index a&lt;b</code>" in page
    assert "<title>It has format 1. – rcasearch</title>" in page


def test_a_bad_parameter_names_its_field(client: FlaskClient) -> None:
    assert "the field <code>since</code>" in client.get("/?q=x&since=never").text
    assert "the field <code>lines</code>" in client.get("/incidents/any?lines=x").text


def test_an_incident_that_is_not_there_can_be_searched_for(client: FlaskClient) -> None:
    page = client.get("/incidents/2024-01-02-checkout-pool&more").text
    assert 'href="/?q=checkout+pool%26more"' in page or 'href="/?q=checkout%20pool%26more"' in page
    assert "Search for “checkout pool&amp;more”" in page


def test_beyond_the_end_of_the_list_there_is_a_way_back(client: FlaskClient) -> None:
    page = client.get("/incidents?offset=5000").text
    assert 'href="/incidents">Go to its beginning' in page
    assert "paging" not in page


def test_a_text_over_the_limit_is_not_lost(client: FlaskClient) -> None:
    page = client.post("/", data={"q": "x" * 70_000}).text
    assert "more than 65,536 bytes" in page
    assert "brings your text back" in page


def test_a_missing_index_tells_a_program_in_the_same_words(no_index: FlaskClient, tmp_path: Path) -> None:
    body = no_index.get("/api/v1/search?q=x").get_json()
    assert body["detail"] in no_index.get("/").text
