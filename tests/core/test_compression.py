"""Token vectors in int8 against the floats they stand for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.compression import Basis, fit
from rcasearch.encoders import Encoder
from tests.core.fakes import unit

Floats = NDArray[np.float32]


def tokens(count: int, width: int, seed: int = 0, decay: float = 0.97) -> Floats:
    """Unit vectors that spread over their directions unevenly, and not around the origin, as those of a model do."""
    generator = np.random.default_rng(seed)
    scale = decay ** np.arange(width)
    return unit((generator.standard_normal((count, width)) * scale + 0.3).astype(np.float32))


@pytest.mark.parametrize("width", [16, 64])
def test_without_fewer_dimensions_only_the_rounding_is_lost(width: int) -> None:
    stored, asked = tokens(3_000, width), tokens(50, width, seed=1)
    basis = fit(stored)
    assert basis.width == width
    np.testing.assert_allclose(basis.directions.T @ basis.directions, np.eye(width), atol=1e-5)
    error = basis.query(asked) @ basis.encode(stored).T.astype(np.float32) - asked @ stored.T
    assert np.abs(error).max() < 0.02
    assert abs(error.mean()) < 1e-3


def test_fewer_dimensions_lose_no_more_than_what_they_leave_out() -> None:
    stored, asked = tokens(3_000, 64, decay=0.9), tokens(50, 64, seed=1, decay=0.9)
    basis = fit(stored, 32)
    assert basis.width == 32
    left_out = stored - stored @ basis.directions @ basis.directions.T
    error = basis.query(asked) @ basis.encode(stored).T.astype(np.float32) - asked @ stored.T
    assert np.abs(error).max() < np.linalg.norm(left_out, axis=1).max() + 0.02
    # The leading directions: no other 32 axes keep more of the sample.
    others = np.linalg.qr(np.random.default_rng(3).standard_normal((64, 32)))[0]
    assert np.linalg.norm(left_out) < np.linalg.norm(stored - stored @ others @ others.T)


@given(st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_max_similarity_orders_passages_as_the_floats_do(seed: int) -> None:
    generator = np.random.default_rng(seed)
    stored = tokens(20 * 12, 48, seed).reshape(20, 12, 48)
    asked = unit(stored[3, :6] + 0.1 * generator.standard_normal((6, 48)).astype(np.float32))
    basis = fit(stored.reshape(-1, 48))
    exact = (stored @ asked.T).max(axis=1).mean(axis=1)
    codes = basis.encode(stored.reshape(-1, 48)).astype(np.float32).reshape(20, 12, -1)
    close = (codes @ basis.query(asked).T).max(axis=1).mean(axis=1)
    np.testing.assert_allclose(close, exact, atol=0.01)
    assert close.argmax() == exact.argmax() == 3
    order = np.argsort(-exact)
    for better, worse in pairwise(order):
        assert close[better] > close[worse] or exact[better] - exact[worse] < 0.01


def test_what_was_encoded_comes_back_nearly() -> None:
    stored = tokens(500, 32)
    basis = fit(stored)
    codes = basis.encode(stored)
    again = basis.decode(codes)
    assert again.shape == stored.shape
    # No further off than half a step in each direction.
    assert np.abs(again - stored).max() < np.linalg.norm(basis.scales / 2) + 1e-5
    assert np.array_equal(basis.encode(again), codes)
    assert np.abs(basis.query(again) @ codes.T.astype(np.float32) - stored @ stored.T).max() < 0.03


def test_the_bytes_come_back() -> None:
    basis = fit(tokens(200, 24), 10)
    again = Basis.frombytes(basis.tobytes(), 24)
    assert np.array_equal(again.directions, basis.directions)
    assert np.array_equal(again.scales, basis.scales)
    assert again.width == 10


def test_values_beyond_the_sample_are_clipped_and_never_wrap_round() -> None:
    basis = fit(tokens(200, 24))
    huge = basis.encode(50 * tokens(10, 24))
    assert huge.min() >= -127
    assert np.array_equal(np.sign(huge), np.sign(np.rint(50 * tokens(10, 24) @ basis.directions / basis.scales)))


@pytest.mark.parametrize("sample", [np.zeros((0, 8)), np.zeros((5, 8)), np.eye(8)[:1], np.eye(8)[[2, 2, 2]]])
def test_a_poor_sample_still_gives_a_basis_to_work_with(sample: Floats) -> None:
    basis = fit(sample.astype(np.float32))
    assert np.isfinite(basis.directions).all()
    assert np.isfinite(basis.scales).all()
    assert (basis.scales > 0).all()
    later = basis.query(tokens(4, 8)) @ basis.encode(tokens(4, 8)).T.astype(np.float32)
    assert np.isfinite(later).all()


def test_nothing_encodes_to_nothing() -> None:
    basis = fit(tokens(50, 8))
    none = np.zeros((0, 8), np.float32)
    assert basis.encode(none).shape == (0, 8)
    assert basis.query(none).shape == (0, 8)


def test_the_tokens_of_the_real_model_keep_their_similarities(encoder: Encoder) -> None:
    texts = ["TimeoutError: QueuePool limit of size 40 reached", "the disk was full", "x509: certificate has expired"]
    states = np.concatenate([one.vectors for one in encoder.encode_documents(texts * 2).tokens])
    basis = fit(states)
    error = basis.query(states) @ basis.encode(states).T.astype(np.float32) - states @ states.T
    assert np.abs(error).max() < 0.05
