"""The measurement of dense search: its vectors, its recall, and a row of its table."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import dense
from tests.core.fakes import unit


@pytest.fixture(scope="module")
def base() -> dense.Floats:
    topics = np.random.default_rng(0).standard_normal((30, 32), np.float32).repeat(20, axis=0)
    return unit(topics + 0.5 * np.random.default_rng(1).standard_normal(topics.shape, np.float32))


def test_vectors_lie_near_those_they_are_made_of(base: dense.Floats) -> None:
    vectors = dense.spread(base, 500)
    assert vectors.shape == (500, 32)
    assert np.array_equal(vectors, dense.spread(base, 500))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    strangers = unit(np.random.default_rng(2).standard_normal((500, 32), np.float32))
    assert np.median((vectors @ base.T).max(axis=1)) > np.median((strangers @ base.T).max(axis=1)) + 0.2


def test_recall_counts_what_is_among_the_nearest(base: dense.Floats) -> None:
    queries = base[:2]
    best = [np.argsort(-(base @ query)) for query in queries]
    assert dense.recall(base, queries, best, 10) == 1
    halves = [np.concatenate([ids[:5], ids[-195:]]) for ids in best]
    assert dense.recall(base, queries, halves, 10) == 0.5


@pytest.mark.parametrize("also", [None, "IVF4,SQfp16:nprobe=4"])
def test_a_row_tells_what_was_found(base: dense.Floats, tmp_path: Path, also: str | None) -> None:
    cells = [cell.strip() for cell in dense.row(tmp_path, base, base[:3], also).strip("|").split("|")]
    assert len(cells) == len(dense.COLUMNS)
    assert cells[:2] == ["600", also.replace(":", " ") if also else "exact"]
    assert float(cells[5]) > 0
    assert [float(cell) for cell in cells[-2:]] == [1, pytest.approx(1, abs=0.01)]
