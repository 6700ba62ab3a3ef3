"""An index that followed its documents step by step is the index that is made of them at once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcasearch.cache import CACHE, EmbeddingCache, copy_cache
from rcasearch.encoders import Encoding
from rcasearch.errors import RcaSearchError
from rcasearch.indexing import documents, work
from rcasearch.indexing.documents import DOCUMENTS
from rcasearch.model import Query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import cataloguing
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.manifests import read_manifest
from rcasearch.stores.verifying import damages
from tests.core.fakes import FakeEncoder, build_with, unit, write_corpus

SLOTS = ("a.md", "b.md", "team/a.md", "team/c.md", "d.md", "e.md", "f.md")
LINES = ("The alert fired within 2 minutes.", "On-call was paged.", "Recovery needed manual steps.", "We were lucky.")
LINKS = ("[[a]]", "[[team/a]]", "[[shared]]", "[[The old name]]", "[d](d.md)", "[up](../b.md)", "[[Outage of e]]", "[[gone]]")
SERVICES = ("cart-api", "mail-worker", "cart-api-gateway", "search")


@dataclass(frozen=True)
class Written:
    """A document, by what other documents may have in common with it."""

    title: int
    shared_id: bool
    alias: bool
    services: tuple[str, ...]
    lines: tuple[str, ...]
    links: tuple[str, ...]
    own: int

    def text(self) -> str:
        """What may stand in the file."""
        if self.own == 0:
            return ""
        head = [f"title: Outage of {'abcde'[self.title]}", f"services: [{', '.join(self.services)}]"]
        head += ["id: shared"] * self.shared_id + ["aliases: [The old name]"] * self.alias
        body = [f"The {' and the '.join(self.services) or 'rest'} broke, poolError{self.own}.", *self.lines, *self.links]
        return "\n".join(["---", *head, "---", "", "## Summary", "", *body, "", "## Root cause", "", f"disk{self.own} full", ""])


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=3).map(tuple)


WRITTEN = st.builds(
    Written,
    title=st.integers(0, 4),
    shared_id=st.booleans(),
    alias=st.booleans(),
    services=some(SERVICES),
    lines=some(LINES),
    links=some(LINKS),
    own=st.integers(0, 9),
)
CHANGE = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(SLOTS), WRITTEN),
    st.tuples(st.just("remove"), st.sampled_from(SLOTS), st.none()),
    st.tuples(st.just("move"), st.sampled_from(SLOTS), st.sampled_from(SLOTS)),
)


def change(folder: Path, what: str, slot: str, more: Any) -> None:
    path = folder / slot
    path.parent.mkdir(exist_ok=True)
    if what == "write":
        path.write_text(more.text(), encoding="utf-8")
    elif what == "remove":
        path.unlink(missing_ok=True)
    elif path.exists():
        (folder / more).parent.mkdir(exist_ok=True)
        path.rename(folder / more)


def files(index: Path) -> dict[str, bytes]:
    """The files of an index that do not tell how it was made."""
    folder = current(index)
    apart = {"manifest.json", "catalogue.sqlite"}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in apart}


def catalogue(store: LocalStore) -> list[object]:
    rows = range(store.info.incidents)
    page = store.listing(Query("").filters, 0, 100)
    chunks = [store.chunks_at([(row, n) for n in range(len(store.passages_at([row])[0].kinds))]) for row in rows]
    links = [store.linking_to(incident.id) for incident in store.incidents_at(rows)]
    return [store.incidents_at(rows), [store.source(row) for row in rows], chunks, links, store.problems(), page]


def answers(searcher: Searcher) -> list[object]:
    texts = ("cart-api broke, poolError3", "disk5 full in mail-worker", "We were lucky")
    found = [searcher.search(Query(text, 10)) for text in texts]
    return [replace(one, took_ms=0.0, index_id="") for one in found]


def assert_same(index: Path, source: Path, fresh: Path) -> None:
    """That the index answers, and nearly is, what one made at once from the same documents and vectors is."""
    fresh.mkdir()
    copy_cache(index / CACHE, fresh / CACHE)
    build_with(FakeEncoder(), source, fresh)
    here, there = (read_manifest(current(folder)) for folder in (index, fresh))
    assert here.measured is not None
    if not here.measured.changed:
        assert here.calibration == there.calibration
    alike = msgspec.structs.replace(there, calibration=here.calibration)
    one, other = (
        Searcher(LocalStore(current(folder), manifest), Settings(index=str(folder)), FakeEncoder())
        for folder, manifest in ((index, here), (fresh, alike))
    )
    assert files(index) == files(fresh)
    assert catalogue(one._store) == catalogue(other._store)  # type: ignore[arg-type]
    assert answers(one) == answers(other)
    facts = [replace(manifest.info, id="", path="", created="", bytes=0) for manifest in (here, there)]
    assert facts[0] == facts[1]
    one.close()
    other.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(WRITTEN, min_size=3, max_size=len(SLOTS)), st.lists(st.lists(CHANGE, min_size=1, max_size=3), min_size=1, max_size=4)
)
def test_step_by_step_is_as_at_once(first: list[Written], steps: list[list[tuple[str, str, Any]]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, index = folder / "documents", folder / "index"
        source.mkdir()
        for slot, written in zip(SLOTS, first, strict=False):
            change(source, "write", slot, written)
        build_with(FakeEncoder(), source, index)
        for step in steps:
            for one in step:
                change(source, *one)
            build_with(FakeEncoder(), source, index)
        assert_same(index, source, folder / "fresh")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "documents", 60)


@pytest.fixture
def index(source: Path, tmp_path: Path) -> Path:
    build_with(FakeEncoder(), source, tmp_path / "index")
    return tmp_path / "index"


class Coarse(FakeEncoder):
    """The same model in another arithmetic: nearly the same vectors of passages, and the same of tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.arithmetic = "i8-1"

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        found = super().encode_documents(texts)
        return replace(found, vectors=unit(np.round(found.vectors, 2)))


