"""Vectors in a file: what is found and what comes back, compared with numpy on the vectors themselves."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.stores import vectors as module
from rcasearch.stores.layout import mask
from rcasearch.stores.vectors import Vectors, neighbours, write
from tests.core.fakes import unit

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
DIMENSION = 64
MANY = 6_000


def like_text(count: int, seed: int, dimension: int = DIMENSION) -> Floats:
    """Topics, subtopics and single texts, in directions of which the first matter most; a tenth are repeats."""
    chance = np.random.default_rng(seed)
    scale = (np.arange(1, dimension + 1) ** -0.4).astype(np.float32)
    topics = np.random.default_rng(1).standard_normal((40, dimension), np.float32)
    subtopics = topics.repeat(10, axis=0) + 0.7 * np.random.default_rng(2).standard_normal((400, dimension), np.float32)
    own = subtopics[chance.integers(400, size=count)] + 0.7 * chance.standard_normal((count, dimension), np.float32)
    own[: count // 10] = own[chance.integers(count, size=count // 10)]
    return unit(own * scale)


def opened(folder: Path, vectors: Floats, exact: int = module.EXACT) -> Vectors:
    write(folder / "vectors", vectors, exact)
    return Vectors(folder / "vectors")


@pytest.fixture(scope="module")
def many() -> Floats:
    return like_text(MANY, seed=3)


@pytest.fixture(scope="module")
def compressed(many: Floats, tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    path = tmp_path_factory.mktemp("compressed") / "vectors"
    assert write(path, many, exact=1_000).method == "compressed"
    return Vectors(path)


@pytest.fixture(scope="module")
def queries() -> Floats:
    return like_text(40, seed=4)


def check(
    found: list[NDArray[np.int64]], vectors: Floats, asked: Floats, k: int, allowed: NDArray[np.int64], error: float
) -> None:
    """The k nearest of those allowed, each once, best first; equals in any order, and what differs by ``error`` too."""
    assert len(found) == len(asked)
    for ids, query in zip(found, asked.astype(np.float64), strict=True):
        assert len(ids) == len(set(ids.tolist())) == min(k, len(allowed))
        assert set(ids.tolist()) <= set(allowed.tolist())
        products = vectors.astype(np.float64)[ids] @ query
        best = np.sort(vectors.astype(np.float64)[allowed] @ query)[::-1][: len(ids)]
        np.testing.assert_allclose(products, best, atol=error)


# --- compared one by one ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_few_are_compared_exactly(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    count, dimension = data.draw(st.integers(0, 50)), data.draw(st.integers(1, 9))
    chance = np.random.default_rng(data.draw(st.integers(0, 99)))
    # Small whole numbers: many are equal, and some are all zeros.
    vectors = unit(chance.integers(-2, 3, (count, dimension)).astype(np.float32))
    store = opened(tmp_path_factory.mktemp("few"), vectors)
    asked = unit(chance.standard_normal((data.draw(st.integers(0, 3)), dimension), np.float32))
    k = data.draw(st.integers(0, 60))
    allowed = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1)))) if count else [], np.int64)
    check(store.search(asked, k), vectors, asked, k, np.arange(count), 1e-6)
    check(store.search(asked, k, mask(allowed, count)), vectors, asked, k, allowed, 1e-6)
    ids = chance.integers(count, size=7) if count else np.zeros(0, np.int64)
    assert store.count == count
    assert np.array_equal(store.stored(ids), vectors[ids])


@pytest.mark.parametrize(("count", "k"), [(0, 5), (1, 5), (3, 5), (400, 12)])
def test_the_nearest_of_each_are_those_with_the_largest_products(count: int, k: int) -> None:
    vectors = like_text(max(count, 1), seed=5)[:count]
    found = neighbours(vectors, k)
    assert found.shape == (count, min(count, k))
    products = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    best = -np.sort(-products, axis=1)[:, : min(count, k)]
    np.testing.assert_allclose(np.take_along_axis(products, found, axis=1), best, atol=1e-6)


def test_a_few_are_said_to_be_compared_exactly(tmp_path: Path, many: Floats) -> None:
    found = write(tmp_path / "vectors", many[:1_000], exact=1_000)
    assert (found.method, found.recall_at_10, found.recall_at_200) == ("exact", 1.0, 1.0)


# --- compared by their codes first -----------------------------------------------------------------------------------


def test_what_is_compressed_is_found_again(compressed: Vectors, many: Floats, queries: Floats) -> None:
    for k in (1, 10, 200):
        hits = 0
        for ids, query in zip(compressed.search(queries, k), queries, strict=True):
            products = many @ query
            assert len(set(ids.tolist())) == k
            assert (np.diff(products[ids]) < 1e-3).all()
            hits += int((products[ids] >= np.sort(products)[-k] - 1e-3).sum())
        assert hits / (k * len(queries)) >= 0.99


def test_the_recall_told_is_the_recall_met(tmp_path: Path, many: Floats, queries: Floats) -> None:
    told = write(tmp_path / "vectors", many, exact=1_000)
    assert told.recall_at_10 >= 0.99
    assert module.RECALL <= told.recall_at_200 <= 1
    found = Vectors(tmp_path / "vectors").search(queries, 200)
    met = [np.isin(ids, np.argsort(-(many @ query))[:200]).mean() for ids, query in zip(found, queries, strict=True)]
    # A tenth are repeats, of which either may be named.
    assert np.mean(met) == pytest.approx(told.recall_at_200, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_filter_leaves_nothing_out(compressed: Vectors, many: Floats, queries: Floats, data: st.DataObject) -> None:
    size = data.draw(st.one_of(st.integers(0, 40), st.integers(0, MANY)))
    chance = np.random.default_rng(data.draw(st.integers(0, 99)))
    allowed = np.sort(chance.permutation(MANY)[:size])
    k = data.draw(st.sampled_from((1, 10, 300, MANY)))
    asked = queries[: data.draw(st.integers(1, 3))]
    for ids, query in zip(compressed.search(asked, k, mask(allowed, MANY)), asked, strict=True):
        assert len(ids) == len(set(ids.tolist())) == min(k, size)
        assert set(ids.tolist()) <= set(allowed.tolist())
        products, best = many[ids] @ query, np.sort(many[allowed] @ query)[::-1][: len(ids)]
        assert (products >= best - 1e-3).mean() >= 0.95 if k < size else np.allclose(products, best, atol=1e-3)


def test_a_filter_of_what_is_far_away_still_gives_all(compressed: Vectors, many: Floats, queries: Floats) -> None:
    for query in queries[:10]:
        for share in (0.01, 0.3, 0.6):
            farthest = np.sort(np.argsort(many @ query)[: int(share * MANY)])
            check(compressed.search(query[None], 10, mask(farthest, MANY)), many, query[None], 10, farthest, 1e-3)


def test_all_asked_for_are_all_found(compressed: Vectors, many: Floats, queries: Floats) -> None:
    check(compressed.search(queries[:2], 10 * MANY), many, queries[:2], 10 * MANY, np.arange(MANY), 1e-3)
    assert [ids.tolist() for ids in compressed.search(queries[:2], 0)] == [[], []]


def test_compressed_vectors_come_back_nearly_as_they_were(compressed: Vectors, many: Floats) -> None:
    ids = np.array([5, 3, 5, MANY - 1, 0])
    found = compressed.stored(ids)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, many[ids], atol=2**-11)
    assert compressed.stored(ids[:0]).shape == (0, DIMENSION)


def test_where_the_codes_say_too_little_all_are_compared(
    tmp_path: Path, many: Floats, queries: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECALL", 1.1)
    assert write(tmp_path / "vectors", many, exact=1_000).method == "exact"
    store = Vectors(tmp_path / "vectors")
    check(store.search(queries, 20), many, queries, 20, np.arange(MANY), 1e-3)
    chosen = np.arange(0, MANY, 7)
    check(store.search(queries, 20, mask(chosen, MANY)), many, queries, 20, chosen, 1e-3)


def test_dimensions_that_do_not_pair_are_not_compressed(tmp_path: Path) -> None:
    vectors = like_text(1_200, seed=5, dimension=33)
    assert write(tmp_path / "vectors", vectors, exact=1_000).method == "exact"
    np.testing.assert_allclose(Vectors(tmp_path / "vectors").stored(np.arange(1_200)), vectors, atol=2**-11)


def test_every_number_of_half_precision_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECALL", 1.1)
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = halves[np.isfinite(halves)].astype(np.float32).reshape(-1, DIMENSION)
    store = opened(tmp_path, numbers, exact=100)
    assert np.array_equal(store.stored(np.arange(len(numbers))).view(np.int32), numbers.view(np.int32))


def test_repeats_and_zeros_are_no_trouble(tmp_path: Path) -> None:
    vectors = np.concatenate([like_text(3, 6).repeat(1_000, axis=0), np.zeros((50, DIMENSION), np.float32)])
    store = opened(tmp_path, vectors, exact=1_000)
    check(store.search(vectors[:1], 500), vectors, vectors[:1], 500, np.arange(len(vectors)), 1e-3)


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [1_000, MANY])
def test_the_same_vectors_give_the_same_bytes(tmp_path: Path, many: Floats, exact: int) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, many, exact)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("exact", [1_000, MANY])
def test_a_damaged_file_is_named(tmp_path: Path, many: Floats, exact: int) -> None:
    path = tmp_path / "vectors"
    write(path, many, exact)
    whole = path.read_bytes()
    for damaged in (b"", b"no vectors at all", whole[: len(whole) // 2], whole[:-1], b"\0" * len(whole)):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^vectors holds no vectors that can be read$"):
            Vectors(path)
    # The count of vectors, after the kind and the dimension.
    path.write_bytes(whole[:8] + b"\x07" + whole[9:])
    with pytest.raises(ValueError, match=r"^vectors (does not hold the vectors that it counts|holds no vectors)"):
        Vectors(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        Vectors(path)


def test_another_process_finds_the_same(tmp_path: Path, many: Floats, queries: Floats) -> None:
    store = opened(tmp_path, many, exact=1_000)
    np.save(tmp_path / "queries.npy", queries)
    code = (
        "import sys, numpy as np; from pathlib import Path; from rcasearch.stores.vectors import Vectors\n"
        "folder = Path(sys.argv[1]); store = Vectors(folder / 'vectors')\n"
        "print([ids.tolist() for ids in store.search(np.load(folder / 'queries.npy'), 20)])\n"
        "print(store.stored(np.arange(50)).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    found, stored = done.stdout.splitlines()
    assert found == str([ids.tolist() for ids in store.search(queries, 20)])
    assert stored == store.stored(np.arange(50)).tobytes().hex()


def test_every_thread_searches_alone_and_finds_the_same(compressed: Vectors, queries: Floats) -> None:
    import faiss

    def one(query: Floats) -> tuple[list[int], int]:
        return compressed.search(query[None], 20)[0].tolist(), faiss.omp_get_max_threads()

    expected = [ids.tolist() for ids in compressed.search(queries, 20)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, queries)) == [(ids, 1) for ids in expected]


@pytest.mark.parametrize("count", [3, 300])
def test_a_disk_without_room_for_the_last_bytes_is_an_error(count: int) -> None:
    """Few bytes wait in a buffer until the file is closed, which is where FAISS itself no longer looks."""
    vectors = np.eye(count, 24, dtype=np.float32)
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"), vectors)
