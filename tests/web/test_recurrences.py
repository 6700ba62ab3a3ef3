"""Failures that happened again, over HTTP: listed, ordered, filtered, told one by one, and found once for each index."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from rcasearch.model import ActionItem, Recurrence
from rcasearch.render_recurrences import recurrences_as_dicts
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app, recurring
from rcasearch.web.live import Live
from rcasearch.web.recurring import Recurring
from tests.recurring import BASKET, CERTIFICATE, DISK, PAYMENT, POOL, TODAY, tiny_recurrences

API = "/api/v1/recurrences"


@pytest.fixture
def asked(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often they were looked for; the day is fixed, and two failures of the tiny corpus happened again."""
    found, times = tiny_recurrences(tiny_searcher), list[str]()

    def recurrences(self: Searcher) -> tuple[Recurrence, ...]:
        times.append(self.info.id)
        return found

    monkeypatch.setattr(Searcher, "recurrences", recurrences)
    for module in ("recurring", "api_recurrences", "pages.recurrences"):
        monkeypatch.setattr(f"rcasearch.web.{module}.today", lambda: TODAY)
    return times


@pytest.fixture
def again(tiny_searcher: Searcher, tiny_index: Path, asked: list[str]) -> FlaskClient:
    return create_app(tiny_searcher, Settings(index=str(tiny_index))).test_client()


def ids(client: FlaskClient, query: str = "") -> list[str]:
    return [one["id"] for one in client.get(f"{API}?{query}").get_json()["recurrences"]]


# --- the API --------------------------------------------------------------------------------------------------------------


def test_they_are_listed_as_the_one_shape(again: FlaskClient, tiny_searcher: Searcher) -> None:
    answer = again.get(API).get_json()
    expected = recurrences_as_dicts(tiny_recurrences(tiny_searcher), TODAY)
    assert answer == {
        "total": 2,
        "offset": 0,
        "limit": 50,
        "order": "last",
        "index_id": tiny_searcher.info.id,
        "recurrences": list(expected),
    }


def test_one_is_told_by_its_id_and_by_that_of_any_of_its_incidents(again: FlaskClient) -> None:
    [first, _] = again.get(API).get_json()["recurrences"]
    assert again.get(f"{API}/{POOL}").get_json() == first
    assert again.get(f"{API}/{BASKET}").get_json() == first


def test_orders_and_pages(again: FlaskClient) -> None:
    assert ids(again) == ids(again, "order=last") == ids(again, "order=count") == [POOL, DISK]
    minutes = {one["id"]: one["total_minutes"] for one in again.get(API).get_json()["recurrences"]}
    assert ids(again, "order=minutes") == sorted(minutes, key=lambda name: -(minutes[name] or 0))
    assert ids(again, "limit=1&offset=1") == [DISK]
    assert ids(again, "offset=2") == []


def test_a_filter_keeps_those_of_which_an_incident_passes_and_keeps_them_whole(again: FlaskClient) -> None:
    assert ids(again, "service=basket") == [POOL]
    [one] = again.get(f"{API}?service=basket").get_json()["recurrences"]
    assert one["count"] == 3
    assert ids(again, "until=2024-12-31") == [POOL, DISK]
    assert ids(again, "since=2026") == [POOL]
    assert ids(again, "service=nobody") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("order=size", "order"), ("order=", "order"), ("order=last&order=count", "order"), ("limit=0", "limit"), ("page=2", "page")],
)
def test_what_is_wrong_is_named(again: FlaskClient, query: str, field: str) -> None:
    refused = again.get(f"{API}?{query}")
    assert (refused.status_code, refused.get_json()["field"]) == (400, field)
    assert refused.get_json()["hint"]


def test_an_unknown_id_is_a_sentence_that_leads_to_the_list(again: FlaskClient) -> None:
    for path in (API, "/recurrences"):
        missing = again.get(f"{path}/2020-nothing")
        assert missing.status_code == 404
        assert "2020-nothing" in missing.text
        assert "/recurrences" in missing.text
    assert "the id &#39;a/b&#39;" in again.get("/recurrences/a/b").text
    assert "the id &#39;a/b&#39;" in again.get("/recurrences/a%2Fb").text


