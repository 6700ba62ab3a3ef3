"""What is written of passages and incidents, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.stores import writer
from rcasearch.stores.writer import document_frequency, means

INCIDENTS = st.lists(st.lists(st.integers(0, 6), max_size=5), max_size=12)


def laid_out(incidents: list[list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Passages one after the other, and where those of each incident begin."""
    passages = np.array([passage for own in incidents for passage in own], np.int32)
    return passages, np.cumsum([0, *map(len, incidents)], dtype=np.int64)


@pytest.mark.parametrize("block", [1, 3, 8_192])
@given(incidents=INCIDENTS, width=st.integers(0, 4), seed=st.integers(0, 2**32 - 1))
def test_an_incident_is_the_mean_of_its_passages_of_length_1(
    block: int, incidents: list[list[int]], width: int, seed: int
) -> None:
    values = np.random.default_rng(seed).standard_normal((7, width)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_BLOCK", block)
        found = means(values, *laid_out(incidents))
    assert found.shape == (len(incidents), width)
    for own, row in zip(incidents, found, strict=True):
        total = np.zeros(width)
        for passage in own:
            total += values[passage]
        length = float(np.sqrt((total**2).sum()))
        np.testing.assert_allclose(row, total / length if length else total, atol=1e-5)


@pytest.mark.parametrize("block", [1, 3, 8_192])
@given(incidents=INCIDENTS, passages=st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=7, max_size=7))
def test_a_token_is_counted_once_an_incident(block: int, incidents: list[list[int]], passages: list[list[int]]) -> None:
    ids = np.array([token for own in passages for token in own], np.int32)
    starts = np.cumsum([0, *map(len, passages)], dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_BLOCK", block)
        found = document_frequency(ids, starts, *laid_out(incidents))
    expected = [sum(any(token in passages[passage] for passage in own) for own in incidents) for token in range(10)]
    assert found.tolist() == expected[: len(found)]
    assert not any(expected[len(found) :])
