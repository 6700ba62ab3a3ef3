"""Timelines in tables, lists, lines and blocks, with every way of writing the time; and what their rows tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.model import Milestones, TimelineEvent
from rcasearch.readers.clock import stamp
from rcasearch.readers.milestones import milestones
from tests.readers.reading import incident


def _minutes(body: str, date: str = "2025-03-05") -> list[int | None]:
    return [event.minute for event in incident(f"---\ndate: {date}\n---\n## Timeline\n\n{body}\n").timeline]


@pytest.mark.parametrize(
    ("text", "second", "rest"),
    [
        ("10:42 alert", 38520, "alert"),
        ("10:42:13 alert", 38533, "alert"),
        ("10:42 UTC - alert", 38520, "alert"),
        ("[10:42] alert", 38520, "alert"),
        ("10:42: alert", 38520, "alert"),
        ("~10:42 alert", 38520, "alert"),
        ("At 10:42, alert", 38520, "alert"),
        ("10:42 (UTC) — alert", 38520, "alert"),
        ("10:42–10:50 alert", 38520, "alert"),
        ("10:42 PM alert", 81720, "alert"),
        ("12:05 am alert", 300, "alert"),
        ("3pm alert", 54000, "alert"),
        ("1042 UTC alert", 38520, "alert"),
        ("10:42Z alert", 38520, "alert"),
        ("10:42 5.44.0 released", 38520, "5.44.0 released"),
        ("10:42 override", 38520, "override"),
        ("2025-01-02 10:42 alert", 38520, "alert"),
        ("2025-01-02T10:42:00Z alert", 38520, "alert"),
        ("Jan 2, 10:42 alert", 38520, "alert"),
        ("Tue 10:42 alert", 38520, "alert"),
        ("T+5m: alert", 300, "alert"),
        ("+1h 5m alert", 3900, "alert"),
    ],
)
def test_a_time_at_the_start(text: str, second: int, rest: str) -> None:
    found = stamp(text, 2025)
    assert found is not None
    assert found.second == second
    assert text[found.end :] == rest


@pytest.mark.parametrize(
    "text", ["alert at 10:42", "5.30 errors", "25:00 x", "10:77 x", "10 pods", "1042 pods", "1.2.3 released", "", "+5"]
)
def test_no_time_at_the_start(text: str) -> None:
    assert stamp(text) is None


@given(st.text(max_size=80))
def test_any_text_has_a_time_or_none(text: str) -> None:
    stamp(text, 2025)


@pytest.mark.parametrize(
    ("body", "minutes"),
    [
        ("| Event | Time |\n|---|---|\n| a | 10:00 |\n| b | 10:05 |", [0, 5]),
        ("| UTC | |\n|---|---|\n| 10:00 | a |\n| 10:05 | b |", [0, 5]),
        ("| x | y |\n|---|---|\n| a | 10:00 |\n| b | 10:05 |", [0, 5]),
        ("| Date | Time | Event |\n|---|---|---|\n| 2025-03-05 | 23:50 | a |\n| 2025-03-06 | 23:55 | b |", [0, 1445]),
        ("- 23:50 a\n- 00:10 b\n- 00:20 c", [0, 20, 30]),
        ("- **10:00** a\n- **10:05** b", [0, 5]),
        ("10:00 a\n10:05 b", [0, 5]),
        ("10:00 a · 10:05 b · 10:07 c", [0, 5, 7]),
        ("    10:00  a\n    10:05  b", [0, 5]),
        ("- 2025-03-05 10:00 a\n- 2025-03-06 09:00 b", [0, 1380]),
        ("- 4 March 22:00 a\n- 01:00 b", [-180, 0]),
        ("- Tue 22:00 a\n- Wed 01:00 b\n- Fri 01:00 c", [-180, 0, 2880]),
        ("- 22:00 a\n- 01:00 (6 Mar) b", [0, 180]),
        ("### 2025-03-05\n\n- 22:00 a\n\n### 2025-03-06\n\n- 01:00 b", [0, 180]),
        ("### 10:00 a\n\nMore.\n\n### 10:05 b", [0, 5]),
        ("Wednesday 5 March\n: 22:00 a\n\nThursday 6 March\n: 23:00 b", [0, 1500]),
        ("- T0 a\n- T+5m b", [0, 5]),
        ("- T-10m a\n- T0 b\n- T+5m c", [-10, 0, 5]),
        ("- 10:00 a\n- 09:58 b", [0, None]),
        ("- 10:00 a\n- later b\n- 10:05 c", [0, None, 5]),
        ("- first this\n- then that", []),
        ("All of it in prose, from 10:00 to 11:00.", []),
    ],
)
def test_minutes_across_days(body: str, minutes: list[int | None]) -> None:
    assert _minutes(body) == minutes


def test_other_columns_follow_the_event() -> None:
    found = incident("## Timeline\n\n| Time | Owner | Event |\n|---|---|---|\n| 10:00 | SRE | paged |\n").timeline
    assert found == (TimelineEvent("10:00", "paged | SRE", 5, 0),)


def test_nested_lines_belong_to_their_event() -> None:
    found = incident("## Timeline\n\n- 10:00 paged\n  - by hand\n- 10:05 done\n").timeline
    assert [event.text for event in found] == ["paged by hand", "done"]


def test_a_table_of_times_under_another_heading() -> None:
    assert len(incident("## Response\n\n| UTC | |\n|---|---|\n| 10:00 | a |\n| 10:01 | b |\n| 10:02 | c |\n").timeline) == 3


def _told(*texts: str) -> Milestones:
    return milestones([TimelineEvent(f"10:{n:02}", text, n + 1, n) for n, text in enumerate(["Alert fired", *texts])])


@pytest.mark.parametrize(
    "text", ["Primary on-call acknowledged the page", "Investigation started", "Incident channel opened", "SEV-1 declared"]
)
def test_first_action(text: str) -> None:
    assert _told(text).first_action == 1


@pytest.mark.parametrize(
    "text",
    [
        "Root cause identified",
        "Identified the faulty deploy as the cause",
        "Errors traced to the new release",
        "Leak found in the pool",
        "Bug confirmed",
    ],
)
def test_cause_found(text: str) -> None:
    assert _told(text).cause_found == 1


@pytest.mark.parametrize(
    "text",
    [
        "Mitigation applied",
        "Rollback completed",
        "Rolled back to 2.1",
        "Hotfix deployed to all regions",
        "Traffic shifted to eu-west",
        "Error rate returned to baseline",
        "maxmemory raised, evictions stop",
        "Both cancelled; orders flow again",
        "Service recovery observed",
    ],
)
def test_mitigated(text: str) -> None:
    assert _told(text).mitigated == 1


@pytest.mark.parametrize("text", ["Incident resolved", "Incident closed", "All clear", "Service fully restored", "Closed"])
def test_resolved(text: str) -> None:
    assert _told(text).resolved == 1


@pytest.mark.parametrize(
    "text",
    [
        "Rollback started",
        "Rollback failed",
        "Decided to fail over once the fix is deployed",
        "Hotfix deployed, no effect",
        "Scaled to 60 pods; gets worse; reverted",
        "Root cause not yet identified",
        "Suspected cause identified as DNS",
        "Host name resolved to the old address",
        "Still not resolved",
        "Waiting for the rollback to be completed",
        "Support contacted",
    ],
)
def test_rows_that_tell_of_no_success(text: str) -> None:
    told = _told(text)
    assert (told.cause_found, told.mitigated, told.resolved) == (None, None, None)


def test_closing_counts_before_looking_healthy() -> None:
    told = _told("Service confirmed healthy", "Incident closed")
    assert (told.mitigated, told.resolved) == (1, 2)


def test_the_first_row_is_no_milestone() -> None:
    assert milestones([TimelineEvent("10:00", "Fix deployed, breaks checkout", 1, 0)]) == Milestones()
