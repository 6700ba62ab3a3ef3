"""A network that was prepared once is opened from then on, and never where it does not belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rcasearch.encoders import Encoder, choice, exports, prepared
from rcasearch.encoders.exports import NETWORK, WEIGHTS
from rcasearch.encoders.network import FULL, HALF, Network, load_openvino
from rcasearch.models import DEFAULT_MODEL

IDS = np.array([[101, 9785, 2440, 102, 0, 0], [101, 24240, 2003, 3929, 1997, 102]], np.int64)
MASK = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]], np.int64)


@pytest.fixture
def network(encoder: Encoder, tmp_path: Path) -> Path:
    """The network of an export in a folder of its own, where nothing was prepared yet."""
    found = exports.find(choice._export_name(DEFAULT_MODEL))
    assert found
    for name in (NETWORK, WEIGHTS):
        (tmp_path / name).symlink_to(found[1] / name)
    return tmp_path / NETWORK


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The precision of each network that OpenVINO prepares in the test."""
    told: list[str] = []
    core = load_openvino().Core
    compile_model = core.compile_model

    def counted(self: object, path: Path, device: str, options: dict[str, str]) -> object:
        told.append(options["INFERENCE_PRECISION_HINT"])
        return compile_model(self, path, device, options)

    monkeypatch.setattr(core, "compile_model", counted)
    return told


def kept(network: Path) -> list[Path]:
    return sorted(network.parent.glob("prepared-*"))


def answers(network: Path, precision: str = FULL, streams: int = 1) -> bytes:
    vectors, states = Network(network, precision, 1, streams).run(IDS, MASK)
    assert (vectors.shape, states.shape) == ((2, 384), (2, 6, 384))
    return vectors.tobytes() + states.tobytes()


def test_what_was_prepared_is_opened_at_the_next_start_and_answers_the_same(network: Path, compiled: list[str]) -> None:
    first = answers(network)
    [path] = kept(network)
    # The weights stay where they are.
    assert path.stat().st_size < 2**20 < (network.parent / WEIGHTS).stat().st_size
    assert path.stat().st_mode & 0o044 == 0o044
    for streams in (1, 2, 1):
        assert answers(network, streams=streams) == first
    assert compiled == [FULL]


def test_each_precision_is_prepared_by_itself(network: Path, compiled: list[str]) -> None:
    full, half = answers(network), answers(network, HALF)
    assert len(kept(network)) == 2
    assert (answers(network), answers(network, HALF)) == (full, half)
    assert compiled == [FULL, HALF]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def scribbled(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0x55
    path.write_bytes(whole)


def foreign(path: Path) -> None:
    """Whole, but nothing that this runtime would have written."""
    prepared.write(path, b"another runtime's " * 1000)


def half_foreign(path: Path) -> None:
    """Whole, and begun as this runtime does."""
    held = prepared.read(path)
    assert held
    prepared.write(path, held[: len(held) // 2])


def from_another_processor(path: Path) -> None:
    held = prepared.read(path)
    assert held
    told = held.index(b"isa=")
    prepared.write(path, held[: told + 4] + b"X" + held[told + 5 :])


@pytest.mark.parametrize("harm", [truncated, emptied, scribbled, foreign, half_foreign, from_another_processor])
def test_what_is_damaged_or_foreign_is_prepared_again(network: Path, compiled: list[str], harm: Callable[[Path], None]) -> None:
    wanted = answers(network)
    [path] = kept(network)
    harm(path)
    assert answers(network) == wanted
    assert compiled == [FULL, FULL]
    assert answers(network) == wanted
    assert compiled == [FULL, FULL]


def test_another_runtime_or_processor_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {prepared.place(tmp_path, runtime, precision) for runtime in ("1.2-3", "1.2-4") for precision in (FULL, HALF)}
    monkeypatch.setattr(prepared, "features", lambda: "flags: other")
    places.add(prepared.place(tmp_path, "1.2-3", FULL))
    assert len(places - {None}) == 5
    monkeypatch.setattr(prepared, "features", lambda: "")
    assert prepared.place(tmp_path, "1.2-3", FULL) is None


def test_where_nothing_can_be_kept_it_is_prepared_each_time(
    network: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answers(network)
    monkeypatch.setattr(prepared, "features", lambda: "")
    assert answers(network) == first
    monkeypatch.setattr(prepared, "place", lambda *_: network.parent / "gone" / "prepared-1.bin")
    assert answers(network) == first
    assert compiled == [FULL, FULL, FULL]
    assert len(kept(network)) == 1
