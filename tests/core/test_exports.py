"""Exports on disk: made once, whole or not at all, by one process at a time, and in a folder that can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rcasearch import caches
from rcasearch.checksums import sha256
from rcasearch.encoders.exports import (
    INTEGER_NETWORK,
    INTEGER_WEIGHTS,
    NETWORK,
    PROBES,
    TOKENIZER,
    WEIGHTS,
    Export,
    ExportError,
    open_or_make,
)

FILES = (NETWORK, WEIGHTS, INTEGER_NETWORK, INTEGER_WEIGHTS, TOKENIZER, PROBES)
NAME = "model-1.2-1"
EXPORT = Export("f" * 64, 384, 256, 0, [0, 101], {"query": "", "document": ""}, {"f32": True}, "i8-0")


class Maker:
    """Writes an export's files, and counts how often it was asked to."""

    def __init__(self, content: str = "content") -> None:
        self.content = content
        self.times = 0

    def __call__(self, folder: Path) -> Export:
        assert not list(folder.iterdir())
        self.times += 1
        for name in FILES:
            (folder / name).write_text(f"{self.content} of {name}", encoding="utf-8")
        return EXPORT


def refuse(folder: Path) -> Export:
    raise AssertionError("There is an export already.")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of exports; the folder for temporary files is not the real one either."""
    monkeypatch.setenv("RCASEARCH_CACHE", str(tmp_path / "deep" / "cache"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path / "deep" / "cache"


def test_an_export_is_made_once_and_found_from_then_on(cache: Path) -> None:
    maker = Maker()
    export, folder = open_or_make(NAME, maker)
    assert folder == cache / NAME
    assert (export.fingerprint, export.special, set(export.files)) == ("f" * 64, [0, 101], set(FILES))
    assert open_or_make(NAME, refuse) == (export, folder)
    assert maker.times == 1
    open_or_make("another-model", maker)
    assert maker.times == 2
    # Others may read it, for instance the user of a container whose image was built by root.
    assert folder.stat().st_mode & 0o055 == 0o055


@pytest.mark.parametrize("name", [*FILES, "export.json"])
@pytest.mark.parametrize("harm", ["truncated", "emptied", "removed"])
def test_an_export_that_is_not_whole_is_made_again(cache: Path, name: str, harm: str) -> None:
    _, folder = open_or_make(NAME, Maker("old"))
    path = folder / name
    whole = path.read_bytes()
    if harm == "removed":
        path.unlink()
    else:
        path.write_bytes(whole[: len(whole) // 2 if harm == "truncated" else 0])
    maker = Maker("new")
    export, again = open_or_make(NAME, maker)
    assert (maker.times, again) == (1, folder)
    assert {file.name for file in folder.iterdir()} == {*FILES, "export.json"}
    assert all((folder / file).read_text(encoding="utf-8").startswith("new of") for file in FILES)
    assert open_or_make(NAME, refuse) == (export, folder)


@pytest.mark.parametrize("name", FILES)
def test_changed_bytes_are_noticed(cache: Path, name: str) -> None:
    _, folder = open_or_make(NAME, Maker("old"))
    (folder / name).write_text(f"olb of {name}", encoding="utf-8")
    maker = Maker()
    open_or_make(NAME, maker)
    assert maker.times == 1


def test_a_changed_bit_of_the_weights_is_noticed_however_large_they_are(cache: Path) -> None:
    class Large(Maker):
        def __call__(self, folder: Path) -> Export:
            super().__call__(folder)
            (folder / WEIGHTS).write_bytes(bytes(3 * 2**20))
            return EXPORT

    export, folder = open_or_make(NAME, Large())
    assert export.files[WEIGHTS].sha256 == sha256(folder / WEIGHTS)
    open_or_make(NAME, refuse)
    before = (folder / WEIGHTS).stat()
    with (folder / WEIGHTS).open("r+b") as file:
        file.seek(2**20)
        file.write(b"\1")
    # Who set the times back as well cannot set back when that was done.
    os.utime(folder / WEIGHTS, ns=(before.st_atime_ns, before.st_mtime_ns))
    maker = Large()
    open_or_make(NAME, maker)
    assert maker.times == 1


def test_what_fails_or_is_killed_half_way_leaves_nothing_that_could_be_used(cache: Path) -> None:
    def fail(folder: Path) -> Export:
        Maker()(folder)
        raise ExportError("it is odd")

    with pytest.raises(ExportError, match="it is odd"):
        open_or_make(NAME, fail)
    assert [path.name for path in cache.iterdir()] == [f"{NAME}.lock"]
    # A process that was killed could not clean up.
    abandoned = cache / f"{NAME}.draft-1234"
    abandoned.mkdir()
    (abandoned / NETWORK).write_text("half", encoding="utf-8")
    open_or_make(NAME, Maker())
    assert {path.name for path in cache.iterdir()} == {NAME, f"{NAME}.lock"}


MAKE_SLOWLY = """
import sys, time
from pathlib import Path
from tests.core.test_exports import EXPORT, NAME, Maker
from rcasearch.encoders.exports import open_or_make
def make(folder):
    print("made", flush=True)
    sys.stdin.readline()
    return Maker()(folder)
