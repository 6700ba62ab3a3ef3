"""An index is left as it is only where everything that it was made of is the same, and it is whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rcasearch import inputs
from rcasearch.errors import SettingsError
from rcasearch.index import BuildReport, build
from rcasearch.indexing import work
from rcasearch.settings import Settings
from rcasearch.sources import look, read_bytes
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from tests.core.fakes import FakeEncoder, write_corpus

Build = Callable[..., BuildReport]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = write_corpus(tmp_path / "documents", 8)
    (folder / "empty.md").write_text("", encoding="utf-8")
    (folder / "out.md").symlink_to(tmp_path / "elsewhere.md")
    return folder


@pytest.fixture
def again(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Bring one index up to date with the fake encoder."""

    def run(*, model: str = "fake-1", fresh: bool = False, **settings: object) -> BuildReport:
        monkeypatch.setattr("rcasearch.index.fingerprint", lambda _folder: model)
        monkeypatch.setattr("rcasearch.encoders.load_ahead", lambda _name, at_once: None)
        monkeypatch.setattr("rcasearch.indexing.making.load_encoder", lambda _name: FakeEncoder(model))
        values = Settings.load({"index": str(tmp_path / "index"), **settings}, env={})
        return build([source], values, fresh=fresh)

    return run


def test_nothing_changed_leaves_the_index_as_it_is(again: Build, tmp_path: Path) -> None:
    first = again()
    assert not first.unchanged
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*")}
    second = again()
    assert second.unchanged
    assert (second.info, second.problems, second.encoded, second.reused) == (first.info, first.problems, 0, first.info.passages)
    assert {problem.path for problem in second.problems} == {"empty.md", "out.md"}
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*")}


def test_the_clock_of_a_file_says_nothing(again: Build, source: Path) -> None:
    again()
    path = source / "rca-001.md"
    was = path.stat()
    os.utime(path, (was.st_atime + 100, was.st_mtime + 100))
    assert again().unchanged
    path.write_bytes(path.read_bytes().replace(b"resolved", b"RESOLVED").replace(b"open", b"OPEN").replace(b"miti", b"MITI"))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert not again().unchanged


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new document": lambda folder: (folder / "new.md").write_text("# New\n\nText.\n", encoding="utf-8"),
    "one that is gone": lambda folder: (folder / "rca-002.md").unlink(),
    "another name": lambda folder: (folder / "rca-002.md").rename(folder / "rca-999.md"),
    "another folder": lambda folder: shutil.move(folder / "rca-002.md", _made(folder / "deeper")),
    "a new problem": lambda folder: (folder / "bad.md").write_bytes(b""),
    "a problem that is gone": lambda folder: (folder / "out.md").unlink(),
    "a file that was no document": lambda folder: (folder / "Notes").write_text("# Now\n\n## Summary\n\nX.\n", encoding="utf-8"),
}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_the_documents_is_seen(again: Build, source: Path, change: Callable[[Path], object]) -> None:
    (source / "Notes").write_text("not markdown\n", encoding="utf-8")
    again()
    change(source)
    assert not again().unchanged
    assert again().unchanged


def test_another_model_setting_or_lexicon_is_a_change(again: Build, tmp_path: Path) -> None:
    again()
    lexicon = tmp_path / "lexicon.yaml"
    lexicon.write_text("- {concept: a, phrases: [it broke]}\n", encoding="utf-8")
    for words in ({"model": "fake-2"}, {"max_document_bytes": 4096}, {"lexicon": str(lexicon)}):
        assert not again(**words).unchanged
        assert again(**words).unchanged
    lexicon.write_text("- {concept: a, phrases: [it broke badly]}\n", encoding="utf-8")
    assert not again(lexicon=str(lexicon)).unchanged
    lexicon.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        again(lexicon=str(lexicon))


def test_settings_that_change_nothing_are_no_change(again: Build) -> None:
    again()
    assert again(port=9_999, limit=3, threads=1).unchanged


def test_other_sources_are_a_change(source: Path) -> None:
    seen = list(look([source], 1_000_000))
    digests = [inputs.digest_of(given, Settings(), "m", seen) for given in ([source], [source, source], [source / "rca-001.md"])]
    assert len(set(digests)) == 3


def test_other_code_is_a_change(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(inputs.__file__).parent, package)
    monkeypatch.setattr(inputs, "_PACKAGE", package)
    found = []
    for name in (None, "web/app.py", "ranking.py", "lexicon.yaml", "readers/document.py"):
        if name:
            (package / name).write_bytes((package / name).read_bytes() + b"\n")
        inputs.code.cache_clear()
        found.append(inputs.code())
    inputs.code.cache_clear()
    assert found[0] == found[1]
    assert len(set(found)) == 4


@pytest.mark.parametrize("damage", ["short", "gone", "manifest", "pointer"])
def test_an_index_that_is_not_whole_is_made_anew(again: Build, tmp_path: Path, damage: str) -> None:
    again()
    folder = current(tmp_path / "index")
    if damage == "short":
        (folder / "token_codes.bin").write_bytes(b"short")
    elif damage == "gone":
        (folder / "catalogue.sqlite").unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_bytes(b"{")
    else:
        (tmp_path / "index" / "current").write_bytes(b"nowhere\n")
    assert not again().unchanged
    LocalStore(current(tmp_path / "index")).close()


def test_fresh_makes_it_anew(again: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    first = again()
    read: list[str] = []

    def recorded(file: str, max_bytes: int) -> bytes:
        read.append(file)
        return read_bytes(file, max_bytes)

    monkeypatch.setattr(work, "read_bytes", recorded)
    second = again(fresh=True)
    assert not second.unchanged
    assert second.info.id != first.info.id
    assert len(read) == 9


def test_what_counts_is_the_file_as_it_was_read(again: Build, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes after somebody looked is in the index as it was read, and the index knows it."""

    def late(file: str, max_bytes: int) -> bytes:
        if file.endswith("rca-003.md"):
            (source / "rca-003.md").write_text("# Changed\n\n## Summary\n\nMeanwhile.\n", encoding="utf-8")
        return read_bytes(file, max_bytes)

    monkeypatch.setattr(work, "read_bytes", late)
    assert again().info.incidents == 8
    assert again().unchanged


def test_a_look_loads_nothing_heavy(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "documents", 3)
    words = [str(folder), "--index", str(tmp_path / "index")]
    run = f"from rcasearch.cli import main\nmain(['index', *{words!r}])"
    subprocess.run([sys.executable, "-c", run], check=True, capture_output=True)
    heavy = {"numpy", "openvino", "faiss", "tokenizers", "torch", "bm25s", "frontmatter", "rich"}
    check = f"{run}\nimport sys\nprint('LOADED', sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("Nothing changed: 3 incidents")
    assert done.stdout.splitlines()[-1] == "LOADED []"
