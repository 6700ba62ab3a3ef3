"""What a template left behind is no content; what a person wrote is, however it looks."""

from __future__ import annotations

import pytest

from tests.readers.reading import incident


def _text(markdown: str) -> str:
    return "\n".join(section.text for section in incident(f"# T\n\nKept.\n\n{markdown}\n").sections)


@pytest.mark.parametrize(
    "markdown",
    [
        "_Include a short description of the incident._",
        "*What happened? Who was affected?*",
        "{brief description}",
        "{{ summary }}",
        "[TODO]",
        "TBD",
        "N/A",
        "...",
        "<insert the impact here>",
        "> Describe the impact on customers here.",
        "<!-- a comment -->",
        "%%a comment%%",
        "- TODO",
        "| {name} | TBD |\n|---|---|\n| {name} | TBD |",
    ],
)
def test_residue(markdown: str) -> None:
    assert _text(markdown) == "Kept."


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("_Nothing was lost._", "Nothing was lost."),
        ("Labels {pod, node} were dropped", "Labels {pod, node} were dropped"),
        ('Body {"error": 1}', 'Body {"error": 1}'),
        ("GET /api/{user_id}/orders", "GET /api/{user_id}/orders"),
        ("`{brief description}`", "{brief description}"),
        ("Seen by {name of customer} first", "Seen by first"),
        ("Describe the table first, they said.", "Describe the table first, they said."),
        ("None", "None"),
    ],
)
def test_content(markdown: str, text: str) -> None:
    assert _text(markdown) == f"Kept.\n{text}"


@pytest.mark.parametrize(
    "line",
    [
        "*RCA prepared by Platform Engineering on 2025-11-17*",
        "_Written by the SRE team, 3 May 2025_",
        "Prepared by: Payments",
        "*Post-mortem last updated on 2025-11-17*",
        "Author: Payments — 2025-11-17",
    ],
)
def test_the_signature_after_a_rule_is_no_content(line: str) -> None:
    assert _text(f"More.\n\n---\n{line}") == "Kept.\nMore."


def test_the_signature_names_the_author() -> None:
    assert (
        incident("# T\n\nText.\n\n---\n*RCA prepared by Platform Engineering on 2025-11-17*\n").author == "Platform Engineering"
    )


@pytest.mark.parametrize("line", ["The fix was prepared by hand and deployed on Monday, then checked.", "- prepared by Payments"])
def test_other_last_lines_stay(line: str) -> None:
    assert len(_text(f"More.\n\n{line}").split("\n")) == 3


def test_the_opening_lines_of_a_document_without_front_matter() -> None:
    found = incident(
        "# T\n\nThursday 22 January 2026, 11:20 to 13:05 UTC (1 h 45 min). SEV-2. Written by Messaging.\n\n## Impact\n\nx\n"
    )
    assert (found.date, found.level, found.duration_minutes, found.author) == ("2026-01-22", "SEV2", 105, "Messaging")
