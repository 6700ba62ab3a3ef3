"""A folder with everything in it that a real one has: each file is a document, a problem, or rightly passed over."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcasearch.errors import SourceError
from rcasearch.model import Document, Problem
from rcasearch.readers import read

GOOD = "# A pool ran dry\n\n## Root Cause\n\nA leak.\n"


def _read(folder: Path, max_bytes: int = 2_097_152) -> dict[str, Document | Problem]:
    found = list(read([folder], max_bytes=max_bytes))
    return {item.incident.path if isinstance(item, Document) else item.path: item for item in found}


def _only(folder: Path, data: bytes, name: str = "a.md") -> Document | Problem:
    (folder / name).write_bytes(data)
    (folder / "good.md").write_text(GOOD, encoding="utf-8")
    found = _read(folder)
    assert isinstance(found["good.md"], Document)
    return found[name]


def test_path_order_over_folders(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.markdown", "a/b/c.MD", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    assert list(_read(tmp_path)) == ["a/b/c.MD", "a/z.markdown", "b.md"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"b\xff.md", b"b\xfe.md"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(GOOD, encoding="utf-8")
    found = list(read([tmp_path]))
    assert [item.incident.path for item in found if isinstance(item, Document)] == ["b?.md", "b?.md"]


def test_one_file_as_a_source(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    assert list(_read(tmp_path / "a.md")) == ["a.md"]


def test_several_sources_are_told_apart_and_read_once(tmp_path: Path) -> None:
    for name in ("one/a.md", "two/a.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    found = list(read([tmp_path / "one", tmp_path / "two", tmp_path / "two" / "a.md"]))
    assert [item.incident.path for item in found if isinstance(item, Document)] == ["one/a.md", "two/a.md"]


def test_a_source_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder or file"):
        read([tmp_path / "nowhere"])


def test_an_empty_folder_has_no_documents(tmp_path: Path) -> None:
    assert _read(tmp_path) == {}


@pytest.mark.parametrize("folder", [".git", ".obsidian", ".trash", "node_modules"])
def test_folders_passed_over(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.md").write_text(GOOD, encoding="utf-8")
    assert _read(tmp_path) == {}


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        codecs.BOM_UTF8 + GOOD.encode(),
        codecs.BOM_UTF16_LE + GOOD.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"),
        GOOD.encode("utf-16-le"),
        GOOD.replace("leak", "le\x00ak").encode(),
    ],
    ids=["crlf", "cr", "bom", "utf-16-le", "utf-16-be", "utf-16 without bom", "nul"],
)
def test_line_ends_and_encodings(tmp_path: Path, data: bytes) -> None:
    found = _only(tmp_path, data)
    assert isinstance(found, Document)
    assert found.incident.title == "A pool ran dry"
    assert found.incident.root_cause is not None
    assert found.incident.root_cause.line == 5
    assert "\r" not in found.source


def test_latin_text_is_read_with_a_word(tmp_path: Path) -> None:
    found = _only(tmp_path, "# Störung “heute”\n\nText.\n".encode("cp1252"))
    assert isinstance(found, Document)
    assert found.incident.title == "Störung “heute”"
    assert "Windows-1252" in found.problems[0].message


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (bytes(range(256)) * 20, "not text"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8" * 9, "not text"),
        (b"<!-- nothing -->\n", "empty"),
        (b"# Title\n\n## Impact\n", "without text"),
        (b"# Title\n\n_Describe the incident here._\n", "template"),
    ],
    ids=["empty", "blank", "binary", "broken utf-16", "comment", "headings", "template"],
)
def test_files_that_cannot_be_indexed(tmp_path: Path, data: bytes, what: str) -> None:
    found = _only(tmp_path, data)
    assert isinstance(found, Problem)
    assert found.skipped
    assert what in found.message
    assert found.hint


def test_a_large_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"a" * 101)
    (tmp_path / "b.md").write_bytes(b"b" * 100)
    found = _read(tmp_path, max_bytes=100)
    problem = found["a.md"]
    assert isinstance(problem, Problem)
    assert "100 bytes" in problem.message
    assert isinstance(found["b.md"], Document)


def test_two_mebibytes_of_one_line(tmp_path: Path) -> None:
    assert isinstance(_only(tmp_path, b"word [[ ** `" * 170_000), Document)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "a.md").chmod(0)
    problem = _read(tmp_path)["a.md"]
    assert isinstance(problem, Problem)
    assert problem.skipped


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr("rcasearch.readers.document.read_bytes", refuse)
    problem = _read(tmp_path)["a.md"]
    assert isinstance(problem, Problem)
    assert "Permission denied" in problem.message


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.md").write_text(GOOD, encoding="utf-8")
    (inside / "file.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    (inside / "gone.md").symlink_to(inside / "nowhere.md")
    (inside / "round.md").symlink_to(inside / "round.md")
    found = _read(inside)
    assert sorted(found) == ["file.md", "folder", "gone.md", "loop", "round.md"]
    assert all(isinstance(item, Problem) and item.skipped for item in found.values())


def test_a_link_inside_the_folder_is_the_same_document(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    assert list(_read(tmp_path)) == ["a.md"]


@pytest.mark.parametrize(
    ("name", "text", "is_document"),
    [
        ("PM-001 Pool ran dry", GOOD, True),
        ("PM-002 v1.2 rollout", "---\ntitle: A\n---\n\nText.\n", True),
        ("Setext", "Title\n=====\n\nText.\n", True),
        ("LICENSE", "Permission is granted\n", False),
        ("Makefile", "all:\n\techo\n", False),
    ],
)
def test_files_without_an_ending(tmp_path: Path, name: str, text: str, is_document: bool) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(_read(tmp_path)) == ([name] if is_document else [])


def test_a_binary_file_without_an_ending_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "core").write_bytes(bytes(range(256)) * 8)
    assert _read(tmp_path) == {}


def test_a_readme_is_no_incident_unless_it_tells_of_one(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Our postmortems\n\nHow to write one.\n", encoding="utf-8")
    (tmp_path / "index.md").write_text(GOOD, encoding="utf-8")
    assert list(_read(tmp_path)) == ["index.md"]


@given(st.binary(max_size=3000))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_told_of(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.md").write_bytes(data)
    assert len(_read(tmp_path)) <= 1
