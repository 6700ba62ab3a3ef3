"""What an index comes to as a whole: the same whoever computes it, kept in a file that costs only time to lose."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rcasearch import overviews
from rcasearch.durable import write_whole
from rcasearch.errors import OverviewPendingError
from rcasearch.families import same_cause
from rcasearch.overviews import Overview, Overviews, computed, overview
from rcasearch.stores.base import Store
from rcasearch.stores.generations import current, overview_of
from rcasearch.stores.local import LocalStore
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus


@contextmanager
def opened(index: Path) -> Iterator[LocalStore]:
    store = LocalStore(current(index))
    try:
        yield store
    finally:
        store.close()


def same(one: Overview, other: Overview) -> bool:
    told = [(list(own.families.names), list(own.families.terms), list(own.families.linked)) for own in (one, other)]
    alike = np.array_equal(one.families.numbers, other.families.numbers)
    return told[0] == told[1] and alike and np.array_equal(one.landscape.positions, other.landscape.positions)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of forty documents, of which every third repeats what one before it tells."""
    corpus = write_corpus(tmp_path / "documents", 30)
    for number in range(10):
        text = (corpus / f"rca-{3 * number:03}.md").read_text(encoding="utf-8").replace("Outage", "Again outage")
        (corpus / f"rca-{100 + number}.md").write_text(text, encoding="utf-8")
    build_with(FakeEncoder(), corpus, tmp_path / "index")
    return tmp_path / "index"


def test_a_build_leaves_it_beside_the_generation(index: Path) -> None:
    path = overview_of(current(index))
    assert path.is_file()
    with opened(index) as store:
        found = overview(store)
        assert same(found, computed(store))
        assert len(found.families.names) >= 10
        assert sorted(found.families.linked) == same_cause(store)
        assert np.array_equal(found.landscape.families, found.families.numbers)


def test_of_an_index_that_is_not_small_it_is_left_to_who_asks_unless_most_is_new(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "_FEW", 10)
    corpus = index.parent / "documents"
    counted = counting(monkeypatch)
    stages: list[str] = []
    (corpus / "more.md").write_text("# More\n\nnodeError", encoding="utf-8")
    report = build_with(FakeEncoder(), corpus, index, lambda done, total, stage: stages.append(stage))
    assert 0 < report.changed < 20
    assert (counted, "grouping" in stages, overview_of(current(index)).exists()) == ([], False, False)
    with opened(index) as store:
        assert len(Overviews().of(store).landscape.positions) == 41
    assert len(counted) == 1
    assert build_with(FakeEncoder(), corpus, index.parent / "first").changed == 41
    assert len(counted) == 2
    monkeypatch.setattr(overviews, "MOST", 40)
    build_with(FakeEncoder(), corpus, index.parent / "second")
    assert len(counted) == 2


@pytest.mark.parametrize(
    ("incidents", "changed", "ahead"),
    [(0, 0, True), (2_000, 1, True), (2_001, 1, False), (8_000, 4_000, False), (8_000, 4_001, True), (10_001, 10_001, False)],
)
def test_it_is_worked_out_ahead_where_that_is_cheap_or_most_is_new(incidents: int, changed: int, ahead: bool) -> None:
    assert overviews.worthwhile(incidents, changed) is ahead


@pytest.mark.parametrize("place", [0, 10, 31, 32, 33, 60, 200, -1])
def test_a_damaged_one_is_computed_anew_and_replaced(index: Path, place: int) -> None:
    path = overview_of(current(index))
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place:][1:])
    with opened(index) as store:
        assert same(overview(store), computed(store))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("left", [0, 5, 40, 400])
def test_a_truncated_one_is_computed_anew(index: Path, left: int) -> None:
    path = overview_of(current(index))
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    with opened(index) as store:
        assert same(overview(store), computed(store))
    assert path.read_bytes() == whole


def test_one_of_another_index_or_other_code_does_not_count(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = counting(monkeypatch)
    path = overview_of(current(index))
    with opened(index) as store:
        overview(store)
        assert counted == []
        with monkeypatch.context() as other:
            other.setattr(overviews, "code", lambda: "other code")
            overview(store)
        assert len(counted) == 1
        overview(store)
        assert len(counted) == 2
    again = index.parent / "again"
    build_with(FakeEncoder(), index.parent / "documents", again)
    shutil.copy(path, overview_of(current(again)))
    with opened(again) as store:
        overview(store)
    assert len(counted) == 4


def test_where_nothing_can_be_written_it_is_kept_in_memory(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = overview_of(current(index))
    path.unlink()
    shutil.rmtree(index / overviews.LOCK, ignore_errors=True)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(overviews, "write_whole", refuse)
    (index / overviews.LOCK).unlink()
    (index / overviews.LOCK).mkdir()
    counted = counting(monkeypatch)
    with opened(index) as store:
        kept = Overviews()
        assert kept.of(store) is kept.of(store)
    assert len(counted) == 1
    assert not path.exists()


def test_it_goes_with_its_generation(index: Path) -> None:
    corpus = index.parent / "documents"
    first = overview_of(current(index))
    left_over = first.with_name(first.name + ".new-1234")
    left_over.touch()
    for number in range(2):
        assert first.exists()
        (corpus / f"more-{number}.md").write_text(f"# More {number}\n\nnodeError", encoding="utf-8")
        build_with(FakeEncoder(), corpus, index)
    kept = {path.name for path in index.glob("*.overview*")}
    assert kept == {f"{path.name}.overview" for path in index.iterdir() if path.is_dir()}
    assert len(kept) == 2
    assert first.name not in kept


def test_asked_from_many_threads_it_is_computed_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overview_of(current(index)).unlink()
    counted = counting(monkeypatch)
    with opened(index) as store, ThreadPoolExecutor(6) as threads:
        kept = Overviews()
        found = list(threads.map(lambda _: kept.of(store), range(6)))
    assert len(counted) == 1
    assert all(one is found[0] for one in found)


def test_nobody_waits_long_and_searches_go_on_meanwhile(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overview_of(current(index)).unlink()
    begun, may_end = threading.Event(), threading.Event()

    def slowly(store: Store) -> Overview:
        begun.set()
        assert may_end.wait(60)
        return computed(store)

    monkeypatch.setattr(overviews, "computed", slowly)
    monkeypatch.setattr("rcasearch.patience.PATIENCE", 0.01)
    searcher = searcher_with(FakeEncoder(), index)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(searcher.landscape)
        assert begun.wait(60)
        with pytest.raises(OverviewPendingError):
            searcher.recurrences()
        assert searcher.similar("rca-001").hits
        may_end.set()
        assert len(asked.result().positions) == 40
    assert searcher.recurrences()
    searcher.close()


def test_a_searcher_follows_the_index_and_remembers_the_one_before(index: Path) -> None:
    searcher = searcher_with(FakeEncoder(), index)
    before = searcher.landscape()
    assert searcher.landscape() is before
    (index.parent / "documents" / "more.md").write_text("# More\n\nnodeError", encoding="utf-8")
    build_with(FakeEncoder(), index.parent / "documents", index)
    assert searcher.refresh()
    assert len(searcher.landscape().positions) == len(before.positions) + 1
    searcher.close()


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the indexes whose overviews are computed from now on."""
    names: list[str] = []

    def counted(store: Store) -> Overview:
        names.append(store.info.id)
        return computed(store)

    monkeypatch.setattr(overviews, "computed", counted)
    return names


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "file", b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rcasearch.durable.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "file", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"one"
