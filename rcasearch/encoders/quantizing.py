"""A network in float32 -> the same with the products of its weights in integers of 8 bits.

The inputs of each linear layer get one scale, measured on ordinary texts beforehand, and its weights a scale for each output.
What is large in a few places of the inputs moves into the weights first (SmoothQuant: Xiao et al., 2023), since one scale has to
do for all places. The rest, attention, softmax, GELU and layer norms, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.encoders.base import Floats
from rcasearch.encoders.network import FULL, load_openvino
from rcasearch.encoders.probes import TEXTS
from rcasearch.lexicon import load_lexicon

# How much of what is large moves from the inputs into the weights. More serves ordinary texts no better and odd ones worse.
_SHARE = 0.8
_LEVELS, _LARGEST = 256, 127
_LEAST = 1e-5
# Of the lexicon's phrases: each so-manieth is a text by itself, and so many together are a text of a passage's length.
_EACH, _TOGETHER, _LONG_TEXTS = 50, 24, 24


@dataclass(frozen=True, slots=True)
class _Layers:
    """The linear layers that share an input: where that comes from, and each product with its weights (out, in)."""

    source: Any
    products: Sequence[Any]
    weights: Sequence[Floats]


def ordinary_texts() -> list[str]:
    """Texts long and short, the same at each call, on which the range of a layer's inputs is measured."""
    phrases = [phrase for concept in load_lexicon() for phrase in concept.phrases]
    starts = range(0, len(phrases) - _TOGETHER, max(1, len(phrases) // _LONG_TEXTS))
    return [*TEXTS, *phrases[::_EACH], *(". ".join(phrases[start : start + _TOGETHER]) for start in starts)]


def quantize(network: Path, target: Path, inputs: Iterable[NDArray[np.int64]]) -> None:
    """Write the network with integers to ``target``; ``inputs`` are the ids (1, l) of ordinary texts."""
    model = load_openvino().Core().read_model(network)
    layers = list(_layers(model))
    for own, (low, high) in zip(layers, _ranges(network, [own.source for own in layers], inputs), strict=True):
        _replace(own, low, high)
    model.validate_nodes_and_infer_types()
    # What is smaller than float32 stays as small.
    load_openvino().save_model(model, target, compress_to_fp16=False)


def _layers(model: Any) -> Iterator[_Layers]:
    """The linear layers, those of the same input together, in the order in which they are computed."""
    found: dict[str, tuple[Any, list[Any], list[Floats]]] = {}
    for product in model.get_ordered_ops():
        if (weights := _weights(product)) is not None:
            source = product.input_value(0)
            _, products, matrices = found.setdefault(_name(source), (source, [], []))
            products.append(product)
            matrices.append(weights)
    return (_Layers(*own) for own in found.values())


def _weights(product: Any) -> Floats | None:
    """The matrix (out, in) by which an operation multiplies batches of token states; None where it does something else."""
    told = product.get_attributes() if product.get_type_name() == "MatMul" else {}
    if not told.get("transpose_b") or told.get("transpose_a"):
        return None
    held = product.input_value(1).get_node()
    if held.get_type_name() == "Convert":
        held = held.input_value(0).get_node()
    matrix = held.get_type_name() == "Constant" and len(held.shape) == 2
    states = product.input_value(0).get_partial_shape().rank
    return np.asarray(held.get_data(), np.float32) if matrix and states.is_static and states.get_length() == 3 else None


def _name(source: Any) -> str:
    return f"{source.get_node().get_friendly_name()}:{source.get_index()}"


def _ranges(network: Path, sources: Sequence[Any], inputs: Iterable[NDArray[np.int64]]) -> list[tuple[Floats, Floats]]:
    """The least and the largest value (d,) of each place of these inputs of layers."""
    core = load_openvino().Core()
    model = core.read_model(network)
    # The same network was read twice, and has the same names.
    by_name = {op.get_friendly_name(): op for op in model.get_ops()}
    model.add_outputs([by_name[one.get_node().get_friendly_name()].output(one.get_index()) for one in sources])
    request = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": FULL}).create_infer_request()
    first = len(model.outputs) - len(sources)
    low, high = ([np.zeros(1, np.float32)] * len(sources) for _ in range(2))
    for ids in inputs:
        request.infer([ids, np.ones_like(ids)])
        for place in range(len(sources)):
            [values] = request.get_output_tensor(first + place).data
            low[place] = np.minimum(low[place], values.min(axis=0))
            high[place] = np.maximum(high[place], values.max(axis=0))
    return list(zip(low, high, strict=True))


def _ends(low: Floats, high: Floats) -> tuple[np.float32, np.float32]:
    """The least and the largest value that integers stand for, such that 0 is one of them: otherwise all are off by a part."""
    least, largest = min(float(low.min()), 0.0), max(float(high.max()), _LEAST)
    # One at least on each side that anything was seen on.
    below = min(max(round(-least / (largest - least) * (_LEVELS - 1)), int(least < 0)), _LEVELS - 2)
    step = max(largest / (_LEVELS - 1 - below), -least / below if below else 0.0)
    return np.float32(-below * step), np.float32((_LEVELS - 1 - below) * step)


def _replace(layers: _Layers, low: Floats, high: Floats) -> None:
    """Let the layers multiply integers; ``low`` and ``high`` (d,) are between which their inputs are."""
    import openvino.opset13 as ops

    inputs = np.maximum(np.maximum(-low, high), _LEAST)
    weights = np.maximum(np.max([np.abs(matrix).max(axis=0) for matrix in layers.weights], axis=0), _LEAST)
    scale = inputs**_SHARE / weights ** (1 - _SHARE)
    ends = [ops.constant(end) for end in _ends(low / scale, high / scale)]
    even = ops.multiply(layers.source, ops.constant((1 / scale).astype(np.float32).reshape(1, 1, -1)))
    rounded = ops.fake_quantize(even, *ends, *ends, _LEVELS)
    for product, matrix in zip(layers.products, layers.weights, strict=True):
        spread = matrix * scale
        step = np.maximum(np.abs(spread).max(axis=1, keepdims=True), _LEAST) / _LARGEST
        integers = ops.convert(ops.constant(np.rint(spread / step).astype(np.int8)), "f32")
        product.input(0).replace_source_output(rounded.output(0))
        product.input(1).replace_source_output(ops.multiply(integers, ops.constant(step.astype(np.float32))).output(0))
