"""What stands in every answer about a document is bounded, whatever the document."""

from __future__ import annotations

import pytest

from rcasearch.chunking import chunk, split_text
from rcasearch.model import Document
from rcasearch.readers.bounds import LONGEST_TITLE, MOST
from rcasearch.readers.document import document_of

HEAD = "# The queue is full\n\nConsumers died.\n\n"
MANY = 5_000
TOO_MUCH = {
    "links": "".join(f"[[incident-{number}]]\n\n" for number in range(MANY)),
    "tags": "".join(f"#tag-{number}x " for number in range(MANY)) + "\n",
    "services": "".join(f"**Services:** name-{number}\n\n" for number in range(MANY)),
    "action_items": "## Action items\n\n" + "- [ ] do it\n" * MANY,
    "timeline": "## Timeline\n\n" + "- 10:00 it grew\n" * MANY,
}


def read(text: str) -> Document:
    found = document_of(text.encode(), "incident.md", 1 << 24)
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize("name", TOO_MUCH)
def test_more_than_anybody_writes_is_cut_and_told(name: str) -> None:
    document = read(HEAD + TOO_MUCH[name])
    assert len(getattr(document.incident, name)) == MOST[name]
    assert [problem.message for problem in document.problems if f"{MANY:,}" in problem.message]


def test_what_an_author_writes_is_kept_and_nothing_told() -> None:
    document = read(HEAD + "".join(text[:400] + "\n\n" for text in TOO_MUCH.values()))
    assert document.incident.links
    assert not document.problems


def test_a_title_is_cut() -> None:
    document = read(f"# {'long ' * 10_000}\n\ntext\n")
    assert len(document.incident.title) == LONGEST_TITLE
    assert "title" in document.problems[0].message


def test_what_is_told_of_a_document_does_not_repeat_it() -> None:
    document = read(HEAD + "`" * 100_000)
    assert all(len(problem.message) < 300 for problem in document.problems)


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2003", "\u200b"])
def test_a_passage_is_bounded_though_blanks_count_for_nothing(blank: str) -> None:
    def count(texts: object) -> list[int]:
        return [len(str(text).split()) for text in texts]  # type: ignore[attr-defined]

    document = read(f"{HEAD}```\na{blank * 200_000}b\n```\n")
    chunks = chunk(document.incident, count, 100)
    assert max(len(one.text) for one in chunks) <= 100 * 101
    assert max(map(len, split_text(f"a{blank * 200_000}b", count, 100))) <= 100 * 101
