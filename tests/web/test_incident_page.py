"""The page of an incident as HTML: where it leads, what stands beside the document, and why others are like it."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup

from rcasearch.model import ActionItem, Hit, Incident, Link, Match, Section
from rcasearch.search import Searcher
from rcasearch.web.pages.incident import _contents, _reasons
from rcasearch.wording import late
from tests.web.conftest import POOL

PAGE = f"/incidents/{POOL}"


def with_changes(monkeypatch: pytest.MonkeyPatch, searcher: Searcher, **changes: object) -> None:
    found = dataclasses.replace(searcher.incident(POOL), **changes)  # type: ignore[arg-type]
    monkeypatch.setattr(Searcher, "incident", lambda *_: found)


def test_every_entry_of_the_contents_leads_to_a_place_in_the_page(client: FlaskClient, tiny_searcher: Searcher) -> None:
    for incident in tiny_searcher.incidents().incidents:
        page = client.get(f"/incidents/{incident.id}").text
        places = set(re.findall(r'id="([^"]+)"', page))
        targets = re.findall(r'<nav class="contents".*?</nav>', page, re.DOTALL)
        assert set(re.findall(r'href="#([^"]+)"', "".join(targets))) <= places, incident.id


def section(line: int, *path: str) -> Section:
    return Section(heading=path[-1], path=path, kinds=("other",), line=line, blocks=())


def test_contents_that_are_too_many_leave_out_the_inner_ones() -> None:
    outer = [section(line, f"Part {line}") for line in range(1, 51)]
    inner = [section(line, "Part 1", f"Step {line}") for line in range(51, 101)]
    document = Markup("".join(f'<p id="L{line}">' for line in range(1, 500)))
    found = _contents(Incident("a", "A", "a.md", sections=(*outer, *inner)), document)
    assert [entry["depth"] for entry in found] == [1] * 50
    many = tuple(section(line, f"Part {line}") for line in range(1, 300))
    assert len(_contents(Incident("a", "A", "a.md", sections=many), document)) == 80
    assert _contents(Incident("a", "A", "a.md", sections=many), Markup()) == []


def test_overdue_actions_come_first_and_done_ones_last(
    client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = (
        ActionItem("finished", 1, due="2020-01-01", done=True),
        ActionItem("some day", 2),
        ActionItem("to come", 3, due="2999-01-01", done=False),
        ActionItem("late", 4, "P1", "Ada", "2020-01-01", "in progress", False),
        ActionItem("soon", 5, due="next week"),
    )
    with_changes(monkeypatch, tiny_searcher, action_items=items)
    page = client.get(PAGE).text
    aside = page[page.index('id="actions"') :]
    assert re.findall(r"</span><div>(\S+(?: \S+)?)\s", aside)[:5] == ["late", "some day", "to come", "soon", "finished"]
    assert "in progress · P1 · Ada · due 1 Jan 2020 · <b" in " ".join(aside.split())
    assert aside.count("overdue by") == 1
    assert '<b class="late">1 overdue</b>' in aside


@pytest.mark.parametrize(
    ("day", "words"),
    [("2026-11-22", "overdue by 1 day"), ("2026-11-23", ""), ("2026-08-01", "overdue by 3 months"), ("soon", ""), (None, "")],
)
def test_by_how_much_an_action_is_overdue(day: str | None, words: str) -> None:
    assert late(day, date(2026, 11, 23)) == words


def test_why_another_incident_is_like_this_one() -> None:
    found = Incident("a", "A", "a.md", services=("Cart", "db"), links=(Link("b", "b", "wiki", 1, "b"),))
    match = Match(concepts=("disk full", "slow"), signatures=("ENOSPC",))
    other = Incident("b", "B", "b.md", services=("cart",))
    assert list(_reasons(found, Hit(other, 1, 1.0, 0.9, "strong", (), match=match), set())) == [
        "linked from this one", "both read as disk full", "both have ENOSPC", "same service cart",
    ]  # fmt: skip
    stranger = Incident("c", "C", "c.md", services=("x", "db", "cart"))
    assert list(_reasons(found, Hit(stranger, 1, 1.0, 0.9, "none", ()), {"c"})) == ["links to this one", "same services db, cart"]
    assert list(_reasons(found, Hit(Incident("d", "D", "d.md"), 1, 1.0, 0.9, "none", ()), set())) == []


def test_a_marked_passage_says_so_and_offers_the_page_without(client: FlaskClient) -> None:
    page = client.get(f"{PAGE}?lines=35-39").text
    assert "Lines 35 to 39 are marked" in page
    assert f'<a href="{PAGE}">read it unmarked</a>' in page
    assert 'id="L37" class="found"' in page
    assert "Line 37 is marked" in client.get(f"{PAGE}?lines=37-37").text
    assert "marked" not in client.get(PAGE).text


def test_it_can_be_handed_over_as_markdown(client: FlaskClient) -> None:
    page = client.get(PAGE).text
    told = re.search(r"<textarea readonly[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert told
    assert told[1].startswith(f"### [Checkout answered 503 after its database connection pool ran dry](http://localhost{PAGE})")
    assert "**What fixed it**" in told[1]


def test_dangling_links_and_links_to_incidents_are_told_apart(client: FlaskClient, tiny_searcher: Searcher) -> None:
    links = [(own.id, link) for own in tiny_searcher.incidents().incidents for link in own.links if link.kind == "wiki"]
    assert links
    for incident_id, link in links:
        page = client.get(f"/incidents/{incident_id}").text
        leads = f'href="/incidents/{link.incident_id}"' if link.incident_id else f'title="{link.target} is not in this index"'
        assert leads in page, (incident_id, link.target)
