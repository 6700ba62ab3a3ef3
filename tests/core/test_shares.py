"""The shares of an index, made apart, are together the index: every incident, byte by byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcasearch.compression import Basis
from rcasearch.errors import IndexMismatchError, IndexMissingError, RcaSearchError
from rcasearch.indexing import encoding, finishing
from rcasearch.model import Incident, Problem
from rcasearch.stores.catalogue import CATALOGUE, Catalogue
from rcasearch.stores.cataloguing import Cataloguing
from rcasearch.stores.earlier import KEY_BYTES, KEYS
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.manifests import Manifest, packed, read_manifest
from rcasearch.stores.shards import Share, ShareRecord, complete
from rcasearch.stores.versions import versions
from tests.core.fakes import DIMENSION, FakeEncoder, build_with, write_corpus
from tests.core.labelled import write_labelled
from tests.core.test_incremental import SLOTS, WRITTEN, Written, change
from tests.core.told import told

COUNTS = (1, 2, 3, 7)


@pytest.fixture(autouse=True)
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The basis is fitted on few of the passages, a few at a time."""
    monkeypatch.setattr(encoding, "SAMPLE", 24)
    monkeypatch.setattr(finishing, "SAMPLE", 24)
    monkeypatch.setattr(encoding, "_BATCH", 8)


def shares(count: int) -> list[Share]:
    return [Share(number, count) for number in range(1, count + 1)]


def folder_of(index: Path, share: Share | None) -> Path:
    return current(share.folder(index) if share else index)


@dataclass(frozen=True)
class Kept:
    """All that is stored of an incident, but its row."""

    incident: Incident
    source: str
    passages: list[Any]
    mean: bytes
    profile: bytes
    terms: dict[str, tuple[bytes, int]]
    length: int
    labels: tuple[str, ...]
    stamp: bytes
    version: bytes


def kept(folder: Path) -> dict[str, Kept]:
    """All that a generation has of each incident, in the order of its rows."""
    with closing(LocalStore(folder)) as store, closing(Catalogue(folder / CATALOGUE)) as catalogue:
        rows, contents = range(store.info.incidents), store.contents
        values, counts = contents.terms.everything(), contents.terms.counts()
        terms: list[dict[str, tuple[bytes, int]]] = [{} for _ in rows]
        for number, term in enumerate(values.terms):
            for place in range(values.starts[number], values.starts[number + 1]):
                terms[values.rows[place]][term] = (values.values[place].tobytes(), int(counts[place]))
        stamps, told_versions, labels = catalogue.stamps(), versions(folder, store.manifest), catalogue.labels_by_row()
        return {
            store.incidents_at([row])[0].id: Kept(
                store.incidents_at([row])[0],
                store.source(row),
                list(passages(store, folder, row)),
                contents.incidents.stored(np.array([row])).tobytes(),
                contents.profiles[row].tobytes(),
                terms[row],
                int(contents.terms.lengths[row]),
                labels[row],
                stamps[row],
                told_versions[row],
            )
            for row in rows
        }


def passages(store: LocalStore, folder: Path, row: int) -> Iterator[tuple[Any, ...]]:
    chunks, vectors = told(store, row)
    keys, tokens = (folder / KEYS).read_bytes(), store.contents.tokens
    _, numbers = store.contents.layout.told(row)
    for chunk, vector, number in zip(chunks, vectors, numbers.tolist(), strict=True):
        own = slice(int(tokens.starts[number]), int(tokens.starts[number + 1]))
        key = keys[KEY_BYTES * number : KEY_BYTES * (number + 1)]
        assert key.hex() == chunk.content_hash
        yield chunk, vector.tobytes(), *(part[own].tobytes() for part in (tokens.codes, tokens.ids, tokens.spans))


def assert_union(index: Path, count: int) -> None:
    """That the shares of an index are together what it is."""
    folders = [folder_of(index, share) for share in shares(count)]
    whole, parts = kept(folder_of(index, None)), [kept(folder) for folder in folders]
    for share, part in zip(shares(count), parts, strict=True):
        assert list(part) == [key for key in whole if share.holds(key)]
        for key, one in part.items():
            assert one == whole[key]
    assert sum(map(len, parts)) == len(whole)
    assert_counted(index, folders)


def assert_counted(index: Path, folders: Sequence[Path]) -> None:
    """That what is of the whole corpus is alike in all, and what is counted over a share adds up."""
    here = LocalStore(folder_of(index, None))
    parts = [LocalStore(folder) for folder in folders]
    frequency = np.zeros_like(here.contents.tokens.frequency)
    problems: list[Problem] = []
    for part in parts:
        own = part.contents.tokens.frequency
        frequency[: len(own)] += own
        assert part.services == here.services
        assert here.manifest.made is not None
        assert part.manifest.made is not None
        assert replaced(part.manifest.made, share="") == here.manifest.made
        problems += part.problems()
    np.testing.assert_array_equal(frequency, here.contents.tokens.frequency)
    np.testing.assert_array_equal(np.max([part.concept_reach for part in parts], axis=0), here.concept_reach)
    assert sorted(problems, key=repr) == sorted(here.problems(), key=repr)
    assert complete([record(part.manifest) for part in parts]) == []
    for store in (here, *parts):
        store.close()


