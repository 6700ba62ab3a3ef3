"""Charts of when a failure happened: places, sizes and words."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rcasearch.model import Recurrence
from rcasearch.render_recurrences import recurrence_as_dict
from rcasearch.shapes import Recurrence as Told
from rcasearch.web.charts import CROWD, MOST_YEARS, axis_of, chart_of
from tests.recurring import LEAK, QUOTA, TODAY, incident


def told(recurrence: Recurrence) -> Told:
    return recurrence_as_dict(recurrence, TODAY)


def of_days(*days: str | None, minutes: int | None = 10) -> Told:
    incidents = tuple(incident(f"i{number}", day, duration_minutes=minutes) for number, day in enumerate(days))
    return told(Recurrence("i0", "x", (), incidents))


def test_the_axis_begins_with_a_year_and_ends_today() -> None:
    axis = axis_of([told(LEAK), told(QUOTA)], TODAY)
    assert (axis.first, axis.last, axis.longest) == (date(2023, 1, 1), TODAY, 600)
    assert [tick.label for tick in axis.ticks] == ["2023", "2024", "2025", "2026"]
    assert (axis.x(axis.first), axis.x(TODAY)) == (2, 98)


def test_an_incident_after_today_stands_on_the_axis_as_well() -> None:
    axis = axis_of([of_days("2026-01-05", "2030-01-01")], TODAY)
    assert axis.last == date(2030, 1, 1)


def test_dots_are_placed_by_day_sized_by_duration_and_shaped_by_severity() -> None:
    found = told(LEAK)
    chart = chart_of(found, axis_of([found, told(QUOTA)], TODAY))
    assert [dot.tone for dot in chart.dots] == ["worst", "bad", "plain"]
    assert [dot.timed for dot in chart.dots] == [True, True, False]
    assert [dot.size for dot in chart.dots] == [0.274, 0.447, 0]
    assert all(before.x < after.x for before, after in pairwise(chart.dots))
    assert chart.told == (
        "3 times. 14 Mar 2024, sev-1, 45 min; 18 Sep 2025, P2, 2 h; 1 Sep 2026, no severity recorded, no duration recorded"
    )
    assert [gap.label for gap in chart.gaps] == ["553 days", "348 days"]


def test_what_has_no_date_is_told_and_not_drawn() -> None:
    chart = chart_of(told(QUOTA), axis_of([told(QUOTA)], TODAY))
    assert len(chart.dots) == 1
    assert chart.told.endswith("1 without a date")
    nothing = of_days(None, None)
    assert chart_of(nothing, axis_of([nothing], TODAY)).dots == []


def test_many_years_are_marked_in_steps_and_few_in_quarters() -> None:
    decades = axis_of([of_days("1991-05-01", "2026-01-01")], TODAY).ticks
    assert len(decades) <= MOST_YEARS
    assert decades[0].label == "1991"
    assert [tick.label for tick in axis_of([of_days("2026-02-01", "2026-03-01")], TODAY).ticks] == [
        "Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026",
    ]  # fmt: skip
    assert [tick.label for tick in axis_of([of_days("2026-01-01")], date(2026, 1, 2)).ticks] == ["Jan 2026"]


def test_of_a_crowd_those_of_one_place_are_one_dot() -> None:
    days = [date.fromordinal(date(2025, 1, 1).toordinal() + number).isoformat() for number in range(CROWD * 3)]
    found = of_days(*days)
    chart = chart_of(found, axis_of([found], TODAY))
    assert len(chart.dots) < 40
    assert chart.gaps == []
    assert "incidents; " in chart.dots[0].told
    assert chart.told.count(";") == 12


@given(st.lists(st.dates(date(1990, 1, 1), date(2035, 12, 31)), min_size=1, max_size=80), st.integers(0, 100_000))
def test_everything_stands_within_the_chart(days: list[date], minutes: int) -> None:
    found = of_days(*(day.isoformat() for day in sorted(days)), minutes=minutes)
    axis = axis_of([found], TODAY)
    chart = chart_of(found, axis)
    assert all(2 <= dot.x <= 98 and 0 <= dot.size <= 1 for dot in chart.dots)
    assert all(2 <= tick.x <= 98 for tick in (*axis.ticks, *chart.gaps))
    assert 1 <= len(axis.ticks) <= MOST_YEARS
