"""The embedding cache: what was put is there after anything but a change of model."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rcasearch.cache import CacheDamagedError, Embedded, EmbeddingCache, mend
from rcasearch.errors import RcaSearchError


def entry(number: int, tokens: int = 3) -> Embedded:
    generator = np.random.default_rng(number)
    return Embedded(
        generator.standard_normal(8).astype(np.float32),
        generator.integers(0, 1_000, tokens).astype(np.int32),
        generator.integers(0, 65_536, (tokens, 2)).astype(np.uint16),
        generator.integers(-127, 128, (tokens, 4)).astype(np.int8),
    )


def same(one: Embedded, other: Embedded) -> bool:
    pairs = ((one.vector, other.vector), (one.ids, other.ids), (one.spans, other.spans), (one.codes, other.codes))
    return all(x.dtype == y.dtype and x.shape == y.shape and np.array_equal(x, y) for x, y in pairs)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "embeddings.sqlite"


def test_what_was_put_comes_back_in_the_order_asked(path: Path) -> None:
    entries = {f"h{n}": entry(n, tokens=n % 4) for n in range(1_203)}
    with EmbeddingCache(path, "m") as cache:
        cache.put(entries.items())
        asked = [*reversed(entries), "h7", "h7"]
        assert all(same(found, entries[key]) for found, key in zip(cache.get(asked, 4), asked, strict=True))


def test_a_stranger_is_an_error_and_never_another_entry(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([("a", entry(1))])
        with pytest.raises(KeyError):
            cache.get(["a", "b"], 4)
        assert cache.known(["a", "b"]) == {"a"}
        assert cache.get([], 4) == []


def test_it_outlives_the_process(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([("a", entry(1))])
    with EmbeddingCache(path, "m") as cache:
        assert same(cache.get(["a"], 4)[0], entry(1))


def test_another_model_starts_from_nothing(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.start_over(5, b"basis")
        cache.put([("a", entry(1))])
    with EmbeddingCache(path, "other") as cache:
        assert cache.known(["a"]) == set()
        assert cache.basis() is None
    with EmbeddingCache(path, "m") as cache:
        assert cache.known(["a"]) == set()


def test_put_again_replaces(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([("a", entry(1))])
        cache.put([("a", entry(2))])
        assert same(cache.get(["a"], 4)[0], entry(2))


def test_a_new_basis_forgets_what_was_encoded_by_the_old(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        assert cache.basis() is None
        cache.start_over(5, b"one")
        cache.put([("a", entry(1))])
        cache.start_over(9, b"two")
        assert cache.basis() == (9, b"two")
        assert cache.known(["a"]) == set()


def test_keep_only_forgets_the_rest(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([(f"h{n}", entry(n)) for n in range(10)])
        cache.keep_only(["h3", "h4", "never"])
        assert cache.known(f"h{n}" for n in range(10)) == {"h3", "h4"}


@pytest.mark.parametrize("damage", ["no database", "empty", "half", "scribbled start"])
def test_a_damaged_file_is_made_anew(path: Path, damage: str) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([(f"h{n}", entry(n, 200)) for n in range(500)])
    data = path.read_bytes()
    path.write_bytes(
        {
            "no database": b"not a database at all" * 500,
            "empty": b"",
            "half": data[: len(data) // 2],
            "scribbled start": b"\xff" * 5_000 + data[5_000:],
        }[damage]
    )
    with EmbeddingCache(path, "m") as cache:
        known = cache.known(f"h{n}" for n in range(500))
        assert all(same(found, entry(int(key[1:]), 200)) for key, found in zip(known, cache.get(list(known), 4), strict=True))
        cache.put([("a", entry(1))])
        assert same(cache.get(["a"], 4)[0], entry(1))
    with EmbeddingCache(path, "m") as cache:
        assert cache.known(["a"]) == {"a"}


def test_what_is_no_file_gives_way_and_a_folder_is_told_of(path: Path) -> None:
    os.mkfifo(path)
    with EmbeddingCache(path, "m") as cache:
        cache.put([("a", entry(1))])
    path.unlink()
    path.mkdir()
    with pytest.raises(RcaSearchError, match="is a folder"):
        EmbeddingCache(path, "m")


def test_an_entry_that_the_disk_changed_is_taken_out_and_no_other(path: Path) -> None:
    with EmbeddingCache(path, "m") as cache:
        cache.put([(f"h{n}", entry(n)) for n in range(9)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE embedded SET codes = (SELECT codes FROM embedded WHERE hash = 'h5') WHERE hash = 'h4'")
        connection.execute("UPDATE embedded SET vector = 7 WHERE hash = 'h6'")
    with EmbeddingCache(path, "m") as cache:
        for key in ("h4", "h6"):
            with pytest.raises(CacheDamagedError):
                cache.get([key], 4)
        with pytest.raises(CacheDamagedError):
            cache.vectors(["h6"], 8)
    mend(path)
    with EmbeddingCache(path, "m") as cache:
        assert cache.known(f"h{n}" for n in range(9)) == {f"h{n}" for n in range(9)} - {"h4", "h6"}
        assert same(cache.get(["h5"], 4)[0], entry(5))


def test_a_file_that_may_not_be_written_is_not_thrown_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, a lock or a missing permission says nothing about what the file holds."""
    import sqlite3

    with EmbeddingCache(path, "m") as cache:
        cache.put([("a", entry(1))])
    real = sqlite3.connect

    class Full(sqlite3.Connection):
        def executescript(self, script: str, /) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: real(*args, **kwargs, factory=Full))
    with pytest.raises(Exception, match="full"):
        EmbeddingCache(path, "m")
    monkeypatch.setattr(sqlite3, "connect", real)
    with EmbeddingCache(path, "m") as cache:
        assert cache.known(["a"]) == {"a"}


def test_what_put_returned_from_survives_a_kill(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from rcasearch.cache import EmbeddingCache;"
        "from tests.core.test_cache import entry; cache = EmbeddingCache(Path(sys.argv[1]), 'm');"
        "[cache.put([(f'h{n}', entry(n))]) for n in range(20)];"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    with EmbeddingCache(path, "m") as cache:
        assert cache.known(f"h{n}" for n in range(20)) == {f"h{n}" for n in range(20)}
        assert same(cache.get(["h19"], 4)[0], entry(19))
