"""The search page's part below the box: asked for alone, what was read as buttons, facets, and hits to carry on."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.model import Filters, Query
from rcasearch.query import parse_query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.addresses import filter_pairs
from rcasearch.web.pages.forms import Form, as_params, changed, filters_of
from rcasearch.web.pages.reading import subject
from tests.web.conftest import POOL, POOL_QUERY

ALERT = {
    "version": "4",
    "status": "firing",
    "groupKey": "g",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ConnectionPoolExhausted", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "Every worker waits for a database connection and HTTP 503 is answered"},
        }
    ],
}
PASTED = json.dumps(ALERT, indent=2)


def buttons(page: str, name: str) -> list[str]:
    """What the buttons of one name send."""
    found = re.findall(rf'<button form="ask"[^>]* name="{name}" value="([^"]*)"', page)
    return [html.unescape(value) for value in found]


def sent(page: str) -> dict[str, list[str]]:
    """What the form carries besides the text and the dates."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" form="ask" name="([^"]*)" value="([^"]*)">', page):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


def after(client: FlaskClient, page: str, **pressed: str) -> dict[str, list[str]]:
    """The query of the address that the form leads to when a button is pressed."""
    text = html.unescape(page.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0])
    fields = sent(page)
    for name, value in pressed.items():
        fields.setdefault(name, []).append(value)
    for name, value in re.findall(r'<input type="date" form="ask" name="(\w+)" value="([^"]+)">', page):
        fields[name] = [value]
    return parse_qs(urlsplit(client.post("/", data={"q": text, **fields}).headers["Location"]).query)


def test_the_part_is_what_the_page_holds_and_nothing_else(client: FlaskClient) -> None:
    address = {"q": POOL_QUERY, "service": "checkout"}
    whole, part = client.get("/", query_string=address), client.get("/", query_string=address, headers={"X-Part": "answer"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "<textarea id=" not in part.text.partition('id="markdown-1"')[0]
    assert part.text.startswith('<div id="answer"')
    timeless = [re.sub(r"in (?:under )?\d+ ms", "", text) for text in (whole.text, part.text)]
    assert timeless[1] in timeless[0]
    assert "X-Part" in whole.headers["Vary"]
    assert "X-Part" in part.headers["Vary"]
    title = re.search(r"<title>(.*)</title>", whole.text)
    assert title
    assert f'data-title="{title[1]}"' in part.text


def test_the_part_of_an_empty_box_is_the_first_page(client: FlaskClient) -> None:
    part = client.get("/", headers={"X-Part": "answer"}).text
    assert 'data-page="home"' in part
    assert "Newest incidents" in part
    assert sent(part) == {}


def test_a_long_text_is_sent_on_to_its_address_which_gives_the_part(client: FlaskClient) -> None:
    text = "\n".join(f"{number} QueuePool limit reached, connection timed out" for number in range(200))
    part = client.post("/", data={"q": text}, headers={"X-Part": "answer"}, follow_redirects=True)
    address = re.search(r'data-address="(/\?z=[^"]+)"', part.text)
    assert address
    assert POOL in part.text
    assert POOL in client.get(html.unescape(address[1])).text


def test_what_was_read_is_there_to_be_taken_back(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": PASTED}).text
    read = buttons(page, "ignore")
    assert read[:3] == ["source:alertmanager", "service:checkout", "signature:HTTP 503"]
    asked = after(client, page, ignore="signature:HTTP 503")
    assert asked["ignore"] == ["signature:HTTP 503"]
    without = client.get("/", query_string=asked).text
    assert "signature:HTTP 503" not in buttons(without, "ignore")
    assert buttons(without, "drop") == ["ignore:signature:HTTP 503"]
    assert "Left out" in without
    back = after(client, without, drop="ignore:signature:HTTP 503")
    assert "ignore" not in back


def test_a_sender_that_is_taken_back_leaves_the_text_as_it_stands(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": PASTED, "ignore": "source:alertmanager"}).text
    assert "source:alertmanager" not in buttons(page, "ignore")
    assert re.search(r"<s>Alertmanager</s>", page)


def test_offers_narrow_the_answer_down_by_a_click(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": PASTED}).text
    offers = page.partition('aria-label="Narrow it down"')[2].partition("</div>")[0]
    assert ("service", "checkout") in re.findall(r'name="(\w+)" value="(\w+)"', offers)
    assert after(client, page, service="checkout")["service"] == ["checkout"]


def test_the_title_is_what_a_paste_was_understood_as(client: FlaskClient) -> None:
    def title(text: str) -> str:
        found = re.search(r"<title>(.*)</title>", client.get("/", query_string={"q": text}).text)
        assert found
        return html.unescape(found[1])

    assert title(PASTED).startswith("ConnectionPoolExhausted (Connection Pool Exhausted). Every … – ")
    assert "{" not in title(PASTED)
    assert title(PASTED[:-40]).startswith("JSON of ")
    log = "INFO ready\n" * 20 + "ERROR checkout: QueuePool limit of size 40 reached\n"
    assert title(log).startswith("checkout: QueuePool limit of size 40 reached – ")
    assert title("[FIRING] disk full").startswith("[FIRING] disk full – ")


@given(st.text(max_size=200).filter(str.strip) | st.text(' {}[]":,\n', max_size=30).filter(str.strip))
@settings(deadline=None)
def test_a_title_is_one_short_line(text: str) -> None:
    words = subject(parse_query({"text": text}, Settings()))
    assert len(words) <= 62
    assert "\n" not in words


def facets(client: FlaskClient, **asked: object) -> dict[str, dict[str, int]]:
    """Every facet beside an answer, as a person reads it."""
    page = client.get("/", query_string={"q": POOL_QUERY, **asked}).text
    found: dict[str, dict[str, int]] = {}
    for name in ("service", "severity", "year", "tag", "status"):
        section = page.partition(f'id="facet-{name}"')[2].partition("</section>")[0]
        rows = re.findall(r"<span>([^<]*)</span> <small>(\d+)<", section)
        found[name] = {html.unescape(value): int(count) for value, count in rows}
    return found


@pytest.mark.parametrize("asked", [{}, {"service": "checkout"}, {"since": "2025"}, {"severity": "SEV1", "since": "2024-02"}])
def test_a_facet_counts_what_passes_the_other_filters(
    client: FlaskClient, tiny_searcher: Searcher, asked: dict[str, object]
) -> None:
    shown = facets(client, **asked)
    assert any(shown.values())
    for name, values in shown.items():
        own = ("since", "until") if name == "year" else (name,)
        others = {key: value for key, value in asked.items() if key not in own}
        for value, count in values.items():
            chosen: dict[str, object] = {"since": value, "until": value} if name == "year" else {name: value}
            assert tiny_searcher.incidents(filters_of({**others, **chosen})).total == count, (name, value)


def test_a_year_is_one_click_and_one_chip(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY, "since": "2023-05-01"}).text
    asked = after(client, page, year="2024")
    assert (asked["since"], asked["until"]) == (["2024-01-01"], ["2024-12-31"])
    page = client.get("/", query_string=asked).text
    assert set(buttons(page, "drop")) == {"year:2024"}
    assert re.search(r'name="drop" value="year:2024" aria-pressed="true"', page)
    assert set(after(client, page, drop="year:2024")) == {"q"}


def test_a_facet_that_is_chosen_is_pressed_first_and_takes_itself_back(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY, "service": "checkout"}).text
    section = page.partition('id="facet-service"')[2].partition("</section>")[0]
    assert re.findall(r'aria-pressed="(\w+)"', section)[:2] == ["true", "false"]
    assert set(after(client, page, drop="service:checkout")) == {"q"}


def test_the_number_of_hits_stays_whatever_is_pressed(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY, "limit": "3"}).text
    assert sent(page) == {"limit": ["3"]}
    assert after(client, page, service="checkout")["limit"] == ["3"]


def test_a_new_visit_has_no_filter(client: FlaskClient) -> None:
    client.get("/", query_string={"q": POOL_QUERY, "service": "checkout", "ignore": "service:checkout"})
    page = client.get("/")
    assert sent(page.text) == {}
    assert not re.search(r"name=[^>]* checked", page.text)
    assert "Set-Cookie" not in page.headers


_values = st.lists(st.sampled_from(["a", "b:c", "é", "d e"]), max_size=3, unique=True)
_filters = st.builds(
    Filters,
    services=_values.map(tuple),
    severities=_values.map(tuple),
    tags=_values.map(tuple),
    statuses=_values.map(tuple),
    since=st.none() | st.sampled_from(["2024-01-01", "2024-02-03"]),
    until=st.none() | st.sampled_from(["2024-12-31", "2025-12-31"]),
)


def filled(filters: Filters) -> Form:
    """The form with these filters, where no index is behind it."""
    chosen: dict[str, list[str]] = {}
    for name, value in filter_pairs(filters):
        chosen.setdefault(name, []).append(value)
    return Form(chosen=chosen)


@given(_filters)
@settings(deadline=None)
def test_every_chip_takes_itself_back_and_no_other(filters: Filters) -> None:
    params, chips = as_params(filters), filled(filters).chips
    for name, value in chips:
        left = filters_of(changed({**params, "drop": f"{name}:{value}"}))
        assert filled(left).chips == [chip for chip in chips if chip != (name, value)]
    assert not filters_of(changed({**params, "drop": "all"}))


def test_a_hit_can_be_carried_on_as_markdown_without_a_script(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": POOL_QUERY}).text
    found = re.search(r'<textarea id="markdown-1" readonly[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    text = html.unescape(found[1])
    assert f"](http://localhost/incidents/{POOL})" in text
    assert "**Root cause**" in text
    assert "1. Rolled checkout back to release 2024.10." in text


def test_links_in_markdown_are_those_at_which_people_reach_the_server(tiny_searcher: Searcher, web_settings: Settings) -> None:
    settings = Settings(index=web_settings.index, public_url="https://rca.example.com/")
    page = create_app(tiny_searcher, settings).test_client().get("/", query_string={"q": POOL_QUERY}).text
    assert f"](https://rca.example.com/incidents/{POOL})" in page


def test_an_error_keeps_the_filters_and_what_is_left_out(client: FlaskClient) -> None:
    wrong = {"since": "2025-01-01", "until": "2024-01-01"}
    page = client.get("/", query_string={"q": "x", **wrong, "ignore": "service:a", "tag": "t"})
    assert page.status_code == 400
    assert sent(page.text) == {"tag": ["t"], "ignore": ["service:a"], "since": ["2025-01-01"], "until": ["2024-01-01"]}


def test_ignoring_all_of_a_text_is_an_error_that_says_so(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": "ENOSPC", "ignore": "signature:ENOSPC"})
    assert page.status_code == 400
    assert "Nothing is left of the text" in page.text
    assert buttons(page.text, "drop") == []


def test_facets_are_counted_once_while_the_index_stays(
    client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"q": POOL_QUERY, "status": "no-such-status"}
    first = client.get("/", query_string=asked).text
    monkeypatch.setattr(Searcher, "incidents", lambda *_: pytest.fail("counted again"))
    again = client.get("/", query_string={**asked, "q": "disk full"}).text
    assert again.partition('id="narrow"')[2] == first.partition('id="narrow"')[2]


def test_nothing_that_was_read_is_markup(client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = '"><script>alert(1)</script>'
    found = tiny_searcher.search(Query(POOL_QUERY, 1, ignore=(f"concept:{bad}",)))
    found = dataclasses.replace(found, services=(bad,), concepts=(bad,), suggested=Filters(services=(bad,)))
    monkeypatch.setattr(Searcher, "search", lambda self, _: found)
    page = client.get("/", query_string={"q": "x"}).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
