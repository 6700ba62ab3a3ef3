"""The page about the index: how good the answers are, as it was measured, or how to measure it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient

from rcasearch.evaluation import EVALUATION, Evaluation, KindFigures, Mean, keep
from rcasearch.measures import OVER_KINDS
from rcasearch.model import Verdict
from rcasearch.search import Searcher

PLAIN, SHIPPED = Mean(0.312, 0.22, 0.41), Mean(0.678, 0.59, 0.76)
SHARES: dict[Verdict, float] = {"strong": 0.5, "possible": 0.3, "none": 0.2}


def kept(info_id: str, **changes: object) -> Evaluation:
    own = Evaluation(
        index_id=info_id,
        measured="2026-01-02T03:04:05Z",
        model="all-MiniLM-L6-v2",
        incidents=8,
        queries="judged.jsonl",
        rows=tuple(KindFigures(kind, n, PLAIN, SHIPPED) for kind, n in (("symptom", 30), ("alert", 9), (OVER_KINDS, 39))),
        verdicts={"symptom": SHARES, "alert": SHARES, "none": {"strong": 0.0, "possible": 0.25, "none": 0.75}},
        auroc=0.912,
        plain_auroc=0.701,
    )
    return msgspec.structs.replace(own, **changes)


@pytest.fixture
def beside(tiny_searcher: Searcher) -> Iterator[Path]:
    """The folder of the index, as it was before and after the test."""
    folder = Path(tiny_searcher.settings.index)
    (folder / EVALUATION).unlink(missing_ok=True)
    yield folder
    (folder / EVALUATION).unlink(missing_ok=True)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("How good it is here") : page.index("Problems in the")]).split())


def test_without_a_measurement_the_commands_are_named(client: FlaskClient, beside: Path) -> None:
    told = words(client.get("/about").text)
    assert "rcasearch eval --from-links" in told
    assert "rcasearch eval --queries FILE" in told
    (beside / EVALUATION).write_text("{", encoding="utf-8")
    assert words(client.get("/about").text) == told


def test_the_figures_of_this_index_are_told(client: FlaskClient, tiny_searcher: Searcher, beside: Path) -> None:
    keep(kept(tiny_searcher.info.id), beside)
    told = words(client.get("/about").text)
    assert "by the judged queries in judged.jsonl , over 8 incidents." in told
    assert "symptom 30 0.312 0.22–0.41 0.678 0.59–0.76 50 % strong, 30 % possible, 20 % nothing" in told
    assert "mean over kinds 0.312" in told
    assert "without an answer 0 % strong, 25 % possible, 75 % nothing" in told
    assert "in 91 of 100 cases (70 with plain search)" in told
    for absent in ("earlier index", "rcasearch eval", "Nobody links", "So few"):
        assert absent not in told


def test_a_measurement_of_an_earlier_index_says_so(client: FlaskClient, beside: Path) -> None:
    keep(kept("20250101T000000.000000Z-aaaa", model="other-model"), beside)
    told = words(client.get("/about").text)
    assert "an earlier index than the one that answers now, of the model other-model . Measure again" in told


def test_figures_of_links_say_what_they_are_worth(client: FlaskClient, tiny_searcher: Searcher, beside: Path) -> None:
    rows = (KindFigures("linked", 4, PLAIN, SHIPPED), KindFigures(OVER_KINDS, 4, PLAIN, SHIPPED))
    own = kept(tiny_searcher.info.id, queries=None, past_only=True, rows=rows, verdicts={"linked": SHARES}, auroc=None)
    keep(own, beside)
    told = words(client.get("/about").text)
    assert "by the links between the documents" in told
    assert "and that are older are the answers" in told
    assert "lower bounds" in told
    assert "So few queries say little." in told
    assert OVER_KINDS not in told
    assert "of 100 cases" not in told


def test_kinds_and_names_of_a_measurement_are_text(client: FlaskClient, tiny_searcher: Searcher, beside: Path) -> None:
    bad = "<script>alert(1)</script>"
    rows = tuple(KindFigures(f"{bad}{number}", 4, PLAIN, SHIPPED) for number in range(500))
    keep(kept(bad, queries=bad, model=bad, rows=rows, verdicts={f"{bad}1": SHARES}), beside)
    page = client.get("/about").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 22
