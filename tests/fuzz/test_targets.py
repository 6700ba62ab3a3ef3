"""A little of what benchmarks/fuzz.py does at length: no bytes make any reader of bytes fail."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import fuzz
from benchmarks.fuzz_targets import BY_NAME, Target, tried
from benchmarks.within import within

EXAMPLES = 40
LONGEST = 2_000
SECONDS = 10.0


def mutated(target: Target) -> st.SearchStrategy[bytes]:
    """Anything; what the target expects, with bytes changed, cut, doubled, or words put in."""
    seeds = [seed[:LONGEST] for seed in target.seeds()]
    words = [word.encode("utf-8", "surrogatepass") for word in target.words] or [b"\0"]

    def change(seed: bytes, chance: random.Random) -> bytes:
        for _ in range(chance.randint(1, 6)):
            at, to = sorted(chance.randint(0, len(seed)) for _ in range(2))
            middle = chance.choice([b"", seed[at:to] * 2, chance.choice(words) * chance.randint(1, 9), chance.randbytes(3)])
            seed = seed[:at] + middle + seed[to:]
        return seed

    changed = st.builds(change, st.sampled_from(seeds), st.randoms(use_true_random=False))
    return st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | changed


@pytest.mark.parametrize("name", BY_NAME)
def test_no_bytes_make_it_fail(name: str) -> None:
    target = BY_NAME[name]

    @given(mutated(target))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def takes(data: bytes) -> None:
        with within(SECONDS):
            tried(target, data)

    takes()


@pytest.mark.parametrize("name", BY_NAME)
def test_what_a_target_expects_is_taken(name: str) -> None:
    for seed in list(BY_NAME[name].seeds())[:20]:
        tried(BY_NAME[name], seed)


def test_all_targets_are_fuzzed() -> None:
    assert tuple(BY_NAME) == fuzz.NAMES


def test_what_goes_wrong_is_counted_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(data: bytes) -> None:
        if data == b"crash":
            raise KeyError("x")
        while data == b"slow":
            pass

    monkeypatch.setitem(BY_NAME, "query", Target("query", run, list))
    tally = fuzz.Tally("query", tmp_path, 0.05, 4)
    for data in (b"fine", b"crash", b"crash", b"slow"):
        tally.take(data)
    assert tally.inputs == 4
    assert [place.split()[0] for place in tally.wrong] == ["KeyError", "TooSlowError"]
    assert (tmp_path / "query-1").read_bytes() == b"crash"
    assert (tmp_path / "query.slowest").read_bytes() == b"slow"
