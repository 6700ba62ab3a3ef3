"""The checksum of a large file is read once as long as the file stays as it is, and never believed for another."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from rcasearch import checksums
from rcasearch.checksums import sha256

LARGE = b"weights " * 200_000
LONG_AGO = (1_700_000_000 * 10**9,) * 2


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read; every call is one of a process that starts, and files settle at once."""
    monkeypatch.setenv("RCASEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(checksums, "_remembered", checksums._remembered.__wrapped__)
    monkeypatch.setattr(checksums, "_SETTLED_NS", -1)
    found: list[Path] = []
    real = checksums.read

    def recorded(path: Path) -> str:
        found.append(path)
        return real(path)

    monkeypatch.setattr(checksums, "read", recorded)
    return found


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(LARGE)
    return path


def test_a_large_file_is_read_once(reads: list[Path], weights: Path, tmp_path: Path) -> None:
    for _ in range(3):
        assert sha256(weights) == hashlib.sha256(LARGE).hexdigest()
    assert len(reads) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["checksums.json"]


def test_small_files_and_others_beside_it_are_read(reads: list[Path], weights: Path, tmp_path: Path) -> None:
    other, small = tmp_path / "other", tmp_path / "small"
    other.write_bytes(LARGE[::-1])
    small.write_bytes(b"{}")
    assert len({sha256(weights), sha256(other), sha256(small)}) == 3
    assert (sha256(small), sha256(other)) == (hashlib.sha256(b"{}").hexdigest(), hashlib.sha256(LARGE[::-1]).hexdigest())
    assert reads.count(small) == 2
    assert reads.count(other) == reads.count(weights) == 1


def test_files_that_are_gone_are_forgotten(reads: list[Path], weights: Path, tmp_path: Path) -> None:
    sha256(weights)
    weights.rename(tmp_path / "moved")
    sha256(tmp_path / "moved")
    known = msgspec.json.decode((tmp_path / "cache" / "checksums.json").read_bytes())
    assert list(known) == [str(tmp_path / "moved")]


@pytest.mark.parametrize("how", ["in place", "replaced", "with the old times"])
def test_a_file_that_changed_is_read_again(reads: list[Path], weights: Path, tmp_path: Path, how: str) -> None:
    os.utime(weights, ns=LONG_AGO)
    before = sha256(weights)
    changed = LARGE[:-1] + b"!"
    if how == "replaced":
        (tmp_path / "new").write_bytes(changed)
        (tmp_path / "new").replace(weights)
    else:
        weights.write_bytes(changed)
    if how == "with the old times":
        os.utime(weights, ns=LONG_AGO)
    assert sha256(weights) == hashlib.sha256(changed).hexdigest() != before


def test_a_file_that_has_just_changed_is_not_believed(
    reads: list[Path], weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "_SETTLED_NS", 3600 * 10**9)
    assert sha256(weights) == sha256(weights)
    assert len(reads) == 2
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"x": 1}', b"\xff"])
def test_a_damaged_list_is_made_anew(reads: list[Path], weights: Path, tmp_path: Path, content: bytes) -> None:
    sha256(weights)
    (tmp_path / "cache" / "checksums.json").write_bytes(content)
    assert sha256(weights) == sha256(weights) == hashlib.sha256(LARGE).hexdigest()
    assert len(reads) == 2


def test_without_a_folder_to_write_it_is_read_each_time(
    reads: list[Path], weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rcasearch.caches.writable", lambda folder: False)
    assert sha256(weights) == sha256(weights)
    assert len(reads) == 2


def test_a_full_disk_leaves_no_draft(reads: list[Path], weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rcasearch.checksums.Path.replace", full)
    sha256(weights)
    assert list((tmp_path / "cache").iterdir()) == []
