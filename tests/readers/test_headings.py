"""Which kinds a heading announces, by its words and by what it stands under."""

from __future__ import annotations

import pytest

from rcasearch.model import Kind
from rcasearch.readers.headings import is_label, kinds_of, resolve

OWN: list[tuple[str, tuple[Kind, ...]]] = [
    ("Executive Summary", ("summary",)),
    ("TL;DR", ("summary",)),
    ("What Happened?", ("summary",)),
    ("Symptoms", ("symptoms",)),
    ("What users saw", ("symptoms",)),
    ("Customer Impact (EMEA)", ("impact",)),
    ("💥 Blast radius", ("impact",)),
    ("Incident Timeline", ("timeline",)),
    ("Timeline (all times UTC)", ("timeline",)),
    ("Lead-up", ("timeline",)),
    ("Trigger(s)", ("trigger",)),
    ("Fault", ("trigger",)),
    ("What caused the incident?", ("trigger",)),
    ("How was it detected", ("detection",)),
    ("3. Root cause", ("root_cause",)),
    ("IV. Root Causes:", ("root_cause",)),
    ("Root Cause(s)", ("root_cause",)),
    ("ROOT CAUSE ANALYSIS", ("root_cause",)),
    ("Post-mortem root cause", ("root_cause",)),
    ("Root cause: a leaked connection", ("root_cause",)),
    ("Why it happened", ("root_cause",)),
    ("Initial root cause hypothesis", ("root_cause",)),
    ("Contributing Factors", ("contributing_factors",)),
    ("Contributors/enablers", ("contributing_factors",)),
    ("Findings", ("contributing_factors",)),
    ("5 Whys", ("five_whys",)),
    ("Five whys root cause", ("five_whys",)),
    ("Why 3", ("five_whys",)),
    ("Mitigation & Resolution", ("resolution",)),
    ("Resolution and recovery", ("resolution",)),
    ("The Fix", ("resolution",)),
    ("Immediate actions", ("resolution",)),
    ("How we fixed it", ("resolution",)),
    ("Epilogue", ("resolution",)),
    ("Verification", ("verification",)),
    ("Lessons Learnt", ("lessons",)),
    ("How'd We Do?", ("lessons",)),
    ("What didn't work", ("lessons",)),
    ("Where we got lucky", ("lessons",)),
    ("Action Items & Followups", ("action_items",)),
    ("Corrective and Preventative Actions", ("action_items",)),
    ("What Are We Doing About This?", ("action_items",)),
    ("Follow-ups", ("action_items",)),
    ("Preventing a recurrence", ("action_items",)),
    ("Fixes", ("action_items",)),
    ("Previous occurrences", ("related",)),
    ("See also", ("related",)),
    ("Atendees", ("people",)),
    ("Start Time", ("stats",)),
    ("Appendix", ("support",)),
    ("Root cause and mitigation", ("root_cause", "resolution")),
    ("Impact / Detection", ("impact", "detection")),
    ("Lessons learned and action items", ("lessons", "action_items")),
    ("Details", ()),
    ("Kafka", ()),
]


@pytest.mark.parametrize(("heading", "kinds"), OWN, ids=[heading for heading, _ in OWN])
def test_by_its_own_words(heading: str, kinds: tuple[Kind, ...]) -> None:
    assert kinds_of(heading) == kinds


@pytest.mark.parametrize(
    ("heading", "parents", "kinds"),
    [
        ("Detection", [("action_items",)], ("action_items",)),
        ("Prevention", [("action_items",)], ("action_items",)),
        ("Resolution", [("timeline",)], ("timeline", "resolution")),
        ("Affected users", [("impact",)], ("impact",)),
        ("Duration", [("impact",)], ("impact",)),
        ("What went well", [("lessons",)], ("lessons",)),
        ("Detection", [("lessons",)], ("lessons",)),
        ("Action items", [("lessons",)], ("action_items",)),
        ("Trigger", [("root_cause",)], ("trigger",)),
        ("The mechanism in detail", [("root_cause",)], ("root_cause",)),
        ("Kafka", [("summary",), ("root_cause",)], ("root_cause",)),
        ("Kafka", [("root_cause",), ("other",)], ("root_cause",)),
        ("Root cause", [("other",)], ("root_cause",)),
        ("Kafka", [], ("other",)),
    ],
)
def test_by_what_it_stands_under(heading: str, parents: list[tuple[Kind, ...]], kinds: tuple[Kind, ...]) -> None:
    assert resolve(heading, parents) == kinds


@pytest.mark.parametrize("text", ["Impact", "Root cause", "Contributing factors", "Root cause and fix"])
def test_labels_in_running_text(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize("text", ["Response", "Note", "Kafka", "Status", ""])
def test_common_words_are_no_labels_unless_bold(text: str) -> None:
    assert not is_label(text)


def test_a_common_word_in_bold_is_a_label() -> None:
    assert is_label("Response", bold=True)
