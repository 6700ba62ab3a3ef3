"""`rcasearch doctor`: what is wrong with documents, without an index and without a word of what is secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.planted import planted

SECRET = planted(5)[3].secrets[0]
GOOD = "# A pool ran dry\n\n## Root cause\n\nToo few connections.\n"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "good.md").write_text(GOOD, encoding="utf-8")
    return folder


def test_it_names_the_line_and_the_kind_and_not_the_secret(documents: Path, run: Run) -> None:
    (documents / "leak.md").write_text(f"{GOOD}\nwith {SECRET}\n", encoding="utf-8")
    (documents / "empty.md").write_bytes(b"")
    ran = run("doctor", documents)
    assert ran.code == 1
    assert "leak.md:7" in ran.out
    assert "GitHub token" in ran.out
    assert "empty.md" in ran.out
    assert ran.err == "2 problems in 2 documents.\n"
    told = json.loads((again := run("doctor", documents, "--json")).out)
    assert [(one["path"], one["line"]) for one in told] == [("empty.md", None), ("leak.md", 7)]
    assert SECRET not in ran.out + ran.err + again.out + again.err


def test_it_is_content_with_good_documents(documents: Path, run: Run) -> None:
    ran = run("doctor", documents)
    assert (ran.code, ran.out, ran.err) == (0, "", "0 problems in 1 document.\n")


def test_without_a_folder_it_reads_those_of_the_index(tiny_index: Path, run: Run) -> None:
    ran = run("doctor", "--index", tiny_index)
    assert "in 8 documents" in ran.err
    nowhere = run("doctor", "--index", tiny_index.parent / "nowhere")
    assert (nowhere.code, "There is no index" in nowhere.err) == (3, True)


def test_what_index_warns_of(documents: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (documents / "leak.md").write_text(f"{GOOD}\nwith {SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("RCASEARCH_SECRETS", "warn")
    warned = run("doctor", documents)
    assert "everybody who can search can read it" in " ".join(warned.out.split())
    monkeypatch.setenv("RCASEARCH_SECRETS", "hunter2")
    wrong = run("doctor", documents)
    assert (wrong.code, "must be one of: mask, warn" in wrong.err) == (2, True)