def test_what_has_not_changed_is_not_sent_again_until_the_day_is_over(
    again: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (API, f"{API}?order=count&service=basket", f"{API}/{POOL}"):
        etag = again.get(path).headers["ETag"]
        assert again.get(path, headers={"If-None-Match": etag}).status_code == 304
        monkeypatch.setattr("rcasearch.web.api_recurrences.today", lambda: TODAY + timedelta(1))
        assert again.get(path, headers={"If-None-Match": etag}).status_code == 200
        monkeypatch.setattr("rcasearch.web.api_recurrences.today", lambda: TODAY)
    assert again.get(f"{API}/nothing", headers={"If-None-Match": "*"}).status_code == 404


# --- found once -------------------------------------------------------------------------------------------------------------


def test_they_are_found_once_for_each_index(again: FlaskClient, asked: list[str]) -> None:
    for path in (API, f"{API}/{POOL}", "/recurrences", f"/recurrences/{POOL}", f"{API}?service=basket", f"/incidents/{POOL}"):
        assert again.get(path).status_code == 200
    assert len(asked) == 1


def test_what_is_overdue_is_looked_at_anew_each_day(
    again: FlaskClient, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again.get(API)
    monkeypatch.setattr("rcasearch.web.recurring.today", lambda: TODAY + timedelta(1))
    again.get(API)
    assert len(asked) == 2


def test_another_index_is_looked_through_anew() -> None:
    class Generation:
        """Stands where a Searcher would, of an index that is made again and again."""

        info = SimpleNamespace(id="g1")
        looked: ClassVar[list[str]] = []

        def recurrences(self) -> tuple[Recurrence, ...]:
            self.looked.append(self.info.id)
            return ()

    generation: Any = Generation()
    kept = Recurring(lambda: generation)
    for made in ("g1", "g1", "g2", "g2"):
        generation.info = SimpleNamespace(id=made)
        assert kept.found() == ()
    assert Generation.looked == ["g1", "g2"]


def test_whoever_cannot_wait_is_told_once_they_are_found(tiny_searcher: Searcher, asked: list[str]) -> None:
    kept = Recurring(lambda: tiny_searcher)
    assert kept.known_of(POOL) is None
    for thread in threading.enumerate():
        if thread.name == "find-recurrences":
            thread.join(30)
    found = kept.known_of(POOL)
    assert found is not None
    assert found["id"] == POOL
    assert kept.known_of(DISK) != found
    assert kept.known_of("none") is None
    assert len(asked) == 1


def test_while_they_are_found_others_are_told_to_come_back(
    tiny_searcher: Searcher, tiny_index: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slowly(self: Searcher) -> tuple[Recurrence, ...]:
        begun.set()
        assert may_end.wait(60)
        return tiny_recurrences(tiny_searcher)

    monkeypatch.setattr(Searcher, "recurrences", slowly)
    monkeypatch.setattr("rcasearch.patience.PATIENCE", 0.01)
    app = create_app(tiny_searcher, Settings(index=str(tiny_index)))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(app.test_client().get, API)
        assert begun.wait(60)
        for path in (API, f"{API}/{POOL}", "/recurrences", f"/recurrences/{POOL}"):
            told = app.test_client().get(path)
            assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
            assert "is being worked out" in told.text
        app.extensions["rcasearch"].recurring._find_quietly()
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
        may_end.set()
        assert first.result().status_code == 200
    assert ids(app.test_client(), "") == [POOL, DISK]


def test_a_search_outlives_that_they_cannot_be_found(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Searcher) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Searcher, "recurrences", fail)
    kept = Recurring(lambda: tiny_searcher)
    kept._find_quietly()
    assert "happened again failed" in caplog.text
    assert Live(Settings(index="none")).recurring.known_of(POOL) is None


# --- the pages --------------------------------------------------------------------------------------------------------------


def rows(text: str) -> list[str]:
    return text.split('<li class="recurrence">')[1:]


def test_each_tells_how_often_when_where_how_long_and_which_fixes_held(again: FlaskClient) -> None:
    text = again.get("/recurrences").text
    pool, disk = rows(text)
    assert "2 failures that happened again" in text
    assert "connections &amp; sessions run out" in pool
    assert "nobody &lt;looked&gt; in time" in disk
    assert "<b>3 times</b>, last" in pool
    assert ">7 months ago</time>" in pool
    assert "checkout" in pool
    assert "basket" in pool
    assert "in all" in pool
    assert "came back after 553 days" in pool
    assert "held, 199 days so far" in pool
    assert "not known whether it held" in disk
    assert f'href="/recurrences/{POOL}#open"' in pool
    assert pool.index("held, 199 days") < pool.index("came back")


def test_all_rows_share_one_axis(again: FlaskClient) -> None:
    first, second = rows(again.get("/recurrences").text)
    ticks = re.compile(r'<line x1="([\d.]+)%" x2="[\d.]+%".*?>(\d{4})</text>')
    assert ticks.findall(first) == ticks.findall(second)
    assert [year for _, year in ticks.findall(first)] == ["2024", "2025", "2026"]
    places = [[float(x) for x in re.findall(r'class="dot[^"]*" x="([\d.]+)%"', row)] for row in (first, second)]
    assert [len(one) for one in places] == [3, 2]
    assert all(before < after for one in places for before, after in pairwise(one))
    label = re.search(r'aria-label="(3 times[^"]*)"', first)
    assert label
    assert "14 Mar 2024" in label[1]


def test_orders_and_filters_are_links_that_keep_one_another(again: FlaskClient) -> None:
    text = again.get("/recurrences?order=minutes&service=basket&service=checkout").text
    assert 'href="/recurrences?service=basket&amp;service=checkout"' in text
    assert 'href="/recurrences?service=basket&amp;service=checkout&amp;order=count"' in text
    assert 'href="/recurrences?service=checkout&amp;order=minutes"' in text
    assert 'name="order" value="minutes"' in text
    assert 'href="/recurrences?order=minutes">Clear all' in text
    assert (
        '<a href="/recurrences?service=basket&amp;service=checkout&amp;order=minutes" aria-current="true">minutes lost</a>'
        in text
    )
    assert again.get("/recurrences?order=size").status_code == 400


def test_pages_of_many(again: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.web.pages.recurrences.PAGE_SIZE", 1)
    first, second = again.get("/recurrences?order=count").text, again.get("/recurrences?order=count&offset=1").text
    assert 'rel="next" href="/recurrences?order=count&amp;offset=1"' in first
    assert 'rel="prev" href="/recurrences?order=count&amp;offset=0"' in second
    assert [len(rows(text)) for text in (first, second)] == [1, 1]
    assert "There are not as many." in again.get("/recurrences?offset=5").text


def test_one_is_told_with_each_time_its_cause_and_its_fix(again: FlaskClient) -> None:
    text = again.get(f"/recurrences/{POOL}").text
    times = text.split('<li class="time">')[1:]
    assert [re.findall(r'<h3><a href="/incidents/([^"]+)"', time)[0] for time in times] == [POOL, BASKET, PAYMENT]
    assert "1 of 3" in times[0]
    assert "never gave its connection back" in times[0]
    assert "Rolled checkout back to release 2024.10." in times[0]
    assert "came back after 553 days" in times[0]
    assert "held, 199 days so far" in times[1]
    assert f'Linked with <a href="/incidents/{BASKET}"' in times[0]
    assert "verdict-of" not in times[2]
    assert "connection, pool" in text
    assert 'id="open"' in text
    assert "overdue" in text
    assert text.count('class="chart is-large"') == 1


def test_an_incident_of_it_leads_to_it(again: FlaskClient) -> None:
    moved = again.get(f"/recurrences/{BASKET}")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"/recurrences/{POOL}")


def test_of_hundreds_the_newest_are_told_whole(again: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.web.pages.recurrences.WHOLE", 1)
    text = again.get(f"/recurrences/{POOL}").text
    assert text.count('<li class="time">') == 1
    assert "2 earlier incidents" in text
    assert f'href="/incidents/{BASKET}"' in text.split('<li class="time">')[0]
    assert "3 of 3" in text


def test_of_much_that_is_open_what_is_overdue_comes_first(
    tiny_searcher: Searcher, tiny_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [pool, _] = tiny_recurrences(tiny_searcher)
    items = [ActionItem(f"task {number}", number, due="2030-01-01" if number < 40 else "2020-01-01") for number in range(45)]
    busy = replace(pool, incidents=(replace(pool.incidents[0], action_items=tuple(items)), *pool.incidents[1:]))
    monkeypatch.setattr(Searcher, "recurrences", lambda self: (busy,))
    text = create_app(tiny_searcher, Settings(index=str(tiny_index))).test_client().get(f"/recurrences/{POOL}").text
    shown = re.findall(r"task (\d+)", text)
    assert shown[:5] == ["40", "41", "42", "43", "44"]
    assert text.count('class="action ') == 30
    assert "more are told by their incidents." in text


def test_an_incident_and_a_hit_say_that_it_happened_again(again: FlaskClient) -> None:
    page = again.get(f"/incidents/{BASKET}").text
    assert (
        f'<p class="again"><a href="/recurrences/{POOL}">Happened 3 times since 2024</a>, last 7 months ago: connections' in page
    )
    assert 'class="again"' not in again.get("/incidents/2026-02-11-thumbnailer-oom-killed").text
    hits = again.get("/?q=the+certificate+of+the+gateway+has+expired").text.split("<article")[1:]
    [told] = [hit for hit in hits if CERTIFICATE in hit.split("</h2>")[0]]
    assert f'<p class="again"><a href="/recurrences/{DISK}">Happened 2 times since 2024</a>' in told


def test_where_nothing_happened_twice_that_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurring.Recurring, "found", lambda self, filters=None: ())
    assert "No failure happened twice, as far as the documents tell." in client.get("/recurrences").text
    filtered = client.get("/recurrences?service=checkout").text
    assert "No failure that happened again has an incident that passes these filters." in filtered
    assert client.get(API).get_json()["recurrences"] == []


def test_without_an_index_they_say_how_to_make_one(no_index: FlaskClient) -> None:
    for path in (API, f"{API}/x", "/recurrences", "/recurrences/x"):
        missing = no_index.get(path)
        assert missing.status_code == 503
        assert "rcasearch index" in missing.text


def test_what_documents_say_is_text(tiny_searcher: Searcher, tiny_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = '"><script>alert(1)</script>'
    [pool, _] = tiny_recurrences(tiny_searcher)
    named = Recurrence(pool.id, evil, (evil,), pool.incidents, pool.fixes, pool.linked)
    monkeypatch.setattr(Searcher, "recurrences", lambda self: (named,))
    client = create_app(tiny_searcher, Settings(index=str(tiny_index))).test_client()
    for path in ("/recurrences", f"/recurrences/{POOL}", f"/incidents/{POOL}"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_today_is_a_day() -> None:
    assert isinstance(recurring.today(), date)
