"""A network of OpenVINO's form, run on the CPU: batches of word pieces -> vectors and token states.

The only file that knows OpenVINO at run time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.encoders import prepared
from rcasearch.encoders.base import Floats
from rcasearch.encoders.cores import multiplies_bf16

if TYPE_CHECKING:
    import openvino

# The last is of a network that was quantised; what is not integers in it is as quick as the processor can.
FULL, HALF, INTEGERS = "f32", "bf16", "i8"
# Streams each hold the intermediate values of a batch, so a machine with very many cores shares them out.
_MOST_STREAMS = 16
# Pieces of the first text that a network is given: as many as most short queries have, padding included.
_FIRST = 16
_WITHOUT_WEIGHTS = {"CACHE_MODE": "OPTIMIZE_SIZE"}
# Importing openvino imports these two: the first tells a server on the Internet of it, the second makes the import three
# times as long. Neither is needed to convert or to run a network.
_LEFT_OUT = ("openvino_telemetry", "openvino.tools.ovc")


def load_openvino() -> Any:
    """The module openvino, without what would send a message. Raises ImportError where it is not installed."""
    with _left_out():
        import openvino
        import openvino.frontend
    return openvino


class Network:
    """One network, ready to run: as many batches at once as there are ``streams``, each on its share of the cores."""

    def __init__(self, path: Path, precision: str, threads: int, streams: int) -> None:
        self.streams = min(streams, _MOST_STREAMS)
        options = {
            "INFERENCE_PRECISION_HINT": _floats(precision),
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self.streams,
            # Pinned threads of two processes wait for the same core while another is idle.
            "ENABLE_CPU_PINNING": False,
        }
        compiled = _opened(path, precision, options)
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(self.streams):
            self._idle.put(compiled.create_infer_request())
        # OpenVINO's bindings set something up at their first call, and two threads that make it at once wait for each other.
        first = np.ones((1, _FIRST), np.int64)
        self.run(first, first)

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Of (b, l) ids and mask: vectors (b, d) and states (b, l, d). Waits while all streams are busy."""
        with self._request() as request:
            request.start_async([ids, mask], share_inputs=True)
            request.wait()
            vectors, states = (np.array(request.get_output_tensor(i).data, dtype=np.float32) for i in range(2))
            return vectors, states

    @contextmanager
    def _request(self) -> Iterator[openvino.InferRequest]:
        request = self._idle.get()
        try:
            yield request
        finally:
            self._idle.put(request)


def _floats(precision: str) -> str:
    if precision != INTEGERS:
        return precision
    return HALF if multiplies_bf16() else FULL


def _opened(path: Path, precision: str, options: dict[str, Any]) -> openvino.CompiledModel:
    """The network, prepared for this processor now or at an earlier start."""
    openvino = load_openvino()
    core = openvino.Core()
    kept = prepared.place(path.parent, openvino.get_version(), precision)
    if kept is None:
        return core.compile_model(path, "CPU", options)
    if held := prepared.read(kept):
        # Whatever does not suit the runtime it refuses by this error.
        with suppress(RuntimeError):
            whole = openvino.Tensor(np.frombuffer(held, np.uint8))
            return core.import_model(whole, "CPU", {**options, **_WITHOUT_WEIGHTS, "WEIGHTS_PATH": str(path.with_suffix(".bin"))})
    compiled = core.compile_model(path, "CPU", {**options, **_WITHOUT_WEIGHTS})
    prepared.write(kept, compiled.export_model().getvalue())
    return compiled


@contextmanager
def _left_out() -> Iterator[None]:
    # An entry of None makes an import fail as if there were no such module.
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in _LEFT_OUT if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