export, folder = open_or_make(NAME, make)
assert (folder / "network.bin").read_text() == "content of network.bin"
print("opened", flush=True)
"""


def test_of_two_processes_one_makes_it_and_the_other_waits(cache: Path) -> None:
    command = [sys.executable, "-c", MAKE_SLOWLY]
    project = Path(__file__).parents[2]
    first = subprocess.Popen(command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "made\n"
    with subprocess.Popen(command, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as second:
        told, _ = first.communicate("go\n")
        assert (told, first.returncode) == ("opened\n", 0)
        assert second.communicate()[0] == "opened\n"
        assert second.returncode == 0


def test_without_a_setting_it_lies_in_the_users_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RCASEARCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert open_or_make(NAME, Maker())[1] == tmp_path / "xdg" / "rcasearch" / NAME
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/does/not/count")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert open_or_make(NAME, Maker())[1] == tmp_path / "home" / ".cache" / "rcasearch" / NAME


def test_where_the_cache_cannot_be_written_a_temporary_folder_holds_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("RCASEARCH_CACHE", str(tmp_path / "file" / "cache"))
    _, folder = open_or_make(NAME, Maker())
    assert folder == tmp_path / "temporary" / f"rcasearch-{os.getuid()}" / NAME
    assert folder.parent.stat().st_mode & 0o077 == 0
    assert open_or_make(NAME, refuse)[1] == folder


def test_an_export_that_can_only_be_read_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = open_or_make(NAME, Maker())
    monkeypatch.setattr(caches, "writable", lambda place: False)
    assert open_or_make(NAME, refuse)[1] == folder
    (folder / WEIGHTS).unlink()
    with pytest.raises(ExportError, match=r"none of these folders can be written: .*deep/cache.*name one by RCASEARCH_CACHE"):
        open_or_make(NAME, refuse)


def test_a_temporary_folder_of_someone_else_is_not_trusted(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "temporary" / f"rcasearch-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("RCASEARCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(ExportError, match="none of these folders can be written"):
        open_or_make(NAME, Maker())


def test_a_full_disk_is_a_reason_and_no_crash(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> Export:
        raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match=r"could not be written to .*: No space left on device"):
        open_or_make(NAME, full)


def test_the_newest_two_exports_of_a_model_are_kept(cache: Path) -> None:
    names = ["model-1.1-1", "model-1.2-1", "model-1.3-1"]
    open_or_make("models-1.0-1", Maker())
    for age, name in enumerate(names[:2]):
        _, folder = open_or_make(name, Maker())
        os.utime(folder / "export.json", (age, age))
    with (cache / names[0] / WEIGHTS).open(encoding="utf-8") as serving:
        draft = cache / "model-1.4-1.draft-1"
        draft.mkdir()
        open_or_make(names[2], Maker())
        assert serving.read() == f"content of {WEIGHTS}"
    assert {path.name for path in cache.iterdir() if path.is_dir()} == {*names[1:], "models-1.0-1", draft.name}
    # Looking one up deletes nothing, and one made again is the newest.
    open_or_make(names[1], refuse)
    open_or_make(names[0], Maker())
    assert {path.name for path in cache.glob("model-1.?-1")} == {names[0], names[2]}
