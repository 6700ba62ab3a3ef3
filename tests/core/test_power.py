"""A power cut at each moment of a build: what was not synced is gone, or names without their contents are there.

The disk is one that keeps as little as it may: of a file what it held when it was last synced, of a folder the names that it had
when that was last synced. Whether the newer names of each folder are there already is tried both ways.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, combinations, islice
from pathlib import Path
from typing import Any

import pytest

from rcasearch.durable import make_folder, write_whole
from rcasearch.errors import IndexMissingError
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.verifying import verified
from tests.core.fakes import FakeEncoder, build_with, write_corpus

# SQLite's own files, which cost only time, and what says nothing.
CACHES = ("documents.sqlite", "embeddings.sqlite", "lock")


class Disk:
    """What a power cut would leave of a folder, told by what was synced."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        # An open file's number is not given to another.
        self._held: list[int] = []
        self._seen: set[int] = set()
        for path in [root, *root.rglob("*")]:
            self.synced(path)

    def synced(self, path: Path) -> None:
        """Note that the disk has a file's contents, or a folder's names, as they are now."""
        if path.is_dir():
            self._names[path.stat().st_ino] = _names(path)
        else:
            self._contents[path.stat().st_ino] = path.read_bytes()
        self._held.append(os.open(path, os.O_RDONLY))

    def images(self, target: Path) -> Iterator[Path]:
        """Each folder that there may be after a power cut now, and was not there after one before."""
        for changes in self._chosen():
            tree = dict(self._tree(self.root.stat().st_ino, Path(), changes))
            if (seen := hash(frozenset(tree.items()))) not in self._seen:
                self._seen.add(seen)
                shutil.rmtree(target, ignore_errors=True)
                for path, data in tree.items():
                    (target / path).mkdir() if data is None else (target / path).write_bytes(data)
                yield target

    def _chosen(self) -> Iterator[dict[int, dict[str, int]]]:
        """The names of folders that may be there: those that were synced but for one change, or for all in some folders."""
        there = {path.stat().st_ino: _names(path) for path in [self.root, *self.root.rglob("*")] if path.is_dir()}
        newer = {number: names for number, names in there.items() if self._names.get(number, {}) != names}
        for chosen in chain.from_iterable(combinations(newer, size) for size in range(len(newer) + 1)):
            whole = {number: newer[number] for number in chosen}
            yield whole
            for number, names in newer.items():
                kept = self._names.get(number, {})
                for name in {name for name in names.keys() | kept.keys() if names.get(name) != kept.get(name)}:
                    one = {other: own for other, own in {**kept, name: names.get(name, 0)}.items() if own}
                    yield whole | {number: one}

    def _tree(self, number: int, path: Path, newer: dict[int, dict[str, int]]) -> Iterator[tuple[Path, bytes | None]]:
        """All paths of an image, with what is in the files."""
        yield path, None
        for name, own in newer.get(number, self._names.get(number, {})).items():
            if stat.S_ISDIR(own >> 64):
                yield from self._tree(own & (2**64 - 1), path / name, newer)
            elif not name.startswith(CACHES):
                yield path / name, self._contents.get(own & (2**64 - 1), b"")

    def forgetful(self) -> Disk:
        """The same, which forgets what was there after a power cut before."""
        self._seen.clear()
        return self

    def close(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)


def _names(folder: Path) -> dict[str, int]:
    """The names in a folder, and of each the number of its file and what kind that is."""
    found = ((path.name, path.lstat()) for path in folder.iterdir())
    return {name: (told.st_mode << 64) | told.st_ino for name, told in found}


CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")


@contextmanager
def watched(root: Path, moment: Callable[[Disk], None]) -> Iterator[Disk]:
    """A disk under a folder; ``moment`` is called whenever it may hold something else than before."""
    disk, real = Disk(root), {name: getattr(os, name) for name in CALLS}
    at = {name: _told(name, call, disk, moment, real) for name, call in real.items()}
    vars(os).update(at)
    try:
        yield disk
    finally:
        vars(os).update(real)
        disk.close()


def _told(
    name: str, call: Callable[..., Any], disk: Disk, moment: Callable[[Disk], None], real: dict[str, Any]
) -> Callable[..., Any]:
    def told(*arguments: Any, **options: Any) -> Any:
        found = call(*arguments, **options)
        path = Path(f"/proc/self/fd/{arguments[0]}").readlink() if name == "fsync" else Path(arguments[0])
        if path.is_relative_to(disk.root):
            now = {own: vars(os)[own] for own in real}
            vars(os).update(real)
            if name == "fsync":
                disk.synced(path)
            moment(disk)
            vars(os).update(now)
        return found

    return told


def held(index: Path) -> tuple[str, ...]:
    """What an index holds, all of it checked; nothing where there is none."""
    try:
        folder = current(index)
    except IndexMissingError:
        return ()
    verified(folder)
    with closing(LocalStore(folder)) as store:
        return tuple(store.source(row) for row in range(store.info.incidents))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a disk. What is worked out after an index is published would sync its folder once more."""
    monkeypatch.setattr("rcasearch.index._overlook", lambda *_: None)
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.mark.parametrize("start", [0, 2])
def test_a_power_cut_leaves_the_index_before_or_the_new_one(tmp_path: Path, root: Path, start: int) -> None:
    place = Path("not", "there", "yet")
    if start:
        build_with(FakeEncoder(), write_corpus(tmp_path / "before", start, seed=1), root / place)
    source = write_corpus(tmp_path / "now", 3, seed=2)
    old, found = held(root / place), list[tuple[str, ...]]()
    with watched(root, lambda disk: found.extend(held(one / place) for one in disk.images(tmp_path / "image"))) as disk:
        build_with(FakeEncoder(), source, root / place)
        last = {held(one / place) for one in disk.forgetful().images(tmp_path / "image")}
    new = held(root / place)
    assert (len(old), len(new)) == (start, 3)
    assert set(found) == {old, new}
    assert len(found) > 20
    # Not only the pointer but every folder on the way to it is on the disk when the command ends.
    assert last == {new}


def test_a_build_goes_on_from_whatever_a_power_cut_left(tmp_path: Path, root: Path) -> None:
    build_with(FakeEncoder(), write_corpus(tmp_path / "before", 2, seed=1), root / "index")
    source, cuts = write_corpus(tmp_path / "now", 3, seed=2), list[Path]()

    def keep(disk: Disk) -> None:
        cuts.extend(
            shutil.copytree(one, tmp_path / f"cut-{len(cuts)}") for one in list(islice(disk.images(tmp_path / "image"), 1))
        )

    with watched(root, keep):
        build_with(FakeEncoder(), source, root / "index")
    wanted = held(root / "index")
    for cut in cuts[:: max(1, len(cuts) // 5)]:
        build_with(FakeEncoder(), source, cut / "index")
        assert held(cut / "index") == wanted
        assert not list((cut / "index").glob(".building-*"))


def test_a_file_that_is_written_whole_is_the_old_or_the_new_one_and_the_new_one_in_the_end(tmp_path: Path, root: Path) -> None:
    (root / "file").write_bytes(b"old")
    found: list[bytes] = []
    with watched(root, lambda disk: found.extend((one / "file").read_bytes() for one in disk.images(tmp_path / "image"))) as disk:
        make_folder(root / "some" / "folders")
        write_whole(root / "file", b"new")
        for one in disk.forgetful().images(tmp_path / "image"):
            assert (one / "file").read_bytes() == b"new"
            assert (one / "some" / "folders").is_dir()
    assert set(found) == {b"old", b"new"}
