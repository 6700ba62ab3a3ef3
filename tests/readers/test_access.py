"""Who may see a document: labels are read, and where they cannot be read for certain, the document is left out."""

from __future__ import annotations

import pytest

from rcasearch.model import Problem
from rcasearch.readers.document import parse_document
from tests.readers.reading import document, incident

BODY = "\n# Title\n\n## Root Cause\n\nA leak.\n"


@pytest.mark.parametrize(
    ("stated", "labels"),
    [
        ("access: security", ("security",)),
        ("Access: Security", ("security",)),
        ("ACCESS: [legal, Security, legal]", ("legal", "security")),
        ("access: security, legal", ("legal", "security")),
        ("access: security legal", ("legal", "security")),
        ("access:\n  - security\n  - hr-2025", ("hr-2025", "security")),
        ('"access": "security"', ("security",)),
        ("'access' : 'team.sre'", ("team.sre",)),
        ("access : security", ("security",)),
        ("? access\n: security", ("security",)),
        ("{title: A, access: security}", ("security",)),
        ("access: &x security", ("security",)),
        ("access: sécurité", ("sécurité",)),
        ("access: none", ("none",)),
    ],
)
def test_labels_are_read(stated: str, labels: tuple[str, ...]) -> None:
    assert incident(f"---\n{stated}\n---{BODY}").access == labels


@pytest.mark.parametrize("text", [BODY, f"---\ntitle: Access lost\n---{BODY}", f"---\ntitle: A\n---{BODY}\naccess: lost\n"])
def test_a_document_that_states_nothing_is_for_everybody(text: str) -> None:
    assert document(text).incident.access == ()


UNCERTAIN = {
    "nothing": "access:",
    "null": "access: null # later",
    "an empty list": "access: []",
    "an empty text": 'access: ""',
    "all": 'access: "*"',
    "a mapping": "access: {security: true}",
    "lists in a list": "access: [[security]]",
    "a mapping in a list": "access:\n  - name: security",
    "words": "access: [legal team]",
    "a sentence": "access: for security only!",
    "marks": "access: <security>",
    "too long": f"access: {'s' * 65}",
    "too many": f"access: [{', '.join(f'l{n}' for n in range(21))}]",
    "twice": "access: security\naccess: legal",
    "twice in other letters": "access: security\nAccess: legal",
    "within another key": "meta:\n  access: security",
    "within another key in braces": "meta: {access: security}",
    "merged": "<<: {access: security}",
    "merged by a name": "base: &b {title: B, access: security}\n<<: *b",
    "in a list": "- access: security",
    "beside a tab": "\taccess: security\ntitle: A",
    "beside a line that is no YAML": "access: security\ntitle: [broken",
    "after a line that is no YAML": "title: 'broken\naccess: security",
    "too many keys": "\n".join(f"k{n}: 1" for n in range(201)) + "\naccess: security",
    "too many keys on a line": "{" + ", ".join(f"k{n}: 1" for n in range(201)) + ", access: security}",
    "too long front matter": f"title: {'x' * 70_000}\naccess: security",
    "an alias to nothing": "access: *nothing",
    "JSON in braces": '{"title": "A" "access": "security"}\naccess: x',
}


def kept_out(text: str) -> Problem:
    """The problem by which a document is skipped."""
    found = parse_document(text, "one.md")
    assert isinstance(found, Problem), found
    assert found.skipped
    return found


@pytest.mark.parametrize("stated", UNCERTAIN.values(), ids=UNCERTAIN.keys())
def test_what_cannot_be_read_for_certain_keeps_the_document_out(stated: str) -> None:
    assert "access" in kept_out(f"---\n{stated}\n---{BODY}").message


UNFENCED = {
    "never closed": "---\ntitle: A\naccess: security",
    "never closed, after a blank line": "---\ntitle: A\n\naccess: security",
    "closed by a later rule": "---\naccess: security\ntitle: A\n\n# Heading\n\nText.\n\n---",
    "after a comment": "<!-- our template -->\n---\naccess: security\n---",
    "in TOML": '+++\naccess = "security"\n+++',
    "in JSON": '{\n  "access": "security"\n}',
    "alone": "access: security",
}


@pytest.mark.parametrize("head", UNFENCED.values(), ids=UNFENCED.keys())
def test_labels_outside_of_front_matter_keep_the_document_out(head: str) -> None:
    assert kept_out(f"{head}\n{BODY}").line is not None


def test_the_problem_tells_where_and_how_to_mend_it() -> None:
    found = parse_document(f"---\ntitle: A\naccess: [legal team]\n---{BODY}", "one.md")
    assert isinstance(found, Problem)
    assert found.location == "one.md:3"
    assert "access: [security, legal]" in found.hint
