"""The figures of many incidents, against plain loops over the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from statistics import median

import pytest

from rcasearch.insights import MITIGATED, SERVICES, insights
from rcasearch.model import Group, Level, Outline

NAMES = [f"service-{number}" for number in range(20)]
LEVELS: tuple[Level | None, ...] = ("SEV1", "SEV2", "SEV4", None)


def some(count: int, seed: int = 5) -> list[Outline]:
    """Incidents of two years and of services of which the first are the most frequent."""
    chance = random.Random(seed)
    return [
        Outline(
            id=f"rca-{number:04}",
            title=f"Outage {number}",
            date=f"202{chance.choice((3, 4))}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}" if number % 7 else None,
            level=chance.choice(LEVELS),
            services=tuple(sorted({chance.choice(NAMES[: 1 + chance.randrange(20)]) for _ in range(chance.randrange(3))})),
            minutes_to_mitigate=chance.randrange(400) if number % 3 else None,
            duration_minutes=chance.randrange(900) if number % 4 else None,
        )
        for number in range(count)
    ]


def check(group: Group, own: Iterable[Outline]) -> None:
    """Every figure of a group, counted again."""
    listed = list(own)
    assert group.incidents == len(listed)
    assert group.minutes == sum(one.duration_minutes for one in listed if one.duration_minutes is not None)
    times = [one.minutes_to_mitigate for one in listed if one.minutes_to_mitigate is not None]
    assert (group.mitigated, group.median_to_mitigate) == (len(times), median(times) if times else None)
    for level in (*LEVELS[:3], "SEV5"):
        same = [one for one in listed if one.level == level]
        tally = group.by_level.get(level) if level else None
        assert (tally.incidents if tally else 0) == len(same)
        assert (tally.minutes if tally else 0) == sum(one.duration_minutes or 0 for one in same)
    assert sum(tally.incidents for tally in group.by_level.values()) == len(listed)
    assert list(group.by_level) == sorted(group.by_level)


def months(first: int, last: int) -> Iterator[str]:
    for year in range(first, last + 1):
        for month in range(1, 13):
            yield f"{year}-{month:02}"


def test_every_figure_against_a_count() -> None:
    outlines = some(500)
    found = insights(outlines)
    check(found.total, outlines)
    assert found.dated == sum(one.date is not None for one in outlines)
    assert found.lasting == sum(one.duration_minutes is not None for one in outlines)
    assert [group.name for group in found.months] == list(months(2023, 2024))
    for group in found.months:
        check(group, (one for one in outlines if (one.date or "").startswith(group.name)))
    assert [group.name for group in found.severities] == ["SEV1", "SEV2", "SEV4", "unrated"]
    for group in found.severities:
        check(group, (one for one in outlines if (one.level or "unrated") == group.name))


def test_the_most_frequent_services_and_the_rest() -> None:
    outlines = some(500)
    found = insights(outlines)
    counts = {name: sum(name in one.services for one in outlines) for name in NAMES}
    order = sorted((name for name in NAMES if counts[name]), key=lambda name: (-counts[name], name))
    assert [group.name for group in found.services] == order[:SERVICES]
    for group in found.services:
        check(group, (one for one in outlines if group.name in one.services))
    rest = set(order[SERVICES:])
    assert found.other_services == len(rest) == 8
    check(found.others, (one for one in outlines if rest & set(one.services)))


def test_one_service_in_two_spellings_is_one() -> None:
    found = insights([Outline("a", "A", services=("Basket", "basket")), Outline("b", "B", services=("basket",))])
    assert [(group.name, group.incidents) for group in found.services] == [("Basket", 2)]
    assert (found.other_services, found.others.incidents) == (0, 0)


def test_quarters_are_those_in_which_a_time_is_recorded() -> None:
    days = {"a": ("2023-12-31", 10), "b": ("2024-01-01", 20), "c": ("2024-03-31", 41), "d": ("2024-04-01", None), "e": (None, 5)}
    found = insights([Outline(name, name, date=day, minutes_to_mitigate=time) for name, (day, time) in days.items()])
    assert [(group.name, group.mitigated, group.median_to_mitigate) for group in found.quarters] == [
        ("2023-Q4", 1, 10),
        ("2024-Q1", 2, 30.5),
    ]
    assert [one.id for one in found.mitigated] == ["c", "b", "a"]
    assert found.all_mitigated == 3


def test_of_very_many_some_of_all_times_are_told_of_one_by_one() -> None:
    outlines = [Outline(f"{n:05}", "x", date=f"{2000 + n % 25}-01-01", minutes_to_mitigate=1) for n in range(3 * MITIGATED)]
    found = insights(outlines)
    assert (len(set(found.mitigated)), found.all_mitigated) == (MITIGATED, 3 * MITIGATED)
    dates = [one.date or "" for one in found.mitigated]
    assert dates == sorted(dates, reverse=True)
    years = [sum(day.startswith(str(year)) for day in dates) for year in range(2000, 2025)]
    assert max(years) - min(years) <= 1


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2024-11-02", "2025-02-01"], ["2024-11", "2024-12", "2025-01", "2025-02"]),
        (["0205-01-01", "2025-02-01"], ["0205-01", "2025-02"]),
        (["2024-05-05"], ["2024-05"]),
        ([], []),
    ],
)
def test_months_have_no_gaps_unless_the_years_are_far_apart(days: list[str], expected: list[str]) -> None:
    found = insights([Outline(str(n), "x", date=day) for n, day in enumerate(days)])
    assert [group.name for group in found.months] == expected
    assert sum(group.incidents for group in found.months) == len(days)


def test_nothing_comes_to_nothing() -> None:
    found = insights([])
    assert (found.total.incidents, found.total.minutes, found.total.median_to_mitigate) == (0, 0, None)
    assert (found.months, found.quarters, found.services, found.severities, found.mitigated) == ((), (), (), (), ())
