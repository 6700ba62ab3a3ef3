"""The row an incident starts with, by the stated duration, by wording and by date; and milestones counted from it."""

from __future__ import annotations

import pytest

from rcasearch.model import Incident, Milestones, TimelineEvent
from rcasearch.readers.bounds import MOST
from rcasearch.readers.milestones import milestones
from rcasearch.readers.start import start
from tests.readers.reading import incident


def _started(*rows: tuple[int | None, str], duration: int | None = None, own_day: int | None = None) -> int | None:
    return start(rows, duration, own_day)


@pytest.mark.parametrize(
    "text",
    [
        "Alert fired: p95 > 2s",
        "page: mobile-bff p99 > 5s",
        "CheckoutErrors alert triggered",
        "On-call paged",
        "Errors begin",
        "error rate starts to climb",
        "first failed requests",
        "First pod terminated, OOMKilled",
        "first affected customer",
        "Impact starts",
        "Pods began failing",
        "Customers report blank pages",
        "Support team calls",
        "start of the outage",
    ],
)
def test_wording_of_a_start(text: str) -> None:
    assert _started((0, "5.44 rolled out"), (90, text), (95, "looked at the logs")) == 1


@pytest.mark.parametrize("text", ["No alert fired", "Would have paged nobody", "first replica added", "maintenance page put up"])
def test_wording_of_no_start(text: str) -> None:
    assert _started((0, "5.44 rolled out"), (90, text), (95, "looked at the logs")) == 0


def test_the_duration_says_which_row_before_the_alert() -> None:
    rows = ((0, "release"), (300, "endpoint answers in 40 s"), (324, "Alert fired"), (495, "Service confirmed healthy"))
    assert _started(*rows, duration=195) == 1


def test_an_early_symptom_that_contradicts_the_duration_is_no_start() -> None:
    rows = ((0, "upgrade"), (5, "first FailedGetPodsMetric event"), (1145, "on-sale"), (1149, "page"), (1181, "recovered"))
    assert _started(*rows, duration=36) == 2
    assert _started(*rows) == 1


def test_the_duration_may_end_at_the_last_row_whatever_that_says() -> None:
    rows = ((0, "tier recalculation"), (58, "people leave the room"), (71, "asks around"), (105, "completion rate at 92 %"))
    assert _started(*rows, duration=47) == 1


def test_without_a_fit_the_first_row_within_the_duration() -> None:
    assert _started((0, "deploy"), (960, "sale"), (970, "pods gone"), (1000, "Incident closed"), duration=60) == 1


def test_the_first_row_on_the_day_else_the_first_row() -> None:
    assert _started((0, "a"), (1500, "b"), own_day=1440) == 1
    assert _started((0, "a"), (1500, "b"), own_day=2880) == 0
    assert _started((None, "Alert fired"), (10, "b")) == 1
    assert _started((None, "Alert fired")) is None


_LATENT = """---
date: 2025-07-29
duration: {duration}
---
## Timeline

| Time | Event |
|---|---|
| 24 June 15:02 | prepared transaction orphaned |
| | alert for id age fires to a deleted receiver |
| 28 July 12:50 | first "must be vacuumed within" warning |
| 29 July 04:12 | writes refused |
| 04:14 | page to Inventory Team |
| 04:21 | investigation started |
| 05:10 | rolled back |
| 10:31 | sales open, incident closed |
"""


def _latent(duration: str) -> Incident:
    return incident(_LATENT.format(duration=duration))


def test_rows_before_the_start_are_negative() -> None:
    assert [event.minute for event in _latent("379 minutes").timeline] == [-49750, None, -922, 0, 2, 9, 58, 379]


def test_milestones_count_from_the_start() -> None:
    assert _latent("379 minutes").milestones == Milestones(first_action=9, mitigated=58, resolved=379)


def test_a_milestone_far_beyond_the_duration_is_withheld() -> None:
    rows = ((0, "Alert fired"), (9, "investigation started"), (58, "rolled back"), (379, "incident closed"))
    events = [TimelineEvent("", text, line, minute) for line, (minute, text) in enumerate(rows)]
    assert milestones(events, 60) == Milestones(first_action=9, mitigated=58)
    assert milestones(events, 253) == Milestones(first_action=9, mitigated=58, resolved=379)


def test_a_close_beyond_the_duration_gives_way_to_full_recovery() -> None:
    rows = ((0, "Alert fired"), (30, "Service fully recovered"), (90, "incident closed"))
    events = [TimelineEvent("", text, line, minute) for line, (minute, text) in enumerate(rows)]
    assert milestones(events, 30).resolved == 30


def test_a_log_pasted_as_a_timeline_is_read_in_time() -> None:
    lines = "\n".join(f"- {n // 60 % 24:02}:{n % 60:02} resolved" for n in range(20_000))
    found = incident(f"---\nduration: 60 min\n---\n## Timeline\n\n{lines}\n")
    assert len(found.timeline) == MOST["timeline"]