def replaced(struct: Any, **values: object) -> Any:
    import msgspec

    return msgspec.structs.replace(struct, **values)


def record(manifest: Manifest) -> ShareRecord:
    made = manifest.made
    assert made is not None
    return ShareRecord("", Share.parse(made.share), manifest.info.incidents, made.incidents, manifest.inputs, made.basis)


def make_all(source: Path, index: Path, count: int) -> None:
    build_with(FakeEncoder(), source, index)
    for share in shares(count):
        build_with(FakeEncoder(), source, index, share=share)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents for everybody and for few, some that cannot be read, and one whose words stand in no other."""
    folder = write_corpus(tmp_path_factory.mktemp("shares") / "documents", 40)
    write_labelled(folder / "a-vault", 12)
    (folder / "empty.md").write_text("", encoding="utf-8")
    (folder / "binary.md").write_bytes(bytes(range(256)) * 9)
    (folder / "late.md").write_text("---\ndate: 2025-99-99\n---\n\n# Late\n\n## Summary\n\nzebra zebra.\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("count", COUNTS)
def test_the_shares_are_together_the_index(documents: Path, tmp_path: Path, count: int) -> None:
    make_all(documents, tmp_path / "index", count)
    assert_union(tmp_path / "index", count)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(WRITTEN, max_size=len(SLOTS)), st.sampled_from(COUNTS))
def test_the_shares_of_any_documents_are_together_the_index(written: list[Written], count: int) -> None:
    with TemporaryDirectory() as name:
        source = Path(name) / "documents"
        source.mkdir()
        for slot, one in zip(SLOTS, written, strict=False):
            change(source, "write", slot, one)
        make_all(source, Path(name) / "index", count)
        assert_union(Path(name) / "index", count)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in ("manifest.json", CATALOGUE)}


def test_machines_decide_alike_in_any_order_and_wherever_the_documents_are(documents: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(documents, tmp_path / "elsewhere")
    for share in shares(3):
        build_with(FakeEncoder(), documents, tmp_path / "one", share=share)
    for share in reversed(shares(3)):
        build_with(FakeEncoder(), elsewhere, tmp_path / "other", share=share)
    for share in shares(3):
        one, other = folder_of(tmp_path / "one", share), folder_of(tmp_path / "other", share)
        assert files(one) == files(other)
        assert record(read_manifest(one)) == record(read_manifest(other))
        assert kept(one) == kept(other)
    with pytest.raises(IndexMissingError):
        current(tmp_path / "one")


def distinct(folder: Path) -> set[str]:
    """The distinct passages of a generation."""
    with closing(LocalStore(folder)) as store:
        return {one.matched for row in range(store.info.incidents) for one in told(store, row)[0]}


def test_only_the_passages_of_the_share_and_the_sample_are_encoded(documents: Path, tmp_path: Path) -> None:
    encoder, share = FakeEncoder(), Share(2, 3)
    report = build_with(encoder, documents, tmp_path, share=share)
    own = distinct(folder_of(tmp_path, share))
    assert len(encoder.documents) == len(set(encoder.documents)) == report.encoded
    assert own < set(encoder.documents)
    assert len(set(encoder.documents) - own) <= 24
    assert (report.reused, report.info.passages) == (0, len(own))
    again = FakeEncoder()
    assert build_with(again, documents, tmp_path, share=share).reused == len(own)
    assert again.documents == []


@pytest.mark.parametrize("batches", [3, 4, 9])
def test_a_share_that_was_cut_off_encodes_nothing_again(documents: Path, tmp_path: Path, batches: int) -> None:
    calls: list[int] = []

    def before(_texts: Sequence[str]) -> None:
        calls.append(1)
        if len(calls) > batches:
            raise KeyboardInterrupt

    share, cut_off, last = Share(1, 2), FakeEncoder(before=before), FakeEncoder()
    with pytest.raises(KeyboardInterrupt):
        build_with(cut_off, documents, tmp_path / "index", share=share)
    build_with(last, documents, tmp_path / "index", share=share)
    everything = FakeEncoder()
    build_with(everything, documents, tmp_path / "whole", share=share)
    assert len(cut_off.documents) >= 8 * batches
    assert sorted(cut_off.documents + last.documents) == sorted(everything.documents)
    assert files(folder_of(tmp_path / "index", share)) == files(folder_of(tmp_path / "whole", share))


def test_a_share_that_followed_its_documents_is_as_one_made_at_once(documents: Path, tmp_path: Path) -> None:
    """Whatever a machine made before: another basis would make its codes no match for those of the others."""
    source, share = shutil.copytree(documents, tmp_path / "documents"), Share(1, 2)
    build_with(FakeEncoder(), source, tmp_path / "index", share=share)
    for number in range(6):
        (source / f"rca-00{number}.md").unlink()
    (source / "new.md").write_text("# New\n\n## Summary\n\nBrandnew poolError of [[rca-008]].\n", encoding="utf-8")
    report = build_with(FakeEncoder(), source, tmp_path / "index", share=share)
    assert report.changed
    build_with(FakeEncoder(), source, tmp_path / "fresh", share=share)
    here, there = (folder_of(tmp_path / name, share) for name in ("index", "fresh"))
    assert files(here) == files(there)
    assert kept(here) == kept(there)
    (source / "new.md").write_text("# New\n\n## Summary\n\nAnother poolError of [[rca-008]].\n", encoding="utf-8")
    edited = FakeEncoder()
    build_with(edited, source, tmp_path / "index", share=share)
    assert len(edited.documents) <= 2 + 24


def test_a_basis_from_elsewhere_wins(documents: Path, tmp_path: Path) -> None:
    directions = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    basis = Basis(directions, np.full(DIMENSION, 0.01, np.float32)).tobytes()
    encoder, share = FakeEncoder(), Share(1, 2)
    build_with(encoder, documents, tmp_path, share=share, basis=basis)
    folder = folder_of(tmp_path, share)
    with closing(LocalStore(folder)) as store:
        assert store.contents.tokens.basis.tobytes() == basis
    assert sorted(encoder.documents) == sorted(distinct(folder))
    assert build_with(FakeEncoder(), documents, tmp_path, share=share, basis=basis).encoded == 0
    build_with(FakeEncoder(), documents, tmp_path, basis=basis)
    whole, given_basis = kept(current(tmp_path)), record(read_manifest(folder))
    assert all(one == whole[key] for key, one in kept(folder).items())
    build_with(FakeEncoder(), documents, tmp_path, share=share)
    with pytest.raises(IndexMismatchError, match="documents, settings or versions"):
        complete([given_basis, record(read_manifest(folder_of(tmp_path, share)))])
    with pytest.raises(RcaSearchError, match="token basis"):
        build_with(FakeEncoder(), documents, tmp_path, share=share, basis=basis[4:])


def test_versions_tell_what_changed_of_an_incident(documents: Path, tmp_path: Path) -> None:
    source, index = shutil.copytree(documents, tmp_path / "documents"), tmp_path / "index"
    build_with(FakeEncoder(), source, index)
    before = kept(current(index))
    (source / "rca-003.md").write_text("# Other words\n\n## Summary\n\nOther words.\n", encoding="utf-8")
    build_with(FakeEncoder(), source, index)
    after = kept(current(index))
    changed = {key for key in after if after[key].version != before[key].version}
    assert "rca-003" in changed
    for key in after.keys() - changed:
        terms = [{term: count for term, (_, count) in one[key].terms.items()} for one in (before, after)]
        assert terms[0] == terms[1]
        assert replace(after[key], terms={}) == replace(before[key], terms={})
    build_with(FakeEncoder("fake-2"), source, index)
    assert not {one.version for one in after.values()} & {one.version for one in kept(current(index)).values()}


def test_an_index_of_an_earlier_version_does_not_tell_versions(documents: Path, tmp_path: Path) -> None:
    build_with(FakeEncoder(), documents, tmp_path)
    folder = current(tmp_path)
    manifest = replaced(read_manifest(folder), made=None)
    (folder / "manifest.json").write_bytes(packed(manifest))
    with closing(LocalStore(folder)) as store:
        assert store.contents.terms.whole.incidents == store.info.incidents
    with pytest.raises(IndexMismatchError, match="earlier version made it") as caught:
        versions(folder, read_manifest(folder))
    assert "rcasearch index" in caught.value.hint


def test_a_share_leaves_the_vectors_of_others_out_of_its_cache(documents: Path, tmp_path: Path) -> None:
    share = Share(3, 7)
    build_with(FakeEncoder(), documents, tmp_path, share=share)
    from rcasearch.cache import CACHE, EmbeddingCache

    with EmbeddingCache(share.folder(tmp_path) / CACHE, "fake-1") as cache:
        keys = (folder_of(tmp_path, share) / KEYS).read_bytes()
        own = {keys[start : start + KEY_BYTES].hex() for start in range(0, len(keys), KEY_BYTES)}
        assert cache.known(own) == own
        assert cache._connection.execute("SELECT count(*) FROM embedded").fetchone() == (len(own),)


def test_only_the_share_is_catalogued(documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[int] = []
    real = Cataloguing.add

    def add(self: Cataloguing, stamped: Sequence[Any]) -> list[int]:
        added.append(len(stamped))
        return real(self, stamped)

    monkeypatch.setattr(Cataloguing, "add", add)
    report = build_with(FakeEncoder(), documents, tmp_path, share=Share(2, 3))
    assert sum(added) == report.info.incidents == report.changed
