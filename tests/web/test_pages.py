"""The pages as HTML: what a person reads, and that a search is a link."""

from __future__ import annotations

import dataclasses
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from rcasearch.model import Hit, Page, Query, Results, TimelineEvent
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app, present
from rcasearch.web.addresses import LINK_MAX
from tests.web.conftest import POOL, POOL_QUERY

LOG_LINE = (
    "2026-03-14T18:05:{:02d}.{:03d}Z ERROR checkout[{}] QueuePool limit of size 40 reached, connection timed out, timeout 30.00\n"
)
PASTE = "".join(LOG_LINE.format(i % 60, i * 7 % 1000, 4000 + i) for i in range(200))


class Links(HTMLParser):
    """The addresses in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_a_result_shows_cause_and_fix_without_a_click(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY}).text
    before_any_click = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    assert "never gave its connection back" in before_any_click
    assert "Rolled checkout back to release 2024.10." in before_any_click
    assert "mitigated after 36 min" in before_any_click
    assert "14 Mar 2024" in before_any_click
    assert '<article class="hit is-' in before_any_click
    assert "<mark>" in before_any_click
    assert "Forbid bare pool.acquire() by a lint rule" in page


def test_passages_link_to_their_lines(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY}).text
    first, last, anchor = re.findall(rf'href="/incidents/{POOL}\?lines=(\d+)-(\d+)#L(\d+)"', page)[0]
    assert first == anchor
    incident = client.get(f"/incidents/{POOL}?lines={first}-{last}").text
    assert f'id="L{anchor}"' in incident
    assert 'class="found"' in incident


def results_with(searcher: Searcher, verdicts: list[str]) -> Results:
    found = searcher.search(Query(POOL_QUERY, len(verdicts)))
    hits: tuple[Hit, ...] = tuple(
        dataclasses.replace(hit, verdict=verdict)  # type: ignore[arg-type]
        for hit, verdict in zip(found.hits, verdicts, strict=True)
    )
    best = min(verdicts, key=["strong", "possible", "none"].index)
    return dataclasses.replace(found, hits=hits, verdict=best)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "words", "line"),
    [
        (["strong", "possible", "none"], "Strong precedent", True),
        (["possible", "none", "none", "none"], "Possible precedent", True),
        (["possible", "possible"], "Possible precedent", False),
        (["none", "none"], "Nothing like this on record", False),
    ],
)
def test_the_verdict_stands_in_words_at_the_top(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch, verdicts: list[str], words: str, line: bool
) -> None:
    results = results_with(tiny_searcher, verdicts)
    monkeypatch.setattr(Searcher, "search", lambda self, query: results)
    page = create_app(tiny_searcher, web_settings).test_client().get("/?q=x").text
    heading = re.search(r'<h1 id="verdict">(.*?)</h1>', page)
    assert heading
    assert words in heading[1]
    assert ("closest below" in heading[1]) == (set(verdicts) == {"none"})
    rule = "Below the line: near, but no precedent"
    assert page.count(rule) == line
    if line:
        assert page.index('class="hit is-none"') > page.index(rule) > page.rindex('class="hit is-possible"')
    assert f"{words}</title>" in page


def test_the_empty_state_lists_the_newest_incidents_and_examples(client: FlaskClient) -> None:
    page = client.get("/").text
    assert page.index("2026-04-05-payment-partner-timeouts") < page.index("2026-02-11-thumbnailer-oom-killed")
    assert page.count('<a href="/?q=') == 3
    for example in re.findall(r'<a href="(/\?q=[^"]+)"', page):
        assert client.get(example).status_code == 200


def test_the_form_leads_to_an_address_that_gives_the_same_answer(client: FlaskClient) -> None:
    answer = client.post(
        "/", data={"q": "disk full", "service": ["search", "checkout"], "since": "2020", "until": "", "severity": ""}
    )
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked == {"q": ["disk full"], "service": ["search", "checkout"], "since": ["2020-01-01"]}
    page = client.get(answer.headers["Location"]).text
    assert "\ndisk full</textarea>" in page
    assert page.count('class="chip"') == 3


def test_a_paste_of_200_lines_is_an_address_too(client: FlaskClient) -> None:
    answer = client.post("/", data={"q": PASTE.replace("\n", "\r\n")})
    assert answer.status_code == 303
    assert len(answer.headers["Location"]) <= LINK_MAX
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert POOL in page.text
    assert "4199] QueuePool" in page.text


def test_a_text_too_long_for_an_address_is_answered_in_place(client: FlaskClient) -> None:
    noise = random.Random(7)
    text = "connection pool " + " ".join(f"{noise.getrandbits(64):016x}" for _ in range(1500))
    page = client.post("/", data={"q": text, "service": "checkout"})
    assert page.status_code == 200
    assert "too long for a link" in page.text
    assert POOL in page.text
    assert 'value="service:checkout"' in page.text


def test_filters_are_visible_removable_and_never_sticky(client: FlaskClient) -> None:
    fields = {"q": "leak", "service": ["checkout", "search"], "since": "2020-01-01"}
    dropped = client.post("/", data={**fields, "drop": "service:search"}).headers["Location"]
    assert parse_qs(urlsplit(dropped).query) == {"q": ["leak"], "service": ["checkout"], "since": ["2020-01-01"]}
    cleared = client.post("/", data={**fields, "drop": "all"}).headers["Location"]
    assert cleared == "/?q=leak"
    assert 'class="chip"' not in client.get(cleared).text
    assert "Set-Cookie" not in client.get(dropped).headers


def test_filters_that_nothing_passes_say_so(client: FlaskClient) -> None:
    page = client.get("/?q=leak&service=no-such-service").text
    assert '<h1 id="verdict">No incident passes the filters</h1>' in page
    assert "No incident passes the filters</title>" in page
    assert "Nothing was searched." in page
    assert "Nothing like this on record" not in page
    assert 'value="service:no-such-service"' in page


def test_an_empty_index_is_called_empty(tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = dataclasses.replace(tiny_searcher.search(Query("x", 1)), hits=(), searched=0, verdict="none")
    monkeypatch.setattr(Searcher, "search", lambda self, query: empty)
    page = create_app(tiny_searcher, web_settings).test_client().get("/?q=x").text
    assert '<h1 id="verdict">The index is empty</h1>' in page
    assert "Nothing like this on record" not in page


def test_a_tag_that_most_incidents_carry_is_no_choice(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Searcher.incidents

    def tagged(self: Searcher, *args: object) -> Page:
        page = listing(self, *args)  # type: ignore[arg-type]
        return dataclasses.replace(page, facets={**page.facets, "tags": (("rca", 5), ("database", 4), ("memory", 1))})

    monkeypatch.setattr(Searcher, "incidents", tagged)
    page = create_app(tiny_searcher, web_settings).test_client().get("/").text
    assert re.findall(r'name="tag" value="([^"]+)"', page) == ["database", "memory"]


def test_filters_without_a_text_lead_to_the_list(client: FlaskClient) -> None:
    assert client.get("/?service=checkout").headers["Location"] == "/incidents?service=checkout"
    assert client.post("/", data={"q": " ", "tag": "database"}).headers["Location"] == "/incidents?tag=database"
    assert client.post("/", data={"q": ""}).headers["Location"] == "/"


def test_what_was_typed_is_escaped(client: FlaskClient) -> None:
    text = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
    page = client.get("/", query_string={"q": text, "service": text}).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "{{ 7*7 }}" in page


def test_titles_and_texts_of_documents_are_escaped(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = '<script>alert("x")</script>'
    found = tiny_searcher.search(Query(POOL_QUERY, 1))
    hit = found.hits[0]
    assert hit.incident.root_cause
    incident = dataclasses.replace(
        hit.incident,
        title=bad,
        services=(bad,),
        tags=(bad,),
        severity=bad,
        status=bad,
        date=bad,
        author=bad,
        root_cause=dataclasses.replace(hit.incident.root_cause, text=bad),
    )
    results = dataclasses.replace(found, hits=(dataclasses.replace(hit, incident=incident),))
    monkeypatch.setattr(Searcher, "search", lambda self, query: results)
    monkeypatch.setattr(Searcher, "similar", lambda self, *_: results)
    monkeypatch.setattr(Searcher, "incident", lambda self, _: incident)
    client = create_app(tiny_searcher, web_settings).test_client()
    for path in ("/?q=x", f"/incidents/{incident.id}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text


def test_the_list_is_filtered_and_its_links_keep_the_filters(client: FlaskClient) -> None:
    page = client.get("/incidents?severity=SEV1&since=&until=").text
    assert POOL in page
    years = re.findall(r'href="(/incidents\?[^"]*since=\d{4}-01-01[^"]*)"', page)
    assert years
    assert all("severity=SEV1" in address for address in years)
    assert client.get("/incidents?offset=8").status_code == 200


def test_the_list_is_paged(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.web.pages.listing.PAGE_SIZE", 3)
    first = client.get("/incidents?since=2020").text
    assert 'rel="prev"' not in first
    assert "1–3 of 8" in first
    following = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
    assert following == "/incidents?since=2020-01-01&offset=3"
    last = client.get("/incidents?since=2020&offset=6").text
    assert "7–8 of 8" in last
    assert 'rel="next"' not in last


def test_an_incident_page_holds_its_facts_actions_and_neighbours(client: FlaskClient) -> None:
    page = client.get(f"/incidents/{POOL}").text
    for part in (
        "Mira Castellan",
        "SEV1",
        "47 min",
        "36 min",
        "orders-db",
        f"{POOL}.md",
        "1 of 2 not recorded as done",
        "Similar incidents",
    ):
        assert part in page, part
    similar = page[page.index("Similar incidents") :]
    assert not re.search(r"Strong|Possible|Below the line", similar), "verdicts are calibrated for queries"
    assert page.count("<h1>") == 1
    assert page.count('class="action is-late"') == page.count('class="action is-done"') == 1
    assert re.search(r'<b class="late">overdue by \d+ (months|years)</b>', page)


def test_rows_before_the_start_of_an_incident_stand_with_a_minus(
    client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = (TimelineEvent("1 May", "deploy", 3, -4400), TimelineEvent("10:00", "alert", 4, 0), TimelineEvent("", "later", 5))
    found = dataclasses.replace(tiny_searcher.incident(POOL), timeline=events)
    monkeypatch.setattr(Searcher, "incident", lambda *_: found)
    page = client.get(f"/incidents/{POOL}").text
    assert re.findall(r"<time>[^<]*</time><small>([^<]*)</small>", page) == ["-3 d 1 h", "+0 min", ""]


def test_an_incident_asked_for_by_another_name_is_redirected_to_its_own(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = tiny_searcher.incident(POOL)
    monkeypatch.setattr(Searcher, "incident", lambda self, _: incident)
    answer = create_app(tiny_searcher, web_settings).test_client().get("/incidents/other-name")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/incidents/{POOL}")


@pytest.mark.parametrize("lines", ["5", "a-b", "1-2-3", "-1", "1-99999999"])
def test_lines_that_are_no_range_are_an_error(client: FlaskClient, lines: str) -> None:
    assert client.get(f"/incidents/{POOL}", query_string={"lines": lines}).status_code == 400


def test_no_page_and_no_answer_tells_where_the_documents_lie_on_this_machine(
    client: FlaskClient, tiny_searcher: Searcher, tiny_corpus: Path
) -> None:
    assert str(tiny_corpus) in tiny_searcher.info.sources
    for path in ("/about", "/readyz"):
        text = client.get(path).text
        assert tiny_corpus.name in text
        assert str(tiny_corpus.parent) not in text
        assert str(Path(tiny_searcher.info.path).parent) not in text


def test_about_tells_what_is_indexed(client: FlaskClient, tiny_searcher: Searcher) -> None:
    page = client.get("/about").text
    assert tiny_searcher.info.id in page
    assert "all-MiniLM-L6-v2" in page
    for problem in tiny_searcher.problems():
        assert problem.path in page


PAGES = ["/", f"/?q={POOL_QUERY.replace(' ', '+')}", "/incidents", f"/incidents/{POOL}", "/about", "/nope"]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_loaded_from_elsewhere_and_no_link_on_this_server_is_dead(client: FlaskClient, path: str) -> None:
    for address in Links(client.get(path).text).found:
        if address.startswith("#"):
            continue
        assert address.startswith("/"), address
        assert not address.startswith("//"), address
        assert client.get(address.split("#")[0], buffered=True).status_code == 200, address


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_script_style_or_handler(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert '<html lang="en">' in page
    assert 'class="skip" href="#main"' in page
    assert page.count("<main") == 1


def test_the_first_page_is_light(client: FlaskClient) -> None:
    page = client.get("/").text
    assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    total = len(page.encode()) + sum(len(client.get(asset, buffered=True).data) for asset in assets)
    assert total < 100_000
    assert all("immutable" in client.get(asset, buffered=True).headers["Cache-Control"] for asset in assets)


def test_words_for_values() -> None:
    assert present.day("2024-03-14") == "14 Mar 2024"
    assert present.day("spring") == "spring"
    assert present.short_title("2024-03-14 - Pool empty", "2024-03-14") == "Pool empty"
    assert present.short_title("2024-03-14 - Pool empty", "2024-03-15") == "2024-03-14 - Pool empty"
    assert present.short_title("2024-03-14", "2024-03-14") == "2024-03-14"
    assert present.excerpt("a <b> c", [[2, 5]]) == "a <mark>&lt;b&gt;</mark> c"
    assert present.excerpt("abc", [[0, 2], [1, 3]]) == "<mark>ab</mark>c"
    assert present.commands("Run `a <b>` now") == "Run <code>a &lt;b&gt;</code> now"
    assert (present.percent(-1), present.percent(0.456), present.percent(9)) == (0, 46, 100)
    head, rest = present.steps_head_and_rest(["x" * 500] * 4)
    assert (len(head), len(rest)) == (1, 3)
    assert present.head_and_rest("One.\nTwo.") == (["One. Two."], [])
    assert present.head_and_rest("") == ([""], [])
    sentence = "x" * 149 + "."
    assert present.head_and_rest(f"{sentence} {sentence} {sentence}") == ([f"{sentence} {sentence}"], [sentence])
    assert present.head_and_rest("x" * 400 + ". " + sentence) == (["x" * 400 + "."], [sentence])
    assert present.head_and_rest("x" * 900) == (["x" * 900], [])
