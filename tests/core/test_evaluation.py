"""The figures that an evaluation leaves beside the index: written whole or not at all, and read only where they make sense."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rcasearch.evaluation import EVALUATION, Evaluation, KindFigures, Mean, keep, last_evaluation, measure
from rcasearch.measures import OVER_KINDS
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.manifests import sealed

MEAN = Mean(0.5, 0.4, 0.6)
KEPT = Evaluation(
    index_id="20261123T081500.000000Z-1f0c",
    measured="2026-11-23T08:15:00Z",
    model="all-MiniLM-L6-v2",
    incidents=8,
    queries="queries.jsonl",
    rows=(KindFigures("symptom", 3, MEAN, MEAN),),
    verdicts={"symptom": {"strong": 1.0, "possible": 0.0, "none": 0.0}},
    auroc=0.9,
)


@pytest.fixture
def own_searcher(tiny_index: Path, tmp_path: Path) -> Iterator[Searcher]:
    """A searcher over a copy of the tiny index, which another test may have evaluated already."""
    shutil.copytree(tiny_index, tmp_path / "index", ignore=shutil.ignore_patterns(EVALUATION))
    searcher = Searcher.open(Settings(index=str(tmp_path / "index")))
    yield searcher
    searcher.close()


def test_what_was_measured_is_kept_beside_the_index(own_searcher: Searcher, tiny_queries: Path) -> None:
    report = measure(own_searcher, tiny_queries)
    kept = last_evaluation(Path(own_searcher.settings.index))
    assert kept is not None
    assert (kept.index_id, kept.incidents, kept.queries) == (own_searcher.info.id, 8, "queries.jsonl")
    assert kept.measured.endswith("Z")
    told = {(row.ranker, row.kind): row.figures["nDCG@10"] for row in report.rows}
    for row in kept.rows:
        assert row.plain.mean == pytest.approx(told["plain", row.kind].mean)
        assert row.shipped.mean == pytest.approx(told["hybrid", row.kind].mean)
        assert row.shipped.low <= row.shipped.mean <= row.shipped.high
    assert kept.rows[-1].kind == OVER_KINDS
    assert set(kept.verdicts) == {"symptom", "alert", "cause", "none"}
    assert kept.auroc == pytest.approx(report.auroc["hybrid"])
    assert kept.none_answered is not None


def test_only_the_shipped_recipe_is_kept(own_searcher: Searcher, tiny_queries: Path) -> None:
    measure(own_searcher, tiny_queries, ranker="plain")
    assert last_evaluation(Path(own_searcher.settings.index)) is None


def test_the_newest_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    for count in (1, 2):
        assert keep(msgspec.structs.replace(KEPT, incidents=count), tmp_path)
    found = last_evaluation(tmp_path)
    assert found is not None
    assert found.incidents == 2
    assert [path.name for path in tmp_path.iterdir()] == [EVALUATION]


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not keep(KEPT, tmp_path / "gone")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rcasearch.durable.os.fsync", full)
    assert not keep(KEPT, tmp_path)
    assert list(tmp_path.iterdir()) == []


WHOLE = json.loads(msgspec.json.encode(KEPT))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "\udcff",
        json.dumps({**WHOLE, "auroc": 7}),
        json.dumps({**WHOLE, "incidents": -1}),
        json.dumps({**WHOLE, "measured": "yesterday"}),
        json.dumps({**WHOLE, "verdicts": {"symptom": {"sure": 1}}}),
        json.dumps({name: value for name, value in WHOLE.items() if name != "rows"}),
        " " * 2_000_000 + json.dumps(WHOLE),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / EVALUATION).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert last_evaluation(tmp_path) is None


def test_a_file_of_a_later_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    (tmp_path / EVALUATION).write_bytes(sealed({**WHOLE, "colour": "red"}))
    assert last_evaluation(tmp_path) == KEPT


def test_no_figure_that_the_disk_changed_is_shown(tmp_path: Path) -> None:
    assert keep(KEPT, tmp_path)
    data = (tmp_path / EVALUATION).read_bytes()
    for place in range(0, len(data), 11):
        (tmp_path / EVALUATION).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert last_evaluation(tmp_path) is None
    (tmp_path / EVALUATION).unlink()
    os.mkfifo(tmp_path / EVALUATION)
    assert last_evaluation(tmp_path) is None
