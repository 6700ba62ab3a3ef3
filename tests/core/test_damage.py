"""A damaged index is named file by file, refused with the command that makes it anew, and never answers otherwise than before."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.damaging import CONTENTS, WHOLES, Trial, damaged, trials
from rcasearch.cache import CACHE
from rcasearch.errors import IndexMismatchError, RcaSearchError
from rcasearch.indexing.documents import DOCUMENTS
from rcasearch.seals import BrokenSealError, seal, unseal
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import consistency
from rcasearch.stores.catalogue import CATALOGUE
from rcasearch.stores.generations import CURRENT, current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.manifests import FORMAT, MANIFEST, FileEntry, Manifest, packed, read_manifest
from rcasearch.stores.verifying import damages, foreign, verified
from tests.core.fakes import FakeEncoder, build_with, searcher_with


def opened(index: Path) -> tuple[Path | None, str]:
    """The generation that is opened, or the hint of the error."""
    try:
        store = LocalStore(current(index))
    except RcaSearchError as error:
        return None, error.hint
    store.close()
    return store.folder, ""


def sealed_again(folder: Path, **changes: object) -> Manifest:
    """The manifest with other values, as it would have been written with them."""
    manifest = msgspec.structs.replace(read_manifest(folder), **changes)
    (folder / MANIFEST).write_bytes(packed(manifest))
    return manifest


# --- every file, every region, every way -----------------------------------------------------------------------------


def test_every_damage_to_every_file_is_named_and_refused(index: Path) -> None:
    folder, chance, tried = current(index), random.Random(11), 0
    manifest = read_manifest(folder)
    for path in [folder / name for name in manifest.files]:
        for trial in trials(path, 1, chance):
            with damaged(path, trial):
                assert [one.name for one in damages(folder, manifest)] == [path.name], trial
                with pytest.raises(IndexMismatchError, match=path.name.replace(".", r"\.")) as caught:
                    LocalStore(folder)
                assert "rcasearch index" in caught.value.hint
                assert f"--index {index} --fresh" in caught.value.hint
            tried += 1
    assert tried > len(manifest.files) * (len(WHOLES) + len(CONTENTS))
    assert verified(folder).files == manifest.files


@pytest.mark.parametrize("name", [MANIFEST, CURRENT])
def test_every_damage_to_what_names_the_files_is_refused(index: Path, name: str) -> None:
    folder = current(index)
    path = folder / name if name == MANIFEST else index / name
    for trial in trials(path, 3, random.Random(12)):
        with damaged(path, trial):
            found, hint = opened(index)
            # A pointer with more space around its name, or reached by a link, still names the same.
            assert "rcasearch index" in hint or (name, found) == (CURRENT, folder) or trial.way == "a link", trial


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(index: Path) -> None:
    (current(index) / CATALOGUE).chmod(0)
    with pytest.raises(IndexMismatchError, match=r"catalogue\.sqlite cannot be read: Permission denied"):
        LocalStore(current(index))


def test_a_file_that_the_disk_cannot_read_says_so(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> str:
        raise OSError(5, "Input/output error", str(path))

    [first, *_] = damages(current(index), read_manifest(current(index)), fail)
    assert first.what == "cannot be read: Input/output error"


def test_what_does_not_belong_there_is_named_and_does_no_harm(index: Path) -> None:
    folder = current(index)
    manifest = read_manifest(folder)
    assert foreign(folder, manifest) == []
    (folder / "catalogue.sqlite-wal").write_bytes(os.urandom(4_096))
    (folder / "catalogue.sqlite-journal").write_bytes(os.urandom(4_096))
    (folder / "old").mkdir()
    assert [one.name for one in foreign(folder, manifest)] == ["catalogue.sqlite-journal", "catalogue.sqlite-wal", "old"]
    assert len(LocalStore(folder).outlines()) == 20


def test_each_of_several_damages_is_named_at_once(index: Path) -> None:
    (current(index) / "services.json").write_bytes(b"{}")
    (current(index) / "lexical.bin").unlink()
    with pytest.raises(IndexMismatchError, match=r"lexical\.bin is missing; services\.json has 2 bytes instead of \d+"):
        LocalStore(current(index))


# --- a manifest whose checksum is right ------------------------------------------------------------------------------


def test_a_manifest_of_another_generation_is_refused(index: Path) -> None:
    folder = current(index)
    folder.rename(index / "20200101T000000.000000Z-aaaa")
    (index / CURRENT).write_text("20200101T000000.000000Z-aaaa", encoding="utf-8")
    with pytest.raises(IndexMismatchError, match="has the manifest of the generation"):
        LocalStore(current(index))


@pytest.mark.parametrize("name", ["../current", "/etc/passwd", "", ".", "..", "a/b", "nul\0"])
def test_a_manifest_names_files_of_its_folder_alone(index: Path, name: str) -> None:
    folder = current(index)
    manifest = read_manifest(folder)
    (folder / MANIFEST).write_bytes(packed(msgspec.structs.replace(manifest, files={name: FileEntry(1, "0" * 64)})))
    with pytest.raises(IndexMismatchError, match="is damaged"):
        LocalStore(folder)


def test_a_newer_format_says_that_a_newer_program_made_it(index: Path) -> None:
    sealed_again(current(index), format=FORMAT + 1)
    with pytest.raises(IndexMismatchError, match=f"has format {FORMAT + 1}") as caught:
        LocalStore(current(index))
    assert "upgrade" in caught.value.hint
    assert "rcasearch index" in caught.value.hint


@pytest.mark.parametrize("field", ["incidents", "chunks", "passages", "dimension"])
def test_counts_of_the_manifest_that_are_not_those_of_the_files_are_refused(index: Path, field: str) -> None:
    folder = current(index)
    info = read_manifest(folder).info
    sealed_again(folder, info=replace(info, **{field: getattr(info, field) + 1}))
    with pytest.raises(IndexMismatchError, match="other numbers of incidents"):
        LocalStore(folder)


# --- what fits together ----------------------------------------------------------------------------------------------

_ARRAYS = st.sampled_from(["chunks.npz", "tokens.npz", "concepts.npz", "profiles.npy"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ARRAYS, st.integers(0, 3), st.integers(0, 2**16), st.sampled_from([-1, 1, 2**31 - 1, -(2**31), 7]), st.booleans())
def test_no_array_that_was_written_wrong_leads_astray(
    index: Path, name: str, which: int, place: int, value: int, short: bool
) -> None:
    """Numbers that are out of bounds, and arrays of another length, under checksums that are right: refused, or of no matter."""
    folder = current(index)
    path = folder / name
    before = path.read_bytes()
    try:
        _rewrite(path, which, place, value, short)
        manifest = msgspec.structs.replace(read_manifest(folder), files={})
        with suppress(IndexMismatchError), closing(LocalStore(folder, manifest)) as store:
            searcher = Searcher(store, Settings(index=str(index)), FakeEncoder())
            for outline in searcher.outlines()[:3]:
                searcher.similar(outline.id, 3)
    finally:
        path.write_bytes(before)


def _rewrite(path: Path, which: int, place: int, value: int, short: bool) -> None:
    if path.suffix == ".npy":
        np.save(path, _changed(np.load(path), place, value, short))
        return
    with np.load(path) as stored:
        arrays = dict(stored)
    name = sorted(arrays)[which % len(arrays)]
    np.savez(path, **{**arrays, name: _changed(arrays[name], place, value, short)})


def _changed(array: NDArray[Any], place: int, value: int, short: bool) -> NDArray[Any]:
    if short:
        return array[:-1]
    changed = array.copy()
    fits = value if changed.dtype.kind == "i" else value % 7
    changed.flat[place % changed.size] = np.array(fits).astype(changed.dtype)
    return changed


@pytest.mark.parametrize(
    "check",
    [
        lambda: consistency.check_bounds(np.array([0, 3, 2, 5]), 3, 5, "x"),
        lambda: consistency.check_bounds(np.array([1, 3, 5]), 2, 5, "x"),
        lambda: consistency.check_bounds(np.array([0, 3, 4]), 2, 5, "x"),
        lambda: consistency.check_bounds(np.array([0.0, 3.0, 5.0]), 2, 5, "x"),
        lambda: consistency.check_bounds(np.zeros(0, np.int64), -1, 0, "x"),
        lambda: consistency.check_numbers(np.array([0, 5]), 2, 5, "x"),
        lambda: consistency.check_numbers(np.array([-1, 4]), 2, 5, "x"),
        lambda: consistency.check_numbers(np.array([0, 4]), 3, 5, "x"),
    ],
)
def test_spans_and_numbers_out_of_bounds_are_refused(check: Callable[[], None]) -> None:
    with pytest.raises(ValueError, match="x"):
        check()


# --- what is kept beside the generations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [DOCUMENTS, CACHE])
def test_what_is_kept_beside_an_index_is_made_anew_where_it_is_damaged(
    pristine: Path, small: Path, tmp_path: Path, name: str
) -> None:
    """Whatever is damaged, the next index is the one that it would have been, or that it is where nothing was kept."""

    def forgotten(copy: Path) -> None:
        (copy / name).unlink()

    source = shutil.copytree(small, tmp_path / "documents")
    (source / "added.md").write_text("# Added\n\n## Summary\n\npoolError on the disk_full of gateway.\n", encoding="utf-8")
    expected = [_made_again(pristine, source, tmp_path / "kept"), _made_again(pristine, source, tmp_path / "new", forgotten)]
    contents = [trial for trial in trials(pristine / name, 1, random.Random(13)) if trial.way in CONTENTS]
    for number, trial in enumerate(random.Random(14).sample(contents, 5)):

        def hurt(copy: Path, trial: Trial = trial) -> None:
            trial.apply(copy / name)

        assert _made_again(pristine, source, tmp_path / str(number), hurt) in expected, trial


def _made_again(
    index: Path, source: Path, copy: Path, damage: Callable[[Path], None] = lambda _: None
) -> tuple[dict[str, str], list[object]]:
    shutil.copytree(index, copy)
    damage(copy)
    build_with(FakeEncoder(), source, copy)
    files = {name: entry.sha256 for name, entry in read_manifest(current(copy)).files.items() if name != CATALOGUE}
    searcher = searcher_with(FakeEncoder(), copy)
    found = [(outline, searcher.source(outline.id), searcher.incident(outline.id)) for outline in searcher.outlines()]
    searcher.close()
    return files, [found, searcher.info.incidents]


@settings(deadline=None)
@given(st.binary(), st.lists(st.binary() | st.text() | st.integers()), st.data())
def test_a_seal_holds_for_the_same_and_nothing_else(data: bytes, beside: list[bytes | str | int], draw: st.DataObject) -> None:
    sealed = seal(data, *beside)
    assert unseal(sealed, *beside) == data
    place = draw.draw(st.integers(0, len(sealed) - 1))
    bit = draw.draw(st.integers(0, 7))
    flipped = bytes(byte ^ (number == place) << bit for number, byte in enumerate(sealed))
    with pytest.raises(BrokenSealError):
        unseal(flipped, *beside)
    with pytest.raises(BrokenSealError):
        unseal(sealed, *beside, "more")


def test_an_index_that_was_damaged_is_made_anew_though_no_document_changed(
    index: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_with(FakeEncoder(), small, index)
    monkeypatch.setattr("rcasearch.index.fingerprint", lambda _: FakeEncoder().fingerprint)
    assert build_with(FakeEncoder(), small, index).unchanged
    path = current(index) / "incidents.faiss"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert not build_with(FakeEncoder(), small, index).unchanged
    assert damages(current(index), read_manifest(current(index))) == []
