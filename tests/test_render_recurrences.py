"""Failures that happened again as plain values: counted, timed, their fixes in a line, what is due marked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rcasearch.errors import NotFoundError
from rcasearch.model import ActionItem, Answer, Fix, Incident, Order, Recurrence
from rcasearch.render_recurrences import one_of, page_of, recurrence_as_dict, recurrences_as_dicts
from tests.recurring import LEAK, QUOTA, TODAY, incident


def told(recurrence: Recurrence = LEAK) -> dict[str, Any]:
    return dict(recurrence_as_dict(recurrence, TODAY))


def test_a_failure_is_told_with_how_often_when_where_and_how_long() -> None:
    one = told()
    assert (one["id"], one["url"], one["name"]) == ("pool/2024", "/recurrences/pool%2F2024", "connections leak from the pool")
    assert (one["count"], one["first"], one["last"]) == (3, "2024-03-14", "2026-09-01")
    assert one["services"] == ["checkout", "orders-db", "basket"]
    assert (one["total_minutes"], one["median_minutes"], one["timed"]) == (165, 82.5, 2)
    assert [summary["url"] for summary in one["incidents"]] == ["/incidents/pool%2F2024", "/incidents/leak", "/incidents/again"]
    assert one["linked"] == [["pool/2024", "leak"]]


def test_every_fix_is_told_in_a_line_with_how_it_fared() -> None:
    rolled, raised = told()["fixes"]
    assert rolled == {
        "incident_id": "pool/2024",
        "date": "2024-03-14",
        "url": "/incidents/pool%2F2024",
        "text": "Rolled checkout back; Restarted the workers",
        "held": False,
        "days": 553,
    }
    assert raised["text"].startswith("The pool was raised")
    assert "\n" not in raised["text"]
    assert len(raised["text"]) <= 122
    assert raised["text"].endswith(" …")


def test_what_is_open_tells_its_incident_and_whether_it_is_overdue() -> None:
    assert [(item["incident_id"], item["text"], item["overdue"]) for item in told()["open_action_items"]] == [
        ("pool/2024", "Alert on pool waits", True),
        ("leak", "Close connections in a finally", False),
        ("leak", "Review the pool sizes", False),
    ]


def test_without_dates_and_durations_nothing_is_made_up() -> None:
    bare = told(Recurrence("a", "A", (), (incident("a"), incident("b")), (Fix("a", None),)))
    assert (bare["first"], bare["last"], bare["total_minutes"], bare["median_minutes"], bare["timed"]) == (None,) * 4 + (0,)
    assert bare["fixes"][0]["text"] == ""


@pytest.mark.parametrize(("order", "first"), [("last", "leak"), ("count", "leak"), ("minutes", "quota")])
def test_a_page_is_in_the_order_that_is_asked_for(order: Order, first: str) -> None:
    found = recurrences_as_dicts((LEAK, QUOTA), TODAY)
    page = page_of(found, "g1", 1, 0, order)
    assert (page["total"], page["offset"], page["limit"], page["order"], page["index_id"]) == (2, 0, 1, order, "g1")
    expected = {"leak": LEAK.id, "quota": QUOTA.id}[first]
    assert [one["id"] for one in page["recurrences"]] == [expected]
    rest = page_of(found, "g1", 5, 1, order)
    assert {one["id"] for one in rest["recurrences"]} == {LEAK.id, QUOTA.id} - {expected}


def test_equals_stay_in_the_order_of_the_last_time() -> None:
    twins = recurrences_as_dicts([Recurrence(name, name, (), (incident(name), incident(name + "2"))) for name in "ba"], TODAY)
    assert [one["id"] for one in page_of(twins, "g1", 5, 0, "count")["recurrences"]] == ["b", "a"]


def test_a_failure_is_found_by_any_of_its_incidents() -> None:
    found = recurrences_as_dicts((QUOTA, LEAK), TODAY)
    assert one_of(found, "again")["id"] == one_of(found, LEAK.id)["id"] == LEAK.id
    with pytest.raises(NotFoundError, match="has an incident with the id 'nothing'") as missing:
        one_of(found, "nothing")
    assert "/recurrences" in missing.value.hint


def test_a_due_date_that_is_no_date_is_never_overdue() -> None:
    items = tuple(ActionItem("x", 1, due=due) for due in ("2025-01-01", "2025-01-01 (moved)", "Q1 2025", "soon", "", None))
    one = Incident("a", "A", "a.md", action_items=items, resolution=Answer("x", "resolution", "Fix", 1))
    found = recurrence_as_dict(Recurrence("a", "A", (), (one, incident("b"))), date(2025, 1, 2))
    assert [item["overdue"] for item in found["open_action_items"]] == [True, True, False, False, False, False]
    on_the_day = recurrence_as_dict(Recurrence("a", "A", (), (one, incident("b"))), date(2025, 1, 1))
    assert not any(item["overdue"] for item in on_the_day["open_action_items"])
