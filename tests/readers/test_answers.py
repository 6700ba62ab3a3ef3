"""Root cause and resolution: where they are taken from, and when there is none."""

from __future__ import annotations

import pytest

from tests.readers.reading import incident


@pytest.mark.parametrize(
    ("body", "source", "text"),
    [
        ("## Root Cause\n\nA.\n\n## Contributing Factors\n\nB.", "root_cause", "A."),
        ("## Trigger\n\nC.\n\n## Contributing Factors\n\nB.", "contributing_factors", "B."),
        ("## Trigger\n\nC.\n\n## 5 Whys\n\nD.", "five_whys", "D."),
        ("## Trigger\n\nC.", "trigger", "C."),
        ("## Root Cause\n\nTBD\n\n## Trigger\n\nC.", "trigger", "C."),
        ("## Root Cause\n\n_Explain why it happened._\n\n## Trigger\n\nC.", "trigger", "C."),
        ("## Root Cause\n\n<!-- fill in -->\n\n## Trigger\n\nC.", "trigger", "C."),
        ("## Root Cause\n\n### Findings\n\nA.", "root_cause", "Findings\nA."),
        ("## Analysis\n\nx\n\n### Root cause\n\nA.", "root_cause", "A."),
        ("## Summary\n\nRoot cause: A.", "root_cause", "A."),
        ("## Summary\n\nx\n\n| Field | Value |\n|---|---|\n| Root cause | A. |", "root_cause", "A."),
        ("## Summary\n\n- **Root cause:** A.\n- **Impact:** B.", "root_cause", "A."),
        ("## Summary\n\n- Root cause: B.\n\n## Root cause\n\nA.", "root_cause", "A."),
        ("## Details\n\nContributing factors: B.\n\nMore.", "contributing_factors", "B."),
        ("## Root cause\n\nA.\n\n- Five whys:\n  1. Why?\n  2. So.", "root_cause", "A.\n\nFive whys:\n- Why?\n- So."),
        ("## Root cause\n\nA\nB.\n\n```\ncode\n```", "root_cause", "A B.\n\n    code"),
    ],
)
def test_root_cause(body: str, source: str, text: str) -> None:
    found = incident(f"# T\n\n{body}\n").root_cause
    assert found is not None
    assert (found.source, found.text) == (source, text)


@pytest.mark.parametrize(
    ("body", "heading", "text"),
    [
        ("## Resolution\n\nA.", "Resolution", "A."),
        ("## Mitigation\n\nB.\n\n## Resolution\n\nA.", "Resolution", "A."),
        ("## Response\n\nB.\n\n## Recovery\n\nA.", "Recovery", "A."),
        ("## Timeline\n\n- 10:00 x\n\n### Resolution\n\nA.", "Resolution", "A."),
        ("## Root cause and mitigation\n\nA.", "Root cause and mitigation", "A."),
        ("## Resolution\n\nA.\n\n### Action items\n\n- B", "Resolution", "A."),
        ("**Fix:** A.", "Fix", "A."),
    ],
)
def test_resolution(body: str, heading: str, text: str) -> None:
    found = incident(f"# T\n\n{body}\n").resolution
    assert found is not None
    assert (found.source, found.heading, found.text) == ("resolution", heading, text)


def test_steps_lose_their_boxes_and_keep_what_is_nested() -> None:
    found = incident("## Resolution\n\n- [x] Stopped it:\n  - first here\n  - then there\n- [ ] Started it\n").resolution
    assert found is not None
    assert found.steps == ("Stopped it: first here; then there", "Started it")


@pytest.mark.parametrize(
    "body",
    [
        "## Details\n\nIt was fixed.",
        "## Action Items\n\n### Mitigation\n\n- later",
        "## Resolution\n\n## Impact\n\nx",
        "## Resolution\n\n{add steps here}",
    ],
)
def test_no_resolution_is_invented(body: str) -> None:
    assert incident(f"# T\n\nText.\n\n{body}\n").resolution is None


def test_text_under_the_title_is_the_summary_of_a_document_without_one() -> None:
    assert incident("# T\n\nText.\n\n## Impact\n\nx\n").sections[0].kinds == ("summary",)
    assert incident("# T\n\nText.\n\n## Summary\n\nx\n").sections[0].kinds == ("other",)


def test_after_a_label_in_running_text_its_section_goes_on() -> None:
    sections = incident("# T\n\n## Details\n\nA.\n\nRoot cause: B.\n\nC.\n").sections
    assert [(section.heading, section.text) for section in sections] == [
        ("Details", "A."),
        ("Root cause", "B."),
        ("Details", "C."),
    ]


@pytest.mark.parametrize("heading", ["What broke", "What failed", "What was wrong"])
@pytest.mark.parametrize("why", ["Why", "How it could happen", "Cause", "Mechanism"])
def test_why_goes_before_what_broke(heading: str, why: str) -> None:
    found = incident(f"## 1. {heading}\n\nThe app closed.\n\n## 2. {why}\n\nA null in the feed.\n").root_cause
    assert found is not None
    assert (found.heading, found.text) == (f"2. {why}", "A null in the feed.")


def test_what_broke_is_the_cause_where_nothing_else_tells_it() -> None:
    found = incident("## What broke\n\nA null in the feed.\n\n## What we did\n\nFlag off.\n").root_cause
    assert found is not None
    assert found.heading == "What broke"