def test_one_index_is_of_one_arithmetic(index: Path, source: Path, tmp_path: Path) -> None:
    (source / "new.md").write_text("# A new one\n\n## Summary\n\nThe poolError came back.\n", encoding="utf-8")
    encoder = Coarse()
    report = build_with(encoder, source, index)
    assert report.encoded == report.info.passages == len(set(encoder.documents))
    assert read_manifest(current(index)).arithmetic == "i8-1"
    build_with(Coarse(), source, tmp_path / "fresh")
    assert files(index) == files(tmp_path / "fresh")
    # From then on it is as with any encoder: what was encoded once stays.
    (source / "new.md").unlink()
    assert build_with(Coarse(), source, index).encoded == 0


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often each kind of work is done on a document."""
    counts = dict.fromkeys(("read", "masked", "finished"), 0)

    def counted(name: str) -> Callable[..., object]:
        real = getattr(work, name)

        def run(*args: object) -> object:
            counts[name] += 1
            return real(*args)

        return run

    for name in counts:
        monkeypatch.setattr(work, name, counted(name))
    return counts


def edit(source: Path) -> None:
    path = source / "rca-008.md"
    path.write_text(path.read_text(encoding="utf-8").replace("## Root cause\n\n", "## Root cause\n\nBrandnew "), encoding="utf-8")


def test_only_what_changed_is_worked_on(source: Path, index: Path, done: dict[str, int], tmp_path: Path) -> None:
    edit(source)
    build_with(FakeEncoder(), source, index)
    assert done == {"read": 1, "masked": 1, "finished": 1}
    assert_same(index, source, tmp_path / "fresh")


def test_a_new_name_of_a_service_concerns_only_who_names_it(
    source: Path, index: Path, done: dict[str, int], tmp_path: Path
) -> None:
    for name, text in (("rca-005", "The disk-slow service broke."), ("rca-006", "A slow disk, and a disk-slower one.")):
        (source / f"{name}.md").write_text(f"# Said\n\n## Summary\n\n{text}\n", encoding="utf-8")
    build_with(FakeEncoder(), source, index)
    done.update(read=0, masked=0, finished=0)
    for number in range(3):
        text = f"---\ntitle: New {number}\nservices: [disk-slow]\n---\n\n## Summary\n\nNothing else {number}.\n"
        (source / f"new-{number}.md").write_text(text, encoding="utf-8")
    build_with(FakeEncoder(), source, index)
    assert done == {"read": 3, "masked": 3 + 2, "finished": 3 + 2}
    assert_same(index, source, tmp_path / "fresh")
    stated = LocalStore(current(index))
    [said] = stated.chunks_at([(stated.row("rca-005"), 1)])
    assert said.matched == "The  service broke."


def test_what_becomes_boilerplate_is_marked_anew(source: Path, index: Path, done: dict[str, int], tmp_path: Path) -> None:
    """The line stands in three documents of 60, which is too few, and then in four."""
    for number in range(3):
        with (source / f"rca-00{number}.md").open("a", encoding="utf-8") as file:
            file.write("\nWe will add a monitor.\n")
    build_with(FakeEncoder(), source, index)
    done.update(read=0, masked=0, finished=0)
    with (source / "rca-003.md").open("a", encoding="utf-8") as file:
        file.write("\nWe will add a monitor.\n")
    build_with(FakeEncoder(), source, index)
    assert done == {"read": 1, "masked": 1, "finished": 4}
    assert_same(index, source, tmp_path / "fresh")


@pytest.mark.parametrize("name", ["catalogue.sqlite", "token_codes.bin", "passage_keys.bin"])
def test_damage_is_not_carried_on(source: Path, index: Path, name: str, tmp_path: Path) -> None:
    path = current(index) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    edit(source)
    build_with(FakeEncoder(), source, index)
    assert_same(index, source, tmp_path / "fresh")


@pytest.mark.parametrize("damage", ["no database", "half", "gone", "bytes in the middle"])
def test_kept_documents_that_cannot_be_read_cost_only_time(source: Path, index: Path, damage: str, tmp_path: Path) -> None:
    path = index / DOCUMENTS
    data = path.read_bytes()
    if damage == "gone":
        documents.remove(path)
    elif damage == "no database":
        path.write_bytes(b"no database" * 999)
    elif damage == "half":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(data[: len(data) // 2] + b"\xff" * 40_000 + data[len(data) // 2 + 40_000 :])
    edit(source)
    build_with(FakeEncoder(), source, index)
    assert_same(index, source, tmp_path / "fresh")


def test_documents_that_are_gone_are_forgotten(source: Path, index: Path) -> None:
    for number in range(40):
        (source / f"rca-0{number:02}.md").unlink()
    build_with(FakeEncoder(), source, index)
    with sqlite3.connect(index / DOCUMENTS) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("documents", "records")]
    assert counts == [(20,), (20,)]


def test_a_catalogue_that_is_mostly_empty_is_written_anew(source: Path, index: Path, tmp_path: Path) -> None:
    before = (current(index) / "catalogue.sqlite").stat().st_size
    for number in range(40):
        (source / f"rca-0{number:02}.md").unlink()
    build_with(FakeEncoder(), source, index)
    assert not cataloguing.worth_copying(current(index) / "catalogue.sqlite")
    edit_path = source / "rca-050.md"
    edit_path.write_text(edit_path.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    build_with(FakeEncoder(), source, index)
    assert (current(index) / "catalogue.sqlite").stat().st_size < before / 2
    assert_same(index, source, tmp_path / "fresh")


def test_the_calibration_is_measured_anew_once_a_twentieth_changed(source: Path, index: Path) -> None:
    changed = []
    for number in range(4):
        path = source / f"rca-02{number}.md"
        path.write_text(path.read_text(encoding="utf-8") + f"\nlock{'abcd'[number]}\n", encoding="utf-8")
        build_with(FakeEncoder(), source, index)
        measured = read_manifest(current(index)).measured
        assert measured is not None
        assert measured.incidents == 60
        changed.append(measured.changed)
    assert changed == [1, 2, 0, 1]


def test_forgotten_terms_cost_only_time(source: Path, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rcasearch.indexing import finishing

    monkeypatch.setattr(finishing, "_FEW", 0)
    monkeypatch.setattr(finishing, "_DEAD", 0.0)
    for _ in range(2):
        edit(source)
        build_with(FakeEncoder(), source, index)
    assert_same(index, source, tmp_path / "fresh")


def test_another_generation_is_never_changed(source: Path, index: Path) -> None:
    folder = current(index)
    edit(source)
    build_with(FakeEncoder(), source, index)
    assert current(index) != folder
    assert damages(folder, read_manifest(folder)) == []


def test_two_documents_of_one_path_are_told_apart(tmp_path: Path) -> None:
    """Two sources of the same name are told apart by all of their paths, which may still be the same."""
    one, other = documents.key_of("a.md", b"x", 0), documents.key_of("a.md", b"x", 1)
    assert one != other
    assert len(one) == 16


def test_stretches_cover_all_rows_in_order() -> None:
    from rcasearch.stores.earlier import stretches

    assert list(stretches(np.array([4, 5, 6, -1, -1, 2, 0, 1]))) == [(0, 3), (3, 5), (5, 6), (6, 8)]
    assert list(stretches(np.array([], np.int64))) == []


def test_moved_indexes_build_on(source: Path, index: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(index, moved)
    edit(source)
    build_with(FakeEncoder(), source, moved)
    assert_same(moved, source, tmp_path / "fresh")


@pytest.mark.parametrize("where", [documents.DocumentCache, EmbeddingCache, cataloguing.Cataloguing])
def test_a_full_disk_is_an_error_that_tells_what_to_do(
    source: Path, index: Path, where: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    edit(source)
    before = current(index)
    with monkeypatch.context() as patch:
        patch.setattr(where, "add" if where is cataloguing.Cataloguing else "put", full)
        with pytest.raises(RcaSearchError, match=r"cannot be written: database or disk is full") as caught:
            build_with(FakeEncoder(), source, index)
    assert "has room" in caught.value.hint
    assert current(index) == before
    build_with(FakeEncoder(), source, index)
    assert_same(index, source, tmp_path / "fresh")
