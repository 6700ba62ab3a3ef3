"""`rcasearch insights`: the tables, the same as JSON, filters."""

from __future__ import annotations

import json
from pathlib import Path

from rcasearch.insights import insights
from rcasearch.model import Outline
from rcasearch.render_insights import insights_as_text
from tests.cli.conftest import Run

OUTLINES = [
    Outline("a", "A", "2024-11-05", level="SEV1", services=("checkout", "basket"), minutes_to_mitigate=20, duration_minutes=90),
    Outline("b", "B", "2025-01-07", level="SEV3", services=("basket",), minutes_to_mitigate=35),
    Outline("c", "C", None, services=("gate\x1bway",), duration_minutes=3000),
]


def test_the_tables() -> None:
    assert insights_as_text(insights(OUTLINES)).splitlines() == [
        "3 incidents, 2 d 3 h lost (told of 2), mitigated after 28 min (the median of 2)",
        "",
        "Month    incidents     time lost   to mitigate",
        "2024-11          1    1 h 30 min        20 min",
        "2024-12          0             -             -",
        "2025-01          1             -        35 min",
        "",
        "Severity  incidents     time lost   to mitigate",
        "SEV1              1    1 h 30 min        20 min",
        "SEV3              1             -        35 min",
        "unrated           1       2 d 2 h             -",
        "",
        "Service   incidents     time lost   to mitigate",
        "basket            2    1 h 30 min        28 min",
        "checkout          1    1 h 30 min        20 min",
        "gate␛way          1       2 d 2 h             -",
    ]


def test_only_the_last_months_and_the_most_frequent_services_are_printed() -> None:
    months = [Outline(f"m{n}", "x", f"20{20 + n // 12}-{n % 12 + 1:02}-01", services=(f"s{n:02}",)) for n in range(30)]
    lines = insights_as_text(insights(months)).splitlines()
    assert [line[:7] for line in lines if line.startswith("20")] == [f"2021-{n:02}" for n in range(7, 13)] + [
        f"2022-{n:02}" for n in range(1, 7)
    ]
    assert lines[-1].split() == ["18", "other", "services", "18", "-", "-"]


def test_nothing_is_said_in_words() -> None:
    assert insights_as_text(insights([])) == "No incident passes.\n"


def test_the_command_and_its_json(run: Run, tiny_index: Path) -> None:
    told = run("insights", "--index", tiny_index)
    assert told.code == 0
    assert told.out.startswith("8 incidents")
    whole = json.loads(run("insights", "--json", "--index", tiny_index).out)
    assert whole["total"]["incidents"] == 8
    only = json.loads(run("insights", "--json", "--service", "checkout", "--index", tiny_index).out)
    assert 0 < only["total"]["incidents"] < 8


def test_a_filter_that_is_none_is_an_error(run: Run, tiny_index: Path) -> None:
    told = run("insights", "--since", "never", "--index", tiny_index)
    assert told.code == 2
    assert "since" in told.err
