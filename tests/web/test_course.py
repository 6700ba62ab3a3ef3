"""The course of an incident as it is drawn: what is known is told, whatever is missing, and nothing leaves the drawing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.model import Incident, Milestones, TimelineEvent
from rcasearch.web.course import Course, course

UNKNOWN = Milestones()


def drawn(milestones: Milestones = UNKNOWN, duration: int | None = None, minutes: Sequence[int | None] = ()) -> Course | None:
    events = tuple(TimelineEvent("", f"event {minute}", line, minute) for line, minute in enumerate(minutes, 10))
    return course(Incident("a", "A", "a.md", milestones=milestones, duration_minutes=duration, timeline=events))


def told(found: Course | None) -> list[tuple[str, int, str, int]]:
    assert found is not None
    return [(one.name, one.minutes, one.until, one.reached) for one in found.stretches]


def test_each_stretch_is_named_after_what_it_led_to() -> None:
    assert told(drawn(Milestones(7, 29, 36, 47))) == [
        ("Detect", 7, "first action", 7),
        ("Diagnose", 22, "cause found", 29),
        ("Mitigate", 7, "mitigated", 36),
        ("Resolve", 11, "resolved", 47),
    ]


@pytest.mark.parametrize(
    ("milestones", "duration", "expected"),
    [
        (Milestones(mitigated=36), None, [("Detect to mitigate", 36, "mitigated", 36)]),
        (Milestones(7, None, 36), None, [("Detect", 7, "first action", 7), ("Diagnose to mitigate", 29, "mitigated", 36)]),
        (Milestones(7), 60, [("Detect", 7, "first action", 7), ("To the end", 53, "over", 60)]),
        (Milestones(7), 5, [("Detect", 7, "first action", 7)]),
        (Milestones(resolved=40), 60, [("Detect to resolve", 40, "resolved", 40)]),
        (Milestones(), 60, [("Lasted", 60, "over", 60)]),
        (
            Milestones(5, 60, 20, 90),
            None,
            [
                ("Detect", 5, "first action", 5),
                ("Mitigate", 15, "mitigated", 20),
                ("Diagnose", 40, "cause found", 60),
                ("Resolve", 30, "resolved", 90),
            ],
        ),
        (
            Milestones(None, 60, 20, None),
            None,
            [("Detect to mitigate", 20, "mitigated", 20), ("Diagnose", 40, "cause found", 60)],
        ),
        (
            Milestones(0, None, 0, 0),
            None,
            [("Detect to mitigate", 0, "mitigated", 0), ("Resolve", 0, "resolved", 0)],
        ),
        (
            Milestones(36, 29, 36, 47),
            None,
            [("Detect to diagnose", 29, "cause found", 29), ("Mitigate", 7, "mitigated", 36), ("Resolve", 11, "resolved", 47)],
        ),
    ],
)
def test_what_is_known_is_drawn(milestones: Milestones, duration: int | None, expected: list[object]) -> None:
    assert told(drawn(milestones, duration)) == expected


def test_events_alone_are_drawn_as_ticks() -> None:
    found = drawn(minutes=[-5, 0, 10, None, 40])
    assert found is not None
    assert (found.stretches, len(found.ticks), found.left_out) == ((), 4, 1)
    assert [tick.x for tick in found.ticks] == [0, 11.11, 33.33, 100]


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    assert drawn() is None
    assert drawn(minutes=[None, 0, 0]) is None


def test_what_lies_far_out_does_not_press_the_rest_together() -> None:
    found = drawn(Milestones(7, 29, 36, 47), None, [-4_400, -3, 0, 36, 50, 9_000])
    assert found is not None
    assert [tick.event for tick in found.ticks] == [1, 2, 3, 4]
    assert found.left_out == 2
    assert [mark.text for mark in found.marks] == ["0 min", "15 min", "30 min", "45 min"]


def test_a_narrow_stretch_has_no_words_in_it() -> None:
    found = drawn(Milestones(1, 20, 100, 400))
    assert found is not None
    assert [one.label for one in found.stretches] == ["", "", "3", "4 · 5 h"]
    assert [one.width >= 0.8 for one in found.stretches] == [True] * 4


_minute = st.none() | st.integers(0, 10**7)


@given(st.tuples(_minute, _minute, _minute, _minute), _minute, st.lists(st.none() | st.integers(-(10**6), 10**7), max_size=400))
def test_every_course_stays_within_the_drawing(
    times: tuple[int | None, int | None, int | None, int | None], duration: int | None, minutes: list[int | None]
) -> None:
    found = drawn(Milestones(*times), duration, minutes)
    if found is None:
        return
    assert len(found.stretches) <= 5
    for one in found.stretches:
        assert one.minutes >= 0
        assert 0 <= one.x <= 100
        assert one.x + one.width <= 101
    places = [tick.x for tick in found.ticks] + [mark.x for mark in found.marks]
    assert all(0 <= x <= 100 for x in places)
    assert len(found.marks) <= 6
    assert len(found.ticks) <= 300
    assert len(found.ticks) + found.left_out == len(minutes)
    assert sum(one.minutes for one in found.stretches) == max((one.reached for one in found.stretches), default=0)
