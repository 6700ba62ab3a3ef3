"""A secret in a document is in no file of the index; and one that was taken out of a document is not left behind."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rcasearch.stores.generations import current
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus
from tests.planted import planted

FORMS = [form for form in planted(3) if form.name in ("GitHub", "YAML", "escaped", "RSA PRIVATE KEY ''")]
SECRETS = [secret.encode() for form in FORMS for secret in form.secrets]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = write_corpus(tmp_path / "documents", 20)
    body = "\n\n".join(f"Seen: {form.text}" for form in FORMS)
    front = f"title: Leak of {FORMS[0].secrets[0]}\ntags: [{FORMS[0].secrets[0]}]\nid: leak"
    text = f"---\n{front}\n---\n\n## Summary\n\nThe pool leaked.\n\n{body}\n\n## Root cause\n\n```\n{FORMS[0].secrets[0]}\n```\n"
    (folder / "leak.md").write_text(text, encoding="utf-8")
    return folder


def _pieces(folder: Path) -> Iterator[bytes]:
    """All bytes of a file, or of those of a folder, and what is packed in them."""
    for path in (folder, *sorted(folder.rglob("*"))):
        if path.is_file():
            data = path.read_bytes()
            yield data
            for found in re.finditer(rb"x\x01|x\x5e|x\x9c", data):
                try:
                    yield zlib.decompressobj().decompress(data[found.start() :])
                except zlib.error:
                    continue


def _left(*places: Path) -> list[bytes]:
    """The secrets of which ten letters in a row can be read somewhere in these folders and files."""
    lower = b"\0".join(piece for place in places for piece in _pieces(place)).lower()
    return [one for one in SECRETS if any(one[at : at + 10].lower() in lower for at in range(len(one) - 9))]


def test_no_file_of_the_index_has_it(source: Path, tmp_path: Path) -> None:
    encoder = FakeEncoder()
    report = build_with(encoder, source, tmp_path / "index")
    told = [problem for problem in report.problems if problem.path == "leak.md"]
    assert {problem.line for problem in told} >= {2, 3}
    assert all("masked" in problem.message for problem in told)
    assert _left(tmp_path / "index") == []
    assert not any(secret.decode() in text for secret in SECRETS for text in encoder.documents)
    searcher = searcher_with(encoder, tmp_path / "index")
    assert "(masked GitHub token)" in searcher.source("leak")
    assert searcher.source("leak").count("\n") == (source / "leak.md").read_text("utf-8").count("\n")
    searcher.close()


def test_another_word_in_the_setting_makes_the_index_anew_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    report = build_with(FakeEncoder(), source, index, secrets="warn")
    assert all("masked" not in problem.message for problem in report.problems)
    assert not any(secret.decode() in repr(report.problems) for secret in SECRETS)
    assert _left(index) == SECRETS
    build_with(FakeEncoder(), source, index)
    # The generation before is kept until the one after.
    assert [_left(path) for path in index.iterdir() if path.is_dir() and path != current(index)] == [SECRETS]
    assert _left(current(index), *index.glob("*.sqlite*")) == []
    (source / "one-more.md").write_text("# A pool ran dry\n\nToo few connections.\n", encoding="utf-8")
    build_with(FakeEncoder(), source, index)
    assert _left(index) == []


def test_what_is_taken_out_of_a_document_is_not_in_the_copy_that_the_next_index_begins_as(source: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    build_with(FakeEncoder(), source, index, secrets="warn")
    (source / "leak.md").write_text("# A pool leaked\n\nToo many connections.\n", encoding="utf-8")
    build_with(FakeEncoder(), source, index, secrets="warn")
    assert _left(current(index)) == []
