"""No document leads out of its folder, makes anybody wait, or passes for what it is not by its name."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from rcasearch.model import Document, Problem
from rcasearch.readers.corpus import read
from rcasearch.readers.document import document_of
from rcasearch.readers.links import resolve_links
from rcasearch.render_text import problems_as_text
from rcasearch.sources import Seen, find, look, read_bytes

GOOD = "# A pool ran dry\n\n## Root cause\n\nToo few connections.\n"


def _seen(folder: Path) -> dict[str, Seen | Problem]:
    return {one.path: one for one in look([folder], 10_000)}


def test_pipes_sockets_and_devices_are_told_of_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.md").symlink_to(tmp_path / "pipe.md")
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket.md"))
        found = _seen(tmp_path)
    assert sorted(found) == ["link.md", "pipe.md", "socket.md", "zero.md"]
    assert all(isinstance(one, Problem) and one.skipped for one in found.values())


def test_what_became_a_pipe_or_a_link_since_it_was_found_is_not_read(tmp_path: Path) -> None:
    folder, secret = tmp_path / "documents", tmp_path / "secret.md"
    folder.mkdir()
    secret.write_text("# Out of here\n\nText.\n", encoding="utf-8")
    for name in ("pipe.md", "link.md", "inner.md"):
        (folder / name).write_text(GOOD, encoding="utf-8")
    (folder / "alias.md").symlink_to("inner.md")
    found = list(find([folder]))
    for name in ("pipe.md", "link.md", "inner.md"):
        (folder / name).unlink()
    os.mkfifo(folder / "pipe.md")
    (folder / "link.md").symlink_to(secret)
    (folder / "inner.md").symlink_to(secret)
    assert len(found) == 3
    for one in found:
        assert not isinstance(one, Problem)
        with pytest.raises(OSError, match=r"pipe|symbolic link"):
            read_bytes(one.file, 100)


def test_a_link_as_the_source_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "current.md").symlink_to("a.md")
    assert [one.path for one in look([tmp_path / "current.md"], 1_000) if isinstance(one, Seen)] == ["current.md"]


def test_a_folder_of_two_thousand_levels(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    found = _seen(tmp_path)
    # Python's own way to remove folders does not get to the bottom of this one.
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    assert isinstance(found["a.md"], Seen)
    assert all(isinstance(one, Problem) for path, one in found.items() if path != "a.md")


def test_a_folder_that_cannot_be_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    found = _seen(tmp_path)
    assert isinstance(found["a.md"], Seen)
    problem = found["closed/"]
    assert isinstance(problem, Problem)
    assert problem.message == "The folder cannot be read: Permission denied."


def test_a_file_that_is_read_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_bytes(bytes(range(200)))
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: read(descriptor, min(size, 7)))
    assert read_bytes(str(tmp_path / "a.md"), 1_000) == bytes(range(200))
    assert read_bytes(str(tmp_path / "a.md"), 100) == bytes(range(101))


PATHS = ("../../etc/passwd", "..", "/etc/passwd", "a/../../b", "..%2f..%2fetc", "~root/x", "-rf", "a\\..\\b", "x\0y", "\u202egpj")


@pytest.mark.parametrize("own", PATHS)
def test_an_id_is_a_word_and_never_a_path(own: str) -> None:
    text = f"---\nid: {own!r}\n---\n\n{GOOD}"
    found = document_of(text.encode("utf-8", "replace"), "one.md", 10_000)
    assert isinstance(found, Document)
    assert found.incident.id
    assert not set(found.incident.id) & set("/\\\0\u202e\n")
    assert not found.incident.id.startswith((".", "-", "~"))


def test_links_lead_to_documents_of_the_corpus_and_to_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (tmp_path / "outside.md").write_text(GOOD, encoding="utf-8")
    links = "[[../outside]] [[/etc/passwd]] [a](../outside.md) [b](file:///etc/passwd) [c](javascript:x) [[..]] [[b]]"
    (folder / "a.md").write_text(f"{GOOD}\n{links}\n", encoding="utf-8")
    (folder / "b.md").write_text(GOOD, encoding="utf-8")
    incidents, _ = resolve_links([one.incident for one in read([folder]) if isinstance(one, Document)])
    assert [link.incident_id for link in incidents[0].links if link.incident_id] == ["b"]


def test_the_name_of_a_file_cannot_write_lines_of_its_own(tmp_path: Path) -> None:
    name = "a\nskipped: \x1b[31mbad\x1b[0m\u202e.md"
    (tmp_path / name).write_bytes(b"")
    problems = [one for one in read([tmp_path]) if isinstance(one, Problem)]
    text = problems_as_text(problems, 200)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert [line for line in text.splitlines() if line.startswith("skipped: ")] == ["skipped: The document is empty."]
