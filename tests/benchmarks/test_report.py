"""Medians and ratios against numpy, and what the tables say of them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import BASELINE, Figures, Part
from benchmarks.late import LateInteraction
from benchmarks.measuring import MEASURES
from benchmarks.report import as_json, as_markdown, number, parts_of, table, times

_VALUES = st.floats(0.001, 1e6)
_LATE = LateInteraction(10, 1_000, 192_000, 4_000, 10.0, (2.0, 1.0), (8.0, 4.0))
_MACHINE = {
    "date": "2026-01-02",
    "processor": "A processor",
    "instructions": ["avx2"],
    "cores": 2,
    "memory_gib": 8,
    "system": "Linux",
    "python": "3.11",
    "load_average": 0.1,
    "rounds": 3,
    "index_rounds": 1,
}


def _part(figures: Figures) -> Part:
    return Part("all-seeds", "Seeds", MEASURES, figures, ("Measured in quiet.",))


def _figures(ours: list[float], theirs: list[float]) -> Figures:
    figures = Figures()
    for name, values in ((BASELINE, theirs), ("ours", ours)):
        for i, value in enumerate(values):
            figures.add(name, i, p50=value)
    return figures


@given(st.lists(st.tuples(_VALUES, _VALUES), min_size=1, max_size=9))
def test_medians_and_ratios_are_those_of_numpy(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = np.array(pairs).T
    figures = _figures(ours.tolist(), theirs.tolist())
    assert figures.median("ours", "p50") == pytest.approx(np.median(ours))
    assert figures.ratio("ours", "p50") == pytest.approx(np.median(ours / theirs))
    assert figures.ratio(BASELINE, "p50") == 1


def test_a_ratio_pairs_values_of_the_same_round_only() -> None:
    figures = Figures()
    figures.add(BASELINE, 0, index=10)
    figures.add("ours", 0, index=5)
    figures.add("ours", 1, index=500)
    assert figures.ratio("ours", "index") == 0.5
    assert figures.median("ours", "index") == 252.5


def test_what_was_not_measured_or_is_nought_has_no_ratio() -> None:
    figures = Figures()
    figures.add(BASELINE, 0, errors=0)
    figures.add("ours", 0, errors=2, p50=3)
    assert figures.ratio("ours", "errors") is None
    assert figures.ratio("ours", "p50") is None
    assert figures.ratio("away", "p50") is None
    assert figures.median("away", "p50") is None


def test_a_table_has_a_column_for_each_and_a_dash_for_what_is_missing() -> None:
    figures = _figures([20, 30, 40], [10, 10, 10])
    figures.add("ours", 0, ndcg=0.5)
    assert table(_part(figures)).splitlines() == [
        "| | plain | ours |",
        "| --- | ---: | ---: |",
        "| query, p50 (ms) | 10 | 30 (3.00×) |",
        "| nDCG@10, mean over queries | – | 0.500 |",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12.0, "12"), (12.345, "12.3"), (1234.5, "1234"), (0.61234, "0.612"), (0.00042, "<0.001")]
)
def test_a_number_has_three_digits_that_tell(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("ratio", "text"), [(1, "1.00×"), (0.1234, "0.12×"), (0.0123, "0.012×"), (1e-5, "<0.001×")])
def test_a_ratio_has_the_digits_that_matter(ratio: float, text: str) -> None:
    assert times(ratio) == text


def test_the_baseline_comes_first_and_this_project_last() -> None:
    figures = Figures()
    for name in ("rcasearch", "peer", BASELINE):
        figures.add(name, 0, p50=1)
    assert table(_part(figures)).splitlines()[0] == "| | plain | peer | rcasearch |"


def test_the_report_tells_the_machine_who_is_left_out_and_what_late_interaction_costs() -> None:
    figures = _figures([1.0], [2.0])
    figures.notes["away"] = "No module named 'away'."
    figures.versions["ours"] = {"numpy": "2.0"}
    text = as_markdown(_MACHINE, [_part(figures), _LATE.part("seeds")], ["growth.svg"])
    assert text.startswith("# Measured 2026-01-02\n\nA processor (avx2), 2 cores")
    assert "## Seeds\n\nMeasured in quiet.\n" in text
    assert "Left out: away. No module named 'away'." in text
    assert "| token vectors, a token (bytes) | 192 |" in text
    assert "| token vectors, an incident (bytes) | 19200 |" in text
    assert "](growth.svg)" in text
    assert text.endswith("Versions. ours: numpy 2.0.\n")


def test_the_figures_are_kept_round_by_round_with_medians_and_ratios() -> None:
    kept = as_json(_MACHINE, [_part(_figures([1.0, 3.0, 5.0], [2.0, 2.0, 2.0]))])
    assert kept["processor"] == "A processor"
    measured = kept["parts"]["all-seeds"]["contestants"]["ours"]["measured"]["p50"]
    assert measured == {"rounds": {"0": 1.0, "1": 3.0, "2": 5.0}, "median": 3.0, "ratio": 1.5}


def test_what_was_kept_is_read_back_as_it_was() -> None:
    figures = _figures([1.0, 3.0], [2.0, 2.5])
    figures.versions.update(ours={"numpy": "2.0"}, plain={})
    figures.notes["away"] = "Not there."
    parts = [_part(figures), _LATE.part("seeds")]
    kept = json.loads(json.dumps(as_json(_MACHINE, parts)))
    read = parts_of(kept)
    assert read[0] == parts[0]
    assert as_markdown(_MACHINE, read) == as_markdown(_MACHINE, parts)
    assert parts_of({"corpora": {}}) == []
