"""Severities, dates, durations and lists in the spellings that people use."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch import severities
from rcasearch.readers import values


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("SEV1", "SEV1"),
        ("SEV-1", "SEV1"),
        ("sev 1", "SEV1"),
        ("Sev: 2", "SEV2"),
        ("severity 3", "SEV3"),
        ("P1", "SEV1"),
        ("p0", "SEV0"),
        ("S2", "SEV2"),
        ("Priority 4", "SEV4"),
        ("1", "SEV1"),
        ("2 - major", "SEV2"),
        ("critical", "SEV1"),
        ("Major", "SEV2"),
        ("HIGH", "SEV2"),
        ("medium", "SEV3"),
        ("minor", "SEV4"),
        ("cosmetic", "SEV5"),
        ("P2 (high)", "SEV2"),
        ("non-critical", None),
        ("9", None),
        ("whatever", None),
        ("", None),
        (None, None),
    ],
)
def test_level(written: str | None, level: str | None) -> None:
    assert severities.level(written) == level


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2025-11-16", "2025-11-16"),
        ("2025/11/16", "2025-11-16"),
        ("20251116", "2025-11-16"),
        ("2025-11-16T10:42:00Z", "2025-11-16"),
        ("2025-11-16 10:42:00+02:00", "2025-11-16"),
        ("16 November 2025", "2025-11-16"),
        ("Nov 16, 2025", "2025-11-16"),
        ("Sunday, November 16th, 2025", "2025-11-16"),
        ("16-Nov-2025", "2025-11-16"),
        ("16/11/2025", "2025-11-16"),
        ("11/16/2025", "2025-11-16"),
        ("05/05/2025", "2025-05-05"),
        ("03/04/2025", None),
        ("2025-02-30", None),
        ("2025-13-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_find_date(written: str, date: str | None) -> None:
    assert values.find_date(written) == date


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("104", 104),
        ("47 minutes", 47),
        ("5 hours", 300),
        ("2 hours 10 minutes", 130),
        ("1 hour and 5 minutes", 65),
        ("1h 30m", 90),
        ("1h30", 90),
        ("1h30m", 90),
        ("01:30", 90),
        ("01:30:30", 91),
        ("PT1H30M", 90),
        ("P1DT2H", 1560),
        ("~45 min", 45),
        ("approximately 1.5 hours", 90),
        ("3 days", 4320),
        ("an hour", 60),
        ("20 seconds", 1),
        ("0", 0),
        ("45 minutes of partial and 10 minutes of total outage", 45),
        ("3 days (2 May 02:10 - 5 May 11:40)", 4320),
        ("a while", None),
        ("", None),
        ("-5", None),
        ("99999999", None),
    ],
)
def test_minutes(written: str, minutes: int | None) -> None:
    assert values.minutes(written) == minutes


def test_a_bare_number_counts_in_the_unit_of_its_key() -> None:
    assert values.minutes("2", unit="h") == 120


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (["a", "b"], ("a", "b")),
        ("a, b", ("a", "b")),
        ("a", ("a",)),
        ("[a, b]", ("a", "b")),
        ("#a #b", ("#a", "#b")),
        ("[[a]]", ("a",)),
        ([{"name": "a"}, {"id": "b"}], ("a", "b")),
        ({"a": "down", "b": "slow"}, ("a", "b")),
        ({"name": "a", "state": "down"}, ("a",)),
        (["a", None, ["b"], "a"], ("a",)),
        ("none", ()),
        (None, ()),
        ([], ()),
        (7, ()),
    ],
)
def test_many(raw: Any, texts: tuple[str, ...]) -> None:
    assert values.many(raw) == texts


@given(st.text(max_size=200))
def test_any_text_has_a_value_or_none(text: str) -> None:
    severities.level(text)
    values.find_date(text)
    minutes = values.minutes(text)
    assert minutes is None or minutes >= 0
