"""A network whose linear layers multiply integers answers nearly as before, and does multiply them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rcasearch.encoders import Encoder, choice, exports, quantizing
from rcasearch.encoders.exports import INTEGER_NETWORK, INTEGER_WEIGHTS, NETWORK, WEIGHTS
from rcasearch.encoders.network import FULL, INTEGERS, Network, load_openvino
from rcasearch.models import DEFAULT_MODEL

IDS = np.array([[101, 9785, 2440, 102, 0, 0], [101, 24240, 2003, 3929, 1997, 102]], np.int64)
MASK = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]], np.int64)


@pytest.fixture
def export(encoder: Encoder) -> Path:
    found = exports.find(choice._export_name(DEFAULT_MODEL))
    assert found
    return found[1]


def of_type(network: Path, kind: str) -> list[Any]:
    return [op for op in load_openvino().Core().read_model(network).get_ops() if op.get_type_name() == kind]


def test_each_linear_layer_multiplies_integers_and_what_shares_an_input_shares_its_scale(export: Path) -> None:
    """MiniLM has six linear layers in each of six blocks; query, key and value have one input."""
    products = of_type(export / INTEGER_NETWORK, "MatMul")
    assert len(products) == len(of_type(export / NETWORK, "MatMul")) == 36
    assert len(of_type(export / INTEGER_NETWORK, "FakeQuantize")) == 24
    for product in products:
        integers = product.input_value(1).get_node().input_value(0).get_node().input_value(0).get_node()
        assert integers.get_element_type().get_type_name() == "i8"
        assert product.input_value(0).get_node().get_type_name() == "FakeQuantize"
    assert (export / INTEGER_WEIGHTS).stat().st_size < 0.8 * (export / WEIGHTS).stat().st_size


def test_the_runtime_multiplies_integers_there(export: Path) -> None:
    core = load_openvino().Core()
    compiled = core.compile_model(export / INTEGER_NETWORK, "CPU", {"INFERENCE_PRECISION_HINT": FULL})
    told = [op.get_rt_info() for op in compiled.get_runtime_model().get_ops()]
    layers = [one["runtimePrecision"].astype(str) for one in told if one["layerType"].astype(str) == "FullyConnected"]
    assert len(layers) == 36
    assert set(layers) <= {"u8", "i8"}


def test_it_answers_nearly_the_same(export: Path) -> None:
    vectors, states = Network(export / NETWORK, FULL, 1, 1).run(IDS, MASK)
    found, near = Network(export / INTEGER_NETWORK, INTEGERS, 1, 1).run(IDS, MASK)
    for one, other in ((vectors, found), (states[MASK == 1], near[MASK == 1])):
        cosines = (one * other).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)
        assert 0.98 < cosines.min() < cosines.max() < 1


def test_the_texts_it_is_measured_on_are_the_same_each_time_and_of_all_lengths() -> None:
    texts = quantizing.ordinary_texts()
    assert texts == quantizing.ordinary_texts()
    lengths = sorted(len(text.split()) for text in texts)
    assert lengths[0] == 0
    assert lengths[-10] > 150
    assert len(texts) < 150


@given(
    low=st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=4),
    above=st.floats(0, 1e3, width=32),
)
@example(low=[-0.25], above=128.0)
@example(low=[-1e-40], above=1e3)
@example(low=[-1e3], above=0.0)
def test_the_ends_hold_all_that_was_seen_and_zero_is_an_integer(low: list[float], above: float) -> None:
    least = np.array(low, np.float32)
    first, last = quantizing._ends(least, least + np.float32(above))
    assert first <= 0 < last
    assert first <= least.min() + 1e-3 * abs(first)
    assert last >= (least + np.float32(above)).max() - 1e-3 * last
    step = (float(last) - float(first)) / 255
    assert abs(-float(first) / step - round(-float(first) / step)) < 1e-3
